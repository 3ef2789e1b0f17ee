"""`waygrid://processor/transform`: data out of data, by an expression.

`processor` reads what is asked for, `processes` has it evaluated, `program` is what runs in such a process.
"""

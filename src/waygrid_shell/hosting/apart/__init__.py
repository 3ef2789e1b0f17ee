"""What may take any amount of time or memory, evaluated apart: expressions and schemas that users write.

`processes` has them evaluated, `program` is what runs in such a process.
"""

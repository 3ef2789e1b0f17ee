"""Extensions of the machine, as a process has them: what is installed, what its settings name, and Waygrid's own.

`loading` gathers them; `cel` is the first of them, a condition in the Common Expression Language, with `expression`
(checks and runs one) and `bounds` (how much work one may be).
"""

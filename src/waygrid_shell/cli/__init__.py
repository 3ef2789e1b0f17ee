"""The command `waygrid`. It reads files, asks the core, prints what it says, and sets the exit code.

Reading order: `main` (the table of commands, and what every command has in common), then one file for each command.
What they share has a file for each concept: `mistake` (what a user did wrong), `source` (reading a file or standard
input), `output` (writing the result), `specs` (from a file to a compiled DAG or its problems), `places` (the line where
a pointer points). Commands that talk to a server share `server` (its options, and what its answers come to), `look`
(colours, columns, times) and `traversal_text`.

Nothing here is imported before it is needed: `waygrid --help` should answer at once.
"""

"""What takes in: `batch` (payloads from files, standard input and the command line), `kafka` (records of topics).

What comes over HTTP is read by `waygrid_shell.api`. `acceptance` keeps what those two bring.
"""

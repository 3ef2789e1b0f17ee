"""`python -m waygrid_shell.cli`: the command `waygrid` of exactly this Python."""

from waygrid_shell.cli.main import main

main()

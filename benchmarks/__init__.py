"""How fast the core is: `python -m benchmarks`, `--json` for machines. See README.md beside this file."""

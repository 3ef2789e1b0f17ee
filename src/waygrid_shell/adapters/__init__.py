"""The ports, by technology: `memory`, `sqlite`, `host` (what the machine itself offers).

Only `waygrid_shell.runtime.wiring` imports adapters; adapters import neither services nor each other.
"""

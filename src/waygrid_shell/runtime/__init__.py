"""What is plugged into what.

`wiring` is the only importer of adapters: it gives the ports of a technology. `embedded` is the plant of one process:
all services over those ports.
"""

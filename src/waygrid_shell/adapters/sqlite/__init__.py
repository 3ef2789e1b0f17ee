"""Every port in one SQLite file: durable, and nothing to install.

`database` owns the file: one thread, one connection, one transaction for whatever waits at a time. `migrate` brings
the file to the shape that this version knows. The rest is one file a port.
"""

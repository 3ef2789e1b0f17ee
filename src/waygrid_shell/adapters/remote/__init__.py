"""The ports of a worker, on a server elsewhere: over one WebSocket, which is opened again whenever it is lost.

`link` is the connection and what is known of what the server gave; `event_log`, `seen_ledger` and `live_feed` are ports
on it. Whatever is given twice because a connection was lost has the same key, so the worker meets it as it meets any
request that comes again.
"""

"""A batch of payloads, each of which becomes a traversal.

`payloads` reads them, `events` reads events for awaits, `intake` hands both to the plant such that handing the same
batch in again changes nothing.
"""

"""Where events from outside meet the awaits that they answer. Decisions only, as everywhere in the core.

An event has a name and a key; so has an await. Each (name, key) is a mailbox of its own (`mailbox`), and nothing that
happens in one matters to another: a service can hold them apart, in as many partitions as it likes. `hearing` says what
a mailbox answers when an await comes, an await is canceled, an event comes, or the traversal ends that it was kept for.

Events and awaits may come twice; so may the cancel of an await, and it may overtake the await itself.
"""

"""What a user may add to the machine: conditions, join strategies, retry policies, node kinds, signals, guards.

The idea: an extension is a frozen attrs class, and **an instance of it stands in the DAG as a value**, as `And()` or
`Linear(...)` do. So the machine needs no registry, and what it lets an extension do keeps the laws by construction.
Only who *reads* (a Spec, a flat DAG) is given `Extensions`, the classes by the names that documents have for them.

An extension is pure: the same fields and arguments give the same answer, without clock, chance or I/O. What it does
wrong is never the machine's fault: `calling` turns whatever it raises, and whatever it should not return, into a value
that the semantics has a word for.

Reading order: `extension` (the six kinds, and what each is asked), with `tally`, `answers`, `look` for what they are
given and what they say; `field_types` and `field_values` (how their fields stand in a document, and in a hash);
`registry`; `calling`.
"""

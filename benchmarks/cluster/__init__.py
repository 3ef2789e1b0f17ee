"""How much a cluster does, beside what its servers and others do at the same work: `python -m benchmarks.cluster`.

Reading order: `figure` (a line of the table), `servers`, `processor_time`, `programs` (processes that begin together),
`kafka_alone` over `raw_loop`, `postgres_alone` over `rows`, `others` over `dbos_chains` and `celery_chains`; then the
cluster itself: `plant` (its processes), `origin` (what drives them and hears who has ended), `rates`, `waiting`,
`recovery`, and `run`, which puts all of it in order. README.md in the folder above says what each figure means.
"""

"""Real servers for tests: PostgreSQL, Redis and Apache Kafka, on loopback, on ports that were free.

A server is looked for in this order: its URL in the environment (`WAYGRID_TEST_POSTGRES`, `WAYGRID_TEST_REDIS`,
`WAYGRID_TEST_KAFKA`), then a program of this machine, which is started for the tests and stopped after them.
`python -m tests.servers` (`nox -s servers`) installs programs that are missing, as root on Debian, starts each once,
and says which they are. No test needs them yet: they are for the adapters of the cluster.

`programs` finds and installs, `processes` starts and stops, `postgres`, `redis` and `kafka` know their server.
"""

"""Real servers for tests, on free ports of loopback: PostgreSQL, Apache Kafka, Redis alone and three as a cluster.

A server is looked for in this order: its URL in the environment (`WAYGRID_TEST_POSTGRES`, `WAYGRID_TEST_REDIS`,
`WAYGRID_TEST_REDIS_CLUSTER`, `WAYGRID_TEST_KAFKA`), then a program of this machine, which is started for the tests and
stopped after them.

`python -m tests.servers run COMMAND...` starts all of them once for a command, such as pytest with several workers: it
installs what is missing (as root on Debian; Kafka's jars by Maven, into `.servers`), says which servers and versions
they are, and passes the exit code on. Every session of nox whose tests need servers runs under it. Plain pytest starts
its own when the first test asks for them, and skips with the reason where a machine lacks one, unless
`WAYGRID_TEST_SERVERS=required`.

`programs` finds and installs, `processes` starts and stops, `postgres`, `redis` and `kafka` know their server,
`running` has them all for a command, `cluster` for a test. `proxy` stands between a process and a server.
"""

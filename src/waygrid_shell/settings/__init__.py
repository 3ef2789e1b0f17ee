"""What a user may set, in one place: a TOML file, then the environment (`WAYGRID_*`), then options of the command.

`settings` and `origins` have the classes and defaults, `values` and `bounds` what may stand for one of them, `reading`
and `kafka_origin_reading` read all and report all problems at once, `cluster_checks` what a cluster needs. `key_making`
makes API keys, `shown_url` takes secrets out of a URL.
"""

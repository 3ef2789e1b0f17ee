"""What a user may set, in one place: a TOML file, then the environment (`WAYGRID_*`), then options of the command.

`settings` has the classes and defaults, `values` what may stand for one of them, `reading` reads all and reports all
problems at once. `key_making` makes API keys.
"""

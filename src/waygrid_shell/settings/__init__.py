"""What a user may set, in one place: a TOML file, then the environment (`WAYGRID_*`), then options of the command.

`settings` has the classes and defaults, `reading` reads them and reports all problems at once.
"""

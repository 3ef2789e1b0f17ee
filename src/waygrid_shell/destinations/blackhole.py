"""`waygrid://destination/blackhole`: takes everything and keeps nothing. Answers `{}`."""

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.attempt import Attempt


async def blackhole(attempt: Attempt) -> JsonValue:
    """A `Handler` that always succeeds."""
    del attempt
    return {}

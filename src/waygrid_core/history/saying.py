"""Parts of sentences that many sentences have."""

from typing import Final

from waygrid_core.children.known_inside import is_of_body
from waygrid_core.traversal.error import FAILED, ErrorDetail
from waygrid_core.traversal.signals import Known

_LONGEST: Final = 300
"""Characters of a message that a sentence has room for."""


def said(error: ErrorDetail) -> str:
    """Code and message: `card-declined: no funds`. The code of a failure that came without one says nothing."""
    message = on_one_line(error.message)
    if not message:
        return error.code
    return message if error.code == FAILED else f"{error.code}: {message}"


def and_message(message: str | None) -> str:
    """A message to follow what it explains."""
    return f": {on_one_line(message)}" if message else ""


def on_one_line(message: str) -> str:
    """Somebody's message as part of a sentence; the event has the whole of it."""
    words = " ".join(message[: 2 * _LONGEST].split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def say_attempt(attempt: int) -> str:
    """Which attempt it was, where it was not the first."""
    return in_brackets(f"attempt {attempt}") if attempt > 1 else ""


def say_known(known: Known) -> str:
    """How much was taken along that is done already."""
    outputs = sum(not is_of_body(key) for key in known)
    bodies = len(known) - outputs
    parts = [f"{outputs} known {'output' if outputs == 1 else 'outputs'}"] if outputs else []
    parts += [f"what is known of {bodies} {'body' if bodies == 1 else 'bodies'}"] if bodies else []
    return f", with {' and '.join(parts)}" if parts else ""


def in_brackets(text: str) -> str:
    """An aside."""
    return f" ({text})"

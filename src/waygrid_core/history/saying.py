"""Parts of sentences that many sentences have."""

from waygrid_core.children.known_inside import is_of_body
from waygrid_core.traversal.error import FAILED, ErrorDetail
from waygrid_core.traversal.signals import Known


def said(error: ErrorDetail) -> str:
    """Code and message: `card-declined: no funds`. The code of a failure that came without one says nothing."""
    if not error.message:
        return error.code
    return error.message if error.code == FAILED else f"{error.code}: {error.message}"


def and_message(message: str | None) -> str:
    """A message to follow what it explains."""
    return f": {message}" if message else ""


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

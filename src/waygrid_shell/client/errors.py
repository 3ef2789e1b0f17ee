"""What a client raises. The text of each says what was wrong, and what to do about it."""

from collections.abc import Sequence
from typing import Final

from waygrid_shell.resources.problem import Problem
from waygrid_shell.resources.submission import SpecError
from waygrid_shell.resources.traversal import TraversalView

_ERRORS_SHOWN: Final = 20


class WaygridError(Exception):
    """Whatever a client raises, but for wrong arguments (`ValueError`) and files that cannot be read (`OSError`)."""


class Unreachable(WaygridError):  # noqa: N818 - it says what happened
    """No answer came, however often it was asked. Whether the request arrived is not known.

    To make the call again is safe if it has an idempotency key of yours, or only reads.
    """

    def __init__(self, server: str, reason: str) -> None:
        super().__init__(
            f"no Waygrid server answers at {server}: {reason}; start one with `waygrid dev`, or set WAYGRID_SERVER "
            "to where it is"
        )
        self.server = server
        self.reason = reason


class BadAnswer(WaygridError):  # noqa: N818 - it says what happened
    """Something answered that is no Waygrid server, or one of a version that we do not understand."""

    def __init__(self, server: str, what: str) -> None:
        super().__init__(f"{server} {what}; is it a Waygrid server of this version?")
        self.server = server


class ProblemAnswer(WaygridError):  # noqa: N818 - it says what happened
    """The server did not grant the request; `problem` says why (RFC 9457)."""

    def __init__(self, problem: Problem, cure: str = "") -> None:
        super().__init__(f"{_sentence(problem)}{f'; {cure}' if cure else ''}")
        self.problem = problem
        self.was_repeated = False
        """Whether an earlier try may have been heard, and its answer lost."""


class NotFound(ProblemAnswer):
    """404: no such traversal, DAG or dead letter."""


class NotAllowed(ProblemAnswer):
    """401 or 403: the server wants a key, or one that may do more."""


class Busy(ProblemAnswer):
    """429 or 503, until there was no time left to try again. Nothing was done."""


class SpecRefused(ProblemAnswer):
    """The Spec has problems: `errors` are all of them, with codes, pointers and cures."""

    @property
    def errors(self) -> Sequence[SpecError]:
        """All that is wrong with it."""
        return self.problem.errors


class StillRunning(WaygridError, TimeoutError):  # noqa: N818 - it says what happened
    """It has not ended in the time that was given to it. It goes on."""

    def __init__(self, traversal_id: str, waited_seconds: float) -> None:
        super().__init__(
            f"the traversal {traversal_id} has not ended within {waited_seconds:g} s; it goes on: wait for it again, "
            f"or see what it waits for with `waygrid show {traversal_id}`"
        )
        self.traversal_id = traversal_id


class TraversalFailed(WaygridError):  # noqa: N818 - it says what happened
    """A traversal whose output was wanted ended without one; `traversal` is how it ended."""

    def __init__(self, traversal: TraversalView) -> None:
        super().__init__(
            f"the traversal {traversal.id} {_how_it_ended(traversal)}; what happened: `waygrid history {traversal.id}`"
        )
        self.traversal = traversal


def _sentence(problem: Problem) -> str:
    if problem.code != "invalid-spec":
        return problem.detail or problem.title
    lines = [f"{error.pointer}: {error.code}: {error.message}" for error in problem.errors[:_ERRORS_SHOWN]]
    if len(problem.errors) > _ERRORS_SHOWN:
        lines.append(f"and {len(problem.errors) - _ERRORS_SHOWN} more")
    return "\n  ".join((problem.title, *lines))


def _how_it_ended(traversal: TraversalView) -> str:
    ended = traversal.status.replace("-", " ")
    if traversal.error is not None:
        message = f" ({traversal.error.message})" if traversal.error.message else ""
        return f"{ended} with {traversal.error.code}{message}"
    reason = f" ({traversal.reason})" if traversal.reason else ""
    return f"was {ended}{reason}" if traversal.status == "canceled" else ended

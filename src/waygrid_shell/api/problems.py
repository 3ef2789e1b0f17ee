"""What is said when a request is not granted."""

from collections.abc import Mapping, Sequence
from typing import Final

from waygrid_shell.resources.problem import Problem
from waygrid_shell.resources.submission import SpecError

TYPE_PREFIX: Final = "https://waygrid.io/problems/"
"""Names a problem; nothing needs to be there."""


class Refusal(Exception):  # noqa: N818 - it is an answer
    """A request that is not granted. Raised by operations, answered by `application` as `application/problem+json`.

    `code` is for programs (`not-found`), `title` says the same for people in a few words, `detail` what is wrong with
    this very request and the cure.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        errors: Sequence[SpecError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(
            type=TYPE_PREFIX + code, title=title, status=status, detail=detail, code=code, errors=tuple(errors)
        )
        self.headers = dict(headers or {})

"""What went wrong with a request: RFC 9457, `application/problem+json`."""

from attrs import frozen

from waygrid_shell.resources.submission import SpecError


@frozen(kw_only=True)
class Problem:
    """`code` is the last part of `type`, for programs; `errors` are all problems of a Spec or of a request's fields."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    errors: tuple[SpecError, ...] = ()

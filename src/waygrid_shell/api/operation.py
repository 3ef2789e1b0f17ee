"""One thing that can be done over HTTP, and all that is said about it: for the router, the guard and OpenAPI."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, TypeAlias

from attrs import Factory, frozen
from starlette.requests import Request
from starlette.responses import Response

from waygrid_shell.settings.settings import Scope

Handle: TypeAlias = Callable[[Request], Awaitable[Response]]


@frozen(kw_only=True)
class Parameter:
    """A parameter of a path, query or header. `schema` is its JSON Schema."""

    name: str
    place: Literal["path", "query", "header"]
    says: str
    schema: Mapping[str, object] = Factory(lambda: {"type": "string"})
    is_required: bool = False


@frozen(kw_only=True)
class Answer:
    """What an operation answers: a document (a class of `waygrid_shell.resources`), or another media type."""

    says: str
    document: type | None = None
    media_type: str = "application/json"
    other_media_types: tuple[str, ...] = ()


@frozen(kw_only=True)
class Operation:
    """`path` has Starlette's `{name}`; `scope` None: everybody may. Problems need not be listed among `answers`."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    name: str
    tag: str
    summary: str
    scope: Scope | None
    handle: Handle
    answers: Mapping[int, Answer]
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: type | None = None
    """The document that the request must have."""
    body_types: tuple[str, ...] = ()
    """The media types of a body that is no document but anything of these types."""
    is_body_optional: bool = False

    @property
    def is_audited(self) -> bool:
        """Whether it is kept who asked for it: it changes something."""
        return self.method != "GET" and self.scope in ("write", "admin")

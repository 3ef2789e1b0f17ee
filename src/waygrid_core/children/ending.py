"""How a traversal or a series ended, apart from everything else that it remembers: what a parent is told."""

from typing import TypeAlias

from attrs import frozen

from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.error import ErrorDetail


@frozen
class EndedInSuccess:
    """It completed with `output`."""

    output: JsonValue


@frozen
class EndedInFailure:
    """It failed with `error`."""

    error: ErrorDetail


@frozen
class EndedByTimeout:
    """Its own timer ended it."""

    error: ErrorDetail


@frozen
class EndedByCancel:
    """It was canceled."""

    reason: str | None


TraversalEnd: TypeAlias = EndedInSuccess | EndedInFailure | EndedByTimeout | EndedByCancel

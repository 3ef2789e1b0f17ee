"""How the core says that something may fail: a value, never an exception.

`Outcome[V, E]` is the closed union of the two containers of the `returns` library, so that a checker knows both
cases. Take it apart with `isinstance` and return early::

    outcome = parse_address(text)
    if isinstance(outcome, Failure):
        return outcome
    address = outcome.unwrap()
"""

from typing import TypeAlias, TypeVar

from returns.result import Failure, Success

V = TypeVar("V")
E = TypeVar("E")

Outcome: TypeAlias = Success[V] | Failure[E]

__all__ = ["Failure", "Outcome", "Success"]

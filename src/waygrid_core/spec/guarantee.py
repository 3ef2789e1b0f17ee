"""What a Spec guarantees of its runs, as values: `waygrid verify` proves or breaks them."""

from typing import Literal, TypeAlias

from attrs import frozen


@frozen
class Moment:
    """`{succeeded: <name>}` or `{failed: <name>}`: the node succeeds, or fails (or times out) for good."""

    ended: Literal["succeeded", "failed"]
    node: str


@frozen
class NeverBefore:
    """`{never: {dispatch, before: {succeeded}}}`: `dispatch` is not dispatched before `succeeded` has succeeded."""

    dispatch: str
    succeeded: str


@frozen
class NeverAfter:
    """`{never: {dispatch, after}}`: `dispatch` is not dispatched any more once that moment has come."""

    dispatch: str
    after: Moment


@frozen
class Always:
    """`{always: {dispatch, after?}}`: on every run (on which that moment comes) `dispatch` is dispatched (after it)
    before the end."""

    dispatch: str
    after: Moment | None = None


@frozen
class OneOf:
    """`{oneOf: {dispatch: [...]}}`: every run dispatches one of these, and no other of them."""

    dispatch: tuple[str, ...]


@frozen
class AtMost:
    """`{atMost: {dispatch, times}}`: `dispatch` is dispatched at most `times` times."""

    dispatch: str
    times: int


Guarantee: TypeAlias = NeverBefore | NeverAfter | Always | OneOf | AtMost

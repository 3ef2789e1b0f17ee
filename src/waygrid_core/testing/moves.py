"""What can happen next in a run, said without knowing the run: "the third of what is outstanding is answered".

A move names things by a number that is taken modulo what there is, so that a list of moves is plain data that shrinks,
and fits every Spec.
"""

from typing import Final, Literal, TypeAlias

from attrs import frozen
from hypothesis import strategies as st

from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.testing import values
from waygrid_core.traversal.error import ErrorDetail

Reply: TypeAlias = JsonValue | Missing | ErrorDetail
"""What a service answers: an output, none, or an error."""


@frozen
class Answered:
    """One of the outstanding attempts is answered, `after` seconds."""

    which: int
    reply: Reply
    after: int


@frozen
class Fired:
    """One of the set timers fires, `late` seconds after it is due."""

    which: int
    late: int


@frozen
class Repeated:
    """A signal that came before comes again."""

    which: int


@frozen
class Stale:
    """An attempt that was ever asked for is answered, whatever became of it."""

    which: int
    reply: Reply


@frozen
class FiredAnyway:
    """A timer that was ever set fires, whatever became of it."""

    which: int


@frozen
class Started:
    """A service says that it works on an outstanding attempt."""

    which: int


@frozen
class BranchesCanceled:
    """Somebody cancels branches of one fork: of one that is open, or of any; `mask` has a bit for each branch."""

    which: int
    mask: int
    of_any: bool = False


@frozen
class Told:
    """Somebody steers the traversal, or the process crashes and reads its state again."""

    what: Literal["pause", "unpause", "cancel", "crash", "begin", "begin-otherwise"]


@frozen
class Said:
    """Somebody says something in the words of the Spec: the `which`-th of its signals, if it has any."""

    which: int
    data: JsonValue


@frozen
class Odd:
    """Something comes that no part of the system should ever send."""

    what: Literal["unknown-node", "other-traversal", "attempt-too-high", "unknown-fork", "unknown-branch", "no-task"]
    which: int


Move: TypeAlias = Answered | Fired | Repeated | Stale | FiredAnyway | Started | BranchesCanceled | Told | Said | Odd

_WHICH: Final = st.integers(0, 11)
_ERRORS: Final = tuple(
    ErrorDetail(code, message)
    for code, message in (
        ("failed", ""), ("upstream", "boom"), ("http-500", "x"), ("http-404", ""), ("timeout", "too slow"),
        ("no-route", ""), ("bad-value", ""), ("not-a-list", ""), ("too-many-items", ""),
    )
)  # fmt: skip

outputs: st.SearchStrategy[Reply] = st.one_of(values.records, values.json_values, st.just(MISSING))
_failures = st.one_of(st.sampled_from(_ERRORS[:4]), st.sampled_from(_ERRORS))
replies: st.SearchStrategy[Reply] = st.one_of(outputs, _failures)
fired = st.builds(Fired, _WHICH, st.sampled_from((0, 0, 0, 5)))


def moves_with(
    answers: st.SearchStrategy[Reply], says: st.SearchStrategy[JsonValue] | None = None
) -> st.SearchStrategy[Move]:
    """Any move, mostly answers, which are these, and timers; `says` is what is said in the words of the Spec, if it has
    any."""
    answered = st.builds(Answered, _WHICH, answers, st.sampled_from((0, 0, 1, 90)))
    kinds: list[st.SearchStrategy[Move]] = [
        *(answered for _ in range(8)),
        *(fired for _ in range(4)),
        st.builds(Repeated, _WHICH),
        st.builds(Stale, _WHICH, answers),
        st.builds(FiredAnyway, _WHICH),
        st.builds(Started, _WHICH),
        st.builds(BranchesCanceled, _WHICH, st.sampled_from((1, 2, 4, 3, 5, 15))),
        st.builds(BranchesCanceled, _WHICH, st.sampled_from((1, 2, 4, 3, 5, 15)), st.booleans()),
        st.builds(Told, st.sampled_from(("pause", "unpause", "crash"))),
        st.builds(Told, st.sampled_from(("pause", "pause", "unpause", "begin", "begin-otherwise", "cancel"))),
        st.builds(
            Odd,
            st.sampled_from(
                ("unknown-node", "other-traversal", "attempt-too-high", "unknown-fork", "unknown-branch", "no-task")
            ),
            _WHICH,
        ),
    ]
    if says is not None:
        kinds += [st.builds(Said, _WHICH, says)] * 4
    # `one_of` counts a strategy that is given twice once; a number counts as often as it stands for one.
    return st.integers(0, len(kinds) - 1).flatmap(kinds.__getitem__)


before_begin: st.SearchStrategy[list[Move]] = st.one_of(
    st.just([]),
    st.just([]),
    st.just([]),
    st.just([]),
    st.just([]),
    st.lists(
        st.one_of(
            st.builds(Told, st.sampled_from(("pause", "unpause", "crash", "cancel"))),
            st.builds(Odd, st.just("unknown-node"), _WHICH),
        ),
        max_size=2,
    ).map(lambda told: [*told]),
)
"""What comes before the begin: nothing, mostly."""

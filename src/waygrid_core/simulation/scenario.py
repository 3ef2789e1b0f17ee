"""What a scenario file says. `reading` makes it from text; source: semantics, section 6."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from attrs import Factory, frozen

from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.traversal.error import ErrorDetail

DEFAULT_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


@frozen
class SpecText:
    """A Spec in a file of its own: JSON or YAML, not read yet."""

    text: bytes


@frozen
class SpecDocument:
    """A Spec that stands in the scenario."""

    document: JsonValue


SpecSource: TypeAlias = SpecText | SpecDocument


@frozen
class Succeeds:
    """`succeed: JSON`."""

    output: JsonValue


@frozen
class IsDone:
    """`done: JSON`: the node, one of a user's kind, is done with this output, whatever the kind makes of answers."""

    output: JsonValue


@frozen
class Fails:
    """`fail: message`, `code`."""

    error: ErrorDetail


@frozen
class NeverAnswers:
    """`never: true`."""


@frozen
class ScriptedOutcome:
    """What one attempt of a node comes to, `after` so long (0: at once)."""

    result: Succeeds | IsDone | Fails | NeverAnswers
    after: timedelta = timedelta(0)


@frozen
class CancelSignal:
    """`cancel: reason`."""

    reason: str | None


@frozen
class PauseSignal:
    """`pause`."""


@frozen
class UnpauseSignal:
    """`unpause`."""


@frozen
class CancelBranchesSignal:
    """`cancelBranches: {fork, branches}`; `fork` is a joinNodeId."""

    fork: str
    branches: tuple[str, ...]


@frozen
class EventSignal:
    """`event: name`, `key`, `data`; without a key, the scenario's traversal."""

    event: str
    key: str | None
    data: JsonValue


@frozen
class TellSignal:
    """`tell: type`, `data`: what is said in the words of the Spec."""

    kind: str
    data: JsonValue


@frozen
class TimedSignal:
    """What happens to the traversal `at` so long after the start."""

    at: timedelta
    signal: CancelSignal | PauseSignal | UnpauseSignal | CancelBranchesSignal | EventSignal | TellSignal


@frozen
class Once:
    """Every message arrives once, in order."""


@frozen
class Twice:
    """Every message arrives twice."""


@frozen
class Shuffled:
    """Messages of one instant arrive in an order that `seed` draws."""

    seed: int


Delivery: TypeAlias = Once | Twice | Shuffled


@frozen(kw_only=True)
class Expectation:
    """What the run should be like. What is absent is not compared."""

    status: str | None = None
    errors: tuple[str, ...] | None = None
    error: str | None = None
    nodes: Mapping[str, str] = Factory(dict)
    dispatched: tuple[str, ...] | None = None
    elapsed: timedelta | None = None
    output: JsonValue | Missing = MISSING
    runs: int | None = None


@frozen(kw_only=True)
class Scenario:
    """One scenario. `known` and `outcomes` are by name, in the words of `waygrid_core.simulation.naming`."""

    name: str
    spec: SpecSource
    payload: JsonValue = Factory(dict)
    entry: int = 0
    start: datetime = DEFAULT_START
    known: Mapping[str, JsonValue] = Factory(dict)
    outcomes: Mapping[str, tuple[ScriptedOutcome, ...]] = Factory(dict)
    signals: tuple[TimedSignal, ...] = ()
    deliver: Delivery = Once()
    expect: Expectation = Expectation()

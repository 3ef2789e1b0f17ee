"""Effects: what the machine asks of the world. Imperatives."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from attrs import frozen

from waygrid_core.model.identifiers import DagHash, NodeId, TimerId
from waygrid_core.model.json_value import JsonValue
from waygrid_core.template.template import Parameter
from waygrid_core.traversal.error import ErrorDetail


@frozen
class DispatchNode:
    """Have this attempt made. `branch` names the branch that the node stands in, None at the root."""

    node: NodeId
    attempt: int
    input: JsonValue
    parameters: Mapping[str, Parameter]
    branch: str | None = None


@frozen
class CancelNode:
    """Nobody waits for this attempt any more."""

    node: NodeId
    attempt: int


@frozen
class Schedule:
    """Send `timer_signal(timer)` at `at`, not earlier."""

    timer: TimerId
    at: datetime


@frozen
class Unschedule:
    """Nobody waits for this timer any more."""

    timer: TimerId


@frozen
class Complete:
    """The traversal has ended in success."""

    output: JsonValue


@frozen
class Fail:
    """The traversal has ended in failure (code `timeout` too)."""

    error: ErrorDetail


@frozen
class Cancel:
    """The traversal has been canceled."""

    reason: str | None


@frozen
class StartFollowUp:
    """Start the `onEnd` of the traversal, with this payload."""

    dag: DagHash
    payload: JsonValue


Effect: TypeAlias = DispatchNode | CancelNode | Schedule | Unschedule | Complete | Fail | Cancel | StartFollowUp
TerminalEffect: TypeAlias = Complete | Fail | Cancel

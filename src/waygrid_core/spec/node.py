"""The nodes of a Spec, as an author writes them: a tree whose edges are its members.

Every edge holds the next node itself, or a `Reference` to a node that stands elsewhere in the same Spec. `place` is
where a node stood in its document, and `pointer` tells it (RFC 6901); it takes no part in equality.

The bases of a type are the fluent methods that it has; see `fluent`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, TypeAlias

from attrs import Factory, field, frozen

from waygrid_core.condition.expression import Condition
from waygrid_core.extension.extension import Guard, NodeKind, SignalKind
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import DagHash
from waygrid_core.policy.delivery import DeliveryStrategy, Immediate
from waygrid_core.policy.join import JoinStrategy
from waygrid_core.policy.repeat import NoRepeat, RepeatPolicy
from waygrid_core.policy.retry import NoRetry, RetryPolicy
from waygrid_core.spec.fluent import (
    Attempted,
    Bounded,
    Conditional,
    Delivered,
    Described,
    Failing,
    Onward,
    Parametrised,
    Shaping,
    Succeeding,
    Whole,
)
from waygrid_core.spec.guarantee import Guarantee
from waygrid_core.spec.place import ROOT, Located, Place
from waygrid_core.template.template import Leaf, Operand, ParameterTemplate, Template

# What a field is, if its author does not say.
NO_RETRY: Final = NoRetry()
IMMEDIATE: Final = Immediate()
NO_REPEAT: Final = NoRepeat()
DEFAULT_EACH_AT_MOST: Final = 1_000
"""How many members an each has at most, if its author does not say."""


@frozen
class Reference(Located):
    """`{"ref": id}`: this path meets at the node of that id."""

    ref: str
    place: Place = field(default=ROOT, eq=False, repr=False)


@frozen
class Hole(Located):
    """Where a node could not be read: its problem is reported already, and nothing more is said about it.

    `below` is what stands under it and could be read: the ids in there exist, whatever the hole is.
    """

    below: tuple["Node", ...] = ()
    place: Place = field(default=ROOT, eq=False, repr=False)


@frozen
class ConditionalEdge:
    """`{condition, to}` of `onConditions`."""

    condition: Condition
    to: "Node"


@frozen
class Ends:
    """Where a node's token goes: `onSuccess`, `onFailure`, `onTimeout`, `always`."""

    on_success: "Node | None" = None
    on_failure: "Node | None" = None
    on_timeout: "Node | None" = None
    always: "Node | None" = None


NO_ENDS: Final = Ends()


@frozen(kw_only=True)
class Named(Located, Described):
    """What every node may have: an id by which others mean it, and words for people."""

    id: str | None = None
    label: str | None = None
    description: str | None = None
    place: Place = field(default=ROOT, eq=False, repr=False)


@frozen(kw_only=True)
class Task(Named, Attempted, Delivered, Bounded, Conditional, Succeeding, Failing, Onward):
    """What every node has that is attempted until it succeeds or is given up."""

    input: Template | None = None
    retry_policy: RetryPolicy = NO_RETRY
    delivery_strategy: DeliveryStrategy = IMMEDIATE
    timeout: timedelta | None = None
    on_conditions: tuple[ConditionalEdge, ...] = ()
    ends: Ends = NO_ENDS


@frozen(kw_only=True)
class StandardNode(Task, Parametrised):
    """Work of a service: dispatched to `address`, answered by it."""

    address: ServiceAddress
    parameters: Mapping[str, ParameterTemplate] = Factory(dict)


@frozen(kw_only=True)
class PassNode(Named, Shaping, Delivered, Conditional, Succeeding):
    """Routes and shapes; with a delivery strategy, a wait. Never dispatched; only `onSuccess` of its ends."""

    output: Template | None = None
    delivery_strategy: DeliveryStrategy = IMMEDIATE
    on_conditions: tuple[ConditionalEdge, ...] = ()
    ends: Ends = NO_ENDS


@frozen(kw_only=True)
class FailNode(Named):
    """Ends its scope in failure on purpose. Never dispatched."""

    code: Operand
    message: Operand | None = None


@frozen(kw_only=True)
class JoinNode(Named, Bounded, Succeeding, Failing, Onward):
    """Where the branches of the fork with the same `join_node_id` meet. Without a strategy it is the short form."""

    join_node_id: str
    strategy: JoinStrategy | None = None
    timeout: timedelta | None = None
    ends: Ends = NO_ENDS
    is_whole: bool = field(default=True, eq=False, repr=False)
    """Whether all of it could be read. If not, it is no use to compare it with its copies or with its fork."""


@frozen(kw_only=True)
class ForkNode(Named):
    """Branches that run side by side until their join is decided; `concurrency` of them at once (None: all)."""

    join_node_id: str
    branches: Mapping[str, "Node"]
    concurrency: int | None = None
    join: "JoinNode | None" = None


@frozen(kw_only=True)
class AwaitNode(Named, Bounded, Conditional, Succeeding, Onward):
    """Waits for an event from outside; of its ends no `onFailure`. `key` None: the user's traversal."""

    event: str
    key: Operand | None = None
    timeout: timedelta | None = None
    on_conditions: tuple[ConditionalEdge, ...] = ()
    ends: Ends = NO_ENDS


@frozen(kw_only=True)
class ExtensionNode(Task):
    """A task of a user's kind: what it is and does is the kind's to say."""

    kind: NodeKind


@frozen
class DagBody(Located):
    """`{"dag": hash}`: a body that is compiled already."""

    dag: DagHash
    place: Place = field(default=ROOT, eq=False, repr=False)


@frozen(kw_only=True)
class Spec(Located, Whole):
    """A whole Spec; also a body or an `onEnd`, which are Specs of their own.

    `guards` and `signals` are a user's: what watches its traversals, and what may be said to them. `guarantees` come
    with the Spec for `waygrid verify`; they change no run.
    """

    entry_points: tuple["Node", ...]
    name: str | None = None
    description: str | None = None
    repeat_policy: RepeatPolicy = NO_REPEAT
    timeout: timedelta | None = None
    on_end: "Body | None" = None
    guards: tuple[Guard, ...] = ()
    signals: tuple[SignalKind, ...] = ()
    guarantees: tuple[Guarantee, ...] = ()
    is_node: bool = field(default=False, eq=False, repr=False)
    """Whether a body was written as its one node, short for `{entryPoints: [node]}`."""
    place: Place = field(default=ROOT, eq=False, repr=False)


Body: TypeAlias = Spec | DagBody


@frozen(kw_only=True)
class CallNode(Task):
    """Runs its body once, as a traversal of its own."""

    body: Body


@frozen(kw_only=True)
class EachNode(Task):
    """Runs its body for each item of the list that `over` gives (None stands for And as its strategy)."""

    body: Body
    over: Leaf
    strategy: JoinStrategy | None = None
    concurrency: int | None = None
    at_most: int = DEFAULT_EACH_AT_MOST


@frozen(kw_only=True)
class LoopNode(Task):
    """Runs its body round after round until `until` holds of a round's output, at most `at_most` times."""

    body: Body
    until: Condition
    at_most: int
    every: timedelta | None = None


BodyNode: TypeAlias = CallNode | EachNode | LoopNode
Node: TypeAlias = (
    StandardNode
    | PassNode
    | FailNode
    | ForkNode
    | JoinNode
    | AwaitNode
    | CallNode
    | EachNode
    | LoopNode
    | ExtensionNode
    | Reference
    | Hole
)

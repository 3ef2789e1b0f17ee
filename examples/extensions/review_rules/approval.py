"""`{"type": "Approval", "needed": 2}`: a node that is done when so many different people have said yes."""

from attrs import field, frozen, validators

from waygrid_core.extension.answers import Ask, Done, Heard, Refuse
from waygrid_core.extension.extension import NodeKind
from waygrid_core.model.json_value import JsonValue


@frozen
class Approval(NodeKind):
    """Hears the event `approval` of its traversal, `{"by": "Ada", "approved": true}`, and asks again until enough
    people have said yes. Who says it twice counts once. A no fails the node with code `refused`.
    """

    name = "Approval"

    needed: int = field(default=1, validator=validators.ge(1))

    @property
    def signal(self) -> str:
        """It asks the inbox, as an await does; this is the event that answers."""
        return "approval"

    def start(self, input: JsonValue) -> JsonValue:  # noqa: A002 - as in a Spec
        """Nobody has said yes. What this gives is kept in the traversal's state, and given to `heard`."""
        return []

    def heard(self, memory: JsonValue, answer: JsonValue) -> Heard:
        """What is no answer at all is as good as none: it asks again."""
        people = list(memory) if isinstance(memory, list) else []
        by, approved = (answer.get("by"), answer.get("approved")) if isinstance(answer, dict) else (None, None)
        if not isinstance(by, str) or not isinstance(approved, bool):
            return Ask(people)
        if not approved:
            return Refuse("refused", f"{by} said no")
        people = people if by in people else [*people, by]
        return Done({"by": people}) if len(people) >= self.needed else Ask(people)

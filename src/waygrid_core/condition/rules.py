"""The extensions in a condition."""

from collections.abc import Iterator

from waygrid_core.condition.expression import AllOf, AnyOf, Condition, Not
from waygrid_core.extension.extension import ConditionRule


def rules_in(condition: Condition) -> Iterator[ConditionRule]:
    """Every extension in it, in the order in which they are written."""
    match condition:
        case ConditionRule():
            yield condition
        case Not(cond=inner):
            yield from rules_in(inner)
        case AllOf(all=members) | AnyOf(any=members):
            for member in members:
                yield from rules_in(member)
        case _:
            pass

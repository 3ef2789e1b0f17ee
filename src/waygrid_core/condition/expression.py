"""The types of conditions."""

from typing import Literal, TypeAlias

from attrs import frozen

from waygrid_core.extension.extension import ConditionRule
from waygrid_core.template.template import Operand

ComparisonOperator: TypeAlias = Literal["lt", "le", "gt", "ge", "ne", "contains", "in"]


@frozen
class Always:
    """Holds."""


@frozen
class JsonExists:
    """Something is at the pointer; a key with a null value exists."""

    pointer: tuple[str, ...]


@frozen
class JsonEquals:
    """What is at the pointer equals `value`."""

    pointer: tuple[str, ...]
    value: Operand


@frozen
class JsonCompare:
    """What is at the pointer stands in relation `op` to `value`; values of unlike types never do."""

    pointer: tuple[str, ...]
    op: ComparisonOperator
    value: Operand


@frozen
class Not:
    """`cond` does not hold."""

    cond: "Condition"


@frozen
class AllOf:
    """`And{all}`: every member holds."""

    all: tuple["Condition", ...]


@frozen
class AnyOf:
    """`Or{any}`: some member holds."""

    any: tuple["Condition", ...]


Condition: TypeAlias = Always | JsonExists | JsonEquals | JsonCompare | Not | AllOf | AnyOf | ConditionRule

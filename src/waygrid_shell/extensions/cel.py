"""`{"type": "Cel", "expr": "output.total > 100"}`: a condition in the Common Expression Language."""

from typing import Any

from attrs import field, frozen

from waygrid_core.extension.extension import ConditionRule
from waygrid_core.model.json_value import JsonValue
from waygrid_shell.extensions.expression import check, evaluate


def _is_right(_: object, __: Any, text: str) -> None:
    check(text)


@frozen
class Cel(ConditionRule):
    """An expression of CEL, in which `output` is the node's output. What fails does not hold."""

    name = "Cel"

    expr: str = field(validator=_is_right)

    def holds(self, output: JsonValue) -> bool:
        """Whether the expression is true of `output`. Raises nothing."""
        return evaluate(self.expr, output)

"""`waygrid://processor/transform`: makes other data out of data, with an expression that comes to an end.

Parameters, one of the first two:

- `jsonlogic`: a rule of JSONLogic, such as `{"*": [{"var": "input.price"}, {"var": "input.quantity"}]}`. An object of
  several keys, or of one that is no operator, is an object of the output; a key that begins with `@` is always a field
  (`{"@max": 3}` gives `{"max": 3}`);
- `cel`: an expression in the Common Expression Language, such as `input.price * double(input.quantity)`;
- `data`: an object; its members are names in the expression, beside `input`, the node's input.

Failures: `bad-value` (the expression is wrong, wrong for this data, or takes more than its budget: its message names
the place), `bad-output` (the result is no JSON, or larger than 1 MiB), `timeout`. The same data would fail in the same
way, so `bad-value` is never retried.
"""

import re
from collections.abc import Mapping
from typing import Final

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.apart.processes import ExpressionProcesses
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.hosting.parameters import refuse_unknown

MAX_EXPRESSION: Final = 64 * 1024
"""Characters of a CEL expression."""

_PARAMETERS: Final = frozenset({"jsonlogic", "cel", "data"})
_NAME: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*")


class TransformProcessor:
    """See the module. A `Handler` over processes that evaluate."""

    def __init__(self, processes: ExpressionProcesses) -> None:
        self._processes = processes

    async def __call__(self, attempt: Attempt) -> JsonValue:
        """Raises `Failed`, as the module says."""
        parameters = attempt.parameters
        refuse_unknown(parameters, _PARAMETERS)
        if ("jsonlogic" in parameters) == ("cel" in parameters):
            raise Failed("bad-value", "write one of the parameters jsonlogic and cel")
        data = {**_data(parameters), "input": attempt.input}
        if "jsonlogic" in parameters:
            return await self._processes.evaluate("jsonlogic", parameters["jsonlogic"], data)
        expression = parameters["cel"]
        if not isinstance(expression, str) or not expression.strip():
            raise Failed("bad-value", "the parameter cel is no text; write an expression such as input.total > 100")
        if len(expression) > MAX_EXPRESSION:
            raise Failed("bad-value", f"the parameter cel has {len(expression)} characters; at most {MAX_EXPRESSION}")
        return await self._processes.evaluate("cel", expression, data)


def _data(parameters: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    data = parameters.get("data")
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise Failed("bad-value", "the parameter data is no object; write names with their values")
    for name in data:
        if _NAME.fullmatch(name) is None or name == "input":
            raise Failed("bad-value", f"the parameter data has the name {name!r}; write letters, digits and _")
    return data

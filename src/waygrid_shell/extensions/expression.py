"""Expressions of CEL that are true or false: checked once, evaluated often. The library is loaded with the first."""

import re
from functools import lru_cache
from typing import Any, Final

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.extensions.bounds import MAX_EXPRESSION, Effort, effort_of, is_affordable

_VARIABLE: Final = "output"
_PROBLEM: Final = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_REMEMBERED: Final = 1_000  # expressions: those of the DAGs at hand

# Without `map` and `+` over lists nothing in it grows by more than its own length, see `bounds`.
_CONFIGURATION: Final = "name: condition\nstdlib:\n  exclude_macros:\n  - map\n"


def check(text: str) -> None:
    """Raises `ValueError`, with a sentence, for what is no expression, or is never true or false."""
    _compiled(text)


def evaluate(text: str, output: JsonValue) -> bool:
    """Whether the expression is true of `output`. What fails is not: data that is not there, or of another kind, or
    more than may be gone through.
    """
    expression, effort = _compiled(text)
    if not is_affordable(effort, output):
        return False
    try:
        found = expression.eval(data={_VARIABLE: output})
        return found.plain_value() is True
    except (RuntimeError, ValueError, TypeError, OverflowError):
        return False


@lru_cache(maxsize=_REMEMBERED)
def _compiled(text: str) -> tuple[Any, Effort]:
    if not text.strip():
        raise ValueError("the expression is empty; write one such as output.total > 100")
    if len(text) > MAX_EXPRESSION:
        raise ValueError(
            f"the expression has {len(text)} characters; at most {MAX_EXPRESSION}; processor/transform takes more"
        )
    try:
        from cel_expr_python import cel
    except ModuleNotFoundError as error:
        raise ValueError("CEL is not installed here; install it with: pip install 'waygrid[shell]'") from error
    try:
        expression = _environment().compile(text)
    except (RuntimeError, ValueError, TypeError) as error:
        raise ValueError(_said(str(error))) from error
    if expression.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        raise ValueError(f"the expression is of type {expression.return_type()}; write one that is true or false")
    return expression, effort_of(text)


def _said(text: str) -> str:
    """The library's problems in one line, each once, with its place if it has one."""
    found = [
        what if line.startswith("-") else f"line {line}, column {column}: {what}"
        for line, column, what in _PROBLEM.findall(text)
    ]
    return "; ".join(dict.fromkeys(found)) or " ".join(text.split())


@lru_cache(maxsize=1)
def _environment() -> Any:
    from cel_expr_python import cel

    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(_CONFIGURATION), variables={_VARIABLE: cel.Type.DYN})

"""The program of a process that evaluates rules of JSONLogic, expressions of CEL and JSON Schemas.

It runs apart because their libraries work in native code, which Python can neither interrupt nor hold to a size: some
keep all other threads from running meanwhile, and a few characters can ask for gigabytes, or for years. So the process
has a limit of memory and an alarm clock, knows no secret, and may end at any moment without harm to anybody.

It reads requests on standard input and writes answers on standard output, each a JSON text after its length in four
bytes. Request: `{language, expression, data}`; answer: `{output}` or `{code, message}`. It ends with its input.
"""

import datetime
import json
import math
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, BinaryIO, Final

MAX_OPERATIONS: Final = 1_000_000
"""Of a JSONLogic rule, as its library counts them: some 25 ms. CEL's library has a limit of its own, some 150 ms."""

MAX_SECONDS: Final = 5
"""For one request. Far above what both budgets come to, so that a slow machine does not decide what an output is."""

MAX_MEMORY_BYTES: Final = 1024**3
"""Of the process's address space."""

MAX_RESULT_BYTES: Final = 1024 * 1024

_FAMILIES: Final = ("ExtString", "ExtArray", "ExtObject", "ExtMath", "ExtControl", "ErrorHandling", "DateTime")
FIELD_MARK: Final = "@"
"""A key that begins with it is a field of the output, also if it is the name of an operator."""

_LONG_NUMBER: Final = re.compile(r"\d{19}")
_MAX_WHOLE: Final = 2**63 - 1
_CEL_PROBLEM: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")
_MAX_MESSAGE: Final = 500


class Refused(Exception):  # noqa: N818 - it says what happened
    """The answer is a failure of this code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def main() -> None:
    """Serve until standard input ends."""
    _limit_memory()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while (request := _read(requests)) is not None:
        if hasattr(signal, "alarm"):
            signal.alarm(MAX_SECONDS + 1)  # ends the process, also in native code: even if nobody is left to end it
        answer = _answer(request)
        if hasattr(signal, "alarm"):
            signal.alarm(0)
        answers.write(len(answer).to_bytes(4, "big") + answer)
        answers.flush()


def _answer(request: bytes) -> bytes:
    try:
        asked = json.loads(request)
        evaluate = {"jsonlogic": _jsonlogic, "cel": _cel, "schema": _schema}[asked["language"]]
        text = evaluate(asked["expression"], asked["data"])
        if len(text) > MAX_RESULT_BYTES:
            raise Refused("bad-output", f"the output has {len(text)} bytes; at most {MAX_RESULT_BYTES}")
        return b'{"output":' + text + b"}"
    except Refused as error:
        return json.dumps({"code": error.code, "message": str(error)[:_MAX_MESSAGE]}).encode("ascii")
    except (MemoryError, RecursionError) as error:
        return json.dumps({"code": "bad-value", "message": f"it is too large: {type(error).__name__}"}).encode("ascii")


def _jsonlogic(rule: object, data: Mapping[str, Any]) -> bytes:
    import datalogic_py

    text = json.dumps(data)
    if _LONG_NUMBER.search(text) and _has_long_number(data):
        raise Refused("bad-value", "the data has a whole number of more than 64 bits, which JSONLogic cannot hold")
    try:
        compiled = _rule(json.dumps(rule))
        output, _ = compiled.evaluate_metered(text, MAX_OPERATIONS)
    except datalogic_py.DataLogicError as error:
        raise Refused("bad-value", _jsonlogic_message(error)) from error
    assert isinstance(output, str)
    return output.encode()


@lru_cache(maxsize=256)
def _rule(text: str) -> Any:
    engine = _engine()
    problems = [each for each in engine.check(text, "template") if each["severity"] == "error"]
    if problems:
        raise Refused(
            "bad-value",
            "; ".join(f"the rule, at {each['pointer'] or 'its root'}: {each['message']}" for each in problems[:5]),
        )
    return engine.compile(text)


@lru_cache(maxsize=1)
def _engine() -> Any:
    import datalogic_py

    return datalogic_py.Engine(templating=True, families=_FAMILIES, template_key_escape=FIELD_MARK)


def _jsonlogic_message(error: Any) -> str:
    path = getattr(error, "path", None) or []
    place = path[-1]["json_pointer"] if path else ""
    if getattr(error, "error_type", "") == "BudgetExceeded":
        return f"the rule takes more than {MAX_OPERATIONS} operations (at {place or 'its root'})"
    return f"the rule, at {place or 'its root'}: {error}"


def _has_long_number(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_long_number, value.values()))
    if isinstance(value, list):
        return any(map(_has_long_number, value))
    return isinstance(value, int) and abs(value) > _MAX_WHOLE


def _cel(expression: object, data: Mapping[str, Any]) -> bytes:
    from cel_expr_python import cel

    assert isinstance(expression, str)
    compiled = _expression(expression, tuple(sorted(data)))
    try:
        value = compiled.eval(data=dict(data))
        if value.type() == cel.Type.ERROR:
            raise Refused("bad-value", f"the expression: {value.plain_value()}")
        plain = value.plain_value()
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise Refused("bad-value", f"the expression: {_one_line(str(error))}") from error
    return json.dumps(_json_of(plain, "the output"), ensure_ascii=False, allow_nan=False).encode("utf-8")


@lru_cache(maxsize=256)
def _expression(expression: str, variables: tuple[str, ...]) -> Any:
    from cel_expr_python import cel

    try:
        environment = cel.NewEnv(variables=dict.fromkeys(variables, cel.Type.DYN))
        return environment.compile(expression)
    except (RuntimeError, ValueError) as error:
        problems = [f"line {line}, column {column}: {what}" for line, column, what in _CEL_PROBLEM.findall(str(error))]
        raise Refused("bad-value", f"the expression, {'; '.join(problems) or _one_line(str(error))}") from error


def _schema(schema: object, data: Mapping[str, Any]) -> bytes:
    """Why `data.value` does not fit, or null if it does; without it only the schema is looked at."""
    validator = _validator(json.dumps(schema))
    if "value" in data:
        for error in validator.iter_errors(data["value"]):
            place = "".join(f"/{step}" for step in error.instance_path) or "its root"
            return json.dumps(f"at {place}: {error.message}"[:_MAX_MESSAGE]).encode("ascii")
    return b"null"


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    import jsonschema_rs

    try:
        # Nothing is fetched for a schema, and its patterns take linear time.
        patterns = jsonschema_rs.RegexOptions(size_limit=1_000_000)
        return jsonschema_rs.validator_for(schema, offline=True, pattern_options=patterns)
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise Refused("bad-value", f"the schema: {_one_line(str(error))}") from error


def _json_of(value: object, place: str) -> object:
    """A value of CEL as JSON: instants and durations as texts, as CEL itself writes them."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            if math.isfinite(value):
                return value
            raise Refused("bad-output", f"{place} is {value}, which is no JSON number")
        case datetime.datetime():
            return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
        case datetime.timedelta():
            return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"
        case list() | tuple():
            return [_json_of(item, f"{place}[{number}]") for number, item in enumerate(value)]
        case dict():
            for key in value:
                if not isinstance(key, str):
                    raise Refused("bad-output", f"{place} has the key {key!r}; keys of JSON are texts: string(...)")
            # CEL's objects have no order, and come in another one from process to process.
            return {key: _json_of(value[key], f"{place}.{key}") for key in sorted(value)}
        case _:
            raise Refused("bad-output", f"{place} is of the type {type(value).__name__}, which JSON has not")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _read(stream: BinaryIO) -> bytes | None:
    size = stream.read(4)
    return stream.read(int.from_bytes(size, "big")) if len(size) == 4 else None


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # a system without limits: then the caller's deadline is all there is
        return
    for kind, limit in ((resource.RLIMIT_AS, MAX_MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        with suppress(OSError, ValueError):  # somebody has set a lower one
            resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    main()

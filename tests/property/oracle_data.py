"""The oracle's own reading of pointers, templates, conditions and retry policies, straight from the text."""

import json
from datetime import timedelta
from typing import Any, Final

from waygrid_core.model.duration import parse_duration
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_core.policy.delay import retry_delay
from waygrid_core.policy.retry import DecorrelatedJitter, FullJitter
from waygrid_core.template.template import SecretReference

NOTHING: Final = object()
"""What a pointer finds where nothing is."""

Document = dict[str, Any]


def is_json(value: Any) -> bool:
    """Whether it is a JSON value at all (a missing output is none)."""
    return value is None or isinstance(value, bool | int | float | str | list | dict)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    return is_number(value) and value == int(value)


def same(left: Any, right: Any) -> bool:
    """1 equals 1.0; neither equals true or "1"."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def walk(value: Any, pointer: str) -> Any:
    """RFC 6901."""
    if pointer == "":
        return value
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdecimal() and str(int(token)) == token and int(token) < len(value):
            value = value[int(token)]
        else:
            return NOTHING
    return value


def is_leaf(value: Any) -> bool:
    return isinstance(value, dict) and ("$from" in value or "$text" in value or "$literal" in value)


def read(value: Any, sight: Document) -> Any:
    """A plain value as it is; of a leaf what it finds."""
    if not is_leaf(value):
        return value
    if "$literal" in value:
        return value["$literal"]
    if "$text" in value:
        return _text(value["$text"], sight)
    pointers = value["$from"] if isinstance(value["$from"], list) else [value["$from"]]
    for pointer in pointers:
        found = walk(sight, pointer)
        if found is not NOTHING:
            return found
    return value.get("$default", NOTHING)


def _text(text: str, sight: Document) -> str:
    written, position = "", 0
    while position < len(text):
        if text[position : position + 2] in ("{{", "}}"):
            written += text[position]
            position += 2
        elif text[position] == "{":
            end = text.index("}", position)
            found = walk(sight, text[position + 1 : end])
            written += "" if found is NOTHING else found if isinstance(found, str) else canonical(found)
            position = end + 1
        else:
            written += text[position]
            position += 1
    return written


def canonical(value: Any) -> str:
    """RFC 8785, for the numbers that tests use."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if is_number(value) and value == int(value):
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def fill(template: Any, sight: Document) -> Any:
    """A whole template; nothing at the top is null."""
    filled = _fill(template, sight)
    return None if filled is NOTHING else filled


def _fill(template: Any, sight: Document) -> Any:
    if is_leaf(template):
        return read(template, sight)
    if isinstance(template, dict):
        members = {key: _fill(value, sight) for key, value in template.items()}
        return {key: value for key, value in members.items() if value is not NOTHING}
    if isinstance(template, list):
        return [fill(item, sight) for item in template]
    return template


def fill_parameter(template: Any, sight: Document) -> Any:
    """A parameter: a template, or a secret that stays a reference."""
    if isinstance(template, dict) and "$secret" in template:
        secret = template["$secret"]
        return SecretReference(secret["path"], secret.get("field"), secret.get("version"))
    return fill(template, sight)


def holds(condition: Document, output: Any, sight: Document) -> bool:
    """Whether a condition holds of a node's output."""
    match condition["type"]:
        case "Always":
            return True
        case "Not":
            return not holds(condition["cond"], output, sight)
        case "And":
            return all(holds(member, output, sight) for member in condition["all"])
        case "Or":
            return any(holds(member, output, sight) for member in condition["any"])
        case _:
            pass
    found = walk(output, condition["pointer"])
    if found is NOTHING:
        return False
    if condition["type"] == "JsonExists":
        return True
    value = read(condition["value"], sight)
    if value is NOTHING:
        return False
    return same(found, value) if condition["type"] == "JsonEquals" else compare(condition["op"], found, value)


def compare(operator: str, left: Any, right: Any) -> bool:
    """Comparing values of unlike types is false."""
    if operator == "in":
        return compare("contains", right, left)
    if operator == "contains":
        if isinstance(left, list):
            return any(same(item, right) for item in left)
        return isinstance(left, str) and isinstance(right, str) and right in left
    if operator == "ne":
        alike = (is_number(left) and is_number(right)) or type(left) is type(right)
        return alike and not same(left, right)
    ordered = (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str))
    if not ordered:
        return False
    return bool({"lt": left < right, "le": left <= right, "gt": left > right, "ge": left >= right}[operator])


NEVER: Final = {"type": "Not", "cond": {"type": "Always"}}


def resolve(condition: Document, sight: Document) -> Document:
    """A condition whose leaves are read: the condition that a loop is dispatched with."""
    match condition["type"]:
        case "Always" | "JsonExists":
            return condition
        case "Not":
            return {"type": "Not", "cond": resolve(condition["cond"], sight)}
        case "And":
            return {"type": "And", "all": [resolve(member, sight) for member in condition["all"]]}
        case "Or":
            return {"type": "Or", "any": [resolve(member, sight) for member in condition["any"]]}
        case _:
            pass
    value = read(condition["value"], sight)
    return NEVER if value is NOTHING else {**condition, "value": value}


def is_retried(policy: Document, attempt: int, code: str) -> bool:
    """Whether a retry is left after failed attempt `attempt`, and the code allows it."""
    if policy["type"] == "None" or attempt > policy["maxRetries"]:
        return False
    if "retryOn" in policy:
        return any(_matches(pattern, code) for pattern in policy["retryOn"])
    return not any(_matches(pattern, code) for pattern in policy.get("doNotRetry", []))


def _matches(pattern: str, code: str) -> bool:
    return code.startswith(pattern[:-1]) if pattern.endswith("*") else code == pattern


def delay(policy: Document, attempt: int, traversal: TraversalId, node: NodeId) -> timedelta:
    """The delay after failed attempt `attempt`; the two jitters are drawn by the policy, which has its own tests."""
    base = parse_duration(policy["base"]).unwrap()
    cap = parse_duration(policy["cap"]).unwrap() if "cap" in policy else None
    match policy["type"]:
        case "Linear":
            found = base
        case "Exponential":
            found = base * 2 ** (attempt - 1)
        case "BoundedExponential":
            assert cap is not None
            found = min(base * 2 ** (attempt - 1), cap)
        case "Fibonacci":
            found = base * (1, 1, 2, 3, 5, 8)[attempt - 1]
        case "Polynomial":
            found = base * float(attempt ** policy["power"])
        case "FullJitter":
            return retry_delay(FullJitter(base, policy["maxRetries"], cap), attempt, traversal, node)
        case _:
            return retry_delay(DecorrelatedJitter(base, policy["maxRetries"], cap), attempt, traversal, node)
    return min(found, timedelta(days=365))

"""Reads and writes templates, their leaves, and parameters."""

from collections.abc import Mapping
from math import isfinite
from re import compile as compile_pattern
from typing import Final, assert_never

from waygrid_core.model.json_value import JsonValue, Missing
from waygrid_core.outcome import Failure
from waygrid_core.spec.fields import Fields, kind_of, nearest, shape, shown
from waygrid_core.spec.limits import DEFAULT_LIMITS
from waygrid_core.spec.place import Place
from waygrid_core.spec.problem import ProblemSink
from waygrid_core.template.pointer import parse_data_pointer, parse_text, write_data_pointer, write_text
from waygrid_core.template.template import (
    ArrayTemplate,
    Constant,
    DataPointer,
    FromLeaf,
    Leaf,
    LiteralLeaf,
    ObjectTemplate,
    Operand,
    ParameterTemplate,
    SecretReference,
    Template,
    TextLeaf,
)

LEAF_KEYS: Final = frozenset({"$from", "$text", "$literal"})
_NOTHING: Final = Constant(None)
_BALANCED: Final = compile_pattern(r"(?:[^{}]|\{\{|\}\}|\{[^{}]*\})*")
"""A `$text` whose braces are right, whatever stands in them."""
_FROM: Final = shape("$from", optional=["$default"])
_TEXT: Final = shape("$text")
_LITERAL: Final = shape("$literal")
_SECRET_HOLDER: Final = shape("$secret")
_SECRET: Final = shape("path", optional=["field", "version"])
_DOLLAR_CURE: Final = (
    'a key that begins with $ is a leaf\'s; write {"$literal": ...} around an object that has such keys'
)


def read_template(
    document: JsonValue, place: Place, problems: ProblemSink, max_nesting: int = DEFAULT_LIMITS.value_nesting
) -> Template:
    """A template; what could not be read of it is `Constant(None)`, and a problem."""
    if not isinstance(document, (dict, list, tuple)):
        return _scalar(document, place, problems)
    if is_too_deep(document, place, problems, max_nesting):
        return _NOTHING
    return _read(document, place, problems)


def read_operand(
    document: JsonValue, place: Place, problems: ProblemSink, max_nesting: int = DEFAULT_LIMITS.value_nesting
) -> Operand:
    """A plain value or a leaf. An object in a plain value whose key begins with `$` is refused, leaves too."""
    if is_too_deep(document, place, problems, max_nesting):
        return _NOTHING
    if isinstance(document, dict) and not LEAF_KEYS.isdisjoint(document):
        return _leaf(document, place, problems) or _NOTHING
    refuse_dollar_keys(document, place, problems)
    return Constant(document)


def read_leaf(
    document: JsonValue, place: Place, problems: ProblemSink, max_nesting: int = DEFAULT_LIMITS.value_nesting
) -> Leaf | None:
    """A leaf; None and a problem for anything else."""
    if is_too_deep(document, place, problems, max_nesting):
        return None
    if isinstance(document, dict) and not LEAF_KEYS.isdisjoint(document):
        return _leaf(document, place, problems)
    problems.add(place, "wrong-type", f"write a leaf ({', '.join(sorted(LEAF_KEYS))}) here, not {kind_of(document)}")
    return None


def is_leaf(document: JsonValue | Missing) -> bool:
    """Whether `document` means to be a leaf, well written or not."""
    return isinstance(document, dict) and not LEAF_KEYS.isdisjoint(document)


def read_parameter(
    document: JsonValue, place: Place, problems: ProblemSink, max_nesting: int = DEFAULT_LIMITS.value_nesting
) -> ParameterTemplate:
    """A template, or a reference to a secret."""
    if isinstance(document, dict) and "$secret" in document:
        return _secret(document, place, problems) or _NOTHING
    return read_template(document, place, problems, max_nesting)


def read_parameters(
    document: Mapping[str, JsonValue],
    place: Place,
    problems: ProblemSink,
    max_nesting: int = DEFAULT_LIMITS.value_nesting,
) -> dict[str, ParameterTemplate]:
    """Parameters by name. A name does not begin with `$`: that would be a leaf in the place of the whole."""
    parameters: dict[str, ParameterTemplate] = {}
    for name, value in document.items():
        if name.startswith("$"):
            problems.add((place, name), "unknown-field", "parameters is an object of names, never a leaf itself")
        else:
            parameters[name] = read_parameter(value, (place, name), problems, max_nesting)
    return parameters


def is_too_deep(document: JsonValue, place: Place, problems: ProblemSink, max_nesting: int) -> bool:
    """Whether data nests deeper than may be; reports it. After this, recursion over `document` is safe."""
    level: list[JsonValue] = [document]
    depth = 0
    while True:
        inner: list[JsonValue] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
                depth_grows = True
            elif isinstance(value, (list, tuple)):
                inner.extend(value)
                depth_grows = True
            else:
                depth_grows = False
            if depth_grows and depth == max_nesting:
                problems.add(place, "too-deep", f"data may nest at most {max_nesting} levels deep")
                return True
        if not inner:
            return False
        level = inner
        depth += 1


def refuse_dollar_keys(document: JsonValue, place: Place, problems: ProblemSink) -> None:
    """Report each key that begins with `$` in plain data, and each number that JSON does not have."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name.startswith("$"):
                problems.add((place, name), "unknown-field", f"{shown(name)} cannot stand here; {_DOLLAR_CURE}")
            else:
                refuse_dollar_keys(value, (place, name), problems)
    elif isinstance(document, (list, tuple)):
        for index, item in enumerate(document):
            refuse_dollar_keys(item, (place, index), problems)
    else:
        _scalar(document, place, problems)


def _read(document: JsonValue, place: Place, problems: ProblemSink) -> Template:
    if isinstance(document, dict):
        if not LEAF_KEYS.isdisjoint(document):
            return _leaf(document, place, problems) or _NOTHING
        members: dict[str, Template] = {}
        for name, value in document.items():
            if name.startswith("$"):
                problems.add((place, name), "unknown-field", f"{_unknown_dollar(name)}; {_DOLLAR_CURE}")
            else:
                members[name] = _read(value, (place, name), problems)
        if all(isinstance(member, Constant) for member in members.values()):
            return Constant(document)
        return ObjectTemplate(members)
    if isinstance(document, (list, tuple)):
        items = tuple(_read(item, (place, index), problems) for index, item in enumerate(document))
        if all(isinstance(item, Constant) for item in items):
            return Constant(document)
        return ArrayTemplate(items)
    return _scalar(document, place, problems)


def _scalar(document: JsonValue, place: Place, problems: ProblemSink) -> Constant:
    # Only values made in Python can be such; the parsers refuse them before.
    if isinstance(document, float) and not isfinite(document):
        problems.add(place, "out-of-range", f"JSON has no number {document}")
        return _NOTHING
    return Constant(document)


def _unknown_dollar(name: str) -> str:
    if name == "$secret":
        return "'$secret' can only be the whole value of a parameter"
    return f"{shown(name)} is no leaf; {nearest(name, LEAF_KEYS)}"


def _leaf(document: dict[str, JsonValue], place: Place, problems: ProblemSink) -> Leaf | None:
    """`document` has at least one of `LEAF_KEYS`."""
    kinds = sorted(LEAF_KEYS & document.keys())
    if len(kinds) > 1:
        problems.add(place, "conflicting-fields", f"a leaf is one thing: write only one of {', '.join(kinds)}")
        return None
    fields = Fields(document, place, problems)
    if kinds == ["$literal"]:
        fields.conform(_LITERAL, "$literal")
        return LiteralLeaf(document["$literal"])
    if kinds == ["$text"]:
        fields.conform(_TEXT, "$text")
        return _text(fields)
    fields.conform(_FROM, "$from")
    return _from(fields)


def _text(fields: Fields) -> TextLeaf | None:
    text = fields.text("$text")
    if text is None:
        return None
    outcome = parse_text(text)
    if isinstance(outcome, Failure):
        is_balanced = _BALANCED.fullmatch(text) is not None
        fields.refuse("$text", "bad-pointer" if is_balanced else "bad-text", outcome.failure())
        return None
    return outcome.unwrap()


def _from(fields: Fields) -> FromLeaf | None:
    written = fields.document["$from"]
    place: Place = (fields.place, "$from")
    default = fields.get("$default")
    if isinstance(written, str):
        pointer = _data_pointer(written, place, fields.problems)
        return None if pointer is None else FromLeaf((pointer,), default)
    if not isinstance(written, list | tuple):
        fields.refuse("$from", "wrong-type", f"$from must be a pointer or a list of pointers, not {kind_of(written)}")
        return None
    if not written:
        fields.refuse("$from", "out-of-range", "$from needs at least one pointer")
        return None
    pointers: list[DataPointer] = []
    for index, item in enumerate(written):
        if not isinstance(item, str):
            fields.problems.add((place, index), "wrong-type", f"a pointer must be text, not {kind_of(item)}")
            continue
        pointer = _data_pointer(item, (place, index), fields.problems)
        if pointer is not None:
            pointers.append(pointer)
    return FromLeaf(tuple(pointers), default, is_list=True) if pointers else None


def _data_pointer(text: str, place: Place, problems: ProblemSink) -> DataPointer | None:
    outcome = parse_data_pointer(text)
    if isinstance(outcome, Failure):
        problems.add(place, "bad-pointer", outcome.failure())
        return None
    return outcome.unwrap()


def _secret(document: dict[str, JsonValue], place: Place, problems: ProblemSink) -> SecretReference | None:
    holder = Fields(document, place, problems)
    holder.conform(_SECRET_HOLDER, "a secret")
    inner = holder.members("$secret")
    if inner is None:
        return None
    fields = Fields(inner, (place, "$secret"), problems)
    fields.conform(_SECRET, "$secret")
    path, field, version = fields.text("path"), fields.text("field"), fields.whole_number("version", 1)
    return None if path is None else SecretReference(path, field, version)


def write_template(template: Template) -> JsonValue:
    """The document of a template; `read_template` gives it back."""
    match template:
        case Constant(value=value):
            return value
        case ObjectTemplate(members=members):
            return {name: write_template(member) for name, member in members.items()}
        case ArrayTemplate(items=items):
            return [write_template(item) for item in items]
        case FromLeaf() | TextLeaf() | LiteralLeaf():
            return write_leaf(template)
        case _:
            assert_never(template)


def write_leaf(leaf: Leaf) -> JsonValue:
    """The document of a leaf."""
    match leaf:
        case FromLeaf(pointers=pointers, default=default, is_list=is_list):
            texts = [write_data_pointer(pointer) for pointer in pointers]
            written: dict[str, JsonValue] = {"$from": texts if is_list or len(texts) != 1 else texts[0]}
            if not isinstance(default, Missing):
                written["$default"] = default
            return written
        case TextLeaf():
            return {"$text": write_text(leaf)}
        case LiteralLeaf(value=value):
            return {"$literal": value}
        case _:
            assert_never(leaf)


def write_operand(operand: Operand) -> JsonValue:
    """The document of a plain value or a leaf. A value from data that could be taken for a leaf is a `$literal`."""
    if not isinstance(operand, Constant):
        return write_leaf(operand)
    return {"$literal": operand.value} if _has_dollar_key(operand.value) else operand.value


def _has_dollar_key(value: JsonValue) -> bool:
    """Whether a key in `value` begins with `$`, however deep it stands."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            if any(name.startswith("$") for name in value):
                return True
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
    return False


def write_parameter(parameter: ParameterTemplate) -> JsonValue:
    """The document of a parameter."""
    if not isinstance(parameter, SecretReference):
        return write_template(parameter)
    secret: dict[str, JsonValue] = {"path": parameter.path}
    if parameter.field is not None:
        secret["field"] = parameter.field
    if parameter.version is not None:
        secret["version"] = parameter.version
    return {"$secret": secret}

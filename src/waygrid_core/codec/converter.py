"""The one converter: how every type that is stored or sent looks as JSON."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import GenericAlias, NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from attrs import has, resolve_types
from cattrs import Converter
from cattrs.fns import identity
from cattrs.preconf.orjson import make_converter

from waygrid_core.children.plan import EachPlan, LoopPlan
from waygrid_core.children.plan_reading import unread_plan
from waygrid_core.codec.data import read_known, read_parameters, write_known, write_parameters
from waygrid_core.codec.versions import TAG, UPCASTERS, Document, Upcasters, tag_of, upcast
from waygrid_core.condition.expression import AllOf, AnyOf, Not
from waygrid_core.model.address import ServiceAddress, parse_address
from waygrid_core.model.duration import parse_duration, write_duration
from waygrid_core.model.json_value import MISSING, Missing
from waygrid_core.model.persistent_map import PersistentMap
from waygrid_core.outcome import Failure, Outcome
from waygrid_core.template.pointer import parse_data_pointer, write_data_pointer
from waygrid_core.template.template import DataPointer, FromLeaf, SecretReference, TextLeaf

Hook = Callable[..., Any]


def new_converter(*, is_detailed: bool, upcasters: Upcasters = UPCASTERS) -> Converter:
    """A converter; a detailed one is slower, and its errors say where."""
    converter = make_converter(detailed_validation=is_detailed, omit_if_default=True, forbid_extra_keys=True)
    _add_scalars(converter)
    _add_collections(converter)
    _add_unions(converter, upcasters)
    _add_leaves(converter)
    _add_data(converter)
    _add_plans(converter)
    return converter


# Scalars: strict, for cattrs would turn a number into a text where a text is expected.


def _add_scalars(converter: Converter) -> None:
    converter.register_structure_hook(str, _read_str)
    converter.register_structure_hook_func(_is_identifier, _read_str)
    converter.register_unstructure_hook_func(_is_identifier, identity)
    converter.register_structure_hook(int, _read_int)
    converter.register_structure_hook(bool, _read_bool)
    converter.register_structure_hook(datetime, _read_instant)
    converter.register_unstructure_hook(datetime, _write_instant)
    converter.register_structure_hook(timedelta, lambda text, _: _parsed(parse_duration, text))
    converter.register_unstructure_hook(timedelta, write_duration)
    converter.register_structure_hook(ServiceAddress, lambda text, _: _parsed(parse_address, text))
    converter.register_unstructure_hook(ServiceAddress, str)


def _is_identifier(kind: Any) -> bool:
    return getattr(kind, "__supertype__", None) is str


def _read_str(value: Any, _: Any) -> str:
    if type(value) is not str:
        raise ValueError("a text is expected")
    return value


def _read_bool(value: Any, _: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("true or false is expected")
    return value


def _read_int(value: Any, _: Any) -> int:
    if type(value) is not int:
        raise ValueError("a whole number is expected")
    return value


def _write_instant(instant: datetime) -> str:
    return (instant if instant.tzinfo is UTC else instant.astimezone(UTC)).isoformat()[: -len("+00:00")] + "Z"


def _read_instant(text: Any, _: Any) -> datetime:
    instant = datetime.fromisoformat(text) if isinstance(text, str) else None
    if instant is None or instant.tzinfo is None:
        raise ValueError("an instant with an offset is expected")
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def _parsed(parse: Callable[[str], Outcome[Any, str]], text: Any) -> Any:
    if not isinstance(text, str):
        raise ValueError("a text is expected")
    parsed = parse(text)
    if isinstance(parsed, Failure):
        raise ValueError(parsed.failure())
    return parsed.unwrap()


# Collections: arrays are arrays (a text is no array of its characters), sets and maps stand in order of their keys.


def _add_collections(converter: Converter) -> None:
    is_tuple, is_frozenset, is_map = _is_a(tuple), _is_a(frozenset), _is_a(PersistentMap)
    converter.register_structure_hook_factory(is_tuple, lambda kind: _tuple_reader(kind, converter))
    converter.register_structure_hook_factory(is_frozenset, lambda kind: _frozenset_reader(kind, converter))
    converter.register_unstructure_hook_factory(is_frozenset, lambda _: sorted)
    converter.register_structure_hook_factory(is_map, lambda kind: _map_reader(kind, converter))
    converter.register_unstructure_hook_factory(is_map, lambda kind: _map_writer(kind, converter))


def _is_a(generic: type) -> Callable[[Any], bool]:
    return lambda kind: get_origin(kind) == generic


def _tuple_reader(kind: Any, converter: Converter) -> Hook:
    items = GenericAlias(list, get_args(kind)[:1])
    read_items = converter.get_structure_hook(items)

    def read(value: Any, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError("an array is expected")
        return tuple(read_items(value, items))

    return read


def _frozenset_reader(kind: Any, converter: Converter) -> Hook:
    members = GenericAlias(tuple, (*get_args(kind), ...))
    read_members = converter.get_structure_hook(members)
    return lambda value, _: frozenset(read_members(value, members))


def _map_reader(kind: Any, converter: Converter) -> Hook:
    members = GenericAlias(dict, (str, get_args(kind)[1]))
    read_members = converter.get_structure_hook(members)

    def read(value: Any, _: Any) -> PersistentMap[Any, Any]:
        if not isinstance(value, dict):
            raise ValueError("an object is expected")
        return PersistentMap(read_members(value, members))

    return read


def _map_writer(kind: Any, converter: Converter) -> Hook:
    write_member = converter.get_unstructure_hook(get_args(kind)[1])

    def write(members: PersistentMap[Any, Any]) -> Document:
        return {key: write_member(members[key]) for key in sorted(members)}

    return write


# Unions: each member with its tag; what is no class of ours (null, a number) stands as it is.


def _add_unions(converter: Converter, upcasters: Upcasters) -> None:
    for kind in (AllOf, AnyOf, Not):  # they are in the union that they refer to, by its name
        resolve_types(kind)
    converter.register_structure_hook_factory(_is_union, lambda union: _union_reader(union, converter, upcasters))
    converter.register_unstructure_hook_factory(_is_union, lambda union: _union_writer(union, converter, upcasters))


def _is_union(kind: Any) -> bool:
    """Whether it is a union with two or more classes of ours."""
    return _is_any_union(kind) and sum(map(has, get_args(kind))) > 1


def _is_any_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _union_reader(union: Any, converter: Converter, upcasters: Upcasters) -> Hook:
    kinds = {kind.__name__: kind for kind in get_args(union) if has(kind)}
    plain = [kind for kind in get_args(union) if not has(kind) and kind is not NoneType]
    is_optional = NoneType in get_args(union)
    assert len(plain) <= 1, f"a value of {union} without a tag can be one thing only"
    # Looked up when first needed: a class may refer to the union that it is in.
    readers: dict[str, tuple[type, Hook]] = {}

    def read(value: Any, _: Any) -> Any:
        if isinstance(value, dict):
            tag = value.get(TAG)
            found = readers.get(tag) if type(tag) is str else None
            document = value.copy()
            document.pop(TAG, None)
            if found is None:
                kind, document = upcast(tag, document, kinds, upcasters)
                read_kind = converter.get_structure_hook(kind)
                if tag == tag_of(kind, upcasters):
                    readers[tag] = kind, read_kind
                return read_kind(document, kind)
            kind, read_kind = found
            return read_kind(document, kind)
        if value is None and is_optional:
            return None
        if plain:
            return converter.structure(value, plain[0])
        raise ValueError("an object with a type is expected")

    return read


def _union_writer(union: Any, converter: Converter, upcasters: Upcasters) -> Hook:
    writers: dict[type, tuple[str, Hook]] = {}
    kinds = {kind for kind in get_args(union) if has(kind)}

    def write(value: Any) -> Any:
        kind = value.__class__
        found = writers.get(kind)
        if found is None:
            if kind not in kinds:
                return converter.unstructure(value)
            found = writers[kind] = (tag_of(kind, upcasters), converter.get_unstructure_hook(kind))
        tag, write_kind = found
        return {TAG: tag, **write_kind(value)}

    return write


# Leaves: pointers as authors write them.


def _add_leaves(converter: Converter) -> None:
    _register(converter, DataPointer, write_data_pointer, lambda text, _: _parsed(parse_data_pointer, text))
    _register(converter, FromLeaf, _write_from, _read_from)
    _register(converter, TextLeaf, _write_text, _read_text)


def _register(converter: Converter, kind: type, write: Hook, read: Hook) -> None:
    """By predicate: registered as a class, cattrs would resolve its annotations, and those of `JsonValue` it cannot."""
    converter.register_structure_hook_func(lambda asked: asked is kind, read)
    converter.register_unstructure_hook_func(lambda asked: asked is kind, write)


def _write_from(leaf: FromLeaf) -> Document:
    document: Document = {"pointers": [write_data_pointer(pointer) for pointer in leaf.pointers]}
    if not isinstance(leaf.default, Missing):
        document["default"] = leaf.default
    if leaf.is_list:
        document["is_list"] = True
    return document


def _read_from(document: Any, _: Any) -> FromLeaf:
    _refuse_others(document, {"pointers", "default", "is_list"})
    pointers = tuple(_parsed(parse_data_pointer, text) for text in _array(document.get("pointers")))
    return FromLeaf(pointers, document.get("default", MISSING), document.get("is_list") is True)


def _write_text(leaf: TextLeaf) -> Document:
    return {"parts": [part if isinstance(part, str) else {"pointer": write_data_pointer(part)} for part in leaf.parts]}


def _read_text(document: Any, _: Any) -> TextLeaf:
    _refuse_others(document, {"parts"})
    parts = (
        part if isinstance(part, str) else _parsed(parse_data_pointer, part["pointer"])
        for part in _array(document.get("parts"))
    )
    return TextLeaf(tuple(parts))


def _refuse_others(document: Document, known: set[str]) -> None:
    others = document.keys() - known
    if others:
        raise ValueError(f"extra fields found ({', '.join(sorted(others))})")


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("an array is expected")
    return value


# Data: JSON values stand as they are.


def _add_data(converter: Converter) -> None:
    converter.register_structure_hook_func(_is_json, _as_it_is)
    converter.register_unstructure_hook_func(_is_json, identity)
    converter.register_structure_hook_func(_is_parameters, lambda value, _: read_parameters(value))
    converter.register_unstructure_hook_func(_is_parameters, write_parameters)
    converter.register_structure_hook_func(_is_known, lambda value, _: read_known(value))
    converter.register_unstructure_hook_func(_is_known, write_known)


def _is_json(kind: Any) -> bool:
    """Whether it is `JsonValue`, perhaps with `Missing`: no other union holds floats."""
    return _is_any_union(kind) and float in get_args(kind) and SecretReference not in get_args(kind)


def _is_parameters(kind: Any) -> bool:
    return get_origin(kind) is Mapping and SecretReference in get_args(get_args(kind)[1])


def _is_known(kind: Any) -> bool:
    return get_origin(kind) is Mapping and get_origin(get_args(kind)[0]) is tuple


def _as_it_is(value: Any, _: Any) -> Any:
    return value


# Plans: extensions in them travel as documents.


def _add_plans(converter: Converter) -> None:
    for kind in (LoopPlan, EachPlan):
        _add_plan(converter, kind)


def _add_plan(converter: Converter, kind: Any) -> None:
    write = converter.gen_unstructure_attrs_fromdict(kind)
    converter.register_unstructure_hook(kind, lambda plan: write(unread_plan(plan)))

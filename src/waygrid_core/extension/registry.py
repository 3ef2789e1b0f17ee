"""The extensions that whoever reads documents is given: the classes, by the names that documents have for them."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

from attrs import Factory, evolve, fields, frozen
from attrs.exceptions import FrozenInstanceError

from waygrid_core.extension.extension import (
    ConditionRule,
    Extension,
    Guard,
    JoinRule,
    NodeKind,
    RetryRule,
    SignalKind,
)
from waygrid_core.extension.field_types import fields_of

Slot: TypeAlias = Literal["conditions", "joins", "retries", "nodes", "signals", "guards"]

KINDS: Final[Mapping[Slot, type[Extension]]] = {
    "conditions": ConditionRule,
    "joins": JoinRule,
    "retries": RetryRule,
    "nodes": NodeKind,
    "signals": SignalKind,
    "guards": Guard,
}
BUILT_IN: Final[Mapping[Slot, frozenset[str]]] = {
    "conditions": frozenset({"Always", "JsonExists", "JsonEquals", "JsonCompare", "Not", "And", "Or"}),
    "joins": frozenset({"And", "Or", "Quorum"}),
    "retries": frozenset(
        {
            *("None", "Linear", "Exponential", "BoundedExponential", "Fibonacci", "Polynomial"),
            *("FullJitter", "DecorrelatedJitter"),
        }
    ),
    "nodes": frozenset({"standard", "pass", "fail", "fork", "join", "await", "call", "each", "loop"}),
    "signals": frozenset(),
    "guards": frozenset(),
}
"""The types that documents have without extensions: nobody may take their names."""

NODE_FIELDS: Final = frozenset(
    {
        *("id", "label", "description", "input", "retryPolicy", "deliveryStrategy", "timeout", "onConditions"),
        *("onSuccess", "onFailure", "onTimeout", "always", "name"),
    }
)
"""What every node kind has besides its own fields; `name` is its id in a flat DAG."""
RESERVED_FIELDS: Final[Mapping[Slot, frozenset[str]]] = {
    "conditions": frozenset(),
    "joins": frozenset(),
    "retries": frozenset(),
    "nodes": NODE_FIELDS,
    "signals": frozenset(),
    "guards": frozenset(),
}
ALWAYS_RESERVED: Final = frozenset({"type", "version"})

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9.-]{0,63}")


@frozen
class Extensions:
    """Extensions by slot and name. Make one with `of`; `NO_EXTENSIONS` is the empty one."""

    conditions: Mapping[str, type[ConditionRule]] = Factory(dict)
    joins: Mapping[str, type[JoinRule]] = Factory(dict)
    retries: Mapping[str, type[RetryRule]] = Factory(dict)
    nodes: Mapping[str, type[NodeKind]] = Factory(dict)
    signals: Mapping[str, type[SignalKind]] = Factory(dict)
    guards: Mapping[str, type[Guard]] = Factory(dict)

    @classmethod
    def of(cls, *kinds: type[Extension]) -> "Extensions":
        """The extensions that these classes are. A class that is given twice counts once.

        Raises `ValueError` for a class that no document could mean, or whose name is taken in its slot.
        """
        return cls().with_also(kinds)

    def with_also(self, kinds: Iterable[type[Extension]]) -> "Extensions":
        """These, and the given ones. Raises `ValueError` as `of` does."""
        slots: dict[Slot, dict[str, Any]] = {slot: dict(getattr(self, slot)) for slot in KINDS}
        for kind in kinds:
            slot = slot_of(kind)
            _check(kind, slot)
            taken = slots[slot].setdefault(kind.name, kind)
            if taken is not kind:
                raise ValueError(
                    f"{_full_name(kind)} and {_full_name(taken)} are both called {kind.name!r}; give one another name"
                )
        return evolve(self, **slots)

    @cached_property
    def fingerprint(self) -> str:
        """A text that is another one for other extensions, within one process; empty for none."""
        return " ".join(f"{_full_name(kind)}/{kind.name}/{kind.version}/{id(kind)}" for kind in self.classes)

    @property
    def classes(self) -> tuple[type[Extension], ...]:
        """All of them, in order of slot and name."""
        return tuple(by_name[name] for by_name in (getattr(self, slot) for slot in KINDS) for name in sorted(by_name))


NO_EXTENSIONS: Final = Extensions()


def slot_of(kind: Any) -> Slot:
    """Where a class of extensions stands in a document. Raises `ValueError` for a class of no kind, or of several."""
    slots = [slot for slot, base in KINDS.items() if isinstance(kind, type) and issubclass(kind, base)]
    if len(slots) != 1:
        kinds = ", ".join(base.__name__ for base in KINDS.values())
        raise ValueError(f"{_full_name(kind)} must be a subclass of one of {kinds}")
    return slots[0]


def _check(kind: Any, slot: Slot) -> None:
    full_name = _full_name(kind)
    name, version = getattr(kind, "name", None), kind.version
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise ValueError(
            f"{full_name} needs a class variable 'name': 1 to 64 letters, digits, dots and hyphens, the first a letter"
        )
    if name in BUILT_IN[slot]:
        raise ValueError(f"{full_name} is called {name!r}, as one of Waygrid's own {slot} is; give it another name")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ValueError(f"{full_name}.version must be a whole number from 1")
    reserved = RESERVED_FIELDS[slot] | ALWAYS_RESERVED
    seen: set[str] = set()
    for field in fields_of(kind):
        if field.name in reserved or field.name in seen:
            raise ValueError(f"{full_name}.{field.attribute} is {field.name!r} in a document, which is taken")
        seen.add(field.name)
    _check_frozen(kind, full_name)


def _check_frozen(kind: Any, full_name: str) -> None:
    try:
        blank = object.__new__(kind)
    except TypeError as error:  # it lacks a method
        raise ValueError(f"{full_name} is not complete: {error}") from error
    for attribute in fields(kind)[:1]:
        try:
            setattr(blank, attribute.name, None)
        except FrozenInstanceError:
            return
        raise ValueError(f"{full_name} can be changed; write @frozen above it")


def _full_name(kind: object) -> str:
    return f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else repr(kind)

"""The one way to an extension's code: whatever it does, a value comes of it, and the machine's laws hold.

An extension that raises, or that returns what it should not, is `Broken`; what the machine makes of that is written at
each call. Whoever tests extensions (`waygrid_core.testing`) wants to hear of it instead: inside `strictly()` it raises
`ExtensionBroken`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from math import isfinite
from typing import Any, Final, TypeVar

from attrs import frozen

from waygrid_core.extension.extension import Extension
from waygrid_core.model.json_value import JsonValue

T = TypeVar("T")

EXTENSION_ERROR: Final = "extension-error"
"""The code of a failure that an extension's own fault amounts to."""

MAX_NESTING: Final = 500
"""How deep the JSON that an extension gives may nest; as deep as data of a Spec may come to."""

_SHOWN: Final = 200  # characters of what was raised
_is_strict: Final[ContextVar[bool]] = ContextVar("waygrid-extensions-are-tested", default=False)


@frozen
class Broken:
    """An extension did what it may not."""

    extension: str
    """Its name."""
    method: str
    what: str

    @property
    def message(self) -> str:
        """One sentence of it."""
        return f"the extension {self.extension!r}, asked for {self.method}, {self.what}"


class ExtensionBroken(Exception):  # noqa: N818 - it says what happened
    """An extension did what it may not, and somebody who tests it is listening."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.message)
        self.broken = broken


def guarded(
    extension: Extension, method: str, call: Callable[[], object], expect: Callable[[Any], T | None], wanted: str
) -> T | Broken:
    """What `call` gives, if it is what is expected.

    `expect` gives the answer as it is to be used, and None (or a `ValueError`, with the reason) for what is not
    `wanted`; so None itself is no answer here: wrap it. Raises `ExtensionBroken` inside `strictly()`, and else nothing.
    """
    try:
        answer = call()
    except Exception as error:  # it is the user's code
        return _broken(extension, method, f"raised {type(error).__name__}: {_text_of(error)}", error)
    try:
        value = expect(answer)
    except Exception as error:  # so is the answer: it may raise when it is looked at
        return _broken(extension, method, f"gave what is not {wanted}: {_text_of(error)}", error)
    if value is None:
        return _broken(extension, method, f"gave {type(answer).__name__}, not {wanted}", None)
    return value


@contextmanager
def strictly() -> Iterator[None]:
    """Let a broken extension be heard, within this block."""
    token = _is_strict.set(True)
    try:
        yield
    finally:
        _is_strict.reset(token)


def json_fault(value: object) -> str | None:
    """Why `value` is no JSON that a state may hold; None if it is. Never raises, however deep it is."""
    pending: list[tuple[object, int]] = [(value, 0)]
    while pending:
        part, depth = pending.pop()
        if part is None or isinstance(part, str | bool | int):
            continue
        if isinstance(part, float):
            if not isfinite(part):
                return f"{part} is no number of JSON"
        elif depth >= MAX_NESTING:
            return f"it nests deeper than {MAX_NESTING}"
        elif isinstance(part, Mapping):
            for key in part:
                if not isinstance(key, str):
                    return f"the key {key!r} is no text"
            pending.extend((member, depth + 1) for member in part.values())
        elif isinstance(part, list | tuple):
            pending.extend((item, depth + 1) for item in part)
        else:
            return f"{type(part).__name__} is no JSON"
    return None


def require_json(value: Any) -> JsonValue:
    """`value`, if it is JSON; else raises `ValueError`. For the `expect` of `guarded`."""
    fault = json_fault(value)
    if fault is not None:
        raise ValueError(fault)
    json: JsonValue = value
    return json


def _broken(extension: Extension, method: str, what: str, cause: Exception | None) -> Broken:
    broken = Broken(_name_of(extension), method, what)
    if _is_strict.get():
        raise ExtensionBroken(broken) from cause
    return broken


def _name_of(extension: Extension) -> str:
    return str(getattr(type(extension), "name", type(extension).__name__))


def _text_of(error: Exception) -> str:
    try:
        return str(error)[:_SHOWN]
    except Exception:  # its text is the user's code too
        return "(without a text)"

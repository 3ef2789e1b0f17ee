"""Bytes of what is stored or sent, and back. One `Wire` for each vocabulary; the functions are for short.

Reading is total: whatever the bytes are, there is a value or a `DecodeError`.
"""

from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import Any, Final, Generic, TypeAlias, TypeVar

from cattrs import Converter, transform_error
from cattrs.v import format_exception

from waygrid_core.children.plan import TraversalPlan
from waygrid_core.children.series_effects import SeriesEffect
from waygrid_core.children.series_events import SeriesEvent
from waygrid_core.children.series_signals import SeriesSignal
from waygrid_core.children.series_state import SeriesState
from waygrid_core.codec.converter import new_converter
from waygrid_core.codec.decode_error import DecodeError
from waygrid_core.codec.json_bytes import read_json, write_json
from waygrid_core.codec.versions import UPCASTERS, Upcasters
from waygrid_core.message.messages import Message
from waygrid_core.message.parent import ParentLink
from waygrid_core.model.json_value import JsonValue
from waygrid_core.outcome import Failure, Outcome, Success
from waygrid_core.traversal.effects import Effect
from waygrid_core.traversal.events import Event
from waygrid_core.traversal.signals import Signal
from waygrid_core.traversal.state import TraversalState

AnySignal: TypeAlias = Signal | SeriesSignal
AnyEvent: TypeAlias = Event | SeriesEvent
AnyEffect: TypeAlias = Effect | SeriesEffect
AnyState: TypeAlias = TraversalState | SeriesState

T = TypeVar("T")


class Wire(Generic[T]):
    """The wire form of one union of tagged values."""

    def __init__(self, union: Any, upcasters: Upcasters = UPCASTERS) -> None:
        self.union = union
        self._upcasters = upcasters

    @cached_property
    def _write(self) -> Callable[[T], JsonValue]:
        write: Callable[[T], JsonValue] = _converter(self._upcasters, is_detailed=False).get_unstructure_hook(
            self.union
        )
        return write

    @cached_property
    def _read(self) -> Callable[[JsonValue, Any], T]:
        read: Callable[[JsonValue, Any], T] = _converter(self._upcasters, is_detailed=False).get_structure_hook(
            self.union
        )
        return read

    def encode(self, value: T) -> bytes:
        """JSON of one value; the same value gives the same bytes."""
        return write_json(self._write(value))

    def decode(self, data: bytes) -> Outcome[T, DecodeError]:
        """The value of such JSON, of this or any older version."""
        value = self.value_of(data)
        return Failure(value) if isinstance(value, DecodeError) else Success(value)

    def value_of(self, data: bytes) -> T | DecodeError:
        """The same, without a container around what comes of it: every message that arrives is read by this."""
        try:
            return self._read(read_json(data), self.union)
        except Exception:  # it is read again, step by step, to say where and why
            document = _read(data)
            outcome = document if isinstance(document, Failure) else self.from_json(document.unwrap())
            return outcome.failure() if isinstance(outcome, Failure) else outcome.unwrap()

    def encode_all(self, values: Iterable[T]) -> bytes:
        """A JSON array of values."""
        return write_json([self._write(value) for value in values])

    def decode_all(self, data: bytes) -> Outcome[tuple[T, ...], DecodeError]:
        """The values of such an array, in order."""
        document = _read(data)
        if isinstance(document, Failure):
            return document
        items = document.unwrap()
        if not isinstance(items, list):
            return Failure(DecodeError("$", "an array is expected"))
        values: list[T] = []
        for index, item in enumerate(items):
            value = self.from_json(item, f"$[{index}]")
            if isinstance(value, Failure):
                return value
            values.append(value.unwrap())
        return Success(tuple(values))

    def to_json(self, value: T) -> JsonValue:
        """The JSON value of one value, to be put into a larger document."""
        return self._write(value)

    def from_json(self, document: JsonValue, where: str = "$") -> Outcome[T, DecodeError]:
        """The value of such a JSON value; `where` is its place in the document that it is part of."""
        try:
            return Success(self._read(document, self.union))
        except Exception:  # whatever a foreign document makes fail: it is read again, with care, to say where and why
            return Failure(self._explain(document, where))

    def _explain(self, document: JsonValue, where: str) -> DecodeError:
        try:
            _converter(self._upcasters, is_detailed=True).structure(document, self.union)
        except Exception as error:
            first, *_ = transform_error(error, path=where, format_exception=_cause)
            message, _, place = first.rpartition(" @ ")
            return DecodeError(place, message)
        raise AssertionError("what is read with care is read without")


SIGNALS: Final = Wire[AnySignal](AnySignal)
EVENTS: Final = Wire[AnyEvent](AnyEvent)
EFFECTS: Final = Wire[AnyEffect](AnyEffect)
STATES: Final = Wire[AnyState](AnyState)
PLANS: Final = Wire[TraversalPlan](TraversalPlan)
PARENTS: Final = Wire[ParentLink](ParentLink)
MESSAGES: Final = Wire[Message](Message)

encode_signal, decode_signal = SIGNALS.encode, SIGNALS.decode
encode_event, decode_event = EVENTS.encode, EVENTS.decode
encode_effect, decode_effect = EFFECTS.encode, EFFECTS.decode
encode_state, decode_state = STATES.encode, STATES.decode
encode_plan, decode_plan = PLANS.encode, PLANS.decode
encode_message, decode_message = MESSAGES.encode, MESSAGES.decode


def _read(data: bytes) -> Outcome[JsonValue, DecodeError]:
    try:
        return Success(read_json(data))
    except ValueError as error:
        return Failure(DecodeError("$", str(error)))


def _cause(error: BaseException, kind: type | None) -> str:
    """What is wrong, in a sentence; `kind` is the type that was expected where it happened."""
    return str(error) if type(error) is ValueError else format_exception(error, kind)


def _converter(upcasters: Upcasters, *, is_detailed: bool) -> Converter:
    if upcasters is UPCASTERS:
        return _shared_converter(is_detailed)
    return new_converter(is_detailed=is_detailed, upcasters=upcasters)


@cache
def _shared_converter(is_detailed: bool) -> Converter:
    """Made when first needed, for `waygrid --help` needs none."""
    return new_converter(is_detailed=is_detailed)

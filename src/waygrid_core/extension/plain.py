"""JSON of an extension as the machine keeps it: of plain types, and its own."""

from collections.abc import Mapping

from waygrid_core.model.json_value import JsonValue


def plain_copy(value: JsonValue) -> JsonValue:
    """The same JSON in dictionaries and lists that nobody else holds.

    So what an extension changes in place changes no state, and what is read back from a store is equal to what was
    written. `value` must nest no deeper than `calling.MAX_NESTING`.
    """
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return str.__str__(value)  # of an enum, its text
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, Mapping):
        return {str.__str__(key): plain_copy(member) for key, member in value.items()}
    return [plain_copy(item) for item in value]

"""Why a JSON value is not the document that it should be: where, and what would be right."""

from collections.abc import Iterator

from attrs import fields
from cattrs import BaseValidationError, ClassValidationError, ForbiddenExtraKeysError, IterableValidationError

from waygrid_core.model.json_pointer import write_pointer
from waygrid_shell.resources.naming import camel_case


def problems_of(error: BaseException, place: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """All that cattrs found: pointers (RFC 6901) and sentences."""
    match error:
        case ClassValidationError():
            attributes, others = error.group_exceptions()
            for each, attribute in attributes:
                yield from problems_of(each, (*place, camel_case(attribute.name)))
            for other in others:
                yield from problems_of(other, place)
        case IterableValidationError():
            members, others = error.group_exceptions()
            for each, member in members:
                yield from problems_of(each, (*place, str(member.index)))
            for other in others:
                yield from problems_of(other, place)
        case BaseValidationError():
            for each in error.exceptions:
                yield from problems_of(each, place)
        case ForbiddenExtraKeysError(cl=kind, extra_fields=names):
            known = ", ".join(sorted(camel_case(each.name) for each in fields(kind)))
            for name in sorted(names):
                yield write_pointer((*place, name)), f"there is no field {name[:60]!r}; there are {known}"
        case KeyError():
            yield write_pointer(place), "it must be there"
        case ValueError():
            yield write_pointer(place), str(error)
        case _:
            yield write_pointer(place), f"it cannot be read ({type(error).__name__})"

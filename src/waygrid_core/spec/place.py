"""Where something stands in a document: as a chain while it is read, as an RFC 6901 pointer once it is told.

A chain costs the same however deep it is; the pointers of a chain of 10 000 nested nodes would take half a gigabyte.
"""

from typing import Final, TypeAlias, Union

Place: TypeAlias = Union[str, "tuple[Place, str | int]"]
"""A pointer, or a place and one step from it: a member's name or an item's index."""

ROOT: Final[Place] = ""


def pointer_of(place: Place) -> str:
    """The RFC 6901 pointer to `place`."""
    steps: list[str] = []
    while not isinstance(place, str):
        place, step = place
        steps.append(f"/{step}" if isinstance(step, int) else "/" + step.replace("~", "~0").replace("/", "~1"))
    steps.append(place)
    return "".join(reversed(steps))


class Located:
    """What knows its place in a document, and tells it as a pointer."""

    __slots__ = ()

    @property
    def pointer(self) -> str:
        """Where it stood in its document (RFC 6901); empty for what was built in Python, or is the document itself."""
        place: Place = getattr(self, "place", ROOT)
        return pointer_of(place)

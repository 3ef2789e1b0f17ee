"""Tags, and how an old form becomes the next one.

To change the form of a class: write its upcaster below, which is given the document of the old version without its tag
and returns that of the next, and add golden files of the new form. The old files stay, and must still be read.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from waygrid_core.message.messages import TraversalCancelRequested, TraversalRequested
from waygrid_core.traversal.state import TraversalState

TAG: Final = "type"
"""The member that bears the tag. No class that is tagged has a field of this name."""

Document: TypeAlias = dict[str, Any]
Upcaster: TypeAlias = Callable[[Document], Document]
Upcasters: TypeAlias = Mapping[type, tuple[Upcaster, ...]]
"""For each class whose form has changed, the step from version 1 to 2, from 2 to 3, and so on."""

UPCASTERS: Final[Upcasters] = {
    TraversalCancelRequested: (lambda document: document,),  # 2: `root` is new, and may be absent
    TraversalRequested: (lambda document: document,),  # 2: `name` and `labels` are new, and may be absent
    TraversalState: (lambda document: document,),  # 2: `memories` is new, and may be absent
}


def tag_of(kind: type, upcasters: Upcasters) -> str:
    """The tag of the newest form of a class: `NodeSucceeded.v1`."""
    return f"{kind.__name__}.v{len(upcasters.get(kind, ())) + 1}"


def upcast(tag: object, document: Document, kinds: Mapping[str, type], upcasters: Upcasters) -> tuple[type, Document]:
    """The class that a tag names, of those in `kinds`, and the document in the newest form of that class.

    Raises `ValueError` for a tag that none of them has, or a version that is not known yet.
    """
    name, _, version = str(tag).rpartition(".v")
    kind = kinds.get(name)
    if kind is None or not version.isascii() or not version.isdigit() or len(version) > 9 or version.startswith("0"):
        raise ValueError(f"{tag!r} is none of {', '.join(sorted(kinds))}")
    steps = upcasters.get(kind, ())
    if int(version) > len(steps) + 1:
        raise ValueError(f"{tag!r} is of a newer version than {tag_of(kind, upcasters)!r}; update Waygrid to read it")
    for step in steps[int(version) - 1 :]:
        document = step(document)
    return kind, document

"""What a user may call a traversal."""

import re
from collections.abc import Mapping
from typing import Final

from waygrid_core.model.json_pointer import write_pointer
from waygrid_shell.resources.submission import SpecError

OURS: Final = "waygrid/"
"""Keys that begin with it are given by Waygrid alone."""

MAX_LABELS: Final = 32
MAX_VALUE: Final = 256
MAX_NAME: Final = 256
KEY_PATTERN: Final = "[A-Za-z0-9._/-]{1,64}"

_KEY: Final = re.compile(KEY_PATTERN)


def problems_of_labels(labels: Mapping[str, str]) -> list[SpecError]:
    """All that is wrong with the labels of a request."""
    problems = []
    if len(labels) > MAX_LABELS:
        message = f"there are {len(labels)} labels; a traversal has at most {MAX_LABELS}"
        problems.append(SpecError(code="out-of-range", pointer="/labels", message=message))
    for key, value in labels.items():
        pointer = write_pointer(("labels", key))
        if _KEY.fullmatch(key) is None:
            message = f"{key[:70]!r} is no key of a label; it has 1 to 64 letters, digits, dots, underscores, / and -"
            problems.append(SpecError(code="bad-label", pointer=pointer, message=message))
        elif key.startswith(OURS):
            message = f"keys that begin with {OURS} are Waygrid's own"
            problems.append(SpecError(code="bad-label", pointer=pointer, message=message))
        if len(value) > MAX_VALUE:
            message = f"the value has {len(value)} characters; it may have {MAX_VALUE}"
            problems.append(SpecError(code="too-long", pointer=pointer, message=message))
    return problems


def problems_of_name(name: str | None) -> list[SpecError]:
    """What is wrong with the name of a request."""
    if name is None or 0 < len(name) <= MAX_NAME:
        return []
    message = f"a name has 1 to {MAX_NAME} characters, not {len(name)}"
    return [SpecError(code="out-of-range", pointer="/name", message=message)]

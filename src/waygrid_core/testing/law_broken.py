"""What a broken law says: the law, the Spec, the run as a story, and how to keep it."""

from collections.abc import Sequence

import yaml
from attrs import frozen

from waygrid_core.model.json_value import JsonValue


@frozen
class Breach:
    """One broken law. `law` is its name, `why` a sentence about what happened.

    `document` is the Spec, `story` the lines of the run, the last of which broke the law; a law about an extension
    alone has no Spec, but an `extension`. `scenario` is the text of a scenario file that goes the same way, `kept`
    says where it is, or how to have one.
    """

    law: str
    why: str
    document: JsonValue = None
    extension: str = ""
    story: tuple[str, ...] = ()
    scenario: str | None = None
    kept: str = ""

    def __str__(self) -> str:
        parts = [f"the law '{self.law}' is broken: {self.why}"]
        if self.document is not None:
            parts.append(f"The Spec:\n{indented(as_yaml(self.document).splitlines())}")
        if self.extension:
            parts.append(f"The extension:\n{indented([self.extension])}")
        if self.story:
            numbered = [f"{number}. {line}" for number, line in enumerate(self.story, 1)]
            parts.append(f"The story:\n{indented(numbered)}")
        if self.kept:
            parts.append(self.kept)
        return "\n\n".join(parts)


class LawBroken(AssertionError):  # noqa: N818 - it says what is so, as a broken law does
    """A law that does not hold. `breach` says all about it; the text of the exception is the breach's."""

    def __init__(self, breach: Breach) -> None:
        super().__init__(str(breach))
        self.breach = breach


def as_yaml(document: JsonValue) -> str:
    """A document as people write it."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)


def indented(lines: Sequence[str]) -> str:
    """The lines, moved in."""
    return "\n".join(f"  {line}" for line in lines)

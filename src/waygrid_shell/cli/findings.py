"""How findings are shown: a line each, with the cure below it."""

from collections.abc import Iterable
from typing import Final

from waygrid_shell.cli.output import write_result
from waygrid_shell.ports.finding import Finding, Verdict

_ORDER: Final[tuple[Verdict, ...]] = ("ok", "warn", "fail")
_WIDTH: Final = 4


def show_findings(findings: Iterable[Finding], part: str = "") -> None:
    """A line each, to standard output; `part` says what they are about."""
    about = f"{part}: " if part else ""
    for each in findings:
        write_result(f"{each.verdict:<{_WIDTH}}  {about}{each.what}")
        if each.cure:
            write_result(f"{'':<{_WIDTH}}  -> {each.cure}")


def worst_of(findings: Iterable[Finding]) -> Verdict:
    """The worst verdict among them."""
    return max((each.verdict for each in findings), key=_ORDER.index, default="ok")

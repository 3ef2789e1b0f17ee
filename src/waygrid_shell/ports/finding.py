"""What a look at a server found, for `waygrid doctor`."""

from typing import Literal, TypeAlias

from attrs import frozen

Verdict: TypeAlias = Literal["ok", "warn", "fail"]
"""`warn`: it works, and not as well or as safely as it should; `fail`: it does not, or will not."""


@frozen
class Finding:
    """One thing that was looked at. `cure` is a sentence, empty where there is nothing to mend."""

    verdict: Verdict
    what: str
    cure: str = ""

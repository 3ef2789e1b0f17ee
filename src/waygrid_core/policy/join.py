"""Join strategies: when a join holds, and when it can no longer hold."""

from typing import TypeAlias

from attrs import frozen

from waygrid_core.extension.extension import JoinRule
from waygrid_core.template.template import Leaf


@frozen
class And:
    """All branches, or those in `of`, must succeed."""

    of: tuple[str, ...] | None = None


@frozen
class Or:
    """The first success is enough."""


@frozen
class Quorum:
    """`n` successes are enough; a leaf is read when the token reaches the fork."""

    n: int | Leaf


JoinStrategy: TypeAlias = And | Or | Quorum | JoinRule

"""Forgets traversals that ended long ago, row by row, and all that is kept because of them.

Most are dropped with their partition (`upkeep`); this is for those whose partition has to stay, and for whoever wants
it exactly. A family goes from its children to its root, some rows a statement: cut short by a crash, it is gone on with
at the next time. Whoever of two does it at once does it in vain.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from waygrid_core.model.instant import to_microseconds
from waygrid_shell.adapters.postgres.columns import texts
from waygrid_shell.adapters.postgres.database import PostgresDatabase
from waygrid_shell.adapters.postgres.stored_text import given_text
from waygrid_shell.storage.id_times import ASTRAY, MILLISECOND, first_id

_TRAVERSALS_AT_ONCE: Final = 64

_HAS_ENDED: Final = """
  status IN ('Completed', 'Failed', 'Canceled', 'TimedOut') AND ended_at < %b::int8 AND (
    SELECT true FROM traversal AS child
    WHERE child.is_child AND child.root = traversal.id AND child.ended_at IS NULL LIMIT 1
  ) IS NULL
"""
# What is younger than that by its id cannot have ended before, but for what is astray.
_OVER: Final = f"SELECT id FROM traversal WHERE NOT is_child AND id < %b AND NOT is_astray AND {_HAS_ENDED}"
_ASTRAY_AND_OVER: Final = f"SELECT id FROM traversal WHERE is_astray AND NOT is_child AND {_HAS_ENDED}"
_IS_ORPHAN: Final = """
  is_child AND ended_at < %b::int8 AND (SELECT true FROM traversal AS root WHERE root.id = child.root) IS NULL
"""
_ORPHANS: Final = f"SELECT id FROM traversal AS child WHERE id < %b AND NOT is_astray AND {_IS_ORPHAN}"
_ASTRAY_ORPHANS: Final = f"SELECT id FROM traversal AS child WHERE is_astray AND {_IS_ORPHAN}"
"""Children that began only after their family was forgotten: the request for them had lain somewhere."""

_CHILDREN: Final = f"""
SELECT id FROM traversal WHERE is_child AND root = ANY(%b) AND ended_at IS NOT NULL LIMIT {_TRAVERSALS_AT_ONCE}
"""

_FORGET: Final = """
WITH journals AS (DELETE FROM journal WHERE traversal = ANY(%b)),
  snapshots AS (DELETE FROM snapshot WHERE traversal = ANY(%b)),
  shared AS (DELETE FROM shared_value WHERE traversal = ANY(%b)),
  labels AS (DELETE FROM label WHERE traversal = ANY(%b)),
  claims AS (DELETE FROM claim WHERE traversal = ANY(%b)),
  mailboxes AS (DELETE FROM mailbox WHERE key_place = ANY(%b) AND NOT has_waiting)
DELETE FROM traversal WHERE id = ANY(%b) AND ended_at IS NOT NULL
"""
_TABLES: Final = 7


async def forget(database: PostgresDatabase, ended_before: datetime, limit: int) -> int:
    """Forget at most `limit` users' traversals that ended before that; how many they were."""
    before, first = to_microseconds(ended_before), first_id(ended_before, ASTRAY + MILLISECOND)
    over = await _forget_found(database, f"{_OVER} LIMIT %b::int8", (first, before, limit))
    astray = await _forget_found(database, f"{_ASTRAY_AND_OVER} LIMIT %b::int8", (before, limit - over))
    left = limit - over - astray
    left -= await _forget_found(database, f"{_ORPHANS} LIMIT %b::int8", (first, before, left))
    await _forget_found(database, f"{_ASTRAY_ORPHANS} LIMIT %b::int8", (before, left))
    return over + astray


async def _forget_found(database: PostgresDatabase, query: str, values: Sequence[str | int]) -> int:
    found = [given_text(traversal) for (traversal,) in await database.browse(query, values)]
    for start in range(0, len(found), _TRAVERSALS_AT_ONCE):
        roots = found[start : start + _TRAVERSALS_AT_ONCE]
        while children := await database.browse(_CHILDREN, (texts(roots),)):
            await _forget(database, [given_text(child) for (child,) in children])
        await _forget(database, roots)
    return len(found)


async def _forget(database: PostgresDatabase, traversals: Sequence[str]) -> None:
    await database.change(_FORGET, (texts(traversals),) * _TABLES)

"""Which traversals a list shows: pages, newest id first, by keys and never by counting.

A page is merged from streams, each in the order of ids from an index: one a status, say, or the traversals of one
label. Of all that is asked for, what the fewest traversals have leads; the rest is looked at row by row.

Instants of beginning need no index of their own: an id tells its time, and the few traversals that began at another
time than their ids tell (`is_astray`, see `id_times`) are a stream of their own.

How a stream and a condition are written in SQL is each adapter's own: it has a text for every `Source` and `Condition`.
"""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, get_args

from attrs import evolve, frozen

from waygrid_core.model.instant import to_microseconds
from waygrid_core.traversal.state import TraversalStatus
from waygrid_shell.ports.journal import Query
from waygrid_shell.storage.id_times import ASTRAY, MILLISECOND, first_id
from waygrid_shell.storage.labels import label_row

COUNTED: Final = 1_000
"""How far it is counted how many traversals have what is asked for."""

Source: TypeAlias = Literal["label", "one", "family", "name", "dag", "status", "astray"]
"""By what an index finds traversals: a label; an id; the root that a child has; a name; a DAG and whether it is a
child; whether it is a child and a status; being astray. Their values are in that order."""

Condition: TypeAlias = Literal["no child", "statuses", "name", "dag", "root", "begun from", "begun before", "label"]
"""What a row must be. `statuses` has any number of values, `no child` none, and the others one."""

_STATUSES: Final[Sequence[str]] = get_args(TraversalStatus)


@frozen
class Stream:
    """Traversals in the order of their ids: those of a source with ids from `least` on and below `most`."""

    source: Source
    values: tuple[str | bool, ...] = ()
    least: str | None = None
    most: str | None = None
    is_timely: bool = False
    """Only those that are not astray."""


Lead: TypeAlias = Sequence[Stream]


def leads(query: Query) -> list[Lead]:
    """Each has all that match, and each once; the best of several is the one with the fewest rows."""
    kinds = (False, True) if query.with_children else (False,)
    found: list[Lead] = [[Stream("label", (label_row(key, value),))] for key, value in query.labels.items()]
    if query.root is not None:
        root, family = Stream("one", (query.root,)), Stream("family", (query.root,))
        found.append([root, family] if query.with_children else [root])
    if query.name is not None:
        found.append([Stream("name", (query.name,))])
    if query.dag is not None:
        found.append([Stream("dag", (query.dag, kind)) for kind in kinds])
    if query.statuses or not found:
        statuses = sorted(query.statuses) or _STATUSES
        found.append([Stream("status", (kind, status)) for kind in kinds for status in statuses])
    return found


def within(lead: Lead, query: Query) -> list[Stream]:
    """The streams of a lead as far as the query goes, and those that are astray."""
    streams = [evolve(stream, most=query.after) for stream in lead]
    if query.begun_from is None and query.begun_before is None:
        return streams
    least = None if query.begun_from is None else first_id(query.begun_from, -ASTRAY)
    most: str | None = query.after
    if query.begun_before is not None:
        end = first_id(query.begun_before, ASTRAY + MILLISECOND)
        most = end if most is None else min(most, end)
    timely = [evolve(stream, least=least, most=most, is_timely=True) for stream in lead]
    return [*timely, Stream("astray", most=query.after)]


def conditions(query: Query) -> list[tuple[Condition, tuple[str | int, ...]]]:
    """What each row of a page must be, whichever stream it comes from."""
    found: list[tuple[Condition, tuple[str | int, ...]]] = []
    if not query.with_children:
        found.append(("no child", ()))
    if query.statuses:
        found.append(("statuses", tuple(sorted(query.statuses))))
    if query.name is not None:
        found.append(("name", (query.name,)))
    if query.dag is not None:
        found.append(("dag", (query.dag,)))
    if query.root is not None:
        found.append(("root", (query.root,)))
    if query.begun_from is not None:
        found.append(("begun from", (to_microseconds(query.begun_from),)))
    if query.begun_before is not None:
        found.append(("begun before", (to_microseconds(query.begun_before),)))
    found.extend(("label", (label_row(key, value),)) for key, value in query.labels.items())
    return found

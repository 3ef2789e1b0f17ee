"""The contract of the journal: what lists show."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random

import pytest
from attrs import evolve

from tests.contract.listed import LONG, SHORT, child_of, id_of, listed
from tests.contract.traversals import NOON
from waygrid_core.envelope.stamps import Trace
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.traversal.state import TraversalStatus
from waygrid_shell.ports.journal import Change, Journal, Query, Summary
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio

STATUSES: tuple[TraversalStatus, ...] = ("Running", "Paused", "Completed", "Failed", "Canceled")


def population() -> list[Change]:
    """Some hundred traversals, drawn at random, some of which began long after their ids were made."""
    random = Random(7)
    changes: list[Change] = []
    for number in range(120):
        made_at = NOON + timedelta(minutes=random.randrange(300))
        begun_at = made_at + random.choice([timedelta(0), timedelta(seconds=59), timedelta(hours=2)])
        labels = {key: random.choice("xy") for key in ("team", "zone") if random.random() < 0.6}
        root = id_of(number, made_at)
        changes.append(
            listed(
                root,
                status=random.choice(STATUSES),
                begun_at=begun_at,
                name=random.choice([None, "nightly", "order"]),
                labels=labels,
                is_long=random.random() < 0.3,
            )
        )
        changes.extend(
            listed(child_of(root, index), status=random.choice(STATUSES), begun_at=begun_at, root=root)
            for index in range(random.choice([0, 0, 1, 3]))
        )
    return changes


def matches(change: Change, query: Query) -> bool:
    """What the words of `Query` say, one by one."""
    origin, begun_at = change.origin, change.decisions[0].at
    return all(
        [
            query.with_children or change.state.traversal == origin.root,
            not query.statuses or change.state.status in query.statuses,
            query.name in (None, origin.name),
            all(origin.labels.get(key) == value for key, value in query.labels.items()),
            query.dag in (None, origin.dag),
            query.root in (None, origin.root),
            query.begun_from is None or begun_at >= query.begun_from,
            query.begun_before is None or begun_at < query.begun_before,
        ]
    )


async def every_page(journal: Journal, query: Query) -> list[Summary]:
    """All that match, page by page."""
    found: list[Summary] = []
    while page := await journal.search(query):
        assert len(page) <= query.limit
        found += page
        query = evolve(query, after=page[-1].traversal)
    return found


async def test_whatever_is_asked_for_all_that_match_come_once_and_the_newest_first(open_kept_ports: OpenPorts) -> None:
    changes = population()
    family = next(change.origin.root for change in changes if change.state.traversal != change.origin.root)
    choices = product(
        [frozenset[TraversalStatus](), frozenset[TraversalStatus]({"Failed", "Running"})],
        [None, "order"],
        [{}, {"team": "x"}, {"team": "x", "zone": "y"}],
        [None, SHORT.dag.hash],
        [None, family],
        [None, NOON + timedelta(hours=1)],
        [None, NOON + timedelta(hours=4)],
        [False, True],
    )
    async with open_kept_ports() as ports:
        await ports.journal.commit(changes)
    async with open_kept_ports() as ports:
        for statuses, name, labels, dag, root, begun_from, begun_before, with_children in choices:
            query = Query(
                statuses=statuses,
                name=name,
                labels=labels,
                dag=dag,
                root=root,
                begun_from=begun_from,
                begun_before=begun_before,
                with_children=with_children,
                limit=17,
            )
            expected = sorted((each.state.traversal for each in changes if matches(each, query)), reverse=True)
            assert [each.traversal for each in await every_page(ports.journal, query)] == expected, query


async def test_a_list_may_go_from_the_first_instant_that_there_is_to_the_last(open_kept_ports: OpenPorts) -> None:
    traversal = id_of(1)
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    async with open_kept_ports() as ports:
        await ports.journal.commit([listed(traversal)])
        assert await ids(ports.journal, Query(begun_from=first, begun_before=last)) == [traversal]
        assert await ids(ports.journal, Query(begun_from=last)) == []
        assert await ids(ports.journal, Query(begun_before=first)) == []


async def test_a_page_shows_what_a_summary_shows(open_kept_ports: OpenPorts) -> None:
    changes = population()
    async with open_kept_ports() as ports:
        await ports.journal.commit(changes)
        page = await ports.journal.search(Query(limit=50, with_children=True))
        summaries = await ports.journal.summaries([each.traversal for each in page])
        assert list(page) == [summaries[each.traversal] for each in page]


async def test_a_list_changes_with_the_traversals(open_kept_ports: OpenPorts) -> None:
    traversal = id_of(1)
    whole = listed(traversal, is_long=True)
    begun = evolve(whole, decisions=whole.decisions[:1], state=listed(traversal, status="Running", is_long=True).state)
    ended = evolve(whole, base=begun.state.version, decisions=whole.decisions[1:])
    async with open_kept_ports() as ports:
        await ports.journal.commit([begun])
        running, completed = Query(statuses=frozenset({"Running"})), Query(statuses=frozenset({"Completed"}))
        assert await ids(ports.journal, running) == [traversal]
        assert await ports.journal.count_unfinished() == 1
        await ports.journal.commit([ended])
        assert await ids(ports.journal, running) == []
        assert await ids(ports.journal, completed) == [traversal]
        assert await ports.journal.count_unfinished() == 0


async def ids(journal: Journal, query: Query) -> Sequence[TraversalId]:
    return [each.traversal for each in await journal.search(query)]


async def test_what_a_user_named_a_traversal_by_comes_back_with_it(open_kept_ports: OpenPorts) -> None:
    trace = Trace("00-" + "a" * 32 + "-" + "b" * 16 + "-01", "vendor=1,other=2 3")
    change = listed(id_of(1), name="é'\"", labels={"waygrid/retry-of": "x:y", "a": ""}, trace=trace)
    async with open_kept_ports() as ports:
        await ports.journal.commit([change])
    async with open_kept_ports() as ports:
        stored = (await ports.journal.load([id_of(1)]))[id_of(1)]
        (summary,) = await ports.journal.search(Query(name="é'\"", labels={"waygrid/retry-of": "x:y", "a": ""}))
        assert stored.origin == summary.origin == change.origin
        assert await ports.journal.search(Query(labels={"waygrid/retry-of": "x"})) == []


async def test_a_request_that_comes_after_the_cancel_says_whose_it_is(open_kept_ports: OpenPorts) -> None:
    change = listed(id_of(1), is_long=True, name="late", labels={"a": "b"}, root=id_of(0))
    unknown = evolve(change.origin, plan=None, parent=None, root=id_of(1), name=None, labels={})
    running = listed(id_of(1), status="Running", is_long=True)
    async with open_kept_ports() as ports:
        await ports.journal.commit([evolve(running, origin=unknown)])
        await ports.journal.commit(
            [evolve(change, base=running.state.version, decisions=change.decisions[1:])],
        )
        family = Query(root=id_of(0), labels={"a": "b"}, name="late", dag=LONG.dag.hash, with_children=True)
        assert await ids(ports.journal, family) == [id_of(1)]
        assert (await ports.journal.load([id_of(1)]))[id_of(1)].origin == change.origin
        assert await ids(ports.journal, Query()) == []


async def test_no_limit_is_too_small_and_nothing_matches_nothing(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        assert await ports.journal.search(Query()) == []
        await ports.journal.commit([listed(id_of(number)) for number in range(3)])
        assert await ids(ports.journal, Query(limit=1)) == [id_of(2)]
        assert await ids(ports.journal, Query(after=id_of(0))) == []
        assert await ids(ports.journal, Query(root=TraversalId("nobody"), with_children=True)) == []

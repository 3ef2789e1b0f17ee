"""A process that lacks an extension says so by name, keeps what it cannot handle, and lets all others go on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.unit.extension.rules import RULES
from waygrid_core.children.derive import plan_for
from waygrid_core.children.plan import TraversalPlan
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.message.messages import TraversalRequested
from waygrid_core.model.address import WAYSTATION, ServiceAddress
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.ulid import ulid_from
from waygrid_shell.hosting.post import seal
from waygrid_shell.ports.failure import UnreadableDag
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.crew import Crew
from waygrid_shell.runtime.wiring import Ports, memory_ports, sqlite_ports
from waygrid_shell.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio

PLAIN: dict[str, Any] = {"entryPoints": [{"type": "pass"}]}
RULED: dict[str, Any] = {
    "entryPoints": [
        {
            "type": "pass",
            "onConditions": [{"condition": {"type": "Even"}, "to": {"type": "pass", "output": {"even": True}}}],
            "onSuccess": {"type": "pass", "output": {"even": False}},
        }
    ]
}
EACH: dict[str, Any] = {
    "entryPoints": [
        {
            "type": "each",
            "over": {"$from": "/payload"},
            "strategy": {"type": "Majority"},
            "body": {
                "type": "loop",
                "atMost": 3,
                "until": {"type": "Even"},
                "body": {"type": "pass", "output": {"n": {"$from": "/payload/item"}}},
            },
        }
    ]
}


def compiled(document: dict[str, Any]) -> CompiledDag:
    return compile_document(document, extensions=RULES).unwrap()


def an_id(number: int) -> TraversalId:
    return TraversalId(ulid_from(1_769_846_400_000, number.to_bytes(10, "big")))


async def run(ports: Ports, requests: Sequence[tuple[TraversalId, TraversalPlan, Any]]) -> None:
    """Run a crew until all that can be done is done."""
    crew = Crew(ports, App().served, Metrics())
    now = ports.clock.now()
    async with anyio.create_task_group() as tasks:
        for each in crew.services.values():
            tasks.start_soon(each)
        await ports.event_log.publish(
            [
                seal(
                    WAYSTATION,
                    TraversalRequested(traversal=traversal, plan=plan, payload=payload, root=traversal),
                    f"request-{traversal}",
                    sender=ServiceAddress("origin", "http"),
                    sent_at=now,
                )
                for traversal, plan, payload in requests
            ]
        )
        with anyio.fail_after(20):
            while not await _is_settled(ports, [traversal for traversal, _, _ in requests]):
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()


async def _is_settled(ports: Ports, traversals: Sequence[TraversalId]) -> bool:
    summaries = await ports.journal.summaries(traversals)
    ended = [each for each in summaries.values() if each.ended_at is not None]
    return len(ended) + len(await ports.event_log.dead_letters()) >= len(traversals)


async def outputs_of(ports: Ports, traversals: Sequence[TraversalId]) -> list[Any]:
    summaries = await ports.journal.summaries(traversals)
    return [summaries[each].output if each in summaries else "not begun" for each in traversals]


async def test_a_stored_dag_whose_extension_is_missing_is_named_and_read_again_by_who_has_it(tmp_path: Path) -> None:
    dag = compiled(RULED)
    async with sqlite_ports(tmp_path, RULES) as ports:
        await ports.dag_store.put(dag)
    async with sqlite_ports(tmp_path) as ports:
        for get in (ports.dag_store.get, ports.dag_store.get_compiled):
            with pytest.raises(UnreadableDag, match="'Even' is no type of a condition") as caught:
                await get(dag.dag.hash)
            assert dag.dag.hash in str(caught.value)
    async with sqlite_ports(tmp_path, RULES) as ports:
        assert await ports.dag_store.get(dag.dag.hash) == dag.dag


async def test_traversals_of_other_dags_go_on_and_the_others_wait_as_dead_letters_that_name_what_is_missing(
    tmp_path: Path,
) -> None:
    plain, ruled = compiled(PLAIN), compiled(RULED)
    traversals = [an_id(number) for number in range(3)]
    async with sqlite_ports(tmp_path, RULES) as ports:
        for dag in (plain, ruled):
            await ports.dag_store.put(dag)
    plans = [plan_for(plain.dag), plan_for(ruled.dag), plan_for(plain.dag)]
    async with sqlite_ports(tmp_path) as ports:
        await run(ports, list(zip(traversals, plans, [{}, {"n": 2}, {}], strict=True)))
        assert await outputs_of(ports, traversals) == [{}, "not begun", {}]
        (letter,) = await ports.event_log.dead_letters()
        assert "'Even' is no type of a condition" in str(letter)
    async with sqlite_ports(tmp_path, RULES) as ports:
        assert await ports.event_log.redrive([letter.position]) == 1
        with anyio.fail_after(20):
            await run_until_ended(ports, traversals)
        assert await outputs_of(ports, traversals) == [{}, {"even": True}, {}]


async def run_until_ended(ports: Ports, traversals: Sequence[TraversalId]) -> None:
    crew = Crew(ports, App().served, Metrics())
    async with anyio.create_task_group() as tasks:
        for each in crew.services.values():
            tasks.start_soon(each)
        while None in [each.ended_at for each in (await ports.journal.summaries(traversals)).values()] or len(
            await ports.journal.summaries(traversals)
        ) < len(traversals):
            await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("is_kept", [False, True])
async def test_an_each_and_a_loop_under_rules_run_on_a_plant_to_their_ends(tmp_path: Path, is_kept: bool) -> None:
    """What they start travels as documents, is written to the journal, and is read where it runs."""
    dag = compiled(EACH)
    traversal = an_id(1)

    async def check(ports: Ports) -> None:
        await ports.dag_store.put(dag)
        await run(ports, [(traversal, plan_for(dag.dag), [2, 4, 3])])
        assert await ports.event_log.dead_letters() == []
        assert await outputs_of(ports, [traversal]) == [[{"n": 2}, {"n": 4}, None]]

    if is_kept:
        async with sqlite_ports(tmp_path, RULES) as ports:
            await check(ports)
    else:
        await check(memory_ports(RULES))

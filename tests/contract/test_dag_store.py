"""The contract of the DAG store."""

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest

from waygrid_core.children.plan import SinglePlan
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.model.identifiers import DagHash
from waygrid_shell.runtime.wiring import OpenPorts, memory_ports, sqlite_ports
from waygrid_shell.services.waystation import roster as waystation_roster
from waygrid_shell.services.waystation.roster import Roster
from waygrid_shell.storage import stored_dags

pytestmark = pytest.mark.anyio

SPEC: dict[str, Any] = {
    "entryPoints": [
        {
            "type": "each",
            "id": "lines",
            "over": {"$from": "/payload/lines"},
            "body": {"type": "standard", "address": "waygrid://processor/x", "parameters": {"n": 10**30}},
            "onSuccess": {
                "type": "loop",
                "until": {"type": "JsonExists", "pointer": "/done"},
                "atMost": 3,
                "body": {"type": "call", "body": {"type": "await", "event": "go"}},
            },
        }
    ],
    "onEnd": {"type": "fail", "code": "x"},
    "timeout": "1h",
}


async def test_a_dag_comes_back_with_its_bodies(open_kept_ports: OpenPorts) -> None:
    compiled = compile_document(SPEC).unwrap()
    assert len(compiled.bodies) == 4
    async with open_kept_ports() as ports:
        await ports.dag_store.put(compiled)
        await ports.dag_store.put(compiled)
    async with open_kept_ports() as ports:
        for dag in (compiled.dag, *compiled.bodies.values()):
            found = await ports.dag_store.get(dag.hash)
            assert found is not None
            assert found.hash == dag.hash
            assert found.nodes == dag.nodes
            assert found.entry_points == dag.entry_points
            assert found.scopes == dag.scopes
            assert found.node_named == dag.node_named
            assert found.on_end == dag.on_end
            assert found.timeout == dag.timeout
            assert found.digests == dag.digests


async def test_a_dag_comes_back_with_what_is_for_people(open_kept_ports: OpenPorts) -> None:
    document = {**SPEC, "name": "orders", "entryPoints": [{**SPEC["entryPoints"][0], "label": "all lines"}]}
    compiled, without = compile_document(document).unwrap(), compile_document(SPEC).unwrap()
    async with open_kept_ports() as ports:
        await ports.dag_store.put(compiled)
        await ports.dag_store.put(without)  # the same hash: what came first stays
    async with open_kept_ports() as ports:
        found = await ports.dag_store.get_compiled(compiled.dag.hash)
        assert found is not None
        assert found.dag == compiled.dag
        assert found.bodies == compiled.bodies
        assert found.annotations == compiled.annotations


async def test_a_body_comes_back_with_its_own_bodies_alone(open_kept_ports: OpenPorts) -> None:
    document: dict[str, Any] = {"entryPoints": [{"type": "call", "body": {**SPEC, "name": "inner"}}]}
    compiled, inner = compile_document(document).unwrap(), compile_document({**SPEC, "name": "inner"}).unwrap()
    async with open_kept_ports() as ports:
        await ports.dag_store.put(compiled)
    async with open_kept_ports() as ports:
        found = await ports.dag_store.get_compiled(inner.dag.hash)
        assert found is not None
        assert found.dag == inner.dag
        assert found.bodies == inner.bodies
        assert found.annotations.name == "inner"
        assert await ports.dag_store.get_compiled(DagHash("0" * 64)) is None


async def test_an_unknown_dag_is_none(open_kept_ports: OpenPorts) -> None:
    async with open_kept_ports() as ports:
        assert await ports.dag_store.get(DagHash("0" * 64)) is None


async def test_dags_that_nobody_asks_for_any_more_do_not_stay_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_dags, "_DAGS_KEPT", 10)
    async with sqlite_ports(tmp_path / "data") as ports:
        first = compile_document({"entryPoints": [{"type": "await", "event": "first"}]}).unwrap()
        dag_hash, kept = first.dag.hash, weakref.ref(first.dag)
        await ports.dag_store.put(first)
        del first
        for number in range(20):
            await ports.dag_store.put(
                compile_document({"entryPoints": [{"type": "await", "event": f"e{number}"}]}).unwrap()
            )
        gc.collect()
        assert kept() is None
        assert await ports.dag_store.get(dag_hash) is not None


async def test_a_waystation_keeps_the_dags_of_those_that_begin_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waystation_roster, "_MAX_DAGS", 10)
    ports = memory_ports()
    roster = Roster(ports.journal, ports.dag_store)
    plans = []
    for number in range(11):
        document = {"entryPoints": [{"type": "await", "event": f"e{number}"}]}
        compiled = compile_document(document).unwrap()
        await ports.dag_store.put(compiled)
        plans.append(SinglePlan(compiled.dag.hash))
        await roster.fetch(plans[-1:])
        assert roster.ready(plans[-1]).dag is not None
    assert roster.ready(plans[0]).dag is None
    await roster.fetch(plans)
    assert all(roster.ready(plan).dag is not None for plan in plans)

"""The contract of the DAG store."""

from typing import Any

import pytest

from waygrid_core.compile.pipeline import compile_document
from waygrid_core.model.identifiers import DagHash
from waygrid_shell.runtime.wiring import OpenPorts

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


async def test_a_dag_comes_back_with_its_bodies(open_ports: OpenPorts) -> None:
    compiled = compile_document(SPEC).unwrap()
    assert len(compiled.bodies) == 4
    async with open_ports() as ports:
        await ports.dag_store.put(compiled)
        await ports.dag_store.put(compiled)
    async with open_ports() as ports:
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


async def test_a_dag_comes_back_with_what_is_for_people(open_ports: OpenPorts) -> None:
    document = {**SPEC, "name": "orders", "entryPoints": [{**SPEC["entryPoints"][0], "label": "all lines"}]}
    compiled, without = compile_document(document).unwrap(), compile_document(SPEC).unwrap()
    async with open_ports() as ports:
        await ports.dag_store.put(compiled)
        await ports.dag_store.put(without)  # the same hash: what came first stays
    async with open_ports() as ports:
        found = await ports.dag_store.get_compiled(compiled.dag.hash)
        assert found is not None
        assert found.dag == compiled.dag
        assert found.bodies == compiled.bodies
        assert found.annotations == compiled.annotations


async def test_a_body_comes_back_with_its_own_bodies_alone(open_ports: OpenPorts) -> None:
    document: dict[str, Any] = {"entryPoints": [{"type": "call", "body": {**SPEC, "name": "inner"}}]}
    compiled, inner = compile_document(document).unwrap(), compile_document({**SPEC, "name": "inner"}).unwrap()
    async with open_ports() as ports:
        await ports.dag_store.put(compiled)
    async with open_ports() as ports:
        found = await ports.dag_store.get_compiled(inner.dag.hash)
        assert found is not None
        assert found.dag == inner.dag
        assert found.bodies == inner.bodies
        assert found.annotations.name == "inner"
        assert await ports.dag_store.get_compiled(DagHash("0" * 64)) is None


async def test_an_unknown_dag_is_none(open_ports: OpenPorts) -> None:
    async with open_ports() as ports:
        assert await ports.dag_store.get(DagHash("0" * 64)) is None

"""`waygrid compile`, `waygrid graph` and `waygrid schema`."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from tests.integration.cli.command import Waygrid

FORK = {
    "name": "two <ways> & more",
    "entryPoints": [
        {
            "type": "fork",
            "joinNodeId": "both",
            "branches": {
                "b": {"type": "standard", "address": "waygrid://processor/b", "label": 'Straße <b> & "c"'},
                "a": {"type": "standard", "address": "waygrid://processor/a"},
            },
            "join": {"type": "join", "joinNodeId": "both", "strategy": {"type": "And"}},
        }
    ],
}


@pytest.fixture
def fork(tmp_path: Path) -> str:
    (tmp_path / "fork.json").write_text(json.dumps(FORK))
    return "fork.json"


def test_a_compiled_spec_is_json_with_the_parts_of_a_dag(waygrid: Waygrid, fork: str) -> None:
    ran = waygrid("compile", fork)
    assert (ran.code, ran.err) == (0, "")
    flat = json.loads(ran.out)
    assert set(flat) >= {"hash", "entryPoints", "nodes", "edges", "bodies", "annotations"}
    assert len(flat["hash"]) == 64
    assert len(flat["nodes"]) == 4


def test_yaml_and_json_of_one_spec_have_one_hash(waygrid: Waygrid, tmp_path: Path, fork: str) -> None:
    (tmp_path / "fork.yaml").write_text(yaml.safe_dump(FORK))
    assert json.loads(waygrid("compile", fork).out) == json.loads(waygrid("compile", "fork.yaml").out)


def test_another_salt_gives_another_hash(waygrid: Waygrid, fork: str) -> None:
    plain, salted = waygrid("compile", fork), waygrid("compile", fork, "--salt", "blue")
    assert json.loads(plain.out)["hash"] != json.loads(salted.out)["hash"]


def test_a_compiled_dag_compiles_to_itself(waygrid: Waygrid, fork: str) -> None:
    flat = waygrid("compile", fork)
    again = waygrid("compile", "-", stdin=flat.out.encode())
    assert (again.code, again.err) == (0, "")
    assert json.loads(again.out) == json.loads(flat.out)


@pytest.mark.parametrize("command", ["compile", "graph"])
def test_problems_go_to_standard_error_and_nothing_to_standard_output(
    waygrid: Waygrid, tmp_path: Path, command: str
) -> None:
    (tmp_path / "bad.yaml").write_text("entryPoints: [{type: standard, address: x}]")
    ran = waygrid(command, "bad.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("bad.yaml:/entryPoints/0/address: bad-address: ")


@pytest.mark.parametrize(
    ("form", "begins"), [("text", ""), ("mermaid", "flowchart"), ("dot", "digraph"), ("svg", "<svg")]
)
def test_a_graph_is_drawn_in_every_form(waygrid: Waygrid, fork: str, form: str, begins: str) -> None:
    ran = waygrid("graph", fork, "--format", form)
    assert (ran.code, ran.err) == (0, "")
    assert begins in ran.out
    assert "processor/a" in ran.out


def test_a_drawn_svg_is_well_formed_whatever_the_labels(waygrid: Waygrid, fork: str) -> None:
    root = ElementTree.fromstring(waygrid("graph", fork, "--format", "svg").out)
    assert root.tag.endswith("svg")


def test_a_compiled_dag_can_be_drawn(waygrid: Waygrid, fork: str) -> None:
    flat = waygrid("compile", fork).out.encode()
    assert waygrid("graph", "-", stdin=flat).out == waygrid("graph", fork).out


def test_the_schema_is_a_schema_and_accepts_a_spec(waygrid: Waygrid) -> None:
    ran = waygrid("schema")
    assert ran.code == 0
    schema = json.loads(ran.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(FORK)
    assert not jsonschema.Draft202012Validator(schema).is_valid({"entryPoints": [], "nope": 1})


def test_the_flat_dag_of_the_largest_spec_is_read_again(waygrid: Waygrid) -> None:
    nodes = 10_000
    chain = '{"type":"pass","onSuccess":' * (nodes - 1) + '{"type":"pass"}' + "}" * (nodes - 1)
    flat = waygrid("compile", "-", stdin=f'{{"entryPoints":[{chain}]}}'.encode())
    assert flat.code == 0
    assert len(flat.out) > 1024 * 1024
    assert waygrid("validate", "-", stdin=flat.out.encode()).code == 0

"""Ids, hashes and digests are the same tomorrow: traversals that run, and `known` outputs, depend on them.

A change here means that every stored DAG gets another hash. If that is meant, write the files anew:
`WAYGRID_WRITE_GOLDEN=1 pytest tests/unit/compile/test_golden_dags.py`.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.compile.documents import chain, fork, join, pass_node, ref, spec, when, work
from tests.unit.dag.test_drawings import ORDER
from tests.unit.dag.test_flat_dag import EVERYTHING
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.flat import dag_to_json

GOLDEN = Path(__file__).parents[2] / "golden" / "compile"
DOCUMENTS: dict[str, tuple[Any, str]] = {
    "everything": (EVERYTHING, ""),
    "everything-salted": (EVERYTHING, "pepper"),
    "order": (ORDER, ""),
    "chain": (spec(chain(work(), work(), work())), ""),
    "diamond": (spec(work(id="a", onFailure=ref("d"), onSuccess=pass_node(id="d"))), ""),
    "nested-forks": (
        spec(
            fork(
                "outer",
                {"a": fork("inner", {"x": work(), "y": work()}, join=join("inner", {"type": "Or"})), "b": work()},
                join=join("outer", {"type": "Quorum", "n": 1}),
                id="f",
            )
        ),
        "",
    ),
    "conditions": (
        spec(
            work(
                onConditions=[
                    when({"type": "JsonCompare", "pointer": "/n", "op": "ge", "value": 1.5}, pass_node(output=1)),
                    when({"type": "Not", "cond": {"type": "JsonExists", "pointer": "/é"}}, pass_node(output="é")),
                ]
            )
        ),
        "",
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_dag_is_what_it_was(name: str) -> None:
    document, salt = DOCUMENTS[name]
    compiled = compile_document(document, salt=salt).unwrap()
    found = {"dag": dag_to_json(compiled), "digests": dict(sorted(compiled.dag.digests.items()))}
    text = json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("WAYGRID_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text

"""Specs are checked and stored; stored DAGs are shown and drawn."""

from typing import Any

import pytest

from tests.integration.api.serving import Api
from tests.integration.plant.running import compiled
from waygrid_core.dag.flat import dag_to_json

pytestmark = pytest.mark.anyio

ORDER: Any = {
    "name": "order",
    "entryPoints": [
        {
            "type": "standard",
            "id": "charge",
            "label": "Charge <the> card",
            "address": "waygrid://processor/payments",
            "onSuccess": {"type": "call", "body": {"type": "pass", "id": "inner"}},
        }
    ],
}
WRONG: Any = {"entryPoints": [{"type": "pas"}], "foo": 1}


async def test_a_spec_that_is_right_is_said_to_be_and_not_kept(api: Api) -> None:
    reply = await api.ask("POST", "/v1/specs/validate", ORDER)
    assert reply.status == 200
    assert reply.document == {"valid": True, "dag": compiled(ORDER).dag.hash}
    assert (await api.ask("GET", f"/v1/dags/{reply.document['dag']}")).status == 404


async def test_the_runs_of_a_spec_are_gone_through_if_that_is_asked_for(api: Api) -> None:
    guarantee = {"never": {"dispatch": "charge", "before": {"succeeded": "system/waystation"}}}
    order = {**ORDER, "guarantees": [guarantee]}
    reply = await api.ask("POST", "/v1/specs/validate?verify=true", order)
    assert (reply.status, reply.document["verification"]["verdict"]) == (200, "broken")
    (finding, *_) = reply.document["verification"]["levels"][0]["findings"]
    assert (finding["code"], finding["run"]) == ("guarantee-broken", ["it begins: charge is dispatched"])
    assert "verification" not in (await api.ask("POST", "/v1/specs/validate?verify=false", order)).document
    assert (await api.ask("POST", "/v1/specs/validate?verify=perhaps", order)).status == 400


async def test_a_spec_that_is_wrong_is_said_to_be_with_all_its_problems(api: Api) -> None:
    reply = await api.ask("POST", "/v1/specs/validate", WRONG)
    assert reply.status == 200
    assert not reply.document["valid"]
    assert [each["pointer"] for each in reply.document["errors"]] == ["/entryPoints/0/type", "/foo"]
    refused = await api.ask("POST", "/v1/specs", WRONG)
    assert refused.status == 422
    assert refused.document["errors"] == reply.document["errors"]


@pytest.mark.parametrize("content_type", ["application/yaml", "text/yaml; charset=utf-8", "application/x-yaml"])
async def test_a_spec_may_be_yaml(api: Api, content_type: str) -> None:
    text = b"entryPoints:\n  - {type: pass, id: one}\n  - {type: pas}\n"
    reply = await api.ask("POST", "/v1/specs/validate", content=text, headers={"Content-Type": content_type})
    assert [each["code"] for each in reply.document["errors"]] == ["unknown-type"]
    right = text.replace(b"pas}", b"pass}")
    reply = await api.ask("POST", "/v1/specs/validate", content=right, headers={"Content-Type": content_type})
    assert reply.document["valid"]


async def test_what_is_no_text_of_a_spec_is_a_problem_of_the_spec(api: Api) -> None:
    for content, code in ((b"{", "not-json"), (b"", "not-json"), (b'"' + b"x" * 2_000_000 + b'"', "too-large")):
        reply = await api.ask("POST", "/v1/specs/validate", content=content)
        assert [each["code"] for each in reply.document["errors"]] == [code]
    assert (await api.ask("POST", "/v1/specs", content=b"{}", headers={"Content-Type": "text/html"})).status == 415


async def test_a_stored_spec_is_shown_as_waygrid_compile_prints_it(api: Api) -> None:
    reply = await api.ask("POST", "/v1/specs", ORDER)
    assert reply.status == 201
    shown = await api.ask("GET", reply.headers["Location"])
    assert shown.document == dag_to_json(compiled(ORDER))
    assert (await api.ask("POST", "/v1/specs", ORDER)).document == reply.document


@pytest.mark.parametrize(
    ("form", "media_type", "begins"),
    [
        ("svg", "image/svg+xml", "<svg"),
        ("mermaid", "text/vnd.mermaid", "flowchart"),
        ("dot", "text/vnd.graphviz", "digraph"),
        ("text", "text/plain", ""),
    ],
)
async def test_a_stored_spec_is_drawn_with_its_labels(api: Api, form: str, media_type: str, begins: str) -> None:
    dag = (await api.ask("POST", "/v1/specs", ORDER)).document["dag"]
    drawn = await api.ask("GET", f"/v1/dags/{dag}/graph?format={form}")
    assert drawn.status == 200
    assert drawn.headers["Content-Type"].startswith(media_type)
    text = drawn.content.decode()
    assert begins in text
    assert "card" in text
    assert "<the>" not in text or form in ("text", "dot")
    assert "default-src 'none'" in drawn.headers["Content-Security-Policy"]


async def test_a_dag_that_is_not_stored_is_not_there(api: Api) -> None:
    for path in (f"/v1/dags/{'0' * 64}", "/v1/dags/xyz", f"/v1/dags/{'0' * 64}/graph"):
        assert (await api.ask("GET", path)).status == 404
    assert (await api.ask("GET", f"/v1/dags/{'0' * 64}/graph?format=png")).status == 400

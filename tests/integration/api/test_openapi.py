"""What the OpenAPI document says is what the API does."""

import re
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from tests.integration.api.serving import Api, platform_over
from waygrid_shell.api.application import all_operations
from waygrid_shell.api.openapi import document
from waygrid_shell.runtime.wiring import memory_ports

pytestmark = pytest.mark.anyio


def described() -> Any:
    return document(all_operations(platform_over(memory_ports())), "1.2.3", needs_key=False)


async def test_it_is_served_and_valid(api: Api) -> None:
    reply = await api.ask("GET", "/openapi.json")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    jsonschema_rs.validator_for(OPENAPI_31).validate(reply.document)
    assert reply.document["paths"] == described()["paths"]


async def test_every_operation_has_a_name_a_summary_and_an_answer_of_its_own() -> None:
    operations = [each for path in described()["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    for operation in operations:
        assert operation["summary"]
        assert any(status.startswith("2") for status in operation["responses"])


async def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    openapi = described()
    referred = set(re.findall(r"'\$ref': '#/components/(\w+/\w+)'", str(openapi)))
    there = {f"{kind}/{name}" for kind in ("schemas", "responses") for name in openapi["components"][kind]}
    assert referred == there


async def test_every_parameter_of_a_path_is_described() -> None:
    for path, operations in described()["paths"].items():
        for operation in operations.values():
            told = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
            assert told == set(re.findall(r"\{(\w+)\}", path)), path


async def test_every_schema_says_what_it_is() -> None:
    for name, schema in described()["components"]["schemas"].items():
        assert schema["description"], name


async def test_with_keys_an_operation_says_that_it_needs_one() -> None:
    openapi = document(all_operations(platform_over(memory_ports())), "1.2.3", needs_key=True)
    assert openapi["paths"]["/v1/traversals"]["post"]["security"] == [{"key": []}]
    assert openapi["paths"]["/health/live"]["get"]["security"] == []

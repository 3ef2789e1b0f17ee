"""Whatever is sent, right or wrong: no request breaks the server, and every answer is what OpenAPI says it is."""

from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.integration.api.serving import Api, serving
from waygrid_shell.runtime.wiring import memory_ports

PASS: Final[Any] = {"entryPoints": [{"type": "pass"}]}

CONFORMS: Final = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]


@asynccontextmanager
async def with_something_in_it() -> Any:
    """An API with a traversal that has ended and a DAG that is stored."""
    async with serving(memory_ports()) as api:
        yield api, await api.outcome(PASS)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Api, Any]]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(with_something_in_it()) as served:
        yield served


@pytest.fixture(scope="module")
def described(served: tuple[Api, Any]) -> Any:
    api, ended = served
    schema = schemathesis.openapi.from_url(f"{api.url}/openapi.json")

    @schema.hook
    def map_path_parameters(context: Any, path_parameters: Any) -> Any:
        """Half of the time what is there, so that not everything is a 404."""
        known = {"id": ended["id"], "hash": ended["dag"]}
        if path_parameters and hash(str(path_parameters)) % 2:
            return {name: known.get(name, value) for name, value in path_parameters.items()}
        return path_parameters

    return schema


schema = schemathesis.pytest.from_fixture("described")


@schema.parametrize()
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whatever_is_sent_is_answered_as_described(case: Case) -> None:
    case.call_and_validate(checks=CONFORMS, timeout=60)

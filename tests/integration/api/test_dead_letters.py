"""What nobody could handle is shown, handled again, or thrown away."""

from typing import Any

import pytest

from tests.integration.api.serving import Api
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter

pytestmark = pytest.mark.anyio

NOWHERE = "processor.nobody"
"""A topic that nobody reads, so that what is redriven stays to be seen."""


async def bury(api: Api, count: int = 1, value: bytes = b'{"a":1}') -> None:
    for number in range(count):
        headers = {
            "ce_id": f"id-{number}",
            "ce_type": "io.waygrid.NodeTraversalRequested.v1",
            "ce_subject": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "ce_time": "2026-01-01T00:00:00Z",
        }
        record = TransportEnvelope(topic=NOWHERE, key="k", headers=headers, value=value)
        await api.platform.event_log.publish([dead_letter(record, "it cannot be read")])


async def listed(api: Api, query: str = "") -> Any:
    return (await api.ask("GET", f"/v1/dead-letters{query}")).document


async def test_a_dead_letter_is_shown_with_its_reason(api: Api) -> None:
    await bury(api)
    (line,) = (await listed(api))["items"]
    assert line["reason"] == "it cannot be read"
    assert line["topic"] == NOWHERE
    assert line["message"] == "io.waygrid.NodeTraversalRequested.v1"
    assert line["traversal"] == "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert line["sentAt"] == "2026-01-01T00:00:00Z"
    assert line["value"] == {"a": 1}
    assert (await api.ask("GET", f"/v1/dead-letters/{line['id']}")).document == line


@pytest.mark.parametrize(("value", "shown"), [(b"\xff{", "\ufffd{"), (b"{", "{"), (b'"text"', "text")])
async def test_what_is_no_json_is_shown_as_text(api: Api, value: bytes, shown: str) -> None:
    await bury(api, value=value)
    (line,) = (await listed(api))["items"]
    assert line["value"] == shown


async def test_pages_follow_each_other(api: Api) -> None:
    await bury(api, 5)
    path, ids = "/v1/dead-letters?limit=2", list[int]()
    while path:
        page = (await api.ask("GET", path)).document
        ids += [each["id"] for each in page["items"]]
        path = page.get("next")
    assert len(ids) == 5
    assert ids == sorted(ids)


async def test_a_redriven_one_goes_where_it_came_from(api: Api) -> None:
    await bury(api, 2)
    first, second = (each["id"] for each in (await listed(api))["items"])
    assert (await api.ask("POST", f"/v1/dead-letters/{first}/redrive")).document == {"count": 1}
    assert [each["id"] for each in (await listed(api))["items"]] == [second]
    assert (await api.platform.event_log.backlog())[NOWHERE] == 1


async def test_all_are_redriven_at_once(api: Api) -> None:
    await bury(api, 5)
    assert (await api.ask("POST", "/v1/dead-letters/redrive")).document == {"count": 5}
    assert (await listed(api))["items"] == []
    assert (await api.platform.event_log.backlog())[NOWHERE] == 5


async def test_a_discarded_one_is_gone_and_no_other(api: Api) -> None:
    await bury(api, 2)
    first, second = (each["id"] for each in (await listed(api))["items"])
    assert (await api.ask("DELETE", f"/v1/dead-letters/{first}")).document == {"count": 1}
    assert (await api.ask("GET", f"/v1/dead-letters/{first}")).status == 404
    assert [each["id"] for each in (await listed(api))["items"]] == [second]
    assert NOWHERE not in await api.platform.event_log.backlog()


@pytest.mark.parametrize("name", ["7", "0", "-1", "x", "9" * 30, "%D9%A1"])
async def test_one_that_is_not_there_is_not_there(api: Api, name: str) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/redrive")):
        assert (await api.ask(method, f"/v1/dead-letters/{name}{path}")).status == 404

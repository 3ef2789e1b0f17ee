"""A list shows what was asked for, the newest first, page by page."""

from typing import Any

import pytest

from tests.integration.api.serving import Api

pytestmark = pytest.mark.anyio

PASS: Any = {"entryPoints": [{"type": "pass"}]}
FAIL: Any = {"entryPoints": [{"type": "fail", "code": "no-stock", "message": "sold out"}]}
WAIT: Any = {"entryPoints": [{"type": "await", "event": "go"}]}
CALL: Any = {"entryPoints": [{"type": "call", "body": PASS}]}


async def listed(api: Api, query: str = "") -> list[str]:
    """The ids of all pages."""
    path, ids = f"/v1/traversals?{query}", list[str]()
    while path:
        reply = await api.ask("GET", path)
        assert reply.status == 200, reply.content
        ids += [each["id"] for each in reply.document["items"]]
        path = reply.document.get("next")
        assert path is None or path.count("after=") == 1
    return ids


async def test_pages_follow_each_other_until_the_oldest(api: Api) -> None:
    ids = [(await api.outcome(PASS))["id"] for _ in range(5)]
    for limit in (1, 2, 5, 6):
        assert await listed(api, f"limit={limit}") == ids[::-1]
    page = (await api.ask("GET", "/v1/traversals?limit=5")).document
    assert "next" not in page, "five is all there are"


async def test_a_page_keeps_the_filters_of_the_first(api: Api) -> None:
    ids = [(await api.outcome(PASS, labels={"team": "a"}))["id"] for _ in range(3)]
    await api.outcome(PASS, labels={"team": "b"})
    assert await listed(api, "label=team:a&limit=1") == ids[::-1]


async def test_filters_hold_all_together(api: Api) -> None:
    passed = await api.outcome(PASS, name="one", labels={"team": "a", "env": "x:y"})
    failed = await api.outcome(FAIL, name="two", labels={"team": "a"})
    waiting = await api.submit(WAIT, name="three")
    called = await api.outcome(CALL)
    while (await api.ask("GET", f"/v1/traversals/{waiting}")).document["status"] != "running":
        pass
    assert await listed(api) == [called["id"], waiting, failed["id"], passed["id"]]
    assert await listed(api, "status=completed") == [called["id"], passed["id"]]
    assert await listed(api, "status=failed,running") == [waiting, failed["id"]]
    assert await listed(api, "status=failed&status=running") == [waiting, failed["id"]]
    assert await listed(api, "name=two") == [failed["id"]]
    assert await listed(api, "label=team:a") == [failed["id"], passed["id"]]
    assert await listed(api, "label=team:a&label=env:x:y") == [passed["id"]]
    assert await listed(api, "label=team:a&status=canceled") == []
    assert await listed(api, f"dag={failed['dag']}") == [failed["id"]]
    assert await listed(api, f"begunFrom={failed['begunAt']}&begunBefore={called['begunAt']}") == [
        waiting,
        failed["id"],
    ]
    with_children = await listed(api, "children=true")
    assert len(with_children) == 5
    assert set(await listed(api)) < set(with_children)


async def test_a_line_says_how_it_ended_and_why(api: Api) -> None:
    await api.outcome(FAIL, name="two", labels={"team": "a"})
    (line,) = (await api.ask("GET", "/v1/traversals")).document["items"]
    assert line["status"] == "failed"
    assert line["error"] == {"code": "no-stock", "message": "sold out"}
    assert line["name"] == "two"
    assert line["labels"] == {"team": "a"}
    assert line["endedAt"] >= line["begunAt"]


@pytest.mark.parametrize(
    "query",
    [
        "status=done", "label=team", "label=:x", "dag=xyz", "begunFrom=yesterday", "begunBefore=2026-01-01", "after=1",
        "limit=0", "limit=1001", "limit=ten", "limit=-1", "limit=%D9%A1", "children=perhaps", "stauts=failed",
    ],
)  # fmt: skip
async def test_a_filter_that_cannot_be_is_refused_and_does_not_show_everything(api: Api, query: str) -> None:
    reply = await api.ask("GET", f"/v1/traversals?{query}")
    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/problem+json"

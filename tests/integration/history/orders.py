"""An order with children, and how its story is read."""

from typing import Any

from tests.integration.api.serving import Api
from waygrid_shell.hosting.attempt import Failed
from waygrid_shell.processors.function import App

FULFIL: dict[str, Any] = {
    "name": "fulfil",
    "entryPoints": [
        {
            "type": "standard",
            "id": "pack",
            "address": "waygrid://processor/pack",
            "onSuccess": {"type": "standard", "id": "ship", "address": "waygrid://processor/ship"},
        }
    ],
}
ORDER: dict[str, Any] = {
    "name": "order",
    "entryPoints": [
        {
            "type": "standard",
            "id": "charge",
            "address": "waygrid://processor/charge",
            "retryPolicy": {"type": "Linear", "base": "10ms", "maxRetries": 2},
            "onSuccess": {
                "type": "each",
                "id": "parcels",
                "over": {"$from": "/payload/parcels"},
                "concurrency": 1,
                "body": FULFIL,
            },
        }
    ],
    "onEnd": {"type": "standard", "id": "report", "address": "waygrid://processor/report"},
}
OWN_LINES = [
    "the traversal began",
    "charge was dispatched",
    "charge failed: card-declined: no funds; tried again in 10 ms",
    "charge was dispatched (attempt 2)",
    "charge succeeded (attempt 2)",
    "parcels began its body for 2 items",
]


def order_app() -> App:
    """Charges at the second attempt; ships what is not heavy."""
    app = App()

    @app.processor("charge")
    def charge(order: Any, attempt: Any) -> Any:
        if attempt.attempt == 1:
            raise Failed("card-declined", "no funds")
        return order

    @app.processor("pack")
    def pack(parcel: Any) -> Any:
        return parcel

    @app.processor("ship")
    def ship(parcel: Any) -> Any:
        if parcel["item"] == "anvil":
            raise Failed("too-heavy")
        return {"shipped": parcel["item"]}

    @app.processor("report")
    def report(end: Any) -> Any:
        return end

    return app


async def story(api: Api, path: str) -> list[dict[str, Any]]:
    """All entries, over as many pages as there are."""
    entries: list[dict[str, Any]] = []
    while path:
        reply = await api.ask("GET", path)
        assert reply.status == 200, reply.content
        entries += reply.document["entries"]
        path = reply.document.get("next", "")
    return entries


def lines(entries: list[dict[str, Any]]) -> list[str]:
    """The sentences of entries."""
    return [line for entry in entries for line in entry["lines"]]

"""The world around the shop, on loopback: a payment service, a fraud service, and the shop's own webhook receiver.

They are moody on purpose, always for the same orders: they answer 500 now and then, also after they have done what
was asked; they are slow; one is down for good for some. What they did is written to a file, so that it can be counted
at the end, over a crash too.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

SECRET = "whsec_" + base64.b64encode(b"the shop and Waygrid know it").decode()
"""In the Spec it is `$secret: {path: orders/webhook}`: Waygrid takes it from its environment when it signs."""


class Books:
    """What the services have done, in the order in which they did it; a file remembers it."""

    def __init__(self, path: Path) -> None:
        self.payments: dict[str, str] = {}
        """Per order: authorized, declined, captured, refunded or void."""
        self.messages: dict[str, dict[str, Any]] = {}
        """Per webhook-id, the message that was applied."""
        self.conflicts: list[str] = []
        """Webhook-ids that came again with another body: never right."""
        self.repeats = 0
        """Messages that came again and were not applied again."""
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                self._apply(json.loads(line))
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def pay(self, order: str, state: str) -> None:
        """The payment of `order` is in `state` from now on."""
        self._write({"order": order, "state": state})

    def deliver(self, message_id: str, body: dict[str, Any]) -> None:
        """Apply a message, once."""
        known = self.messages.get(message_id)
        if known is None:
            self._write({"message": message_id, "body": body})
        elif known == body:
            self.repeats += 1
        else:
            self.conflicts.append(message_id)

    def close(self) -> None:
        """Nothing is written any more."""
        self._file.close()

    def _write(self, fact: dict[str, Any]) -> None:
        self._file.write(json.dumps(fact, ensure_ascii=False) + "\n")
        self._apply(fact)

    def _apply(self, fact: dict[str, Any]) -> None:
        if "message" in fact:
            self.messages[fact["message"]] = fact["body"]
        else:
            self.payments[fact["order"]] = fact["state"]


def mood(order: str) -> int:
    """A number that an order always has; it decides what befalls it."""
    return zlib.crc32(order.encode())


def is_signed(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a message is from who knows the secret, as Standard Webhooks says."""
    signed = f"{headers.get('webhook-id')}.{headers.get('webhook-timestamp')}.".encode() + body
    right = base64.b64encode(
        hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    ).decode()
    given = (each.removeprefix("v1,") for each in headers.get("webhook-signature", "").split())
    return any(hmac.compare_digest(right, each) for each in given)


class Services:
    """All three, over one set of books."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self._calls: Counter[tuple[str, str]] = Counter()
        self.failures: Counter[str] = Counter()
        """How often each service answered with a 5xx."""
        self.forgeries = 0
        """Messages without a right signature."""

    def _nth_call(self, what: str, order: str) -> int:
        self._calls[what, order] += 1
        return self._calls[what, order]

    def _fail(self, service: str, status: int) -> web.Response:
        self.failures[service] += 1
        return web.json_response({"error": "please try again"}, status=status)

    async def authorize(self, request: web.Request) -> web.Response:
        """A card is charged later with what is authorized now."""
        body = await request.json()
        order, call = body["order"], self._nth_call("authorize", body["order"])
        luck = mood(order)
        await asyncio.sleep(0.3 if luck % 17 == 1 else (luck % 20) / 1000)
        if luck % 61 == 3:
            return self._fail("payment", 503)
        if luck % 9 == 0 and call == 1:
            return self._fail("payment", 500)
        if luck % 23 == 4 and call <= 2:
            return self._fail("payment", 503)
        state = self.books.payments.get(order)
        if state is None:
            state = "declined" if body["card"].startswith("tok_declined") else "authorized"
            self.books.pay(order, state)
        if state == "void":
            return web.json_response({"error": "that order was voided"}, status=409)
        if state == "declined":
            return web.json_response(
                {"state": state, "reason": body["card"].removeprefix("tok_declined_").replace("_", " ")}
            )
        return web.json_response({"state": "authorized", "amount": body["amount"], "currency": body["currency"]})

    async def capture(self, request: web.Request) -> web.Response:
        """Take what was authorized. Now and then it is done and the answer is a 500 all the same."""
        order = (await request.json())["order"]
        call = self._nth_call("capture", order)
        state = self.books.payments.get(order)
        if state not in ("authorized", "captured"):
            return web.json_response({"error": f"{state or 'nothing'} cannot be captured"}, status=409)
        if state == "authorized":
            self.books.pay(order, "captured")
        if mood(order) % 11 == 2 and call == 1:
            return self._fail("payment", 500)
        return web.json_response({"state": "captured"})

    async def refund(self, request: web.Request) -> web.Response:
        """Give back what was captured."""
        order = (await request.json())["order"]
        if self.books.payments.get(order) == "captured":
            self.books.pay(order, "refunded")
        return web.json_response({"state": self.books.payments.get(order)})

    async def void(self, request: web.Request) -> web.Response:
        """Nothing may be captured of that order any more, even if its authorization is still on its way."""
        order = (await request.json())["order"]
        if self.books.payments.get(order) in (None, "authorized"):
            self.books.pay(order, "void")
        return web.json_response({"state": self.books.payments.get(order)})

    async def score(self, request: web.Request) -> web.Response:
        """How much it looks like fraud, 0 to 100."""
        body = await request.json()
        order, call = body["order"], self._nth_call("score", body["order"])
        luck = mood(order)
        if luck % 53 == 6 or (luck % 31 == 4 and call == 1):
            await asyncio.sleep(1.5)
        if luck % 19 == 5 and call == 1:
            return self._fail("fraud", 502)
        email = body["email"]
        if email is None:
            return web.json_response({"score": 40})
        return web.json_response({"score": 93 if email.endswith("@quick-cash.example") else luck % 70})

    async def receive(self, request: web.Request) -> web.Response:
        """The shop takes a message if it is signed: it remembers the webhook-id, and so applies each once."""
        if not is_signed(request.headers, await request.read()):
            self.forgeries += 1
            return web.json_response({"error": "who are you?"}, status=401)
        body = await request.json()
        order, call = body["order"], self._nth_call(request.path, body["order"])
        luck = mood(order)
        if request.match_info.get("channel") == "closed-shop":
            return web.json_response({"error": "this shop has closed"}, status=410)
        if luck % 8 == 3 and call <= 2:
            return self._fail("shop", 500)
        self.books.deliver(request.headers["webhook-id"], body)
        if luck % 13 == 7 and call == 1:
            return self._fail("shop", 500)
        return web.Response(status=204)


@asynccontextmanager
async def serve(services: Services, ports: dict[str, int]) -> AsyncIterator[dict[str, str]]:
    """Serve all three on loopback; gives their urls. `ports` says which (0 or absent: a free one), and is filled in."""
    payment, fraud, shop = web.Application(), web.Application(), web.Application()
    payment.router.add_post("/authorizations", services.authorize)
    payment.router.add_post("/captures", services.capture)
    payment.router.add_post("/refunds", services.refund)
    payment.router.add_post("/voids", services.void)
    fraud.router.add_post("/scores", services.score)
    shop.router.add_post("/orders/{channel}", services.receive)
    shop.router.add_post("/people", services.receive)
    runners = []
    try:
        for name, application in {"payment": payment, "fraud": fraud, "shop": shop}.items():
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            runners.append(runner)
            await web.TCPSite(runner, "127.0.0.1", ports.get(name, 0), reuse_address=True).start()
            ports[name] = runner.addresses[0][1]
        yield {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    finally:
        for runner in runners:
            await runner.cleanup()

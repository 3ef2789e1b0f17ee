"""Three real HTTP providers are asked at once; the first answer is delivered, and the others are let go.

python examples/first-responder/run.py
"""

import asyncio
import sys
from pathlib import Path

from aiohttp import web

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from on_loopback import Account, folder_of_its_own, platform, serve  # noqa: E402

from waygrid_shell.client import WaygridClient  # noqa: E402

SLOW_SECONDS = 20


class Providers:
    """One is slow, one fails at first, one never answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.let_go: list[str] = []
        self.delivered: list[object] = []

    def application(self) -> web.Application:
        """All of them, and the receiver of the answer."""
        application = web.Application(handler_args={"handler_cancellation": True})
        application.router.add_post("/slow", self.slow)
        application.router.add_post("/moody", self.moody)
        application.router.add_post("/silent", self.silent)
        application.router.add_post("/answers", self.receive)
        return application

    async def slow(self, request: web.Request) -> web.Response:
        """Knows it, and takes its time."""
        return await self._after(SLOW_SECONDS, "slow")

    async def silent(self, request: web.Request) -> web.Response:
        """Is never heard of again."""
        return await self._after(3_600, "silent")

    async def moody(self, request: web.Request) -> web.Response:
        """Says 503 first, and knows it when it is asked again."""
        self.asked.append("moody")
        if self.asked.count("moody") == 1:
            return web.json_response({"error": "busy"}, status=503)
        return web.json_response({"answer": "Lima", "from": "moody"})

    async def receive(self, request: web.Request) -> web.Response:
        """Whoever wanted to know."""
        self.delivered.append(await request.json())
        return web.Response(status=204)

    async def _after(self, seconds: float, name: str) -> web.Response:
        self.asked.append(name)
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.let_go.append(name)  # the connection was closed: nobody waits any more
            raise
        return web.json_response({"answer": "Lima", "from": name})


async def main() -> int:
    """Run the example; the exit code."""
    providers = Providers()
    async with (
        folder_of_its_own() as folder,
        serve(providers.application()) as services,
        platform(HERE, folder) as waygrid,
        WaygridClient(waygrid.url) as client,
    ):
        payload = {
            "question": "capital of Peru",
            "providers": {"a": f"{services}/slow", "b": f"{services}/moody", "c": f"{services}/silent"},
            "replyTo": f"{services}/answers",
        }
        accepted = await client.submit(HERE / "first-responder.yaml", payload)
        print(f"asked three providers: {accepted.id}")
        ended = await client.wait(accepted.id)
        nodes = {node.name: node.status for node in ended.nodes}
        for name, status in nodes.items():
            print(f"  {name:<14} {status}")
        async with asyncio.timeout(10):
            while len(providers.let_go) < 2:
                await asyncio.sleep(0.05)
    account = Account()
    account.check("it completed", ended.status == "completed")
    account.check("the moody provider was asked twice", providers.asked.count("moody") == 2)
    account.check("the two others were canceled", nodes["provider-a"] == nodes["provider-c"] == "canceled")
    account.check("and their connections closed", sorted(providers.let_go) == ["silent", "slow"])
    account.check(
        "the first answer was delivered, once",
        providers.delivered == [{"provider-b": {"answer": "Lima", "from": "moody"}}],
    )
    return account.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

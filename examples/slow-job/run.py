"""Two jobs of a slow service, over HTTP: one is done after a few looks, one breaks. Both are deleted at the end.

    python examples/slow-job/run.py

The Spec is `slow-job.yaml`, with half a second for ten.
"""

import asyncio
import sys
from pathlib import Path

from aiohttp import web

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from on_loopback import Account, folder_of_its_own, platform, serve  # noqa: E402

from waygrid_shell.client import WaygridClient  # noqa: E402

STATES = {"J-17": ["queued", "busy", "busy", "done"], "J-18": ["queued", "broken"]}
"""What the service says of each job, look by look."""


class RenderService:
    """Jobs that take their time."""

    def __init__(self) -> None:
        self.looks: dict[str, int] = {}
        self.deleted: list[str] = []
        self.delivered: list[object] = []

    def application(self) -> web.Application:
        """The service, and the receiver of results."""
        application = web.Application()
        application.router.add_post("/jobs", self.start)
        application.router.add_get("/jobs/{job}", self.look)
        application.router.add_delete("/jobs/{job}", self.delete)
        application.router.add_post("/results", self.receive)
        return application

    async def start(self, request: web.Request) -> web.Response:
        """Take a job in; the same job twice is one."""
        self.looks.setdefault((await request.json())["job"], 0)
        return web.json_response({"accepted": True}, status=202)

    async def look(self, request: web.Request) -> web.Response:
        """How a job stands. Every third look is answered 503, for such services are like that."""
        job = request.match_info["job"]
        self.looks[job] += 1
        if self.looks[job] % 3 == 0:
            return web.json_response({"error": "busy"}, status=503)
        state = STATES[job].pop(0) if len(STATES[job]) > 1 else STATES[job][0]
        more = {"done": {"result": f"{job}.png"}, "broken": {"reason": "out of paper"}}
        return web.json_response({"state": state, **more.get(state, {})})

    async def delete(self, request: web.Request) -> web.Response:
        """Forget a job."""
        self.deleted.append(request.match_info["job"])
        return web.Response(status=204)

    async def receive(self, request: web.Request) -> web.Response:
        """Whoever wanted the result."""
        self.delivered.append(await request.json())
        return web.Response(status=204)


async def main() -> int:
    """Run the example; the exit code."""
    service = RenderService()
    async with (
        folder_of_its_own() as folder,
        serve(service.application()) as url,
        platform(HERE, folder) as waygrid,
        WaygridClient(waygrid.url) as client,
    ):
        spec = folder / "slow-job.yaml"
        text = (HERE / "slow-job.yaml").read_text(encoding="utf-8")
        spec.write_text(text.replace("every: 10s", "every: 500ms"), encoding="utf-8")
        ended = []
        for job in ("J-17", "J-18"):
            accepted = await client.submit(spec, {"job": job, "service": url, "replyTo": f"{url}/results"})
            ended.append(await client.wait(accepted.id))
            error = ended[-1].error
            print(f"{job}: {ended[-1].status}, {service.looks[job]} looks, {error.code if error else 'delivered'}")
        async with asyncio.timeout(20):
            while len(service.deleted) < 2:  # the onEnd is a traversal of its own, and nobody waits for it
                await asyncio.sleep(0.05)
    done, broken = ended
    account = Account()
    account.check("the first job completed", done.status == "completed")
    account.check("its result was delivered", service.delivered == [{"job": "J-17", "result": "J-17.png"}])
    account.check("the broken one says why", broken.error is not None and broken.error.message == "out of paper")
    account.check("both jobs are deleted", sorted(service.deleted) == ["J-17", "J-18"])
    return account.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

"""A report every night, until the series is canceled; a night that fails does not stop the next.

    python examples/nightly/run.py

The Spec is `nightly.yaml`, with a second for a day and half a second for the five minutes between two tries.
"""

import asyncio
import sys
from pathlib import Path

from aiohttp import web

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from on_loopback import Account, folder_of_its_own, platform, serve  # noqa: E402

from waygrid_shell.client import WaygridClient  # noqa: E402

REPORTS = 4
BAD_NIGHT = 2


class Reader:
    """Receives the reports."""

    def __init__(self) -> None:
        self.nights: list[int] = []
        self._came = asyncio.Condition()

    def application(self) -> web.Application:
        """The receiver as a service."""
        application = web.Application()
        application.router.add_post("/reports", self.receive)
        return application

    async def receive(self, request: web.Request) -> web.Response:
        """Take a report."""
        async with self._came:
            self.nights.append((await request.json())["night"])
            self._came.notify_all()
        return web.Response(status=204)

    async def has(self, number: int) -> None:
        """Wait until so many reports have come."""
        async with self._came:
            await asyncio.wait_for(self._came.wait_for(lambda: len(self.nights) >= number), 60)


async def main() -> int:
    """Run the example; the exit code."""
    reader = Reader()
    async with (
        folder_of_its_own() as folder,
        serve(reader.application()) as url,
        platform(HERE, folder, app="app:app") as waygrid,
        WaygridClient(waygrid.url) as client,
    ):
        spec = folder / "nightly.yaml"
        text = (HERE / "nightly.yaml").read_text(encoding="utf-8")
        text = (
            text.replace("every: 1d", "every: 1s").replace("base: 5m", "base: 200ms").replace("Until", "Indefinitely")
        )
        text = text.replace(', until: "2026-12-31T02:00:00Z"', "")
        spec.write_text(text, encoding="utf-8")
        payload = {"replyTo": f"{url}/reports", "badNight": BAD_NIGHT}
        series = await client.submit(spec, payload, name="nightly report")
        await reader.has(REPORTS)
        await client.cancel(series.id, "moved to the new system")
        ended = await client.wait(series.id)
        runs = [each async for each in client.list(children=True) if each.root == series.id != each.id]
    for each in sorted(runs, key=lambda run: run.id):
        print(f"  {each.status:<10} {each.begun_at:%H:%M:%S}  {'' if each.error is None else each.error.code}")
    print(f"the series: {ended.status}, {ended.reason}")
    account = Account()
    account.check("each night but the bad one reported, in order", reader.nights[:4] == [1, 3, 4, 5])
    account.check(
        "the bad night did not stop the next", any(run.error and run.error.code == "no-report" for run in runs)
    )
    account.check("the cancel ended the series", ended.status == "canceled")
    account.check("and it says why", ended.reason == "moved to the new system")
    return account.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

"""A person is asked by mail and answers over HTTP: one at the second reminder, one with a no, one never.

    python examples/approval/run.py

The Spec is `approval.yaml`, with seconds for days: nobody wants to watch five days.
"""

import asyncio
import sys
from pathlib import Path

from aiohttp import web

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from on_loopback import Account, folder_of_its_own, platform, serve  # noqa: E402

from waygrid_shell.client import WaygridClient  # noqa: E402
from waygrid_shell.resources.traversal import TraversalView  # noqa: E402

DAY = "1s"


class Mailbox:
    """Keeps mails, each once, and tells who waits for one."""

    def __init__(self) -> None:
        self.mails: dict[str, dict[str, str]] = {}
        self._came = asyncio.Condition()

    def application(self) -> web.Application:
        """The mailbox as a service."""
        application = web.Application()
        application.router.add_post("/", self.receive)
        return application

    async def receive(self, request: web.Request) -> web.Response:
        """Take a mail in."""
        async with self._came:
            self.mails.setdefault(request.headers["Idempotency-Key"], await request.json())
            self._came.notify_all()
        return web.Response(status=204)

    def to(self, who: str) -> list[str]:
        """The subjects of the mails to somebody, in order."""
        return [mail["subject"] for mail in self.mails.values() if mail["to"] == who]

    async def has(self, number: int, who: str) -> None:
        """Wait until somebody has got that many mails."""
        async with self._came:
            await asyncio.wait_for(self._came.wait_for(lambda: len(self.to(who)) >= number), 30)


async def main() -> int:
    """Run the example; the exit code."""
    mailbox = Mailbox()
    spec = (HERE / "approval.yaml").read_text(encoding="utf-8").replace("timeout: 1d", f"timeout: {DAY}")
    async with (
        folder_of_its_own() as folder,
        serve(mailbox.application()) as mailbox_url,
        platform(HERE, folder, app="app:app", environment={"APPROVAL_MAILBOX": mailbox_url}) as waygrid,
        WaygridClient(waygrid.url) as client,
    ):
        spec_of_seconds = folder / "approval.yaml"
        spec_of_seconds.write_text(spec, encoding="utf-8")
        ids = {}
        for who in ("ada", "bo", "chi"):
            ids[who] = (await client.submit(spec_of_seconds, {"approver": who, "what": "Train to Oslo"})).id
        await mailbox.has(1, "bo")
        await client.send_event("decided", {"approved": False, "by": "Bo"}, traversal=ids["bo"])
        await mailbox.has(3, "ada")  # the first mail and two reminders
        await client.send_event("decided", {"approved": True, "by": "Ada"}, traversal=ids["ada"])
        ended = {who: await client.wait(traversal) for who, traversal in ids.items()}
    for who, view in ended.items():
        told = view.output if view.error is None else f"{view.error.code}: {view.error.message}"
        print(f"{who}: {len(mailbox.to(who))} mails, {view.status}, {told}")
    account = Account()
    account.check(
        "Ada's yes after two reminders booked the train", ended["ada"].output == {"ticket": "T-1", "approved_by": "Ada"}
    )
    account.check("she got no mail after her answer", len(mailbox.to("ada")) == 3)
    account.check("Bo's no is a no", _code(ended["bo"]) == "rejected")
    account.check("Chi was asked five times, and then the request was closed", _code(ended["chi"]) == "no-decision")
    account.check(
        "and each mail says which of five it is", [subject[15:16] for subject in mailbox.to("chi")] == list("12345")
    )
    return account.exit_code


def _code(view: TraversalView) -> str:
    return "" if view.error is None else view.error.code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

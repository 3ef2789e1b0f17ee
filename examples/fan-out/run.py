"""A text is translated into every language of a list, three at a time; what cannot be done leaves a gap.

python examples/fan-out/run.py
"""

import asyncio
import sys
from pathlib import Path

from aiohttp import web

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from on_loopback import Account, folder_of_its_own, platform, serve  # noqa: E402

from waygrid_shell.client import WaygridClient  # noqa: E402

LANGUAGES = ["de", "fr", "es", "it", "tlh", "nl"]


class Publisher:
    """Receives what is published."""

    def __init__(self) -> None:
        self.published: list[object] = []

    def application(self) -> web.Application:
        """The receiver as a service."""
        application = web.Application()
        application.router.add_post("/pages", self.receive)
        return application

    async def receive(self, request: web.Request) -> web.Response:
        """Publish a page."""
        self.published.append(await request.json())
        return web.Response(status=204)


async def main() -> int:
    """Run the example; the exit code."""
    publisher = Publisher()
    async with (
        folder_of_its_own() as folder,
        serve(publisher.application()) as url,
        platform(HERE, folder, app="app:app") as waygrid,
        WaygridClient(waygrid.url) as client,
    ):
        text = {"title": "Hello", "text": "Good morning", "replyTo": f"{url}/pages"}
        fine = await client.submit(HERE / "fan-out.yaml", {**text, "languages": [*LANGUAGES], "needed": 5})
        poor = await client.submit(HERE / "fan-out.yaml", {**text, "languages": ["tlh", "de", "sjn"], "needed": 2})
        ended = [await client.wait(each.id) for each in (fine, poor)]
        translations = await client.get(str(next(node.child for node in ended[0].nodes if node.name == "languages")))
    for line in translations.output if isinstance(translations.output, list) else ():
        print(f"  {line}")
    print(f"the poor list: {ended[1].status}, {ended[1].error.code if ended[1].error else None}")
    account = Account()
    account.check("five of six were enough", ended[0].status == "completed")
    account.check("they were published, once", len(publisher.published) == 1)
    account.check("in the order of the list, with a gap for Klingon", _gaps(publisher.published[0]) == ["tlh"])
    account.check("one of three was not", ended[1].error is not None and ended[1].error.code == "join-failed")
    return account.exit_code


def _gaps(page: object) -> list[str]:
    assert isinstance(page, dict)
    return [language for language, done in zip(LANGUAGES, page["translations"], strict=True) if done is None]


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

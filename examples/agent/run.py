"""An agent answers questions with the help of tools, against a stand-in for the model that speaks OpenAI's protocol.

    python examples/agent/run.py

With WAYGRID_OPENAI_BASE_URL and WAYGRID_SECRET_OPENAI_KEY in the environment, `waygrid dev` asks a real model instead
(put its name into `agent.yaml`).
"""

import asyncio
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import openai_stand_in  # noqa: E402
from on_loopback import Account, folder_of_its_own, platform  # noqa: E402

from waygrid_shell.client import WaygridClient  # noqa: E402
from waygrid_shell.resources.live import Change, Progress  # noqa: E402
from waygrid_shell.resources.traversal import TraversalView  # noqa: E402

QUESTIONS = (
    "What is the weather in Oslo and in Lima, and what is the population of Oslo?",
    "What is the weather in Atlantis?",
)


async def main() -> int:
    """Run the example; the exit code."""
    async with folder_of_its_own() as folder, openai_stand_in.serve() as model:
        environment = {"WAYGRID_OPENAI_BASE_URL": model.url, "WAYGRID_SECRET_OPENAI_KEY": "a key of nobody"}
        async with (
            platform(HERE, folder, app="app:app", environment=environment) as waygrid,
            WaygridClient(waygrid.url) as client,
        ):
            ended = [await ask(client, question) for question in QUESTIONS]
    account = Account()
    account.check("both questions were answered", all(view.status == "completed" for view in ended))
    known, unknown = (str(view.output) for view in ended)
    account.check("with what the tools know", all(part in known for part in ("rain", "fog", "709,000")))
    account.check("or with what they do not", "nobody here knows Atlantis" in unknown)
    account.check("the model was asked once a round", len(model.requests) == 7)
    return account.exit_code


async def ask(client: WaygridClient, question: str) -> TraversalView:
    """Ask, and show what happens meanwhile; how it ended."""
    print(question)
    accepted = await client.submit(HERE / "agent.yaml", {"question": question})
    async for told in client.watch(accepted.id):
        match told:
            case Progress(data={"text": str(text)}):
                print(text, end="", flush=True)
            case Change(nodes=nodes):
                for node in nodes:
                    if node.what == "NodeDispatched":
                        print(f"    {node.name}")
            case TraversalView(output={"answer": _}):
                print()  # the model's words came piece by piece
            case _:
                pass
    return await client.get(accepted.id)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

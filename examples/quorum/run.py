"""Claims of different sizes go to five reviewers; each is decided as soon as its votes decide it.

python examples/quorum/run.py
"""

import asyncio
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from on_loopback import Account, folder_of_its_own, platform  # noqa: E402

from waygrid_shell.client import WaygridClient  # noqa: E402

CLAIMS = {
    "a small claim, one approval is enough": {"amount": 90, "approvals": 1},
    "a claim of 1 500, three must agree": {"amount": 1_500},
    "a claim of 4 000, which too few approve": {"amount": 4_000},
    "a claim that asks for six of five": {"amount": 90, "approvals": 6},
}


async def main() -> int:
    """Run the example; the exit code."""
    async with (
        folder_of_its_own() as folder,
        platform(HERE, folder, app="app:app") as waygrid,
        WaygridClient(waygrid.url) as client,
    ):
        accepted = [await client.submit(HERE / "quorum.yaml", dict(claim)) for claim in CLAIMS.values()]
        ended = [await client.wait(each.id) for each in accepted]
    for what, view in zip(CLAIMS, ended, strict=True):
        reviews = {node.name.split()[0]: node.status for node in view.nodes if node.name.endswith("reviews")}
        print(what)
        print(f"  reviews: {', '.join(f'{name} {status}' for name, status in reviews.items())}")
        print(f"  output:  {view.output}")
    small, middle, large, absurd = ended
    statuses = [{node.name: node.status for node in view.nodes} for view in ended]
    account = Account()
    account.check("all have completed", all(view.status == "completed" for view in ended))
    account.check("the small claim was paid after one review", small.output == {"paid": 90})
    account.check("the others were let go", statuses[0]["Dee reviews"] == statuses[0]["Anna reviews"] == "canceled")
    account.check("1 500 was paid once three had agreed", middle.output == {"paid": 1_500})
    account.check("4 000 was declined without waiting for Dee", statuses[2]["decline"] == "succeeded")
    account.check("and the votes say why", isinstance(large.output, dict) and "votes" in large.output)
    account.check("nobody was asked about the impossible claim", statuses[3]["Anna reviews"] == "not-reached")
    account.check("which was declined", isinstance(absurd.output, dict) and absurd.output["declined"] is True)
    return account.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

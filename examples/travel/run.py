"""Three trips: one is booked, one finds no car, one finds no hotel. What was booked for the latter is given back.

python examples/travel/run.py
"""

import asyncio
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from on_loopback import Account, folder_of_its_own, platform  # noqa: E402

from waygrid_shell.client import WaygridClient  # noqa: E402

TRIPS = {"Ada": [], "Bo": ["cars"], "Chi": ["hotels"]}
"""Each traveller, and what is sold out for the trip."""


async def main() -> int:
    """Run the example; the exit code."""
    async with folder_of_its_own() as folder:
        bookings = folder / "bookings.jsonl"
        async with (
            platform(HERE, folder, app="app:app", environment={"TRAVEL_BOOKINGS": str(bookings)}) as waygrid,
            WaygridClient(waygrid.url) as client,
        ):
            ended = {}
            for traveller, sold_out in TRIPS.items():
                trip = {"traveller": traveller, "to": "Oslo", "soldOut": sold_out}
                ended[traveller] = await client.run(HERE / "travel.yaml", trip)
            async with asyncio.timeout(20):
                while bookings.read_text(encoding="utf-8").count('"told"') < len(TRIPS):
                    await asyncio.sleep(0.05)
        facts = [json.loads(line) for line in bookings.read_text(encoding="utf-8").splitlines()]
    for fact in facts:
        print(f"  {fact}")
    booked = {fact["booked"] for fact in facts if "booked" in fact}
    canceled = [fact["canceled"] for fact in facts if "canceled" in fact]
    kept = sorted(code.partition("-")[0] for code in booked - set(canceled))
    account = Account()
    account.check("Ada travels", ended["Ada"].status == "completed")
    account.check("Bo and Chi do not, and are told so", ended["Bo"].status == ended["Chi"].status == "failed")
    account.check("only Ada's flight, hotel and car are still booked", kept == ["cars", "flights", "hotels"])
    account.check(
        "Bo's hotel was given back before his flight",
        [code.partition("-")[0] for code in canceled] == ["hotels", "flights", "flights"],
    )
    account.check("nothing was given back twice", len(canceled) == len(set(canceled)))
    account.check(
        "each traveller knows",
        {fact["told"]: fact["status"] for fact in facts if "told" in fact}
        == {"Ada": "completed", "Bo": "failed", "Chi": "failed"},
    )
    return account.exit_code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

"""The reviewers: a rule stands for each person, and each takes a while to think."""

import asyncio
from typing import Any

from waygrid_shell.processors.function import App, Attempt

app = App()

LIMITS = {"anna": 5_000, "bo": 500, "chi": 2_000, "dee": 100_000, "eli": 3_000}
"""Up to which amount each of them approves."""

THINKING_SECONDS = {"anna": 0.4, "bo": 0.1, "chi": 0.6, "dee": 30.0, "eli": 0.8}


@app.processor("review")
async def review(claim: Any, attempt: Attempt) -> dict[str, Any]:
    """One reviewer's view of a claim. Dee takes very long, and is let go as soon as the others have decided."""
    reviewer = str(attempt.parameters["reviewer"])
    await asyncio.sleep(THINKING_SECONDS[reviewer])
    return {"reviewer": reviewer, "approved": claim["amount"] <= LIMITS[reviewer]}


@app.processor("pay")
async def pay(claim: Any) -> dict[str, Any]:
    """Pay it."""
    return {"paid": claim["amount"]}


@app.processor("decline")
async def decline(failure: Any) -> dict[str, Any]:
    """Say no, and how the votes stood."""
    return {"declined": True, "votes": failure["error"]["branches"]}


@app.processor("mail")
async def mail(failure: Any) -> dict[str, Any]:
    """Tell the board that nothing was decided."""
    return {"told": "the board"}

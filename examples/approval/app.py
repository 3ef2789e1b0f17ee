"""The mail goes to a mailbox that speaks HTTP; the booking is a line of text."""

import os
from typing import Any

import aiohttp

from waygrid_shell.processors.function import App, Attempt, Failed

app = App()

MAILBOX = os.environ.get("APPROVAL_MAILBOX", "")


@app.processor("mail")
async def mail(message: Any, attempt: Attempt) -> dict[str, Any]:
    """Send a mail. The mailbox knows the key, and so delivers a mail once, however often it is sent."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(MAILBOX, json=message, headers={"Idempotency-Key": attempt.idempotency_key}) as response,
    ):
        if response.status != 204:
            raise Failed("no-mail", f"the mailbox answered {response.status}")
    return {"sent": message["subject"]}


@app.processor("book")
async def book(decision: Any) -> dict[str, Any]:
    """Book what was approved."""
    return {"ticket": "T-1", "approved_by": decision["decision"]["by"]}

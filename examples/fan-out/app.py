"""A translator that knows a few words, is busy now and then, and refuses some languages."""

import asyncio
from typing import Any

from waygrid_shell.processors.function import App, Attempt, Failed

app = App()

GOOD_MORNING = {"de": "Guten Morgen", "fr": "Bonjour", "es": "Buenos días", "it": "Buongiorno", "nl": "Goedemorgen"}


@app.processor("translate")
async def translate(request: Any, attempt: Attempt) -> dict[str, Any]:
    """Translate a text; each language costs a moment."""
    await asyncio.sleep(0.2)
    if request["into"] == "fr" and attempt.attempt == 1:
        raise Failed("busy", "too many requests")
    if request["into"] not in GOOD_MORNING:
        raise Failed("refused", f"nobody here speaks {request['into']}")
    return {"text": GOOD_MORNING[request["into"]]}

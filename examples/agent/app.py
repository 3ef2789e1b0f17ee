"""The tools of the agent, and its memory: what Python does of it."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from waygrid_shell.processors.function import App, Failed

app = App()

CITIES: Final = {"Oslo": ("rain", 709_000), "Lima": ("fog", 10_092_000), "Nairobi": ("sun", 4_397_000)}


def weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: {_known(city)[0]}"


def population(city: str) -> str:
    """How many live there."""
    return f"{city}: {_known(city)[1]:,} people"


TOOLS: Final[Mapping[str, Callable[..., str]]] = {"weather": weather, "population": population}


@app.processor("tool")
def tool(call: Any) -> dict[str, Any]:
    """Carry one call of the model out; the answer is a message of the conversation."""
    if call["name"] not in TOOLS:
        raise Failed("unknown-tool", f"there is no tool {call['name']!r}")
    return {"role": "tool", "tool_call_id": call["id"], "content": TOOLS[call["name"]](**call["arguments"])}


@app.processor("remember")
def remember(round_: Any) -> dict[str, Any]:
    """The conversation with what the model said and what its tools answered: the next round's input."""
    messages = [*round_["messages"], round_["said"], *round_["results"]]
    if len(json.dumps(messages)) > 200_000:
        raise Failed("too-long", "the conversation does not fit into a model any more")
    return {"messages": messages}


def _known(city: str) -> tuple[str, int]:
    if city not in CITIES:
        raise Failed("unknown-city", f"nobody here knows {city}")
    return CITIES[city]

"""Three agencies that book and cancel, and remember what they did in a file, over crashes too."""

import json
import os
from pathlib import Path
from typing import Any

from waygrid_shell.processors.function import App, Attempt, Failed

app = App()

BOOKINGS = Path(os.environ.get("TRAVEL_BOOKINGS", "bookings.jsonl"))


def book_or_cancel(agency: str, trip: Any, attempt: Attempt) -> dict[str, Any]:
    """One agency's desk: with the parameter `cancel` it gives back what it booked, else it books."""
    code = attempt.parameters.get("cancel")
    if code is not None:
        _note({"agency": agency, "canceled": code})
        return {"canceled": code}
    if agency in trip_of(attempt).get("soldOut", []):
        raise Failed("sold-out", f"no {agency} left")
    if attempt.attempt == 1 and agency == "hotels":
        raise Failed("upstream", "the hotel's line is busy")  # it is tried again
    code = f"{agency}-{attempt.idempotency_key[:6]}"  # made from the key: booked again, it is the same booking
    _note({"agency": agency, "booked": code})
    return {"code": code, "trip": trip_of(attempt)}


def trip_of(attempt: Attempt) -> dict[str, Any]:
    """The trip, which the first step gets as its input and each later one in what the step before gave."""
    given: Any = attempt.input
    return given.get("trip", given) if isinstance(given, dict) else {}


@app.processor("flights")
def flights(trip: Any, attempt: Attempt) -> dict[str, Any]:
    """The airline."""
    return book_or_cancel("flights", trip, attempt)


@app.processor("hotels")
def hotels(trip: Any, attempt: Attempt) -> dict[str, Any]:
    """The hotel."""
    return book_or_cancel("hotels", trip, attempt)


@app.processor("cars")
def cars(trip: Any, attempt: Attempt) -> dict[str, Any]:
    """The car."""
    return book_or_cancel("cars", trip, attempt)


@app.processor("mail")
def mail(ending: Any) -> dict[str, Any]:
    """Tell the traveller how it ended."""
    _note({"told": ending["payload"]["traveller"], "status": ending["status"]})
    return {}


def _note(fact: dict[str, Any]) -> None:
    with BOOKINGS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(fact) + "\n")

"""Reads `text/event-stream`: bytes in, in whatever pieces they come, events out."""

from collections.abc import Iterator
from typing import Final

from attrs import frozen

MAX_EVENT_BYTES: Final = 64 * 1024 * 1024
"""Of one event; a traversal with large outputs may take some of it."""


@frozen
class ServerSentEvent:
    """`id` is the last one that the stream has told, with this event or before."""

    event: str
    data: str
    id: str


class EventTooLarge(ValueError):  # noqa: N818 - it says what happened
    """An event has more than `MAX_EVENT_BYTES`."""


class EventReader:
    """Gathers what comes, and gives each event once it is whole. What a stream breaks off in is lost with it."""

    def __init__(self, last_id: str = "") -> None:
        self._id = last_id
        self._rest = bytearray()
        self._searched = 0
        self._event = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, received: bytes) -> Iterator[ServerSentEvent]:
        """The events that these bytes complete. Raises `EventTooLarge`."""
        self._rest += received
        for line in self._lines():
            if line:
                self._take(line.decode("utf-8", "replace"))
            else:
                yield from self._dispatch()
        if len(self._rest) + self._size > MAX_EVENT_BYTES:
            raise EventTooLarge(f"an event has more than {MAX_EVENT_BYTES} bytes")

    def _lines(self) -> Iterator[bytes]:
        """Lines end in LF or CR LF. (A lone CR, which the format knows too, is written by nobody.)"""
        start = 0
        while (end := self._rest.find(b"\n", max(start, self._searched))) >= 0:
            yield bytes(self._rest[start:end]).removesuffix(b"\r")
            start = end + 1
        del self._rest[:start]
        self._searched = len(self._rest)

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                self._data.append(value)
                self._size += len(value)
            case "event":
                self._event = value
            case "id" if "\0" not in value:
                self._id = value
            case _:
                pass  # a comment, which keeps the connection alive, or what a later version may tell

    def _dispatch(self) -> Iterator[ServerSentEvent]:
        event, data = self._event, self._data
        self._event, self._data, self._size = "", [], 0
        if data:
            yield ServerSentEvent(event or "message", "\n".join(data), self._id)

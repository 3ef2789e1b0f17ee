"""What is read of a stream of server-sent events."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waygrid_shell.client import server_sent_events
from waygrid_shell.client.server_sent_events import EventReader, EventTooLarge, ServerSentEvent


def read(*pieces: bytes, last_id: str = "") -> list[ServerSentEvent]:
    reader = EventReader(last_id)
    return [event for piece in pieces for event in reader.feed(piece)]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("data: a\n\n", [("message", "a", "")]),
        ("event: x\ndata: a\n\ndata: b\n\n", [("x", "a", ""), ("message", "b", "")]),
        ("id: 1\ndata: a\n\ndata: b\n\n", [("message", "a", "1"), ("message", "b", "1")]),
        ("id: 1\ndata: a\n\nid\ndata: b\n\n", [("message", "a", "1"), ("message", "b", "")]),
        ("data: a\ndata:b\ndata:  c\ndata\n\n", [("message", "a\nb\n c\n", "")]),
        (": comment\n\nevent: x\n\nid: 7\n\ndata: a\n\n", [("message", "a", "7")]),
        ("unknown: x\nretry: 5\ndata: a\n\n", [("message", "a", "")]),
        ("id: a\0b\ndata: a\n\n", [("message", "a", "")]),
        ("data: lost\n", []),
        ("data: lost", []),
    ],
)
def test_events_are_read_as_the_format_says(text: str, events: list[tuple[str, str, str]]) -> None:
    expected = [ServerSentEvent(*event) for event in events]
    assert read(text.encode()) == expected
    assert read(text.replace("\n", "\r\n").encode()) == expected


def test_the_last_id_of_an_earlier_stream_is_kept_until_another_comes() -> None:
    assert [event.id for event in read(b"data: a\n\nid: 8\ndata: b\n\n", last_id="7")] == ["7", "8"]


@given(
    texts=st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8")), max_size=5),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
def test_it_does_not_matter_in_what_pieces_bytes_come(texts: list[str], cuts: list[int]) -> None:
    whole = "".join(f"id: {number}\r\ndata: {text}\r\n\r\n" for number, text in enumerate(texts)).encode()
    places = sorted({0, len(whole), *(min(cut, len(whole)) for cut in cuts)})
    pieces = [whole[start:end] for start, end in pairwise(places)]
    assert read(*pieces) == read(whole)
    assert [event.data for event in read(whole)] == texts


def test_an_event_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_sent_events, "MAX_EVENT_BYTES", 100)
    for piece in (b"data: " + b"x" * 30, b"data: " + b"x" * 30 + b"\n"):
        with pytest.raises(EventTooLarge, match="more than 100 bytes"):
            read(*[piece] * 10)

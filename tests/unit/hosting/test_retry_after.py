"""`Retry-After`, read and honoured."""

import pytest

from waygrid_shell.hosting.retry_after import ask_patiently, wanted_wait

DATE = "Tue, 24 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry-after": "7"}, 7.0),
        (503, {"retry-after": " 0 "}, 0.0),
        (429, {"retry-after": "Tue, 24 Nov 2026 10:01:30 GMT", "date": DATE}, 90.0),
        (429, {"retry-after": "Tue, 24 Nov 2026 09:00:00 GMT", "date": DATE}, 0.0),
        (429, {"retry-after": "9" * 400}, 999999999.0),
        (429, {}, None),
        (500, {"retry-after": "7"}, None),
        (200, {"retry-after": "7"}, None),
        (429, {"retry-after": "-1"}, None),
        (429, {"retry-after": "1.5"}, None),
        (429, {"retry-after": "soon"}, None),
        (429, {"retry-after": "٣"}, None),
        (429, {"retry-after": "Tue, 24 Nov 2026 10:01:30 GMT"}, None),  # no date to hold it against
        (429, {"retry-after": "Tue, 24 Nov 2026 10:01:30 -0000", "date": DATE}, None),
    ],
)
def test_an_answer_says_how_long_to_wait(status: int, headers: dict[str, str], wait: float | None) -> None:
    assert wanted_wait(status, headers) == wait


@pytest.mark.parametrize(
    ("waits", "max_wait", "asked"),
    [
        ([None], 1.0, 1),
        ([0.0, 0.0, None], 1.0, 3),
        ([0.1, 0.1, 0.1, None], 0.25, 3),  # the third would be over what is left
        ([5.0, None], 1.0, 1),
    ],
)
@pytest.mark.anyio
async def test_waits_come_out_of_one_allowance(waits: list[float | None], max_wait: float, asked: int) -> None:
    sent: list[float | None] = []

    async def send() -> float | None:
        sent.append(waits[len(sent)])
        return sent[-1]

    assert await ask_patiently(send, lambda answer: answer, max_wait) == waits[asked - 1]
    assert len(sent) == asked


@pytest.mark.anyio
async def test_nobody_is_asked_for_ever_and_never_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    sent = 0

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def send() -> float:
        nonlocal sent
        sent += 1
        return 0.0

    monkeypatch.setattr("waygrid_shell.hosting.retry_after.anyio.sleep", sleep)
    await ask_patiently(send, lambda answer: answer, 1_000.0)
    assert (sent, slept) == (11, [0.1] * 10)

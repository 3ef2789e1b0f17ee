"""Why a request was not taken in."""


class NoRoom(Exception):  # noqa: N818 - it says what happened
    """Too much waits already. Nothing was taken in; try again after `retry_after_seconds`."""

    def __init__(self, reason: str, retry_after_seconds: int) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class KeyReused(Exception):  # noqa: N818 - it says what happened
    """An idempotency key came again with another request."""

"""Receipts: a subscription is told what is done with, by a task of its own, so that nobody waits for it."""

import asyncio
from collections.abc import Sequence

from waygrid_shell.ports.event_log import Delivery, Subscription


class Receipts:
    """The receipts of one subscription."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._given: list[Delivery] = []
        self._has_some = asyncio.Event()

    def give(self, deliveries: Sequence[Delivery]) -> None:
        """These are done with."""
        self._given += deliveries
        self._has_some.set()

    async def run(self) -> None:
        """Tell the subscription. Raises what it raises."""
        while True:
            await self._has_some.wait()
            self._has_some.clear()
            given, self._given = self._given, []
            await self._subscription.acknowledge(given)

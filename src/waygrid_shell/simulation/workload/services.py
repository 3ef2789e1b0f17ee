"""Services as a workload describes them: they take their time, and answer, or fail, or say nothing."""

import itertools
from bisect import bisect
from random import Random

import anyio

from waygrid_core.model.json_value import JsonValue
from waygrid_shell.hosting.attempt import Attempt, Failed
from waygrid_shell.simulation.workload.description import ServiceLoad
from waygrid_shell.simulation.workload.meters import Meter
from waygrid_shell.simulation.workload.witness import Witness


class ScriptedService:
    """One of them; its workers share it. It is a `waygrid_shell.hosting.handler.Handler`."""

    def __init__(self, load: ServiceLoad, meter: Meter, witness: Witness, chance: Random) -> None:
        self._load = load
        self._meter = meter
        self._witness = witness
        self._chance = chance
        self._numbers = itertools.count(1)
        self._codes = tuple(load.failures)
        self._bounds = tuple(itertools.accumulate(load.failures.values(), initial=load.never_answers))

    async def __call__(self, attempt: Attempt) -> JsonValue:
        """Make the attempt. Raises `Failed` for one that is to fail."""
        load, meter, chance = self._load, self._meter, self._chance
        self._witness.begins(attempt)
        since = meter.works()
        try:
            # All is drawn before anything is waited for, so that what comes in between changes nothing about it.
            number, takes, fate = next(self._numbers), load.latency.draw(chance), chance.random()
            output = load.output.make(number, chance)
            if fate < load.never_answers:
                await self._hang(attempt, since)
            await anyio.sleep(takes)
            code = self._code_of(fate)
            meter.answered(since, code)
            if code is not None:
                raise Failed(code, "the workload says so")
            return output
        finally:
            meter.rests()

    def _code_of(self, fate: float) -> str | None:
        """The code of the failure, if it is one."""
        place = bisect(self._bounds, fate) - 1
        return self._codes[place] if 0 <= place < len(self._codes) else None

    async def _hang(self, attempt: Attempt, since: float) -> None:
        """Until somebody cancels it."""
        key = (attempt.traversal, attempt.node, attempt.attempt)
        self._meter.silent += 1
        self._meter.hung[key] = since
        try:
            await anyio.sleep_forever()
        finally:
            self._meter.hung.pop(key, None)

"""How long nobody drives the traversals of a process that was killed.

While chains are handed in all the time, one of the processes is killed. Each partition of the waystation is looked at
by what follows from it: the requests for attempts that it sends, which have the keys of its traversals. The time to
recover is from the kill until every partition has made a step again.
"""

import asyncio
import time
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.cluster.origin import Origin
from benchmarks.cluster.plant import Plant
from benchmarks.cluster.records import STEP
from waygrid_core.model.topic import topic_name

_PATIENCE_SECONDS: Final = 60.0
_BEFORE_SECONDS: Final = 3.0
_AFTER_SECONDS: Final = 2.0


async def seconds_to_recover(origin: Origin, plant: Plant, victim: int, rate: float) -> float:
    """Kill that process of the plant while so many chains a second are handed in."""
    settings = plant.settings.kafka
    topic = topic_name(STEP, settings.topic_prefix)
    steps = AIOKafkaConsumer(bootstrap_servers=",".join(settings.servers), auto_offset_reset="latest")
    async with steps:
        partitions = [TopicPartition(topic, number) for number in range(settings.partitions)]
        steps.assign(partitions)
        await steps.seek_to_end(*partitions)
        stop = asyncio.Event()
        load = asyncio.create_task(origin.until(stop, rate))
        await _all_step(steps, set(range(settings.partitions)), 0.0)
        await asyncio.sleep(_BEFORE_SECONDS)
        killed_at = time.time()
        plant.kill(victim)
        # Both topics have as many partitions and the same keys: a step of a partition is in that of the same number.
        recovered_at = await _all_step(steps, set(range(settings.partitions)), killed_at)
        await asyncio.sleep(_AFTER_SECONDS)
        stop.set()
        await load
    return recovered_at - killed_at


async def _all_step(steps: AIOKafkaConsumer, waiting: set[int], since: float) -> float:
    """When the last of these partitions has stepped; an instant of the clock in seconds."""
    last = since
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while waiting:
            for place, records in (await steps.getmany(timeout_ms=500)).items():
                stepped = [record.timestamp / 1_000 for record in records if record.timestamp / 1_000 > since]
                if place.partition in waiting and stepped:
                    waiting.discard(place.partition)
                    last = max(last, stepped[0])
    return last

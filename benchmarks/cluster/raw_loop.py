"""Kafka alone: a consume > produce > commit loop over records as ours, which does nothing with them.

As a program (`python -m benchmarks.cluster.raw_loop`) it is one such loop: it is given as an argument, in JSON,
`servers`, `source`, `target`, `group`, the `partitions` that it reads and how many records there are in them. When it
is ready it prints a line, waits for one on its standard input, and prints `{"began": ..., "ended": ...}`.
"""

import asyncio
import json
import logging
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

_TAKEN_AT_ONCE: Final = 1_000
_BATCH_BYTES: Final = 512 * 1024

Record = tuple[bytes, bytes, list[tuple[str, bytes]]]
"""Key, value, headers."""


def new_producer(servers: str) -> AIOKafkaProducer:
    """As Waygrid's: idempotent, acks from all, no linger."""
    return AIOKafkaProducer(
        bootstrap_servers=servers, acks="all", enable_idempotence=True, linger_ms=0, max_batch_size=_BATCH_BYTES
    )


async def send(producer: AIOKafkaProducer, topic: str, by_partition: Mapping[int, Sequence[Record]]) -> None:
    """Send batches to partitions, and wait until all are acknowledged."""
    acknowledgements = []
    for partition, records in by_partition.items():
        batch = producer.create_batch()
        for key, value, headers in records:
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is None:
                batch.close()
                acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None, headers=headers)
        batch.close()
        acknowledgements.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*acknowledgements)


logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a group is begun: the first tries to find it fail


async def _loop(given: Mapping[str, Any]) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=given["servers"],
        group_id=given["group"],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=1024 * 1024,
        fetch_max_wait_ms=100,
    )
    async with consumer, new_producer(given["servers"]) as producer:
        print("ready", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        consumer.assign([TopicPartition(given["source"], each) for each in given["partitions"]])
        began, left = time.time(), int(given["records"])
        while left > 0:
            taken = await consumer.getmany(timeout_ms=1_000, max_records=_TAKEN_AT_ONCE)
            by_partition: dict[int, list[Record]] = defaultdict(list)
            for place, messages in taken.items():
                by_partition[place.partition] += [(each.key, each.value, list(each.headers)) for each in messages]
                left -= len(messages)
            await send(producer, given["target"], by_partition)
            await consumer.commit()
        print(json.dumps({"began": began, "ended": time.time()}), flush=True)


if __name__ == "__main__":
    asyncio.run(_loop(json.loads(sys.argv[1])))

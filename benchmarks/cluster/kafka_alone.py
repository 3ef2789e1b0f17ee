"""What Kafka itself does on this machine: the measure beside which the cluster's rates stand."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.cluster.programs import Ran, run_programs
from benchmarks.cluster.raw_loop import Record, new_producer, send
from benchmarks.cluster.records import answer_of, request_for
from benchmarks.cluster.servers import BenchmarkServers
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.ulid import ulid_from

_PARTITIONS: Final = 8
_SENT_AT_ONCE: Final = 500
"""Of one partition."""
_PATIENCE_SECONDS: Final = 60.0
_LOOK_AGAIN_SECONDS: Final = 0.2


def raw_loop(servers: BenchmarkServers, records: int, loops: int) -> tuple[float, Ran]:
    """How many records a second so many loops moved, and what they used for it."""
    name, each = f"raw-{secrets.token_hex(4)}", records // _PARTITIONS
    asyncio.run(_filled(servers.kafka.bootstrap, name, each))
    shares = [list(range(number, _PARTITIONS, loops)) for number in range(loops)]
    given = [
        {
            "servers": servers.kafka.bootstrap,
            "source": f"{name}.source",
            "target": f"{name}.target",
            "group": name,
            "partitions": share,
            "records": each * len(share),
        }
        for share in shares
    ]
    ran = run_programs("benchmarks.cluster.raw_loop", given, name="loops", beside=servers.pids)
    return each * _PARTITIONS / ran.seconds, ran


async def _filled(bootstrap: str, name: str, each: int) -> None:
    """Two topics, the first with so many records in each partition."""
    await _made(bootstrap, [f"{name}.{which}" for which in ("source", "target")])
    async with new_producer(bootstrap) as producer:
        for start in range(0, each, _SENT_AT_ONCE):
            records = _records(min(_SENT_AT_ONCE, each - start))
            await send(producer, f"{name}.source", dict.fromkeys(range(_PARTITIONS), records))


async def _made(bootstrap: str, topics: Sequence[str]) -> None:
    """A busy broker may give up on it, and be asked again."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while missing := [topic for topic in topics if topic not in await admin.list_topics()]:
                await admin.create_topics([NewTopic(topic, _PARTITIONS, 1) for topic in missing])
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    finally:
        await admin.close()


def _records(count: int) -> list[Record]:
    """Requests and answers by turns."""
    traversal = TraversalId(ulid_from(0, secrets.token_bytes(10)))
    both = [
        (each.key.encode(), each.value, [(name, text.encode()) for name, text in each.headers.items()])
        for each in (request_for(traversal), answer_of(traversal))
    ]
    return [both[number % 2] for number in range(count)]

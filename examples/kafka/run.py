"""Orders come from a topic of Kafka, wait for payments from another, and are confirmed to a third.

    python -m tests.servers run python examples/kafka/run.py

Half of the orders are CloudEvents, some come twice, one is no order at all; and Waygrid is killed while they come.
With WAYGRID_KAFKA_SERVERS in the environment it uses those brokers.
"""

import asyncio
import json
import os
import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from on_loopback import Account, folder_of_its_own, platform  # noqa: E402

from waygrid_shell.client import WaygridClient  # noqa: E402

ORDERS = 60
TOPICS = ("shop.orders", "shop.payments", "shop.confirmed")
SETTINGS = """\
[[origins.kafka]]
name = "orders"
topics = ["shop.orders"]
group = "orders"
spec = "kafka.yaml"
idempotency_key = "/value/id"
labels = { order = "/value/id" }

[[origins.kafka]]
name = "payments"
topics = ["shop.payments"]
group = "payments"
event = "paid"
event_key = "/value/order"
"""


async def main() -> int:
    """Run the example; the exit code."""
    brokers = os.environ.get("WAYGRID_KAFKA_SERVERS") or os.environ.get("WAYGRID_TEST_KAFKA")
    if not brokers:
        raise SystemExit("it needs a Kafka: python -m tests.servers run python examples/kafka/run.py")
    async with folder_of_its_own() as folder, topics_of_its_own(brokers) as prefix:
        settings = _settings(folder, prefix)
        environment = {"WAYGRID_KAFKA_SERVERS": brokers}
        async with (
            platform(HERE, folder, settings=settings, environment=environment) as waygrid,
            WaygridClient(waygrid.url) as client,
        ):
            await post(brokers, f"{prefix}shop.orders", orders())
            await post(brokers, f"{prefix}shop.payments", payments(ORDERS // 2))
            await waygrid.processes[0].kill()
            await waygrid.processes[0].start()
            await post(brokers, f"{prefix}shop.payments", payments(ORDERS)[ORDERS // 2 :])
            confirmed = await confirmations(brokers, f"{prefix}shop.confirmed", ORDERS)
            letters = await dead_letters(client)
            ended = Counter([each.status async for each in client.list()])
    return report(confirmed, letters, ended)


def orders() -> list[tuple[bytes, dict[str, bytes]]]:
    """The records: values and headers. Every fifth order is there twice, and one is no order."""
    records: list[tuple[bytes, dict[str, bytes]]] = []
    for number in range(ORDERS):
        order = {"id": f"o-{number}", "what": "tea"}
        if number % 2:
            event = {
                "specversion": "1.0",
                "id": f"e-{number}",
                "source": "/shop",
                "type": "order.placed",
                "data": order,
            }
            record = (json.dumps(event).encode(), {"content-type": b"application/cloudevents+json"})
        else:
            record = (json.dumps(order).encode(), {})
        records += [record] * (2 if number % 5 == 0 else 1)
    return [*records[:10], (b"this is no order", {}), *records[10:]]


def payments(count: int) -> list[tuple[bytes, dict[str, bytes]]]:
    """A payment for each of the first orders."""
    return [(json.dumps({"order": f"o-{number}", "sum": number}).encode(), {}) for number in range(count)]


async def post(brokers: str, topic: str, records: Sequence[tuple[bytes, dict[str, bytes]]]) -> None:
    """Write them, as the shop would."""
    async with AIOKafkaProducer(bootstrap_servers=brokers) as producer:
        for value, headers in records:
            await producer.send(topic, value=value, headers=list(headers.items()))
        await producer.flush()


async def confirmations(brokers: str, topic: str, count: int) -> list[Any]:
    """What is confirmed: read until there are so many orders, each as often as it is there."""
    found: list[Any] = []
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=brokers, auto_offset_reset="earliest")
    async with consumer, asyncio.timeout(120):
        while len({each["order"] for each in found}) < count:
            record = await consumer.getone()
            headers = dict(record.headers)
            found.append(json.loads(record.value) | {"type": headers["ce_type"], "by": headers["idempotency-key"]})
    return found


async def dead_letters(client: WaygridClient) -> list[str]:
    """The reasons of what nothing could be made of, once there are any."""
    async with asyncio.timeout(60):
        while not (found := [letter.reason async for letter in client.dead_letters()]):
            await asyncio.sleep(0.05)
    return found


def report(confirmed: list[Any], letters: list[str], ended: Counter[str]) -> int:
    """Say what came of it; the exit code."""
    deliveries = {each["by"] for each in confirmed}
    print(f"{len(confirmed)} records confirm {len(deliveries)} orders; traversals: {dict(ended)}; {letters}")
    account = Account()
    account.check("every order became one traversal, however often it came", ended.total() == ORDERS)
    account.check("every order that was paid was confirmed", {each["order"] for each in confirmed} == _ids())
    account.check("by one delivery, whose key tells what comes twice", len(deliveries) == ORDERS)
    account.check("with the sum of its payment", all(each["order"] == f"o-{each['sum']}" for each in confirmed))
    account.check("as a CloudEvent", {each["type"] for each in confirmed} == {b"shop.order.confirmed"})
    account.check("what is no order is a dead letter, and the rest went on", len(letters) == 1)
    return account.exit_code


def _ids() -> set[str]:
    return {f"o-{number}" for number in range(ORDERS)}


def _settings(folder: Path, prefix: str) -> Path:
    """The Spec and the settings, for topics and groups that nobody else has."""
    spec = (HERE / "kafka.yaml").read_text(encoding="utf-8").replace("shop.confirmed", f"{prefix}shop.confirmed", 1)
    (folder / "kafka.yaml").write_text(spec, encoding="utf-8")
    text = SETTINGS.replace('"shop.', f'"{prefix}shop.').replace('"kafka.yaml"', json.dumps(str(folder / "kafka.yaml")))
    settings = folder / "waygrid.toml"
    settings.write_text(text.replace('group = "', f'group = "{prefix}'), encoding="utf-8")
    return settings


@asynccontextmanager
async def topics_of_its_own(brokers: str) -> AsyncIterator[str]:
    """What stands before the names of the topics, which are removed at the end."""
    prefix = f"example{secrets.token_hex(4)}."
    names = [prefix + topic for topic in TOPICS]
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 3, 1) for name in names])
        yield prefix
        await admin.delete_topics(names)
    finally:
        await admin.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

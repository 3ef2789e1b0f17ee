"""Records of a user's topics become traversals and events: each once, however often it is taken."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.integration.api.serving import LONG
from tests.integration.plant.running import compiled
from waygrid_core.codec.json_bytes import write_json
from waygrid_shell.origins.kafka.service import KafkaOriginService
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.ports.journal import Query, Summary
from waygrid_shell.ports.record_log import Posting, RecordLog
from waygrid_shell.runtime.embedded import embedded_plant
from waygrid_shell.runtime.platform import acceptance_over
from waygrid_shell.runtime.wiring import Ports
from waygrid_shell.settings.origins import KafkaOrigin
from waygrid_shell.settings.settings import ServerSettings
from waygrid_shell.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio

PASS = "entryPoints: [{type: pass}]\n"
AWAIT = 'entryPoints: [{type: await, event: paid, key: {"$from": /payload/id}}]\n'


def origin(tmp_path: Path, spec: str = PASS, **fields: Any) -> KafkaOrigin:
    file = tmp_path / "spec.yaml"
    file.write_text(spec)
    given = {"name": "orders", "topics": ("orders",), "group": "readers", "spec": str(file), **fields}
    return KafkaOrigin(**given)


@asynccontextmanager
async def reading(
    ports: Ports,
    records: RecordLog,
    origins: Sequence[KafkaOrigin],
    settings: ServerSettings | None = None,
    metrics: Metrics | None = None,
) -> AsyncIterator[None]:
    metrics = metrics or Metrics()
    acceptance = acceptance_over(ports, settings or ServerSettings(), metrics)
    service = KafkaOriginService(
        origins,
        record_log=records,
        event_log=ports.event_log,
        dag_store=ports.dag_store,
        acceptance=acceptance,
        metrics=metrics,
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(acceptance.run)
        tasks.start_soon(service.run)
        yield
        tasks.cancel_scope.cancel()


async def post(records: RecordLog, topic: str, *values: Any, headers: Mapping[str, bytes] | None = None) -> None:
    for value in values:
        content = value if isinstance(value, bytes) else write_json(value)
        await records.post(Posting(topic=topic, key=b"k", value=content, headers=headers or {}))


async def until(found: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    with anyio.fail_after(LONG):
        while not enough(value := await found()):
            await anyio.sleep(0.01)
    return value


async def traversals(ports: Ports, count: int) -> Sequence[Summary]:
    """Once there are so many that have ended: all of them."""
    query = Query(limit=1_000)
    found: Sequence[Summary] = await until(
        lambda: ports.journal.search(query), lambda all_: sum(each.ended_at is not None for each in all_) >= count
    )
    return found


async def payloads(ports: Ports) -> list[Any]:
    found = await ports.journal.search(Query(limit=1_000))
    return [stored.state.payload for stored in (await ports.journal.load([each.traversal for each in found])).values()]


async def dead(ports: Ports, count: int) -> list[Any]:
    found: list[Any] = await until(ports.event_log.dead_letters, lambda letters: len(letters) >= count)
    return found


async def test_each_record_is_a_traversal(ports: Ports, records: RecordLog, tmp_path: Path) -> None:
    await post(records, "orders", *({"id": number} for number in range(30)))
    metrics = Metrics()
    labels = {"from": "kafka", "id": "/value/id"}
    async with (
        embedded_plant(ports, {}),
        reading(ports, records, [origin(tmp_path, labels=labels, traversal_name="order")], metrics=metrics),
    ):
        found = await traversals(ports, 30)
        with anyio.fail_after(LONG):
            while 'waygrid_origin_records_total{origin="orders",outcome="taken"} 30.0' not in metrics.text().decode():
                await anyio.sleep(0.01)
    assert len(found) == 30
    assert {(each.status, each.origin.name) for each in found} == {("Completed", "order")}
    assert {each.origin.labels["id"] for each in found} == {str(number) for number in range(30)}
    assert sorted(payload["id"] for payload in await payloads(ports)) == [*range(30)]
    assert 'waygrid_traversals_accepted_total{origin="kafka"} 30.0' in metrics.text().decode()


async def test_a_record_that_nothing_can_be_made_of_is_a_dead_letter_and_its_partition_goes_on(
    ports: Ports, records: RecordLog, tmp_path: Path
) -> None:
    await post(records, "orders", {"id": 1}, b"\xff{", {"id": 2})
    async with embedded_plant(ports, {}), reading(ports, records, [origin(tmp_path)]):
        assert len(await traversals(ports, 2)) == 2
        (letter,) = await dead(ports, 1)
    assert letter.record.topic == "origin.kafka"
    assert letter.record.value == b"\xff{"
    assert letter.reason == "its value is no JSON: byte 1 is not UTF-8"


async def test_what_is_cured_and_redriven_becomes_a_traversal(ports: Ports, records: RecordLog, tmp_path: Path) -> None:
    await post(records, "orders", {"number": 1})
    wrong = origin(tmp_path, idempotency_key="/value/id")
    async with embedded_plant(ports, {}), reading(ports, records, [wrong]):
        (letter,) = await dead(ports, 1)
        assert letter.reason == "the idempotency key is not there: the record has no /value/id"
        await ports.event_log.redrive([letter.position])
        (again,) = await until(
            ports.event_log.dead_letters, lambda found: bool(found) and found[0].position != letter.position
        )
        assert again.reason == letter.reason
    async with embedded_plant(ports, {}), reading(ports, records, [origin(tmp_path, idempotency_key="/value/number")]):
        await ports.event_log.redrive([again.position])
        (found,) = await traversals(ports, 1)
    assert found.status == "Completed"
    assert await ports.event_log.dead_letters() == []


async def test_a_letter_of_an_origin_that_is_there_no_more_says_so(
    ports: Ports, records: RecordLog, tmp_path: Path
) -> None:
    await post(records, "orders", b"{")
    async with reading(ports, records, [origin(tmp_path)]):
        (letter,) = await dead(ports, 1)
    async with reading(ports, records, [origin(tmp_path, name="renamed", topics=("other",))]):
        await ports.event_log.redrive([letter.position])
        (again,) = await until(
            ports.event_log.dead_letters, lambda found: bool(found) and found[0].position != letter.position
        )
    assert again.reason == "there is no Kafka origin 'orders' in the settings any more"


async def test_a_record_that_comes_again_is_the_same_traversal(
    ports: Ports, records: RecordLog, tmp_path: Path
) -> None:
    """A group of another name reads everything anew, as after offsets that were lost."""
    await post(records, "orders", {"id": 1}, {"id": 2}, {"id": 1})
    async with embedded_plant(ports, {}):
        for group in ("first", "second"):
            async with reading(ports, records, [origin(tmp_path, idempotency_key="/value/id", group=group)]):
                await post(records, "orders", {"id": group})
                await traversals(ports, 3 if group == "first" else 4)
    assert sorted(str(payload["id"]) for payload in await payloads(ports)) == ["1", "2", "first", "second"]
    assert await ports.event_log.dead_letters() == []


async def test_a_key_that_comes_again_with_another_value_is_a_dead_letter(
    ports: Ports, records: RecordLog, tmp_path: Path
) -> None:
    await post(records, "orders", {"id": 1, "sum": 1}, {"id": 1, "sum": 2})
    async with embedded_plant(ports, {}), reading(ports, records, [origin(tmp_path, idempotency_key="/value/id")]):
        assert len(await traversals(ports, 1)) == 1
        (letter,) = await dead(ports, 1)
    assert letter.reason == "a record with the same idempotency key came before, and its value was another"


async def test_a_record_that_was_taken_and_not_kept_comes_again(
    ports: Ports, records: RecordLog, tmp_path: Path
) -> None:
    """The reader is stopped while there is no room for its record: its offset was not committed."""
    await post(records, "orders", {"id": 1})
    full = ServerSettings(max_unfinished=1)
    async with reading(ports, records, [origin(tmp_path)], full):  # nobody runs them
        await until(ports.event_log.backlog, lambda backlog: backlog.get("system.waystation", 0) == 1)
        await post(records, "orders", {"id": 2})
        await anyio.sleep(0)
    async with embedded_plant(ports, {}), reading(ports, records, [origin(tmp_path)], full):
        assert len(await traversals(ports, 2)) == 2


async def test_where_there_is_no_room_records_wait_and_none_is_lost(
    ports: Ports, records: RecordLog, tmp_path: Path
) -> None:
    await post(records, "orders", *({"id": number} for number in range(25)))
    async with reading(ports, records, [origin(tmp_path)], ServerSettings(max_unfinished=10)):
        await until(ports.event_log.backlog, lambda backlog: backlog.get("system.waystation", 0) == 10)
        async with embedded_plant(ports, {}):
            assert len(await traversals(ports, 25)) == 25
    assert await ports.event_log.dead_letters() == []


async def test_a_record_is_an_event_for_the_one_that_awaits_it(
    ports: Ports, records: RecordLog, tmp_path: Path
) -> None:
    payments = KafkaOrigin(
        name="paid", topics=("paid",), group="readers", event="paid", event_key="/value/order", payload="/value/sum"
    )
    await post(records, "paid", {"order": "o-1", "sum": 17})
    async with embedded_plant(ports, {}), reading(ports, records, [origin(tmp_path, AWAIT), payments]):
        await post(records, "orders", {"id": "o-2"}, {"id": "o-1"})
        (ended,) = [each for each in await traversals(ports, 1) if each.ended_at is not None]
        stored = (await ports.journal.load([ended.traversal]))[ended.traversal]
        assert stored.state.output == 17
        await post(records, "paid", {"order": "o-2", "sum": 18})
        await traversals(ports, 2)


async def test_an_event_that_comes_again_is_heard_once(ports: Ports, records: RecordLog, tmp_path: Path) -> None:
    """The first of two awaits takes it; the second one is still there for the next."""
    payments = KafkaOrigin(
        name="paid",
        topics=("paid",),
        group="readers",
        event="paid",
        event_key="/value/order",
        idempotency_key="/value/number",
    )
    first, second = {"order": "o-1", "number": 1}, {"order": "o-1", "number": 2}
    await post(records, "paid", first, first, second)
    twice: dict[str, Any] = {"type": "await", "event": "paid", "key": {"$from": "/payload/id"}}
    spec = write_json({"entryPoints": [{**twice, "id": "one", "onSuccess": twice}]}).decode()
    async with embedded_plant(ports, {}), reading(ports, records, [origin(tmp_path, spec), payments]):
        await post(records, "orders", {"id": "o-1"})
        (ended,) = await traversals(ports, 1)
        assert (await ports.journal.load([ended.traversal]))[ended.traversal].state.output == second


async def test_a_stored_dag_may_be_named_by_its_hash(ports: Ports, records: RecordLog, tmp_path: Path) -> None:
    stored = compiled({"entryPoints": [{"type": "pass"}]})
    named = KafkaOrigin(name="orders", topics=("orders",), group="readers", spec=stored.dag.hash)
    async with embedded_plant(ports, {}):
        with pytest.raises(ExceptionGroup) as caught:
            async with reading(ports, records, [named]):
                await anyio.sleep_forever()
        assert caught.group_contains(Unavailable, match="no DAG of that hash is stored")
        await ports.dag_store.put(stored)
        async with reading(ports, records, [named]):
            await post(records, "orders", {"id": 1})
            (found,) = await traversals(ports, 1)
    assert found.origin.dag == stored.dag.hash


@pytest.mark.parametrize(
    ("spec", "entry", "said"),
    [
        ("entryPoints: [{type: nothing}]", 0, "/entryPoints/0/type"),
        (PASS, 1, "it has no entry point 1; it has 1, counted from 0"),
    ],
)
async def test_what_is_wrong_with_its_spec_is_said(
    ports: Ports, records: RecordLog, tmp_path: Path, spec: str, entry: int, said: str
) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with reading(ports, records, [origin(tmp_path, spec, entry=entry)]):
            await anyio.sleep_forever()
    assert caught.group_contains(Unavailable, match=said)


async def test_readers_of_one_group_share_the_records_and_one_that_goes_leaves_its_own_to_the_others(
    ports: Ports, records: RecordLog, tmp_path: Path
) -> None:
    if ports.record_log is None:
        pytest.skip("a plant of one process has one reader")
    given = origin(tmp_path)
    async with embedded_plant(ports, {}), reading(ports, records, [given]):
        async with reading(ports, records, [given]):
            for number in range(60):
                await records.post(Posting(topic="orders", key=f"{number}".encode(), value=write_json({"id": number})))
            await traversals(ports, 20)
        for number in range(60, 90):
            await records.post(Posting(topic="orders", key=f"{number}".encode(), value=write_json({"id": number})))
        await traversals(ports, 90)
    assert sorted(payload["id"] for payload in await payloads(ports)) == [*range(90)]
    assert await ports.event_log.dead_letters() == []

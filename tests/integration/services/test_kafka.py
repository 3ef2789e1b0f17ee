"""The destination `kafka`: what it writes, what it says of it, and how it fails."""

from collections.abc import Mapping
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from tests.integration.services.attempts import TRAVERSAL, attempt, failure_of
from waygrid_shell.adapters.host.clock import HostClock
from waygrid_shell.adapters.memory.record_log import MemoryRecordLog
from waygrid_shell.destinations.kafka import KafkaDestination
from waygrid_shell.ports.failure import Unavailable
from waygrid_shell.ports.record_log import ForeignRecord, Posting

pytestmark = pytest.mark.anyio

OURS = {"content-type": b"application/json", "idempotency-key": b"0" * 32, "waygrid-traversal": TRAVERSAL.encode()}


async def written(input_: Any = None, **parameters: Any) -> tuple[Any, ForeignRecord]:
    """The output of a delivery to the topic `orders`, and the record."""
    log = MemoryRecordLog(["orders"])
    output = await KafkaDestination(log, HostClock())(attempt(input_, topic="orders", **parameters))
    async with log.subscribe(["orders"], "any") as subscription:
        (record,) = await subscription.take(10)
    return output, record


async def test_the_input_is_the_record_and_its_place_is_the_output() -> None:
    output, record = await written({"id": "é"})
    assert output == {"topic": "orders", "partition": 0, "offset": 0}
    assert (record.key, record.value) == (None, '{"id":"é"}'.encode())
    assert record.headers == OURS


@pytest.mark.parametrize(("key", "content"), [("o-1", b"o-1"), (17, b"17"), (1.5, b"1.5"), (True, b"true"), ("", b"")])
async def test_a_key_is_a_text_or_is_written_as_json(key: Any, content: bytes) -> None:
    assert (await written(key=key))[1].key == content


async def test_a_value_may_be_written_instead_of_the_input() -> None:
    assert (await written({"id": 1}, value=[1, None]))[1].value == b"[1,null]"
    assert (await written({"id": 1}, value=None))[1].value == b"null"


async def test_headers_go_with_it_and_cannot_hide_which_delivery_it_is() -> None:
    given = {"tenant": "acme", "n": 1, "none": None, "idempotency-key": "mine", "content-type": "application/x+json"}
    _, record = await written(headers=given)
    assert record.headers == {**OURS, "tenant": b"acme", "n": b"1", "content-type": b"application/x+json"}


async def test_a_cloud_event_is_one_for_the_sdk() -> None:
    given = {"type": "order.placed", "subject": "o-1", "tenant": "acme", "sequence": 17}
    _, record = await written({"id": 1}, cloudEvent=given)
    assert record.value is not None
    event = from_binary(KafkaMessage(headers=dict(record.headers), key=None, value=record.value), JSONFormat())
    assert event.get_data() == {"id": 1}
    assert (event.get_type(), event.get_subject(), event.get_id()) == ("order.placed", "o-1", "0" * 32)
    assert event.get_source() == "waygrid://destination/kafka"
    assert (event.get_extension("tenant"), event.get_extension("sequence")) == ("acme", "17")
    assert event.get_time() is not None


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"topic": None}, "the parameter topic is 'None'"),
        ({"topic": "a b"}, "the parameter topic is 'a b'; write the name of a topic"),
        ({"key": {"a": 1}}, "the parameter key is no text"),
        ({"headers": [1]}, "the parameter headers is no object"),
        ({"headers": {"a": [1]}}, "the header 'a' is [1]; write a text"),
        ({"cloudEvent": {}}, "cloudEvent: its type is missing"),
        ({"cloudEvent": {"type": "t", "Bad": "x"}}, "cloudEvent: 'Bad' is no attribute"),
        ({"cloudEvent": {"type": ["t"]}}, "cloudEvent: the attribute type is no text"),
        ({"body": 1}, "unknown parameter 'body'; known are cloudEvent, headers, key, topic, value"),
        ({"topic": "unknown"}, "topic unknown: there is no topic 'unknown'"),
        ({"value": "x" * 2_000_000}, "topic orders: the record has 2000002 bytes"),
    ],
)
async def test_what_kafka_will_never_take_is_given_up(parameters: Mapping[str, Any], said: str) -> None:
    destination = KafkaDestination(MemoryRecordLog(["orders"]), HostClock())
    failed = await failure_of(destination, attempt(**{"topic": "orders", **parameters}))
    assert failed.code == "bad-value"
    assert said in failed.message


async def test_where_no_kafka_is_known_that_is_said() -> None:
    failed = await failure_of(KafkaDestination(None, HostClock()), attempt(topic="orders"))
    assert failed.code == "bad-value"
    assert "no Kafka is known to the worker of this address; write servers" in failed.message


async def test_a_kafka_that_does_not_answer_is_tried_again() -> None:
    class Gone(MemoryRecordLog):
        async def post(self, posting: Posting) -> tuple[int, int]:
            raise Unavailable("record log", "no broker answers")

    failed = await failure_of(KafkaDestination(Gone(), HostClock()), attempt(topic="orders"))
    assert (failed.code, failed.message) == (
        "unreachable",
        "topic orders: the record log is unavailable: no broker answers",
    )

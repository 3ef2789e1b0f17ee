"""What a scrape shows of a plant that has worked."""

from datetime import timedelta
from typing import Any

import anyio
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.plant.running import work
from tests.integration.telemetry.plant import ORIGIN, run_requests
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.message.messages import EventReceived
from waygrid_core.model.address import INBOX
from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_shell.hosting.post import seal
from waygrid_shell.ports.journal import Query
from waygrid_shell.ports.timer_book import Timer
from waygrid_shell.processors.function import App, Failed
from waygrid_shell.runtime.wiring import memory_ports
from waygrid_shell.services.gauges import Gauges
from waygrid_shell.telemetry.metrics import Metrics
from waygrid_shell.telemetry.names import METRICS, TRAVERSAL_SECONDS

pytestmark = pytest.mark.anyio


def scraped(metrics: Metrics) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus reads the text."""
    return {
        f"{sample.name}{{{','.join(sample.labels.values())}}}": sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


async def test_steps_ends_attempts_timers_events_and_batches_are_counted() -> None:
    app, metrics, ports = App(), Metrics(), memory_ports()

    @app.processor("reserve")
    async def reserve(given: Any) -> Any:
        return {}

    @app.processor("charge")
    async def charge(given: Any) -> Any:
        raise Failed("declined")

    @app.processor("stuck")
    async def stuck(given: Any) -> Any:
        await anyio.sleep_forever()

    event = EventReceived("e-1", "go", "anybody", None)
    await ports.event_log.publish([seal(INBOX, event, "e-1", sender=ORIGIN, sent_at=ports.clock.now())])
    document = {
        "entryPoints": [
            {
                "type": "fork",
                "joinNodeId": "j",
                "branches": {"a": work("stuck", timeout="5ms"), "b": work("reserve")},
                "join": {
                    "type": "join",
                    "joinNodeId": "j",
                    "strategy": {"type": "Or"},
                    "onSuccess": {"type": "call", "body": work("reserve"), "onSuccess": work("charge")},
                },
            }
        ]
    }
    await run_requests(document, app, [None] * 3, metrics=metrics, ports=ports)
    seen = scraped(metrics)
    assert seen["waygrid_traversals_ended_total{failed}"] == 3  # users' own: their children are not counted
    assert seen["waygrid_traversal_seconds_count{failed}"] == 3
    assert seen["waygrid_traversal_seconds_sum{failed}"] > 0
    assert seen["waygrid_attempts_total{waygrid://processor/reserve,succeeded}"] == 6
    assert seen["waygrid_attempts_total{waygrid://processor/charge,failed}"] == 3
    assert seen["waygrid_attempts_total{waygrid://processor/stuck,canceled}"] == 3
    assert seen["waygrid_attempt_seconds_count{waygrid://processor/reserve}"] == 6
    assert seen["waygrid_attempts_in_flight{waygrid://processor/stuck}"] == 0
    assert seen["waygrid_events_received_total{}"] == 1
    everybody = await ports.journal.search(Query(with_children=True))
    decisions = [await ports.journal.decisions(each.traversal) for each in everybody]
    assert seen["waygrid_steps_total{}"] == sum(map(len, decisions))
    assert seen["waygrid_batch_messages_count{}"] >= 4
    assert seen["waygrid_batch_messages_sum{}"] >= seen["waygrid_steps_total{}"]


async def test_how_late_a_timer_fired_is_seen() -> None:
    app, metrics = App(), Metrics()
    node = {"type": "pass", "deliveryStrategy": {"type": "ScheduleAfter", "delay": "5ms"}}
    await run_requests({"entryPoints": [node]}, app, [None] * 2, metrics=metrics)
    seen = scraped(metrics)
    assert seen["waygrid_timer_late_seconds_count{}"] == 2
    assert seen["waygrid_timer_late_seconds_sum{}"] >= 0


async def test_gauges_show_what_there_is_and_go_back_to_zero() -> None:
    metrics, ports = Metrics(), memory_ports()
    gauges = Gauges(metrics, event_log=ports.event_log, journal=ports.journal, timer_book=ports.timer_book)
    records = [
        TransportEnvelope(topic=topic, key="k", headers={"ce_id": f"{topic}{number}"}, value=b"{}")
        for topic, count in {"processor.a": 2, "processor.a.dead-letter": 3}.items()
        for number in range(count)
    ]
    await ports.event_log.publish(records)
    due = ports.clock.now() + timedelta(hours=1)
    await ports.timer_book.write(to_set=[Timer(TimerId("t"), TraversalId("T"), due)], to_unset=[])
    await gauges.read()
    seen = scraped(metrics)
    assert seen["waygrid_backlog_messages{processor.a}"] == 2
    assert "waygrid_backlog_messages{processor.a.dead-letter}" not in seen
    assert seen["waygrid_dead_letters{}"] == 3
    assert seen["waygrid_timers_set{}"] == 1
    assert seen["waygrid_traversals_unfinished{}"] == 0
    async with ports.event_log.subscribe(["processor.a"]) as subscription:
        await subscription.acknowledge(await subscription.take(10))
    await gauges.read()
    assert scraped(metrics)["waygrid_backlog_messages{processor.a}"] == 0


def test_a_histogram_counts_what_is_at_most_its_bound() -> None:
    metrics = Metrics()
    metrics.observe(TRAVERSAL_SECONDS, [0.001, 0.0011, 0.3, 1_000], "Completed")
    (family,) = [
        each for each in text_string_to_metric_families(metrics.text().decode()) if each.name == TRAVERSAL_SECONDS.name
    ]
    seen = {each.labels["le"]: each.value for each in family.samples if each.name.endswith("_bucket")}
    counts = [seen[bound] for bound in ("0.001", "0.002", "0.25", "0.5", "300.0", "+Inf")]
    assert counts == [1, 2, 2, 3, 3, 4]


def test_every_metric_of_the_table_is_one_that_prometheus_can_read() -> None:
    text = Metrics().text().decode()
    for metric in METRICS:
        assert f"# TYPE {metric.name} {metric.kind}" in text
        assert f"# HELP {metric.name} {metric.says}" in text

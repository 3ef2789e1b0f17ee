"""What runs come to, held against what is known of queues; and what else must be true of every run.

A run takes a second or two, so each is made once, and looked at from several sides.
"""

from functools import cache

import pytest
from attrs import evolve

from tests.unit.workload.specs import ONE, ORDER, compiled
from waygrid_shell.simulation.workload.document import document_of
from waygrid_shell.simulation.workload.figures import Figures
from waygrid_shell.simulation.workload.reading import read_workload
from waygrid_shell.simulation.workload.running import simulate

RATE, MEAN = 6.0, 0.1
QUEUE = """
duration: 3m
arrivals: {rate: 6/s}
services: {processor/payment: {latency: {type: Exponential, mean: 100ms}, workers: 1, concurrency: 1}}
platform: {request: 0.1ms}
"""
"""One place, Poisson arrivals, exponential service: M/M/1, six tenths of it in use."""


@cache
def figures(text: str, seed: int = 1) -> Figures:
    specs = compiled(order=ORDER) if "approved" in text else compiled(one=ONE)
    return simulate(specs, read_workload(text.encode(), specs).unwrap(), seed)


def test_of_one_place_so_much_is_taken_as_is_asked_of_it() -> None:
    (service,) = figures(QUEUE).services
    assert service.utilisation == pytest.approx(RATE * MEAN, rel=0.1)
    assert service.asked_places == pytest.approx(RATE * MEAN, rel=0.1)
    assert service.busiest == 1


def test_the_time_in_a_queue_of_one_place_is_that_of_theory() -> None:
    (service,) = figures(QUEUE).services
    spent = service.wait.mean + service.latency.mean
    assert spent == pytest.approx(1.0 / (1.0 / MEAN - RATE), rel=0.25)


def test_littles_law_holds() -> None:
    run = figures(QUEUE)
    rate = run.traversals.handed_in / run.seconds
    assert run.backlog.mean == pytest.approx(rate * run.traversals.latency.mean, rel=0.02)


def test_all_that_is_handed_in_ends_and_is_counted_everywhere_alike() -> None:
    run = figures(QUEUE)
    count = run.traversals.handed_in
    assert run.wrong == []
    assert run.traversals.statuses == {"Completed": count}
    assert run.traversals.latency.count == count
    assert run.services[0].attempts == run.attempts == count
    assert round(sum(moment.ended for moment in run.moments) * run.moment_seconds) == count
    assert round(sum(moment.handed_in for moment in run.moments) * run.moment_seconds) == count
    assert run.moments[-1].backlog == 0


def test_a_seed_gives_the_same_figures_and_another_seed_others() -> None:
    again = figures.__wrapped__(STUCK)
    assert document_of(again) == document_of(figures(STUCK))
    assert document_of(figures(STUCK, seed=2)) != document_of(again)


OVERLOAD = """
duration: 1m
arrivals: {rate: 14/s}
services: {processor/payment: {latency: {type: Exponential, mean: 100ms}, concurrency: 1}}
"""


def test_of_more_than_it_can_do_a_service_does_what_it_can_and_the_rest_piles_up() -> None:
    run = figures(OVERLOAD)
    (service,) = run.services
    assert service.utilisation > 0.98
    assert run.throughput == pytest.approx(1.0 / MEAN, rel=0.1)
    assert run.backlog.is_growing
    assert run.backlog.at_end == pytest.approx((14.0 - 1.0 / MEAN) * 60.0, rel=0.5)
    assert service.waiting_at_end >= run.backlog.at_end - 5
    assert sum(run.traversals.statuses.values()) == run.traversals.handed_in


def test_twice_the_workers_are_twice_the_places() -> None:
    run = figures(OVERLOAD.replace("concurrency: 1", "concurrency: 1, workers: 2"))
    (service,) = run.services
    assert service.utilisation == pytest.approx(0.7, rel=0.1)
    assert service.busiest == 2
    assert not run.backlog.is_growing


STUCK = """
duration: 1m
arrivals: {rate: 4/s}
services: {processor/payment: {neverAnswers: 5%, failures: {busy: 10%}}}
"""


def test_what_nobody_ever_answers_is_said_to_be_stuck_with_the_cure() -> None:
    run = figures(STUCK)
    (service,) = run.services
    (sentence,) = run.wrong
    assert service.never_answered > 0
    assert sentence.startswith(f"{service.never_answered} traversals are stuck: pay of one asks processor/payment")
    assert "give pay of one a timeout" in sentence
    assert run.under_way == 0
    assert sum(run.traversals.statuses.values()) == run.traversals.handed_in - service.never_answered


def test_failures_are_as_many_as_the_workload_says_and_are_told_by_node_and_code() -> None:
    run = figures(STUCK)
    (failure,) = run.failures
    assert (failure.spec, failure.node, failure.code, failure.retried) == ("one", "pay", "busy", 0)
    assert failure.final == run.traversals.statuses["Failed"] == run.traversals.errors["busy"]
    assert failure.final / run.attempts == pytest.approx(0.1, abs=0.05)


EVENTS = """
duration: 1m
arrivals: {type: Constant, rate: 2/s}
services: {processor/stock: {latency: 1s}, processor/payment: {latency: 1s}}
events: {approved: {after: 10s, share: 50%}}
"""


def test_events_come_when_the_workload_says_and_to_as_many() -> None:
    run = figures(EVENTS)
    latency = run.traversals.latency
    completed, timed_out = run.traversals.statuses["Completed"], run.traversals.statuses["Failed"]
    assert completed + timed_out == run.traversals.handed_in == 119
    assert completed / run.traversals.handed_in == pytest.approx(0.5, abs=0.12)
    assert latency.most == pytest.approx(601.0, abs=1.0)  # the await's own timeout
    assert min(each.latency.p50 for each in run.moments if each.latency.count) == pytest.approx(12.0, abs=0.5)


def test_an_event_that_never_comes_leaves_stuck_who_has_no_timeout() -> None:
    document = {"entryPoints": [{"type": "await", "id": "approval", "event": "approved"}]}
    specs = compiled(one=document)
    text = "duration: 1m\narrivals: {type: Constant, rate: 6/m}\nevents: {approved: {share: 0%}}"
    (sentence,) = simulate(specs, read_workload(text.encode(), specs).unwrap(), 1).wrong
    assert sentence.startswith("5 traversals are stuck: approval of one waits for the event approved")


def test_faults_change_when_things_end_and_not_whether() -> None:
    specs = compiled(one=ONE)
    calm = read_workload(QUEUE.encode(), specs).unwrap()
    run = simulate(specs, evolve(calm, faults=6 / 60, seconds=60.0), 3)
    assert run.wrong == []
    assert len(run.happened) > 6
    assert run.traversals.statuses == {"Completed": run.traversals.handed_in}


def test_specs_share_what_is_handed_in_as_they_are_told_to() -> None:
    specs = compiled(often=ONE, seldom=ONE)
    text = """
    duration: 30s
    arrivals: {rate: 12/s}
    specs: {often: {share: 3}}
    services: {processor/payment: {latency: 1ms}}
    """
    run = simulate(specs, read_workload(text.encode(), specs).unwrap(), 1)
    often, seldom = run.specs["often"].handed_in, run.specs["seldom"].handed_in
    assert often + seldom == run.traversals.handed_in
    assert often / (often + seldom) == pytest.approx(0.75, abs=0.06)

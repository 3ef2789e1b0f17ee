"""What people see of a run: the advice, and the picture."""

from collections.abc import Sequence
from xml.etree import ElementTree

import pytest

from waygrid_shell.simulation.workload.advice import advice_of
from waygrid_shell.simulation.workload.figures import (
    BacklogFigures,
    Figures,
    Moment,
    ServiceFigures,
    TraversalFigures,
)
from waygrid_shell.simulation.workload.measures import Latency
from waygrid_shell.simulation.workload.plot import draw_plot


def service(
    *, busy: float, asked: float, most: float = 0.0, wait_p99: float = 0.0, attempts: int = 100
) -> ServiceFigures:
    return ServiceFigures(
        service="processor/payment",
        workers=2,
        concurrency=4,
        attempts=attempts,
        failures={},
        never_answered=0,
        utilisation=busy,
        busiest=8,
        wait=Latency(count=100, p99=wait_p99),
        latency=Latency(count=100, p99=0.5),
        waiting_most=0,
        waiting_at_end=0,
        asked_places=asked,
        asked_places_most=most,
    )


def figures(
    *services: ServiceFigures, is_growing: bool = False, moments: Sequence[Moment] = (), seconds: float = 60.0
) -> Figures:
    traversals = TraversalFigures(handed_in=100, statuses={"Completed": 100}, errors={}, latency=Latency())
    return Figures(
        seed=1,
        seconds=seconds,
        drained_seconds=1.0,
        traversals=traversals,
        specs={"order": traversals},
        throughput=1.0,
        attempts=100,
        retries=0,
        refused=0,
        backlog=BacklogFigures(mean=1.0, most=7, at_end=1, is_growing=is_growing),
        services=services,
        failures=(),
        moments=moments,
        moment_seconds=10.0,
        under_way=0,
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (figures(service(busy=0.99, asked=12.3), is_growing=True), "cannot keep up"),
        (figures(service(busy=0.99, asked=12.3), is_growing=True), "keeps 13 busy; 18 would have room"),
        (figures(service(busy=0.96, asked=7.7)), "barely keeps up"),
        (figures(service(busy=0.4, asked=3.2, most=20.9, wait_p99=40.0)), "did not keep up all the time"),
        (figures(service(busy=0.4, asked=3.2, most=20.9, wait_p99=40.0)), "keeps 21 busy; 30 would have room"),
        (figures(service(busy=0.8, asked=6.4)), "which kept up"),
        (figures(service(busy=0.2, asked=1.6), is_growing=True), "no service is busy"),
        (figures(service(busy=0.25, asked=2.0)), "No bottleneck"),
        (figures(service(busy=0.25, asked=2.0)), "about 4.0 times as much"),
        (figures(service(busy=0.0, asked=0.0, attempts=0)), "Nothing was asked"),
    ],
)
def test_the_advice_names_the_bottleneck_and_what_would_do(found: Figures, said: str) -> None:
    assert said in advice_of(found)


def moment(at: float, *, backlog: int, latency: Latency) -> Moment:
    return Moment(at=at, handed_in=2.0, ended=1.0, backlog=backlog, waiting=0, latency=latency)


def test_the_picture_is_a_whole_document_with_a_curve_for_each_thing_in_its_legend() -> None:
    some = Latency(count=3, p50=0.1, p90=0.2, p99=0.3, most=0.3)
    moments = [moment(10.0 * number, backlog=number, latency=some) for number in range(6)]
    root = ElementTree.fromstring(draw_plot(figures(moments=moments), "a <b> & c"))
    text = [element.text for element in root.iter() if element.text]
    curves = [each for each in root.iter() if each.tag.endswith("polyline")]
    assert {"handed in", "ended", "traversals under way", "p50", "p90", "p99", "a <b> & c"} <= set(text)
    assert len(curves) == 7
    assert all(len(each.attrib["points"].split()) == 6 for each in curves)


def test_where_nothing_ended_the_curve_of_latencies_has_a_gap() -> None:
    some = Latency(count=1, p50=0.1, p90=0.1, p99=0.1, most=0.1)
    given = [some, some, Latency(), some]
    moments = [moment(10.0 * number, backlog=0, latency=each) for number, each in enumerate(given)]
    root = ElementTree.fromstring(draw_plot(figures(moments=moments), "gap"))
    red = [each for each in root.iter() if each.tag.endswith("polyline") and "red" in each.attrib["class"]]
    assert len(red) == 2


def test_a_picture_of_nothing_is_one_too() -> None:
    ElementTree.fromstring(draw_plot(figures(), "nothing"))


def test_higher_values_stand_higher_and_all_within_their_panel() -> None:
    moments = [moment(10.0 * number, backlog=100 * number, latency=Latency()) for number in range(5)]
    root = ElementTree.fromstring(draw_plot(figures(moments=moments), "rise"))
    blue = [each for each in root.iter() if each.tag.endswith("polyline") and "blue" in each.attrib["class"]]
    heights = [float(point.split(",")[1]) for point in blue[1].attrib["points"].split()]
    assert heights == sorted(heights, reverse=True)
    height = float(root.attrib["height"])
    assert all(0.0 < each < height for each in heights)

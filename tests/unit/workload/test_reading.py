"""From the text of a workload to what it says."""

import pytest

from tests.unit.workload.specs import ONE, ORDER, problems, workload
from waygrid_core.model.address import ServiceAddress
from waygrid_shell.simulation.workload.arrivals import Bursts, Step
from waygrid_shell.simulation.workload.durations import Constant, Exponential, LogNormal, Uniform

PAYMENT = ServiceAddress("processor", "payment")
STOCK = ServiceAddress("processor", "stock")


def test_one_line_is_enough_and_the_rest_is_as_usual() -> None:
    read = workload("arrivals: {rate: 20/s}", order=ORDER)
    assert read.arrivals is not None
    assert read.arrivals.steps[0].first == 20.0
    assert not read.arrivals.is_even
    assert (read.seconds, read.drain_seconds, read.faults) == (600.0, 3600.0, 0.0)
    assert read.services[PAYMENT].latency == LogNormal(0.1, 0.5)
    assert read.services[PAYMENT].places == 64
    assert read.events["approved"].after == Constant(60.0)
    assert read.unsaid == ("processor/payment", "processor/stock", "the event approved")


def test_what_is_said_of_a_service_is_so_and_it_is_not_among_what_is_unsaid() -> None:
    text = """
    arrivals: {type: Constant, rate: 90/m}
    services:
      processor/payment:
        latency: {type: Uniform, from: 100ms, to: 300ms}
        failures: {busy: 2.5%, lost: 0.01}
        neverAnswers: 0.1%
        workers: 2
        concurrency: 8
        deadline: 30s
      waygrid://processor/stock: {latency: 40ms}
    events: {approved: {after: {type: Exponential, mean: 2m}, share: 90%}}
    platform: {processes: 3, partitions: 12, request: 5ms}
    faults: 6/h
    """
    read = workload(text, order=ORDER)
    assert read.arrivals is not None
    assert (read.arrivals.steps[0].first, read.arrivals.is_even) == (1.5, True)
    payment = read.services[PAYMENT]
    assert payment.latency == Uniform(0.1, 0.3)
    assert payment.failures == {"busy": 0.025, "lost": 0.01}
    assert payment.never_answers == pytest.approx(0.001)
    assert payment.places == 16
    assert read.services[STOCK].latency == Constant(0.04)
    assert (read.events["approved"].after, read.events["approved"].share) == (Exponential(120.0), 0.9)
    assert (read.platform.processes, read.platform.partitions, read.platform.request_seconds) == (3, 12, 0.005)
    assert read.faults == pytest.approx(6 / 3600)
    assert read.unsaid == ()


def test_a_schedule_says_how_long_it_goes_on() -> None:
    steps = "[{for: 2m, rate: 5/s}, {for: 1m, from: 5/s, to: 20/s}, {for: 1m, rate: 0/s}]"
    text = f"arrivals: {{type: Schedule, steps: {steps}}}"
    read = workload(text, one=ONE)
    assert read.arrivals is not None
    assert read.arrivals.steps == [Step(120.0, 5.0, 5.0), Step(60.0, 5.0, 20.0), Step(60.0, 0.0, 0.0)]
    assert read.seconds == 240.0


def test_a_burst_comes_on_top_of_a_rate() -> None:
    read = workload("arrivals: {type: Burst, size: 500, every: 10m, rate: 2/s}", one=ONE)
    assert read.arrivals is not None
    assert read.arrivals.bursts == Bursts(500, 600.0)
    assert read.arrivals.steps[0].first == 2.0


def test_a_spec_has_a_share_or_arrivals_of_its_own_and_a_payload() -> None:
    text = """
    arrivals: {rate: 4/s}
    payload: {any: true}
    specs: {one: {share: 3}, order: {arrivals: {rate: 1/h}, payload: {id: 7}}}
    """
    read = workload(text, one=ONE, order=ORDER)
    assert (read.specs["one"].share, read.specs["one"].arrivals) == (3.0, None)
    assert read.specs["order"].arrivals is not None


@pytest.mark.parametrize(
    ("text", "pointer", "code", "cure"),
    [
        ("{}", "", "missing-field", "write arrivals"),
        ("arrivals: {type: Poison, rate: 5/s}", "/arrivals/type", "unknown-type", "'Poisson'"),
        ("arrivals: {rate: 5}", "/arrivals/rate", "wrong-type", "such as '20/s'"),
        ("arrivals: {rate: 0/s}", "/arrivals/rate", "out-of-range", "above 0"),
        ("arrivals: {rate: 900000/s}", "/arrivals/rate", "out-of-range", "at most"),
        ("arrivals: {type: Ramp, from: 1/s, to: 2/s}", "/arrivals", "missing-field", "'over'"),
        ("arrivals: {type: Schedule, steps: []}", "/arrivals/steps", "out-of-range", "at least one"),
        (
            "arrivals: {type: Schedule, steps: [{for: 1m}]}",
            "/arrivals/steps/0",
            "missing-field",
            "a rate, or from and to",
        ),
        (
            "arrivals: {type: Schedule, steps: [{for: 1m, rate: 1/s, to: 2/s}]}",
            "/arrivals/steps/0/rate",
            "conflicting-fields",
            "not both",
        ),
        ("arrival: {rate: 5/s}\narrivals: {rate: 5/s}", "/arrival", "unknown-field", "'arrivals'"),
        ("arrivals: {rate: 5/s}\nspecs: {ordr: {}}", "/specs/ordr", "unknown-ref", "'order'"),
        ("arrivals: {rate: 5/s}\nspecs: {order: {share: 0}}", "/specs/order/share", "out-of-range", "above 0"),
        (
            "specs: {order: {share: 1, arrivals: {rate: 5/s}}}",
            "/specs/order/share",
            "conflicting-fields",
            "not both",
        ),
        ("arrivals: {rate: 5/s}\nservices: {paym: {}}", "/services/paym", "bad-address", "waygrid://<component>"),
        (
            "arrivals: {rate: 5/s}\nservices: {processor/paymnt: {}}",
            "/services/processor~1paymnt",
            "unknown-ref",
            "'processor/payment'",
        ),
        ("arrivals: {rate: 5/s}\nevents: {approve: {}}", "/events/approve", "unknown-ref", "'approved'"),
        ("arrivals: {rate: 5/s}\nduration: long", "/duration", "bad-duration", "such as 5s"),
        ("arrivals: {rate: 5/s}\nplatform: {processes: 0}", "/platform/processes", "out-of-range", "from 1"),
        ("arrivals: {rate: 5/s}\nfaults: often", "/faults", "wrong-type", "such as '20/s'"),
        ("arrivals: [", "", "not-json", ""),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_its_cure(text: str, pointer: str, code: str, cure: str) -> None:
    (problem,) = problems(text, order=ORDER)
    assert (problem.code, problem.pointer if code != "not-json" else "") == (code, pointer)
    assert cure in problem.message


@pytest.mark.parametrize(
    ("fields", "place", "code", "cure"),
    [
        ("latency: {mean: 5s}", "latency", "missing-field", "'type'"),
        ("latency: {type: Uniform, from: 2s, to: 1s}", "latency/to", "out-of-range", "at least as long as from"),
        (
            "latency: {type: LogNormal, median: 2s, p99: 1s}",
            "latency/p99",
            "out-of-range",
            "at least as long as median",
        ),
        ("latency: {type: LogNormal, median: 1ms, p99: 1h}", "latency/p99", "out-of-range", "times as long"),
        ("latency: 12", "latency", "wrong-type", "a duration, or an object"),
        ("failures: {busy: 60%, lost: 50%}", "failures", "out-of-range", "more than all"),
        ("failures: {busy: 101%}", "failures/busy", "out-of-range", "100%"),
        ("failures: {busy: often}", "failures/busy", "wrong-type", "such as '2%'"),
        ("failures: [busy]", "failures", "wrong-type", "must be an object"),
        ("workers: 65", "workers", "out-of-range", "from 1 to 64"),
        ("concurrency: 0", "concurrency", "out-of-range", "from 1 to"),
        ("output: {$nmber: true}", "output/$nmber", "unknown-type", "'$number'"),
        ("output: {$number: 1}", "output/$number", "wrong-type", "must be true"),
        ("output: {$whole: [6, 1]}", "output/$whole", "out-of-range", "[1, 6]"),
        ("output: {$whole: many}", "output/$whole", "wrong-type", "two whole numbers"),
        ("output: {$choice: []}", "output/$choice", "out-of-range", "at least one"),
        ("output: {$choice: [a, b], weights: [1]}", "output/weights", "out-of-range", "as many weights"),
        ("output: {$choice: [a], weights: [x]}", "output/weights", "wrong-type", "numbers"),
        ("output: {$choice: [a], weights: [0]}", "output/weights", "out-of-range", "not all of them 0"),
        ("output: {$list: a}", "output", "missing-field", "'length'"),
        ("output: {$text: hi, more: 1}", "output/more", "unknown-field", "no field"),
    ],
)
def test_what_is_wrong_with_a_service_is_said(fields: str, place: str, code: str, cure: str) -> None:
    (problem,) = problems(f"arrivals: {{rate: 5/s}}\nservices: {{processor/payment: {{{fields}}}}}", one=ONE)
    assert (problem.code, problem.pointer) == (code, f"/services/processor~1payment/{place}")
    assert cure in problem.message


def test_all_that_is_wrong_is_said_at_once() -> None:
    text = "arrivals: {rate: 5}\nduration: x\nservices: {processor/payment: {workers: 0, latncy: 5s}}"
    assert [each.pointer for each in problems(text, one=ONE)] == [
        "/arrivals/rate",
        "/duration",
        "/services/processor~1payment/latncy",
        "/services/processor~1payment/workers",
    ]


def test_a_service_that_is_written_twice_is_a_mistake() -> None:
    text = "arrivals: {rate: 5/s}\nservices: {processor/payment: {}, waygrid://processor/payment: {}}"
    (problem,) = problems(text, one=ONE)
    assert problem.code == "conflicting-fields"

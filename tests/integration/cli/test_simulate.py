"""`waygrid simulate`."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from tests.integration.cli.command import Ran, Waygrid

PAY = """\
entryPoints:
  - type: standard
    id: charge
    address: waygrid://processor/payment
    timeout: 10s
    retryPolicy: {type: Linear, base: 1s, maxRetries: 2}
"""
LOAD = """\
arrivals: {rate: 5/s}
duration: 20s
services:
  processor/payment: {latency: {type: Exponential, mean: 200ms}, failures: {busy: 10%}, concurrency: 4}
"""
EXAMPLE = Path(__file__).parents[3] / "examples" / "orders"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pay.yaml").write_text(PAY)
    (tmp_path / "load.yaml").write_text(LOAD)
    return tmp_path


def said(ran: Ran) -> list[str]:
    """The lines of standard error, without those that tell how far it is: a busy machine says more of them."""
    return [line for line in ran.err.splitlines() if not line.endswith(" under way")]


def document(ran: Ran) -> dict[str, Any]:
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    found.pop("took")
    return found


def test_tables_say_how_quick_it_was_and_which_service_is_the_bottleneck(waygrid: Waygrid, folder: Path) -> None:
    ran = waygrid("simulate", "--spec", "pay.yaml", "--workload", "load.yaml")
    assert (ran.code, said(ran)) == (0, [])
    heads = [line.split()[0] for line in ran.out.splitlines() if line[:1].isupper() and line.split()[0].isupper()]
    assert heads == ["TRAVERSALS", "SERVICE", "FAILURES", "FROM"]
    assert "processor/payment  1 x 4" in ran.out
    assert "charge of pay" in ran.out
    assert "No bottleneck: the busiest service is processor/payment" in ran.out
    assert ran.out.splitlines()[-1].startswith("Simulated 2")


def test_the_same_seed_gives_the_same_document_whatever_the_hashes(waygrid: Waygrid, folder: Path) -> None:
    def told(seed: str, hash_seed: str) -> dict[str, Any]:
        options = ("--spec", "pay.yaml", "--workload", "load.yaml", "--seed", seed, "--format", "json")
        return document(waygrid("simulate", *options, environment={"PYTHONHASHSEED": hash_seed}))

    first = told("7", "1")
    assert first == told("7", "2")
    assert first != told("8", "1")
    assert first["traversals"]["handedIn"] == sum(first["traversals"]["statuses"].values())
    assert first["wrong"] == []


def test_a_picture_is_drawn_and_options_have_the_last_word(waygrid: Waygrid, folder: Path) -> None:
    options = ("--duration", "5s", "--processes", "2", "--plot", "load.svg", "--format", "json", "-o", "out.json")
    ran = waygrid("simulate", "--spec", "pay.yaml", "--workload", "load.yaml", *options)
    assert (ran.code, ran.out) == (0, "")
    assert ElementTree.parse(folder / "load.svg").getroot().tag.endswith("svg")
    assert json.loads((folder / "out.json").read_text())["simulated"]["seconds"] == 5.0


def test_faults_are_told_of_and_leave_nothing_wrong(waygrid: Waygrid, folder: Path) -> None:
    options = ("--faults", "--duration", "2m", "--seed", "4")
    (folder / "load.yaml").write_text("arrivals: {rate: 1/s}\nservices: {processor/payment: {latency: 10ms}}")
    ran = waygrid("simulate", "--spec", "pay.yaml", "--workload", "load.yaml", *options)
    assert (ran.code, said(ran)) == (0, [])
    assert "What happened to it" in ran.out
    assert "faults       are over" in ran.out


def test_what_is_stuck_makes_it_fail_with_the_cure(waygrid: Waygrid, folder: Path) -> None:
    (folder / "pay.yaml").write_text(
        "entryPoints: [{type: standard, id: charge, address: waygrid://processor/payment}]"
    )
    (folder / "load.yaml").write_text(
        "arrivals: {type: Constant, rate: 1/s}\nduration: 10s\nservices: {processor/payment: {neverAnswers: 100%}}"
    )
    ran = waygrid("simulate", "--spec", "pay.yaml", "--workload", "load.yaml")
    assert ran.code == 1
    (sentence,) = said(ran)
    assert sentence.startswith("waygrid: 9 traversals are stuck: charge of pay asks processor/payment, which never ")
    assert sentence.endswith("give charge of pay a timeout")
    assert "9 stuck" in ran.out


def test_all_that_is_wrong_with_a_workload_is_said_with_its_line(waygrid: Waygrid, folder: Path) -> None:
    (folder / "load.yaml").write_text("arrivals: {rate: 5}\nservices:\n  processor/paymnt: {}\n")
    ran = waygrid("simulate", "--spec", "pay.yaml", "--workload", "load.yaml")
    assert (ran.code, ran.out) == (1, "")
    first, second, last = ran.err.splitlines()
    assert first.startswith("load.yaml:/arrivals/rate: wrong-type: ")
    assert first.endswith("(line 1)")
    assert second.startswith("load.yaml:/services/processor~1paymnt: unknown-ref: ")
    assert second.endswith("did you mean 'processor/payment'? (line 3)")
    assert last == "waygrid: load.yaml is not right; nothing was run"


def test_what_the_workload_leaves_unsaid_is_told(waygrid: Waygrid, folder: Path) -> None:
    (folder / "load.yaml").write_text("arrivals: {rate: 5/s}\nduration: 2s")
    ran = waygrid("simulate", "--spec", "pay.yaml", "--workload", "load.yaml")
    assert ran.code == 0
    assert said(ran) == ["waygrid: the workload says nothing of processor/payment: taken as usual, see --help"]


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        ((), "which Spec? Give --spec FILE"),
        (("--spec", "pay.yaml"), "under which load? Give --workload FILE"),
        (("--spec", "pay.yaml", "--workload", "none.yaml"), "cannot read none.yaml"),
        (("--spec", "none.yaml", "--workload", "load.yaml"), "cannot read none.yaml"),
        (("--spec", "pay.yaml", "--workload", "load.yaml", "--duration", "5"), "--duration: '5' is no duration"),
        (("--spec", "pay.yaml", "--workload", "load.yaml", "--plot", "load.png"), "ends in .svg"),
        (("--spec", "pay.yaml", "--workload", "load.yaml", "--processes", "0"), "--processes 0: write 1 to 64"),
        (("--spec", "pay.yaml", "--spec", "pay.yaml", "--workload", "load.yaml"), "two Specs are called pay"),
    ],
)
def test_what_cannot_be_carried_out_is_said_with_the_cure(
    waygrid: Waygrid, folder: Path, arguments: tuple[str, ...], cure: str
) -> None:
    ran = waygrid("simulate", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert cure in ran.err


def test_a_wrong_spec_is_told_as_by_validate(waygrid: Waygrid, folder: Path) -> None:
    (folder / "pay.yaml").write_text("entryPoints: [{type: pas}]")
    ran = waygrid("simulate", "--spec", "pay.yaml", "--workload", "load.yaml")
    assert ran.code == 1
    assert "pay.yaml:/entryPoints/0/type: unknown-type" in ran.err


def test_the_schema_of_workloads_is_printed_and_takes_the_example(waygrid: Waygrid) -> None:
    schema = json.loads(waygrid("schema", "workload").out)
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load((EXAMPLE / "load.yaml").read_text()))


def test_the_workload_of_the_shop_runs_its_orders(waygrid: Waygrid) -> None:
    files = ("--spec", str(EXAMPLE / "orders.yaml"), "--workload", str(EXAMPLE / "load.yaml"))
    told = document(waygrid("simulate", *files, "--duration", "30s", "--format", "json"))
    assert told["wrong"] == []
    assert told["traversals"]["statuses"]["Completed"] > 0.8 * told["traversals"]["handedIn"]
    assert {each["service"] for each in told["services"] if each["attempts"]} >= {
        "processor/http",
        "destination/webhook",
    }

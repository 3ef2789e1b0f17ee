"""`waygrid verify`."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.command import Ran, Waygrid

PAY = """\
entryPoints:
  - type: fork
    joinNodeId: both
    branches:
      approval: {type: standard, id: approval, address: waygrid://processor/ask}
      money:
        {type: standard, id: reserve, address: waygrid://processor/bank,
         onSuccess: {type: standard, id: payout, address: waygrid://processor/bank}}
    join: {type: join, joinNodeId: both, strategy: {type: And}}
guarantees:
  - never: {dispatch: payout, before: {succeeded: approval}}
"""
RIGHT = """\
entryPoints:
  - {type: standard, id: approval, address: waygrid://processor/ask,
     onSuccess: {type: standard, id: payout, address: waygrid://processor/bank}}
guarantees:
  - never: {dispatch: payout, before: {succeeded: approval}}
"""


@pytest.fixture(autouse=True)
def cache_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_spec_that_keeps_its_word_is_proved_to(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "right.yaml").write_text(RIGHT)
    ran = waygrid("verify", "right.yaml")
    first, *rest = ran.out.splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert first == "right.yaml: proved: 2 states of 1 graph; 1 of 1 guarantee holds; it ends completed or failed"
    assert [line.split(":")[0] for line in rest[:1]] == ["  warning unhandled-failure"]
    assert waygrid("verify", "right.yaml", "--strict").code == 1


def test_a_broken_guarantee_is_shown_with_a_shortest_run(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "pay.yaml").write_text(PAY)
    ran = waygrid("verify", "pay.yaml")
    assert ran.code == 1
    assert ran.out.splitlines()[:4] == [
        "pay.yaml: broken: 5 states of 1 graph; 0 of 1 guarantee holds; it ends completed or failed",
        "  error guarantee-broken: payout may be dispatched before approval has succeeded",
        "    1. it begins: both opens, approval is dispatched, reserve is dispatched",
        "    2. reserve succeeds: payout is dispatched",
    ]


def test_what_is_saved_is_a_scenario_that_passes_and_shows_it(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "pay.yaml").write_text(PAY)
    ran = waygrid("verify", "pay.yaml", "--save", "found")
    assert ran.code == 1
    assert ran.err.splitlines() == [
        "waygrid: wrote found/pay-guarantee-broken-1.scenarios.yaml",
        "waygrid: wrote found/pay-unhandled-failure-2.scenarios.yaml",
    ]
    saved = (tmp_path / "found" / "pay-guarantee-broken-1.scenarios.yaml").read_text()
    assert saved.startswith("# payout may be dispatched before approval has succeeded\n")
    assert "as near as it gets" not in saved
    assert waygrid("test", "found").code == 0
    # Once the Spec is mended, what was broken is not any more: the scenario says so.
    (tmp_path / "pay.yaml").write_text(RIGHT)
    assert waygrid("test", "found/pay-guarantee-broken-1.scenarios.yaml").code == 1


def test_the_picture_marks_the_run(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "pay.yaml").write_text(PAY)
    assert waygrid("verify", "pay.yaml", "--picture", "why.svg").code == 1
    assert waygrid("verify", "pay.yaml", "--picture", "why.mmd").code == 1
    assert (tmp_path / "why.svg").read_text().count(" marked") == 4
    assert "classDef marked" in (tmp_path / "why.mmd").read_text()
    ran = waygrid("verify", "pay.yaml", "--picture", "why.png")
    assert (ran.code, ran.out) == (2, "")
    assert "name a file that ends in .svg or .mmd" in ran.err


def test_json_and_sarif_say_the_same_for_programs(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "pay.yaml").write_text(PAY)
    (tmp_path / "bad.yaml").write_text("entryPoints: []\n")
    ran = waygrid("verify", "pay.yaml", "bad.yaml", "missing.yaml", "--format", "json")
    assert ran.code == 2
    pay, bad, missing = json.loads(ran.out)
    assert (pay["file"], pay["verdict"], pay["levels"][0]["exhaustive"]) == ("pay.yaml", "broken", True)
    assert [each["code"] for each in pay["levels"][0]["findings"]] == ["guarantee-broken", "unhandled-failure"]
    assert (bad["verdict"], [each["code"] for each in bad["errors"]]) == ("invalid", ["empty-entry-points"])
    assert [each["code"] for each in missing["errors"]] == ["unreadable"]
    sarif = json.loads(waygrid("verify", "pay.yaml", "bad.yaml", "--format", "sarif").out)
    (run,) = sarif["runs"]
    assert sarif["version"] == "2.1.0"
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [
        ("guarantee-broken", "error"),
        ("unhandled-failure", "warning"),
        ("empty-entry-points", "error"),
    ]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {"guarantee-broken", "stuck", "unreachable-node"} <= rules


def test_a_verdict_that_is_known_is_not_found_again_and_a_broken_cache_does_no_harm(
    waygrid: Waygrid, tmp_path: Path
) -> None:
    (tmp_path / "pay.yaml").write_text(PAY)
    first = waygrid("verify", "pay.yaml")
    (kept,) = (tmp_path / "cache" / "waygrid" / "verify").iterdir()
    document = json.loads(kept.read_text())
    document["states"] = 4711
    kept.write_text(json.dumps(document))
    assert "4711 states" in waygrid("verify", "pay.yaml").out
    assert waygrid("verify", "pay.yaml", "--no-cache").out == first.out
    kept.write_text("{")
    assert waygrid("verify", "pay.yaml").out == first.out


def test_beyond_the_budget_it_says_bounded_and_the_seed_decides(waygrid: Waygrid, tmp_path: Path) -> None:
    branches = {f"b{at}": {"type": "standard", "id": f"n{at}-0", "address": "waygrid://processor/a"} for at in range(4)}
    for at, node in enumerate(branches.values()):
        for deep in range(1, at + 2):
            node["onSuccess"] = node = {  # type: ignore[assignment]
                "type": "standard",
                "id": f"n{at}-{deep}",
                "address": "waygrid://processor/a",
            }
    join = {"type": "join", "joinNodeId": "j", "strategy": {"type": "And"}}
    spec = {
        "entryPoints": [{"type": "fork", "joinNodeId": "j", "branches": branches, "join": join}],
        "guarantees": [{"atMost": {"dispatch": "n0-0", "times": 1}}],
    }
    (tmp_path / "wide.json").write_text(json.dumps(spec))

    def run(*options: str) -> Ran:
        return waygrid("verify", "wide.json", "--every-order", "--no-cache", *options)

    proved = run().out
    assert "wide.json: proved" in proved
    assert "; 1 of 1 guarantee holds; " in proved
    bounded = run("--budget", "20", "--seed", "7")
    assert bounded.code == 0
    assert "wide.json: bounded: " in bounded.out
    assert "of 1 graph, and runs drawn at random beyond the budget; 1 of 1 guarantee held in these; " in bounded.out
    assert run("--budget", "20", "--seed", "7").out == bounded.out
    assert run("--budget", "0").code == 2

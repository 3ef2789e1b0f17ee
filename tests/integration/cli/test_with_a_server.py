"""The commands that talk to a server, against one that runs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.cli.command import Ran, Waygrid, run_waygrid
from tests.integration.cli.dev_server import dev_server

DOUBLE = "name: doubling\nentryPoints: [{type: standard, id: double, address: 'waygrid://processor/double'}]\n"
DECLINES = """\
entryPoints:
  - type: standard
    id: double
    address: waygrid://processor/double
    onSuccess: {type: standard, id: pay, address: 'waygrid://processor/declines'}
"""
CORRECTED = DECLINES.replace(
    "id: pay, address: 'waygrid://processor/declines'", "id: more, address: 'waygrid://processor/double'"
)
APPROVAL = """\
entryPoints:
  - type: await
    id: approval
    event: approved
    key: {$from: /payload/id}
    onSuccess: {type: pass, id: done, output: {$from: /nodes/approval/output}}
"""
FORK = """\
entryPoints:
  - type: fork
    joinNodeId: both
    branches:
      called:
        type: call
        id: call
        body:
          type: standard
          id: double
          address: waygrid://processor/double
          onSuccess: {type: standard, id: pay, address: 'waygrid://processor/declines'}
      other: {type: standard, id: more, address: 'waygrid://processor/double'}
    join: {type: join, joinNodeId: both, strategy: {type: Quorum, n: 2}}
"""
WRONG = "entryPoints:\n  - type: standard\n    address: x\n    timeout: 5 sec\n"
ID = re.compile(r"[0-9A-Z]{26}\n")
MISSING = "01JABCDEFGHJKMNPQRSTVWXYZ0"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dev_server(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture
def waygrid(server: str, tmp_path: Path) -> Waygrid:
    """`waygrid`, in a folder with Specs, with `WAYGRID_SERVER` set."""
    specs = {"double": DOUBLE, "declines": DECLINES, "approval": APPROVAL, "wrong": WRONG, "corrected": CORRECTED}
    for name, text in specs.items():
        (tmp_path / f"{name}.yaml").write_text(text)

    def run(*arguments: str, stdin: bytes = b"") -> Ran:
        ran = run_waygrid(tmp_path, *arguments, stdin=stdin, environment={"WAYGRID_SERVER": server})
        assert not ran.has_traceback, ran.err
        return ran

    return run


def submitted(waygrid: Waygrid, *arguments: str) -> str:
    """The id that `waygrid submit` prints."""
    ran = waygrid("submit", *arguments)
    assert (ran.code, ran.err) == (0, ""), ran.err
    assert ID.fullmatch(ran.out)
    return ran.out.strip()


def dispatched(waygrid: Waygrid, traversal: str) -> set[str]:
    """The nodes that a traversal did itself, and did not take over."""
    lines = waygrid("history", traversal).out.splitlines()
    return {found[1] for line in lines if (found := re.search(r"(\S+) was dispatched", line))}


def objects(ran: Ran) -> list[Any]:
    """What a command with `--json` printed."""
    return [json.loads(line) for line in ran.out.splitlines()]


def test_submit_prints_the_id_of_what_will_run(waygrid: Waygrid) -> None:
    traversal = submitted(waygrid, "double.yaml", "--payload", '{"n": 21}')
    watched = waygrid("watch", traversal)
    assert watched.code == 0
    assert watched.out.splitlines()[-1] == f'completed  {traversal}  {{"n":42}}'


def test_submit_and_wait_prints_the_outcome_and_exits_1_if_it_failed(waygrid: Waygrid) -> None:
    good = waygrid("submit", "double.yaml", "--payload", '{"n": 4}', "--wait")
    assert (good.code, good.err) == (0, "")
    assert re.fullmatch(r'completed  [0-9A-Z]{26}  {"n":8}\n', good.out)
    bad = waygrid("submit", "declines.yaml", "--payload", '{"n": 4}', "--wait")
    assert bad.code == 1
    assert re.fullmatch(r"failed     [0-9A-Z]{26}  card-declined: no funds\n", bad.out)
    (view,) = objects(waygrid("submit", "double.yaml", "--payload", '{"n": 4}', "--wait", "--json"))
    assert (view["status"], view["output"]) == ("completed", {"n": 8})


def test_submit_waits_no_longer_than_it_is_told(waygrid: Waygrid) -> None:
    ran = waygrid("submit", "approval.yaml", "--payload", '{"id": "never"}', "--wait", "--timeout", "100ms")
    assert (ran.code, ran.out) == (1, "")
    assert "has not ended" in ran.err
    assert "it goes on" in ran.err


def test_a_file_of_payloads_is_submitted_whole_and_with_a_key_only_once(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "numbers.jsonl").write_text("\n".join(f'{{"n": {number}}}' for number in range(1500)))
    arguments = ("double.yaml", "--payload", "numbers.jsonl", "--label", "batch=many", "--idempotency-key", "monday")
    first = waygrid("submit", *arguments)
    assert len(set(first.out.split())) == 1500
    assert waygrid("submit", *arguments).out == first.out
    (tmp_path / "few.jsonl").write_text('{"n": 1}\n{"n": 2}\n{"n": 3}\n')
    ran = waygrid("submit", "double.yaml", "--payload", "few.jsonl", "--wait")
    assert ran.code == 0
    assert sorted(line.split()[-1] for line in ran.out.splitlines()) == ['{"n":2}', '{"n":4}', '{"n":6}']


def test_all_that_is_wrong_with_a_spec_is_shown_with_its_lines(waygrid: Waygrid) -> None:
    ran = waygrid("submit", "wrong.yaml")
    assert (ran.code, ran.out) == (1, "")
    first, second, last = ran.err.splitlines()
    assert first.startswith("wrong.yaml:/entryPoints/0/address: bad-address: ")
    assert first.endswith("(line 3)")
    assert second.startswith("wrong.yaml:/entryPoints/0/timeout: bad-duration: ")
    assert second.endswith("(line 4)")
    assert last == "waygrid: wrong.yaml is not right; nothing was submitted"


def test_a_dag_that_the_server_has_is_submitted_by_its_hash(waygrid: Waygrid) -> None:
    (first,) = objects(waygrid("submit", "double.yaml", "--payload", '{"n": 1}', "--json"))
    ran = waygrid("submit", first["dag"], "--payload", '{"n": 5}', "--wait")
    assert ran.out.endswith('  {"n":10}\n')
    unknown = waygrid("submit", "0" * 64)
    assert unknown.code == 1
    assert "no DAG" in unknown.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["double.yaml", "--payload", "{"], "nothing was submitted"),
        (["double.yaml", "--payload", "missing.json"], "cannot read missing.json: there is no such file"),
        (["missing.yaml"], "cannot read missing.yaml: there is no such file"),
        (["double.yaml", "--label", "customer"], "write KEY=VALUE"),
        (["double.yaml", "--timeout", "soon"], "--timeout"),
        (["-", "--payload", "-"], "standard input"),
    ],
)
def test_what_cannot_be_submitted_is_told_before_anything_is(waygrid: Waygrid, arguments: list[str], hint: str) -> None:
    ran = waygrid("submit", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert hint in ran.err


def test_what_the_server_refuses_of_a_submission_is_told(waygrid: Waygrid) -> None:
    ran = waygrid("submit", "double.yaml", "--label", "waygrid/x=1", "--entry", "3")
    assert ran.code == 1
    assert "waygrid/" in ran.err


def test_list_shows_what_is_asked_for(waygrid: Waygrid) -> None:
    label = ("--label", "test=list")
    waiting = submitted(waygrid, "approval.yaml", *label, "--payload", '{"id": "list"}', "--name", "first")
    failed = submitted(waygrid, "declines.yaml", *label, "--payload", '{"n": 1}')
    waygrid("watch", failed)
    ran = waygrid("list", *label)
    assert (ran.code, ran.err) == (0, "")
    head, first, second = ran.out.splitlines()
    assert head.split() == ["ID", "STATUS", "BEGUN", "TOOK", "NAME", "LABELS", "WHY"]
    assert first.split()[:2] == [failed, "failed"]
    assert first.endswith("card-declined: no funds")
    assert second.split()[:2] == [waiting, "running"]
    assert "\x1b" not in ran.out
    assert [each["id"] for each in objects(waygrid("list", *label, "--status", "failed", "--json"))] == [failed]
    assert [each["id"] for each in objects(waygrid("list", *label, "--name", "first", "--json"))] == [waiting]
    assert len(objects(waygrid("list", *label, "--since", "1h", "--json"))) == 2
    none = waygrid("list", *label, "--before", "1h")
    assert (none.code, none.out, none.err) == (0, "", "waygrid: there are none\n")
    short = waygrid("list", *label, "--limit", "1")
    assert len(short.out.splitlines()) == 2
    assert "--limit shows more" in short.err


def test_show_says_what_a_traversal_did_and_how_to_answer_what_it_waits_for(waygrid: Waygrid) -> None:
    waiting = submitted(waygrid, "approval.yaml", "--payload", '{"id": "order 7"}', "--label", "a=b")
    ran = waygrid("show", waiting)
    assert ran.code == 0
    assert f"{waiting}  running" in ran.out
    assert re.search(r"^labels +a=b$", ran.out, re.MULTILINE)
    assert re.search(r"^ +running +approval$", ran.out, re.MULTILINE)
    assert re.search(r"^ +not-reached +done$", ran.out, re.MULTILINE)
    send = re.search(r"waygrid (send .*)$", ran.out, re.MULTILINE)
    assert send is not None
    assert waygrid("send", "approved@order 7", "--data", '{"by": "Ada"}').code == 0
    waygrid("watch", waiting)
    assert re.search(r'^output +{"by":"Ada"}$', waygrid("show", waiting).out, re.MULTILINE)
    (view,) = objects(waygrid("show", waiting, "--json"))
    assert {node["name"]: node["status"] for node in view["nodes"]} == {"approval": "succeeded", "done": "succeeded"}


def test_history_tells_the_story_and_replay_shows_any_point_of_it(waygrid: Waygrid) -> None:
    traversal = submitted(waygrid, "declines.yaml", "--payload", '{"n": 1}')
    assert waygrid("watch", traversal).code == 1
    told = waygrid("history", traversal)
    assert told.code == 0
    lines = [line.split("  ")[-1] for line in told.out.splitlines()]
    assert "double succeeded" in lines
    assert any(line.startswith("pay failed") and "card-declined" in line for line in lines)
    entries = objects(waygrid("history", traversal, "--json"))
    then = waygrid("replay", traversal, "--at", str(entries[0]["version"]))
    assert re.search(r"^ +running +double$", then.out, re.MULTILINE)
    assert re.search(r"^ +not-reached +pay$", then.out, re.MULTILINE)
    beyond = waygrid("replay", traversal, "--at", "1000")
    assert (beyond.code, beyond.out) == (1, "")
    assert str(entries[-1]["version"]) in beyond.err


def test_replay_goes_through_a_traversal_and_supposes_what_was_not(waygrid: Waygrid, tmp_path: Path) -> None:
    traversal = submitted(waygrid, "declines.yaml", "--payload", '{"n": 1}')
    waygrid("watch", traversal)
    told = waygrid("replay", traversal)
    assert told.code == 0
    assert re.search(r"^ +3 .*  NodeFailure pay$", told.out, re.MULTILINE)
    assert re.search(r"^ +double: running > succeeded$", told.out, re.MULTILINE)
    assert re.search(r"^ +asks: pay to be done$", told.out, re.MULTILINE)
    decisions = objects(waygrid("replay", traversal, "--json"))
    assert [each["signal"] for each in decisions] == ["Begin", "NodeSuccess", "NodeFailure"]
    supposed = waygrid("replay", traversal, "--what-if", '3=succeed:{"paid": true}')
    assert supposed.out.splitlines()[-1] == "It would be completed."
    waiting = waygrid("replay", traversal, "--what-if", "3=nothing").out.splitlines()
    assert waiting == ["It would be running.", "  It would wait for the answer of pay."]
    earlier = waygrid("replay", traversal, "--what-if", "2=fail:broken").out.splitlines()
    assert earlier[-2:] == ["It would be failed.", "  NodeFailure pay came, and would have meant nothing."]
    assert waygrid("show", traversal).out.split()[1] == "failed", "nothing was done by supposing"
    for wrong, hint in (
        ("9=cancel", "there is no decision 9"),
        ("x", "write N=WHAT"),
        ("2=timeout", "double has no timeout"),
        ("1=fail", "answered no attempt"),
        ("2=succeed:{", "no JSON"),
        ("2=dance", "write succeed, fail"),
    ):
        ran = waygrid("replay", traversal, "--what-if", wrong)
        assert (ran.code, ran.out) == (2, "")
        assert hint in ran.err
    assert waygrid("replay", traversal, "--save", "night.scenarios.yaml", "--spec", "declines.yaml").code == 0
    assert waygrid("test", "night.scenarios.yaml").code == 0
    other = waygrid("replay", traversal, "--save", "other.scenarios.yaml", "--spec", "corrected.yaml")
    assert "not the Spec that ran" in other.err


def test_what_was_and_what_would_have_been_are_saved_with_what_the_end_brings(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(
        f"{DECLINES}onEnd: {{type: standard, id: bye, address: 'waygrid://processor/double'}}\n"
    )
    traversal = submitted(waygrid, "spec.yaml", "--payload", '{"n": 1}')
    waygrid("watch", traversal)
    dispatched = []
    for supposed in ([], ["--what-if", "3=succeed"], ["--what-if", "3=nothing"], ["--what-if", "2=fail:broken"]):
        saved = waygrid("replay", traversal, "--save", "it.scenarios.yaml", "--spec", "spec.yaml", *supposed)
        assert (saved.code, "goes on to the end" in saved.err) == (0, "3=nothing" in supposed)
        assert waygrid("test", "it.scenarios.yaml").code == 0
        scenario = yaml.safe_load((tmp_path / "it.scenarios.yaml").read_text())
        dispatched.append((scenario["expect"]["status"], *scenario["expect"]["dispatched"]))
    assert dispatched == [
        ("failed", "double", "pay", "onEnd/bye"),
        ("completed", "double", "pay", "onEnd/bye"),
        ("running", "double", "pay"),
        ("failed", "double", "onEnd/bye"),
    ]


def test_a_journal_is_exported_looked_at_without_a_server_and_taken_in_by_another(
    waygrid: Waygrid, tmp_path: Path
) -> None:
    (tmp_path / "fork.yaml").write_text(FORK)
    traversal = submitted(waygrid, "fork.yaml", "--payload", '{"n": 1}')
    waygrid("watch", traversal)
    assert waygrid("export", traversal, "--output", "night.json").code == 0
    there = waygrid("replay", traversal).out
    assert waygrid("replay", "night.json", "--server", "http://127.0.0.1:1").out == there
    first = waygrid("replay", "night.json", "--at", "1").out
    assert there.startswith(first)
    assert first.splitlines()[0].split()[-1] == "Begin"
    assert "\n   2 " not in first
    assert (waygrid("replay", "night.json", "--at", "99").code, waygrid("replay", "night.json", "--at", "0").out) == (
        2,
        "",
    )
    again = waygrid("import", "night.json")
    assert (again.code, again.out) == (1, "")
    assert "is here already" in again.err
    (tmp_path / "other").mkdir()
    with dev_server(tmp_path / "other") as other:
        taken = waygrid("import", "night.json", "--server", other)
        assert taken.out == f"{traversal} can be looked at here, and 1 that it began\n"
        assert waygrid("show", traversal, "--server", other).out == waygrid("show", traversal).out
        history = waygrid("history", traversal, "--children").out
        assert waygrid("history", traversal, "--children", "--server", other).out == history
        document = json.loads((tmp_path / "night.json").read_text())
        document["traversals"][0]["decisions"].pop()
        running = waygrid("import", "-", "--server", other, stdin=json.dumps(document).encode())
        assert (running.code, "has not ended" in running.err) == (1, True)
        document["traversals"][0]["decisions"].pop(0)
        broken = waygrid("import", "-", "--server", other, stdin=json.dumps(document).encode())
        assert (broken.code, "do not follow from each other" in broken.err) == (1, True)
        foreign = waygrid("import", "-", "--server", other, stdin=b'{"format": 1}')
        assert (foreign.code, "it is no journal" in foreign.err) == (1, True)


def test_watch_tells_a_line_a_change_and_json_an_object(waygrid: Waygrid) -> None:
    traversal = submitted(waygrid, "approval.yaml", "--payload", '{"id": "watched"}')
    assert waygrid("watch", traversal, "--timeout", "100ms").code == 1
    waygrid("send", "approved@watched", "--data", "7")
    told = objects(waygrid("watch", traversal, "--json"))
    assert told[-1]["told"] == "ended"
    assert told[-1]["output"] == 7
    assert waygrid("watch", traversal).out.splitlines() == [f"completed  {traversal}  7"]


def test_send_without_a_key_is_for_one_traversal(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "go.yaml").write_text("entryPoints: [{type: await, id: wait, event: go}]\n")
    traversal = submitted(waygrid, "go.yaml")
    shown = waygrid("show", traversal).out
    command = re.search(r"waygrid (send \S+ --traversal \S+)$", shown, re.MULTILINE)
    assert command is not None, shown
    assert waygrid(*command[1].split()).code == 0
    assert waygrid("watch", traversal).code == 0
    for wrong in (["go"], ["go@key", "--traversal", traversal], ["=x"], ["go@k", "--data", "{"]):
        ran = waygrid("send", *wrong)
        assert (ran.code, ran.out) == (2, ""), wrong


def test_pause_resume_and_cancel_take_several_and_name_those_that_cannot(waygrid: Waygrid) -> None:
    first = submitted(waygrid, "approval.yaml", "--payload", '{"id": "steer-1"}')
    second = submitted(waygrid, "approval.yaml", "--payload", '{"id": "steer-2"}')
    assert waygrid("pause", first, second).out == f"asked {first} to pause\nasked {second} to pause\n"
    assert waygrid("resume", first, second).code == 0
    ran = waygrid("cancel", first, MISSING, second, "--reason", "not needed")
    assert ran.code == 1
    assert ran.out == f"asked to cancel {first}\nasked to cancel {second}\n"
    assert f"waygrid: {MISSING}: " in ran.err
    watched = waygrid("watch", first)
    assert (watched.code, watched.out.splitlines()[-1]) == (1, f"canceled   {first}  not needed")
    assert waygrid("watch", second).code == 1
    again = waygrid("cancel", first)
    assert again.code == 1
    assert "has ended" in again.err


def test_retry_takes_over_what_was_done_and_goes_on_at_what_failed(waygrid: Waygrid) -> None:
    failed = submitted(waygrid, "declines.yaml", "--payload", '{"n": 1}')
    assert waygrid("watch", failed).code == 1
    again = waygrid("retry", failed, "--wait")
    assert (again.code, again.err) == (1, "")
    assert again.out.endswith("card-declined: no funds\n")
    retried = waygrid("retry", failed, "--spec", "corrected.yaml", "--label", "why=mended", "--idempotency-key", "k")
    assert (retried.code, retried.err) == (0, "")
    assert (
        waygrid("retry", failed, "--spec", "corrected.yaml", "--label", "why=mended", "--idempotency-key", "k")
        == retried
    )
    assert waygrid("watch", retried.out.strip()).out.splitlines()[-1].endswith('{"n":4}')
    assert dispatched(waygrid, retried.out.strip()) == {"more"}
    (view,) = objects(waygrid("show", retried.out.strip(), "--json"))
    assert view["labels"] == {"why": "mended", "waygrid/retry-of": failed}


def test_retry_does_again_what_it_is_told_to(waygrid: Waygrid) -> None:
    done = submitted(waygrid, "corrected.yaml", "--payload", '{"n": 1}')
    assert waygrid("watch", done).code == 0
    (all_again,) = objects(waygrid("retry", done, "--afresh", "--json"))
    waygrid("watch", all_again["id"])
    assert dispatched(waygrid, all_again["id"]) == {"double", "more"}
    last_again = waygrid("retry", done, "--from-node", "more").out.strip()
    waygrid("watch", last_again)
    assert dispatched(waygrid, last_again) == {"more"}
    unknown = waygrid("retry", done, "--from-node", "nothing")
    assert unknown.code == 1
    assert "no such node; it has double, more" in unknown.err
    assert waygrid("retry", done, "--from-node", "more", "--afresh").code == 2
    wrong = waygrid("retry", done, "--spec", "wrong.yaml")
    assert wrong.code == 1
    assert wrong.err.startswith("wrong.yaml:/entryPoints/0/address: bad-address: ")


def test_from_node_takes_over_what_the_body_of_a_failed_call_has_done(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "fork.yaml").write_text(FORK)
    failed = submitted(waygrid, "fork.yaml", "--payload", '{"n": 1}')
    assert waygrid("watch", failed).code == 1
    again = waygrid("retry", failed, "--from-node", "more").out.strip()
    waygrid("watch", again)
    (child,) = [node["child"] for node in objects(waygrid("show", again, "--json"))[0]["nodes"] if "child" in node]
    assert dispatched(waygrid, child) == {"call/pay"}


def test_what_runs_still_is_not_retried(waygrid: Waygrid) -> None:
    waiting = submitted(waygrid, "approval.yaml", "--payload", '{"id": "still"}')
    ran = waygrid("retry", waiting)
    assert (ran.code, ran.out) == (1, "")
    assert "cancel it first" in ran.err


@pytest.mark.parametrize("command", ["show", "history", "watch", "cancel", "pause", "resume", "retry"])
def test_a_traversal_that_is_not_there_is_named(waygrid: Waygrid, command: str) -> None:
    ran = waygrid(command, MISSING)
    assert (ran.code, ran.out) == (1, "")
    assert MISSING in ran.err


@pytest.mark.parametrize("command", ["cancel", "pause", "resume", "dead-letters redrive", "dead-letters discard"])
def test_a_command_for_several_needs_one(waygrid: Waygrid, command: str) -> None:
    ran = waygrid(*command.split())
    assert (ran.code, ran.out) == (2, "")
    assert f"Try: waygrid {command} --help" in ran.err


def test_dead_letters_that_are_not_there_are_told(waygrid: Waygrid) -> None:
    none = waygrid("dead-letters", "list")
    assert (none.code, none.out, none.err) == (0, "", "waygrid: there are none\n")
    assert waygrid("dead-letters", "redrive", "--all").out == "there was none to send again\n"
    for command in (["show", "7"], ["redrive", "7"], ["discard", "7"]):
        ran = waygrid("dead-letters", *command)
        assert (ran.code, ran.err.startswith("waygrid: ")) == (1, True)
    assert waygrid("dead-letters", "redrive", "7", "--all").code == 2
    assert "list, show, redrive, discard" in waygrid("dead-letters").err

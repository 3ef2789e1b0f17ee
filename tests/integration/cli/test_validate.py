"""`waygrid validate`."""

import json
from pathlib import Path

from tests.integration.cli.command import Waygrid

GOOD = b"entryPoints:\n  - type: standard\n    address: waygrid://processor/a\n"
BAD = b"""\
entryPoints:
  - type: standard
    address: http://example/a
    timeout: 5 sec
    onSuccess:
      ref: nowhere
"""


def test_a_right_spec_is_said_to_be_valid(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_bytes(GOOD)
    ran = waygrid("validate", "good.yaml")
    assert (ran.code, ran.out, ran.err) == (0, "good.yaml: valid\n", "")


def test_every_problem_is_a_line_with_file_pointer_code_message_and_line(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(BAD)
    ran = waygrid("validate", "bad.yaml")
    assert ran.code == 1
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["bad.yaml:/entryPoints/0/address", "bad-address"],
        ["bad.yaml:/entryPoints/0/onSuccess/ref", "unknown-ref"],
        ["bad.yaml:/entryPoints/0/timeout", "bad-duration"],
    ]
    assert [line.rpartition(" (")[2] for line in lines] == ["line 3)", "line 6)", "line 4)"]


def test_json_says_for_each_file_what_is_wrong(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_bytes(GOOD)
    (tmp_path / "bad.yaml").write_bytes(BAD)
    ran = waygrid("validate", "bad.yaml", "good.yaml", "--format", "json")
    assert (ran.code, ran.err) == (1, "")
    bad, good = json.loads(ran.out)
    assert good == {"file": "good.yaml", "valid": True, "errors": []}
    assert (bad["file"], bad["valid"]) == ("bad.yaml", False)
    assert [error["code"] for error in bad["errors"]] == ["bad-address", "unknown-ref", "bad-duration"]
    assert all(set(error) == {"code", "pointer", "message"} for error in bad["errors"])


def test_one_unreadable_file_does_not_hide_the_others(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_bytes(GOOD)
    ran = waygrid("validate", "missing.yaml", "good.yaml", "--format", "json")
    assert ran.code == 2
    assert "missing.yaml" in ran.err
    unreadable = {"code": "unreadable", "pointer": "", "message": "cannot read missing.yaml: there is no such file"}
    assert json.loads(ran.out) == [
        {"file": "missing.yaml", "valid": False, "errors": [unreadable]},
        {"file": "good.yaml", "valid": True, "errors": []},
    ]
    assert waygrid("validate", "missing.yaml", "good.yaml").out == "good.yaml: valid\n"


def test_names_and_texts_of_any_script_come_out_as_they_are(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "größe 注文.yaml").write_text("entryPoints: []\nnäme: x\n", encoding="utf-8")
    ran = waygrid("validate", "größe 注文.yaml")
    assert ran.code == 1
    assert "größe 注文.yaml:/entryPoints: empty-entry-points: " in ran.err
    assert "/näme: unknown-field: " in ran.err


def test_a_body_by_hash_is_known_once_its_dag_is_given(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "inner.yaml").write_bytes(GOOD)
    dag_hash = json.loads(
        waygrid("compile", "inner.yaml", "-o", "inner.json").out or (tmp_path / "inner.json").read_text()
    )["hash"]
    (tmp_path / "outer.yaml").write_text(f"entryPoints: [{{type: call, body: {{dag: '{dag_hash}'}}}}]\n")
    assert ": unknown-dag: " in waygrid("validate", "outer.yaml").err
    assert waygrid("validate", "outer.yaml", "--dag", "inner.json").code == 0
    assert waygrid("validate", "outer.yaml", "--dag", "inner.yaml").code == 0
    assert waygrid("validate", "inner.json").code == 0


def test_a_flat_dag_is_checked_as_strictly(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_bytes(GOOD)
    flat = json.loads(waygrid("compile", "good.yaml").out)
    flat["edges"].append({"from": flat["entryPoints"][0], "to": "0123456789abcdef", "guard": "success"})
    (tmp_path / "flat.json").write_text(json.dumps(flat))
    ran = waygrid("validate", "flat.json")
    assert ran.code == 1
    assert ": dangling-edge: " in ran.err


def test_ten_thousand_problems_are_all_told(waygrid: Waygrid, tmp_path: Path) -> None:
    nodes = ",".join('{"type": "standard", "address": "x"}' for _ in range(9_000))
    (tmp_path / "many.json").write_text(f'{{"entryPoints": [{nodes}]}}')
    ran = waygrid("validate", "many.json")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 9_000

"""`waygrid test`."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.integration.cli.command import Waygrid

SPEC = "entryPoints: [{type: standard, id: a, address: 'waygrid://processor/a', timeout: 1h}]\n"
PASSES = "name: it works\nspec: spec.yaml\nexpect: {status: completed, dispatched: [a]}\n"
FAILS = "name: it <fails> & ends\nspec: spec.yaml\noutcomes: {a: [{never: true}]}\nexpect: {status: completed}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "spec.yaml").write_text(SPEC)
    (tmp_path / "inner" / "good.yaml").write_text(f"{PASSES}---\n{PASSES}")
    return tmp_path


def test_a_scenario_is_a_line_and_the_last_line_counts(waygrid: Waygrid, folder: Path) -> None:
    ran = waygrid("test", "inner/good.yaml")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "ok   inner/good.yaml: it works\nok   inner/good.yaml: it works\n2 passed, 0 failed\n"


def test_what_a_failed_scenario_did_instead_is_shown_below_it(waygrid: Waygrid, folder: Path) -> None:
    (folder / "inner" / "bad.yaml").write_text(FAILS)
    ran = waygrid("test", "inner/bad.yaml", "inner/good.yaml")
    assert ran.code == 1
    first, *rest = ran.out.splitlines()
    assert first == "FAIL inner/bad.yaml: it <fails> & ends"
    assert rest[0].startswith("     ")
    assert "completed" in rest[0] + rest[1]
    assert "failed" in rest[0] + rest[1]
    assert rest[-1] == "2 passed, 1 failed"


def test_directories_are_searched_and_files_that_hold_no_scenario_are_left_alone(
    waygrid: Waygrid, folder: Path
) -> None:
    (folder / "inner" / "notes.yaml").write_text("- just\n- notes\n")
    (folder / "inner" / "broken.yaml").write_text("{{ template }}: [\n")
    (folder / "inner" / "notes.txt").write_text(PASSES)
    (folder / "inner" / ".hidden.yaml").write_text(PASSES)
    ran = waygrid("test", ".")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("2 passed, 0 failed\n")


def test_a_scenario_file_that_is_broken_fails_even_if_it_was_only_found(waygrid: Waygrid, folder: Path) -> None:
    (folder / "inner" / "broken.yaml").write_text("name: x\nspec: [\nexpect: {}\n")
    ran = waygrid("test", "inner")
    assert ran.code == 1
    assert "inner/broken.yaml" in ran.out
    assert "not-json" in ran.out


def test_a_mistake_in_a_scenario_is_told_with_its_place(waygrid: Waygrid, folder: Path) -> None:
    (folder / "inner" / "typo.yaml").write_text("spec: spec.yaml\nexpcet: {}\nexpect: {status: complete}\n")
    ran = waygrid("test", "inner/typo.yaml")
    assert ran.code == 1
    assert "/expcet: unknown-field" in ran.out
    assert "(line 2)" in ran.out


def test_a_spec_that_is_not_there_fails_its_scenario(waygrid: Waygrid, tmp_path: Path) -> None:
    (tmp_path / "lonely.yaml").write_text(PASSES)
    ran = waygrid("test", "lonely.yaml")
    assert ran.code != 0
    assert "spec.yaml" in ran.out + ran.err


def test_no_scenario_at_all_is_a_failure(waygrid: Waygrid, folder: Path) -> None:
    (folder / "empty").mkdir()
    ran = waygrid("test", "empty")
    assert (ran.code, ran.out) == (1, "")
    assert "no scenario in empty" in ran.err


def test_junit_has_a_suite_for_each_file(waygrid: Waygrid, folder: Path) -> None:
    (folder / "inner" / "bad.yaml").write_text(FAILS)
    ran = waygrid("test", "inner", "--junit", "report.xml")
    assert ran.code == 1
    root = ElementTree.parse(folder / "report.xml").getroot()
    assert (root.get("tests"), root.get("failures")) == ("3", "1")
    assert [suite.get("name") for suite in root] == ["inner/bad.yaml", "inner/good.yaml"]
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert "completed" in (failure.text or "")


def test_scenarios_come_from_standard_input_too(waygrid: Waygrid, folder: Path) -> None:
    ran = waygrid("test", "-", stdin=PASSES.replace("spec.yaml", "inner/spec.yaml").encode())
    assert (ran.code, ran.out) == (0, "ok   -: it works\n1 passed, 0 failed\n")


def test_verbose_shows_what_happened(waygrid: Waygrid, folder: Path) -> None:
    quiet, verbose = waygrid("test", "inner"), waygrid("test", "inner", "--verbose")
    assert verbose.code == 0
    assert len(verbose.out) > len(quiet.out)
    assert "succeeded" in verbose.out

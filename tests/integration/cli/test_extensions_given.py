"""Every command that reads Specs, DAGs or journals has the extensions that are installed, and those that are named."""

import json
from pathlib import Path

import pytest

from tests.integration.cli.command import Waygrid

RULES = """
from attrs import field, frozen, validators
from waygrid_core import ConditionRule, JoinRule


@frozen
class Majority(JoinRule):
    name = "Majority"
    is_symmetric = True

    def judge(self, tally):
        if 2 * tally.succeeded > tally.total:
            return "holds"
        return "open" if 2 * (tally.succeeded + tally.left) > tally.total else "cannot-hold"


@frozen
class Above(ConditionRule):
    name = "Above"
    least: int = field(validator=validators.ge(0))

    def holds(self, output):
        return output["n"] > self.least
"""
SPEC = """
entryPoints:
  - type: each
    id: all
    over: {$literal: [1, 2, 3]}
    strategy: {type: Majority}
    body:
      type: pass
      output: {n: {$from: /payload/item}}
      onConditions:
        - condition: {type: Above, least: 1}
          to: {type: pass, output: big}
        - condition: {type: Cel, expr: output.n < 1}
          to: {type: pass, output: none}
      onSuccess: {type: pass, output: small}
"""
SCENARIO = "name: all of them\nspec: spec.yaml\nexpect: {status: completed, output: [small, big, null]}\n"
GIVEN = {"WAYGRID_EXTENSIONS": "rules:Majority, rules:Above"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a Spec whose rules are in a module beside it."""
    (tmp_path / "rules.py").write_text(RULES)
    (tmp_path / "spec.yaml").write_text(SPEC)
    (tmp_path / "it.scenarios.yaml").write_text(SCENARIO)
    return tmp_path


def test_without_them_a_spec_is_wrong_and_says_how_they_are_given(waygrid: Waygrid, folder: Path) -> None:
    ran = waygrid("validate", "spec.yaml")
    assert ran.code == 1
    codes = [line.split(": ")[1] for line in ran.err.splitlines()]
    assert codes == ["unknown-type", "unknown-type"]
    assert "name its class in `extensions`" in ran.err


def test_commands_for_specs_have_those_of_the_environment(waygrid: Waygrid, folder: Path) -> None:
    assert waygrid("validate", "spec.yaml", environment=GIVEN).out == "spec.yaml: valid\n"
    assert waygrid("test", "it.scenarios.yaml", environment=GIVEN).code == 0
    assert waygrid("verify", "spec.yaml", environment=GIVEN).code == 0
    flat = waygrid("compile", "spec.yaml", environment=GIVEN)
    (folder / "flat.json").write_text(flat.out)
    assert waygrid("validate", "flat.json", environment=GIVEN).code == 0
    assert waygrid("validate", "flat.json").code == 1
    assert "Above: least 1" in waygrid("graph", "spec.yaml", environment=GIVEN).out
    schema = json.loads(waygrid("schema", environment=GIVEN).out)
    assert {"Above", "Cel"} <= {each["title"] for each in schema["$defs"]["Condition"]["oneOf"]}


def test_a_verdict_about_an_extension_is_that_of_its_code_as_it_is_now(waygrid: Waygrid, folder: Path) -> None:
    inner = "{type: join, joinNodeId: j, strategy: {type: Majority}}"
    branches = "".join(f"\n      {name}: {{type: standard, address: waygrid://processor/{name}}}" for name in "abc")
    (folder / "fork.yaml").write_text(
        f"entryPoints:\n  - type: fork\n    joinNodeId: j\n    join: {inner}\n    branches:{branches}\n"
    )
    given = {**GIVEN, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    assert waygrid("verify", "fork.yaml", environment=given).code == 0
    (folder / "rules.py").write_text(RULES.replace('return "holds"', 'return "cannot-hold"'))
    assert "join-never-holds" in waygrid("verify", "fork.yaml", environment=given).out


def test_commands_for_specs_have_those_of_the_settings_file_of_the_folder(waygrid: Waygrid, folder: Path) -> None:
    (folder / "waygrid.toml").write_text('extensions = ["rules:Majority", "rules:Above"]\n[server]\nprot = 1\n')
    ran = waygrid("validate", "spec.yaml")
    assert (ran.code, ran.out) == (0, "spec.yaml: valid\n")
    ran = waygrid("run", "spec.yaml")
    assert ran.code == 2  # whoever runs by the settings is told what is wrong with them
    assert "did you mean port?" in ran.err


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('extensions = "rules:Majority"', 'write a list of texts, such as ["package.module:Class"]'),
        ("extensions = [1]", "write a list of texts"),
        ('extensions = ["rules:Majority"', "it is no TOML"),
    ],
)
def test_a_settings_file_that_does_not_say_which_is_not_passed_over(
    waygrid: Waygrid, folder: Path, settings: str, said: str
) -> None:
    (folder / "waygrid.toml").write_text(settings)
    ran = waygrid("validate", "spec.yaml")
    assert ran.code == 2
    assert ran.err.startswith("waygrid: waygrid.toml: ")
    assert said in ran.err


def test_a_run_has_those_of_its_settings_and_goes_on_with_them(waygrid: Waygrid, folder: Path) -> None:
    (folder / "settings.toml").write_text('extensions = ["rules:Majority", "rules:Above"]\n')
    for arguments in ([], ["--data-dir", "data"], ["--data-dir", "data"]):
        ran = waygrid("run", "spec.yaml", "--config", "settings.toml", *arguments, "--payload", "{}")
        assert ran.code == 0, ran.err
        assert '["small","big",null]' in ran.out


@pytest.mark.parametrize(
    "command", [["validate", "spec.yaml"], ["run", "spec.yaml"], ["schema"], ["dev", "--port", "0"]]
)
def test_one_that_cannot_be_had_is_named(waygrid: Waygrid, folder: Path, command: list[str]) -> None:
    ran = waygrid(*command, environment={"WAYGRID_EXTENSIONS": "rules:Nobody"})
    assert ran.code == 2
    assert "the module rules has no 'Nobody'" in ran.err
    assert not ran.has_traceback

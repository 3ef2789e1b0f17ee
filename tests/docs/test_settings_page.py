"""The page of the settings has every setting, as it is."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

from waygrid_core.outcome import Failure
from waygrid_shell.settings.reading import all_settings, read_settings
from waygrid_shell.settings.values import shown_value

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `(?P<key>[a-z_.]+)` \| `(?P<variable>\w+)` \| `?(?P<default>.*?)`? \| (?P<says>.+) \|$", re.M)


def test_each_setting_has_a_row_with_its_variable_and_its_default() -> None:
    rows = {found["key"]: (found["variable"], found["default"]) for found in _ROW.finditer(PAGE)}
    assert rows == {
        setting.path: (
            setting.variable,
            "none" if setting.default is None and setting.kind != timedelta | None else shown_value(setting.default),
        )
        for setting in all_settings()
    }


def test_the_examples_are_settings(tmp_path: Path) -> None:
    blocks = re.findall(r"(?<!waygrid.toml -->\n)```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        tomllib.loads(block)
        file = tmp_path / "settings.toml"
        file.write_text(block)
        outcome = read_settings(file, {})
        assert not isinstance(outcome, Failure), outcome.failure()

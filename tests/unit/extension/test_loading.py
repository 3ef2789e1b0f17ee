"""Extensions come from installed packages, and from names."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from review_rules import EXTENSIONS, Majority

from waygrid_shell.extensions import loading
from waygrid_shell.extensions.cel import Cel
from waygrid_shell.extensions.loading import extensions_of, installed_extensions, named_extensions
from waygrid_shell.user_code import NotLoaded


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with modules of a user's, in which the process stands."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "broken_rules.py").write_text("raise RuntimeError('it is Sunday')")
    (tmp_path / "empty_rules.py").write_text("numbers = [1, 2]\ntext = 'Majority'\n")
    (tmp_path / "same_rules.py").write_text(
        "from attrs import frozen\n"
        "from review_rules.majority import Majority as Theirs\n"
        "@frozen\nclass Majority(Theirs):\n    name = 'Majority'\n"
    )
    return tmp_path


def test_what_comes_with_waygrid_is_installed() -> None:
    assert installed_extensions().conditions["Cel"] is Cel


def test_a_name_is_a_class_or_several_of_them() -> None:
    assert named_extensions("review_rules:Majority") == (Majority,)
    assert named_extensions("review_rules:EXTENSIONS") == EXTENSIONS
    assert extensions_of(["review_rules:EXTENSIONS", "review_rules:Majority"]).joins["Majority"] is Majority


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("review_rules", "write package.module:Class"),
        ("no_such_module:Majority", "there is no module 'no_such_module'"),
        ("broken_rules:Majority", r"RuntimeError: it is Sunday \(.*broken_rules.py, line 1\)"),
        ("review_rules:Nobody", "has no 'Nobody'"),
        ("empty_rules:numbers", "is no extension"),
        ("empty_rules:text", "is no extension"),
        ("pathlib:Path", "is no extension"),
    ],
)
def test_a_name_that_cannot_be_had_says_why(module: Path, name: str, why: str) -> None:
    with pytest.raises(NotLoaded, match=why):
        extensions_of([name])


def test_two_of_one_name_are_refused(module: Path) -> None:
    with pytest.raises(NotLoaded, match="both called 'Majority'"):
        extensions_of(["review_rules:Majority", "same_rules:Majority"])


def test_a_package_that_cannot_be_loaded_is_named(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry_point = EntryPoint("theirs", "broken_rules:Majority", loading.GROUP)
    monkeypatch.setattr(loading, "entry_points", lambda group: [entry_point])
    with pytest.raises(NotLoaded, match="the entry point theirs = broken_rules:Majority cannot be imported"):
        installed_extensions()

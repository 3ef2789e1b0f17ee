"""The front door: what guests import."""

import ast
import inspect
import subprocess
import sys
from typing import get_origin

import waygrid_core


def test_every_name_of_the_front_door_can_be_had_and_is_documented() -> None:
    for name in waygrid_core.__all__:
        thing = getattr(waygrid_core, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), name
        else:
            assert get_origin(thing) is not None or hasattr(thing, "__supertype__"), name


def test_checkers_and_python_are_told_the_same_names() -> None:
    tree = ast.parse(inspect.getsource(waygrid_core))
    (for_checkers,) = [node for node in tree.body if isinstance(node, ast.If)]
    told = {
        alias.name: statement.module
        for statement in for_checkers.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    loaded = {name: f"waygrid_core.{room}" for name, room in waygrid_core._ROOM_OF.items()}
    assert told == loaded
    assert sorted(told) == sorted(waygrid_core.__all__)


def test_importing_the_core_loads_none_of_its_rooms() -> None:
    script = "import sys, waygrid_core; print([name for name in sys.modules if name.startswith('waygrid_core.')])"
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert printed.stdout == "[]\n"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(waygrid_core, "no_such_name")
    assert "transition" in dir(waygrid_core)

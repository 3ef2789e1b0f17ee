"""Law 9: what a document compiles to is a function of its meaning."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from waygrid_core.compile.pipeline import compile_document, compile_spec, compile_text
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.outcome import Failure
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.write import write_spec
from waygrid_core.testing.data import Document
from waygrid_core.testing.documents import documents

FOR_PEOPLE = ("name", "label", "description", "guarantees")
SAME_AS_ABSENT: tuple[Any, ...] = (
    {"type": "Immediate"},
    {"type": "None"},
    {"type": "NoRepeat"},
    {"type": "And"},
    {},
    "",
)
"""Values that say what their absence says."""
REQUIRED = ("type", "entryPoints", "address", "code", "joinNodeId", "branches", "event", "body", "over", "until")

Path = tuple[str | int, ...]
Edit = Callable[[], Document]


def compiled(document: Any) -> CompiledDag:
    """What a valid document compiles to."""
    outcome = compile_document(document)
    assert not isinstance(outcome, Failure), outcome
    return outcome.unwrap()


@given(documents(), st.integers(0, 2**32))
def test_key_order_branch_order_and_white_space_do_not_change_the_hash(document: Document, seed: int) -> None:
    """Seen to fail when the branches of a fork were hashed in the order in which they were written."""
    dag = compiled(document)
    shuffled = _shuffled(document, random.Random(seed))
    outcome = compile_text(json.dumps(shuffled, indent=seed % 4, ensure_ascii=seed % 2 == 0), format="json")
    assert not isinstance(outcome, Failure)
    again = outcome.unwrap()
    assert again.dag.hash == dag.dag.hash
    assert again.dag.nodes == dag.dag.nodes
    assert set(again.bodies) == set(dag.bodies)


@given(documents())
def test_words_for_people_do_not_change_the_hash(document: Document) -> None:
    """Holds by construction: the DAG has no place for words. It guards whoever gives it one."""
    assert compiled(_without_words(document)).dag.hash == compiled(document).dag.hash


@given(documents())
def test_a_spec_written_and_read_again_has_the_same_hash(document: Document) -> None:
    """A writer that loses a field loses it here."""
    spec = check_spec(document).spec
    assert spec is not None
    written = write_spec(spec)
    assert check_spec(written).spec == spec
    assert compiled(written).dag.hash == compiled(document).dag.hash
    assert compile_spec(spec).unwrap().dag.hash == compiled(document).dag.hash


@given(documents(), st.text(min_size=1, max_size=3))
def test_a_salt_changes_the_hash_and_every_node_id(document: Document, salt: str) -> None:
    """An unsalted id would be shared between deployments that asked to be apart."""
    dag = compiled(document).dag
    salted = compile_document(document, salt=salt).unwrap().dag
    assert salted.hash != dag.hash
    assert not set(salted.nodes) & set(dag.nodes)


@settings(max_examples=4 * settings().max_examples)  # an edit is one of many kinds, and each is quickly tried
@given(documents(body_depth=1), st.data())
def test_every_edit_of_meaning_changes_the_hash(document: Document, data: st.DataObject) -> None:
    """Seen to fail when the hash did not cover conditions, the Spec's timeout, or the ids that an author gave."""
    by_field: dict[str, list[tuple[Path, Edit]]] = {}
    for path, edit in _edits(document):
        field = next(step for step in reversed(path) if isinstance(step, str) and step != "removed")
        by_field.setdefault(f"{field} at the top" if len(path) <= 2 else field, []).append((path, edit))
    assume(by_field)
    path, edit = data.draw(st.sampled_from(by_field[data.draw(st.sampled_from(sorted(by_field)))]))
    edited = edit()
    outcome = compile_document(edited)
    assume(not isinstance(outcome, Failure))
    note(f"{path}: {edited}")
    dag, other = compiled(document).dag, outcome.unwrap().dag
    assert other.hash != dag.hash, f"an edit at {path} is not seen"
    if path[-1] not in ("id", "joinNodeId", "ref") and "removed" not in path:
        assert set(other.nodes) == set(dag.nodes), f"an edit at {path} changed ids"


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        keys = [*value]
        chance.shuffle(keys)
        return {key: _shuffled(value[key], chance) for key in keys}
    if isinstance(value, list):
        return [_shuffled(item, chance) for item in value]
    return value


def _without_words(value: Any, is_data: bool = False) -> Any:
    """Without what is for people; data of the user's is left alone."""
    if isinstance(value, dict):
        data_keys = ("parameters", "input", "output", "condition", "until", "over", "key")
        return {
            key: _without_words(item, is_data or key in data_keys)
            for key, item in value.items()
            if is_data or key not in FOR_PEOPLE
        }
    if isinstance(value, list):
        return [_without_words(item, is_data) for item in value]
    return value


def _edits(document: Document) -> Iterator[tuple[Path, Edit]]:
    """Every document that differs in one scalar or lacks one optional member, to be made; not all are valid."""
    for path, value in _places(document, ()):
        if any(step in FOR_PEOPLE for step in path):
            continue
        for other in _others(path, value):
            yield path, partial(_with, document, path, other)
        # A branch that just ends flows into an inline join, so an edge to it may be written or not.
        leads_to_join = isinstance(value, dict) and value.get("type") == "join"
        is_optional = path[-1] not in REQUIRED and value not in SAME_AS_ABSENT and not leads_to_join
        if isinstance(path[-1], str) and is_optional:
            yield (*path, "removed"), partial(_with, document, path, None, removed=True)


def _places(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in members:
        yield (*path, step), item
        yield from _places(item, (*path, step))


def _others(path: Path, value: Any) -> list[Any]:
    match value:
        case bool():
            return [not value]
        case int() | float():
            return [value + 1]
        case None:
            return [0]
        case "And":
            return ["Or"]
        case "Or":
            return ["And"]
        case "Linear" | "Exponential" | "FullJitter":
            return ["Fibonacci"]
        case "Fibonacci" | "DecorrelatedJitter":
            return ["Linear"]
        case str() if value.endswith(("ms", "s", "m", "h")) and value[0].isdigit():
            return ["7s" if path[-1] != "cap" else "3h"]
        case str() if path[-1] == "op":
            return ["ne" if value != "ne" else "lt"]
        case str():
            return [f"{value}x"]
        case _:
            return []


def _with(document: Document, path: Path, value: Any, *, removed: bool = False) -> Document:
    edited = copy.deepcopy(document)
    place: Any = edited
    for step in path[:-1]:
        place = place[step]
    if removed:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return edited

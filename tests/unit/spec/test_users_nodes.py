"""Nodes of a user's kind, guards and signals in documents: read, written, hashed, drawn."""

from typing import Any, Final

import pytest

from tests.unit.traversal.extensions import EXTENSIONS, Budget, Do, Hears, Odd, Poll
from waygrid_core.compile.pipeline import compile_document, compile_spec
from waygrid_core.dag.caption import caption_of, panels_of
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.flat import dag_from_json, dag_to_json
from waygrid_core.extension.registry import NO_EXTENSIONS, Extensions
from waygrid_core.model.address import ServiceAddress
from waygrid_core.outcome import Failure
from waygrid_core.spec.authoring import Node, Retry
from waygrid_core.spec.check import check_spec
from waygrid_core.spec.node import ExtensionNode, Spec
from waygrid_core.spec.write import write_spec

WHOLE: Final[Any] = {
    "entryPoints": [
        {
            "type": "Poll",
            "id": "poll",
            "label": "Ask them",
            "description": "until two say yes",
            "needed": 2,
            "service": "waygrid://processor/people",
            "input": {"q": {"$from": "/payload/q"}},
            "retryPolicy": {"type": "Linear", "base": "1s", "maxRetries": 2},
            "deliveryStrategy": {"type": "ScheduleAfter", "delay": "5s"},
            "timeout": "1m",
            "onConditions": [{"condition": {"type": "JsonExists", "pointer": "/x"}, "to": {"type": "pass"}}],
            "onSuccess": {"type": "pass"},
            "onFailure": {"type": "fail", "code": "no"},
            "onTimeout": {"type": "pass"},
            "always": {"type": "pass"},
        }
    ],
    "guards": [{"type": "Budget", "most": 3}, {"type": "Budget", "most": 9}],
    "signals": [{"type": "Do"}],
}


def problems_of(document: Any, extensions: Extensions = EXTENSIONS) -> list[tuple[str, str]]:
    return [(problem.code, problem.pointer) for problem in check_spec(document, extensions=extensions).problems]


def compiled(document: Any) -> CompiledDag:
    outcome = compile_document(document, extensions=EXTENSIONS)
    assert not isinstance(outcome, Failure), outcome.failure()
    return outcome.unwrap()


def single(**node: Any) -> Any:
    return {"entryPoints": [node]}


def test_all_of_it_is_read_and_written_again() -> None:
    checked = check_spec(WHOLE, extensions=EXTENSIONS)
    assert checked.problems == ()
    assert checked.spec is not None
    (node,) = checked.spec.entry_points
    assert isinstance(node, ExtensionNode)
    assert node.kind == Poll(2, ServiceAddress("processor", "people"))
    assert (checked.spec.guards, checked.spec.signals) == ((Budget(3), Budget(9)), (Do(),))
    assert write_spec(checked.spec) == WHOLE


def test_python_builds_what_a_document_says() -> None:
    built = (
        Spec.single(
            Node.of_kind(Poll(2)).with_id("poll").with_retry(Retry.linear("1s", 2)).with_timeout("1m")
            .on_success(Node.pass_()).on_timeout(Node.pass_())
        )
        .with_guards(Budget(3))
        .with_signals(Do())
    )  # fmt: skip
    document = {
        **single(
            type="Poll",
            id="poll",
            needed=2,
            retryPolicy={"type": "Linear", "base": "1s", "maxRetries": 2},
            timeout="1m",
            onSuccess={"type": "pass"},
            onTimeout={"type": "pass"},
        ),
        "guards": [{"type": "Budget", "most": 3}],
        "signals": [{"type": "Do"}],
    }
    assert check_spec(document, extensions=EXTENSIONS).spec == built
    assert compile_spec(built).unwrap().dag == compiled(document).dag


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        (single(type="Pol", needed=1), [("unknown-type", "/entryPoints/0/type")]),
        (single(type="Poll"), [("missing-field", "/entryPoints/0")]),
        (single(type="Poll", needed="two"), [("wrong-type", "/entryPoints/0/needed")]),
        (single(type="Poll", needed=1, parameters={}), [("unknown-field", "/entryPoints/0/parameters")]),
        (single(type="Poll", needed=1, onTimeout={"type": "pass"}), [("dead-edge", "/entryPoints/0/onTimeout")]),
        (single(type="Odd", wrong="address"), [("bad-address", "/entryPoints/0")]),
        (single(type="Odd", wrong="system"), [("bad-address", "/entryPoints/0")]),
        (single(type="Hears", event=""), [("bad-address", "/entryPoints/0")]),
        ({**single(type="pass"), "guards": [{"type": "Budgt", "most": 1}]}, [("unknown-type", "/guards/0/type")]),
        ({**single(type="pass"), "guards": {"type": "Budget"}}, [("wrong-type", "/guards")]),
        ({**single(type="pass"), "signals": [{"type": "Do"}, {"type": "Do"}]}, [("duplicate-id", "/signals")]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(document: Any, problems: list[tuple[str, str]]) -> None:
    assert problems_of(document) == problems


def test_where_a_node_cannot_be_read_its_successors_still_count() -> None:
    broken = single(type="Poll", needed=0.5, onSuccess={"type": "pass", "id": "end"}, onFailure={"ref": "end"})
    outcome = compile_document(broken, extensions=EXTENSIONS)
    assert isinstance(outcome, Failure)
    assert [problem.code for problem in outcome.failure()] == ["wrong-type"]


def test_a_type_that_nobody_gave_says_how_it_is_given() -> None:
    (problem,) = check_spec(single(type="Poll", needed=1), extensions=NO_EXTENSIONS).problems
    assert problem.code == "unknown-type"
    assert "'Poll'" in problem.message
    assert "extension" in problem.message


def test_every_word_of_an_extension_is_part_of_the_hash() -> None:
    class PollAgain(Poll):
        version = 2

    base = single(type="Poll", needed=1)
    documents: list[Any] = [
        base,
        single(type="Poll", needed=2),
        single(type="Poll", needed=1, service="waygrid://processor/people"),
        {**base, "guards": [{"type": "Budget", "most": 1}]},
        {**base, "guards": [{"type": "Budget", "most": 2}]},
        {**base, "signals": [{"type": "Do"}]},
        single(type="Hears", event="a"),
    ]
    hashes = [compiled(document).dag.hash for document in documents]
    newer = compile_document(base, extensions=Extensions.of(PollAgain)).unwrap().dag.hash
    assert len({*hashes, newer}) == len(documents) + 1


def test_a_body_means_another_thing_with_another_guard() -> None:
    def calling(most: int) -> Any:
        body = {
            **single(type="standard", address="waygrid://processor/a"),
            "guards": [{"type": "Budget", "most": most}],
        }
        return single(type="call", body=body)

    one, other = compiled(calling(1)).dag, compiled(calling(2)).dag
    assert set(one.digests) == set(other.digests)
    assert one.digests != other.digests


def test_the_flat_dag_says_versions_and_reads_back() -> None:
    whole = compiled(WHOLE)
    flat: Any = dag_to_json(whole)
    assert flat["guards"][0] == {"type": "Budget", "version": 1, "most": 3}
    assert flat["signals"] == [{"type": "Do", "version": 1}]
    (node,) = [node for node in flat["nodes"] if node["type"] == "Poll"]
    assert (node["version"], node["needed"], node["name"]) == (1, 2, "poll")
    read = dag_from_json(flat, extensions=EXTENSIONS).unwrap()
    assert read.dag == whole.dag
    assert read.dag.nodes == whole.dag.nodes
    assert read.dag.guards == whole.dag.guards


def test_a_version_that_is_not_there_is_named_beside_the_one_that_is() -> None:
    flat: Any = dag_to_json(compiled(single(type="Poll", needed=1)))
    flat["nodes"][0]["version"] = 7
    outcome = dag_from_json(flat, extensions=EXTENSIONS)
    assert isinstance(outcome, Failure)
    (problem,) = outcome.failure()
    assert problem.pointer == "/nodes/0/version"
    assert "7" in problem.message
    assert "1" in problem.message


def test_a_drawing_says_what_a_node_of_a_users_kind_is() -> None:
    document = single(type="Poll", needed=2, onSuccess={"type": "Hears", "id": "hears", "event": "yes"})
    (panel,) = panels_of(compiled(document))
    captions = [caption_of(panel, node) for node in panel.dag.nodes.values()]
    assert [(caption.title, caption.subtitle) for caption in captions] == [
        ("Poll", "Poll · processor/oracle · needed 2"),
        ("hears", "Hears · event yes"),
    ]


@pytest.mark.parametrize("kind", [Odd("address"), Odd("system"), Hears("")])
def test_python_refuses_a_kind_that_asks_nobody(kind: Any) -> None:
    with pytest.raises(ValueError, match="the extension"):
        Node.of_kind(kind)


def test_python_refuses_two_signals_of_one_type() -> None:
    with pytest.raises(ValueError, match="one signal of each type"):
        Spec.single(Node.pass_()).with_signals(Do(), Do())

"""Drawings show what a DAG is, and no text of a user breaks out of them."""

from typing import Any
from xml.etree import ElementTree

import pytest

from tests.unit.compile.documents import call, exists, fail, fork, join, pass_node, ref, spec, when, work
from tests.unit.traversal.extensions import Hears
from waygrid_core.children.derive import each_dag
from waygrid_core.children.plan import EachPlan
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.drawing import draw_dot, draw_mermaid, draw_text
from waygrid_core.dag.layout import Box, Link, lay_out
from waygrid_core.dag.svg import draw_svg
from waygrid_core.extension.registry import Extensions
from waygrid_core.model.identifiers import DagHash
from waygrid_core.policy.join import Or

ORDER = spec(
    work(
        "validate",
        id="validate",
        label="Check the order",
        timeout="5s",
        onConditions=[when({"type": "JsonCompare", "pointer": "/total", "op": "gt", "value": 1000}, fail("too-much"))],
        onSuccess=fork(
            "ready", {"stock": work("inventory"), "card": work("payment", onFailure=work("alert"))}, join=join("ready")
        ),
        onFailure=work("log"),
    ),
    name="Orders",
    onEnd=call(work("inner", label="Inside"), label="Clean up"),
)


def compiled(document: Any) -> CompiledDag:
    return compile_document(document).unwrap()


def test_a_text_shows_the_way_of_a_token() -> None:
    assert draw_text(compiled(ORDER)) == (
        "Orders\n"
        "  ■ Check the order  [standard · processor/validate · timeout 5s]\n"
        "    /total > 1000: ✕ too-much  [fail]\n"
        "    else: ◆ ready  [fork · 2 branches]\n"
        "      card: ■ processor/payment  [standard]\n"
        "        failure: ■ processor/alert  [standard]\n"
        "      stock: ■ processor/inventory  [standard]\n"
        "    join: ◇ ready  [join · all]\n"
        "    failure: ■ processor/log  [standard]\n"
        "\n"
        "at the end\n"
        "  ▣ Clean up  [call]\n"
        "\n"
        "body of Clean up\n"
        "  ■ Inside  [standard · processor/inner]\n"
    )


@pytest.mark.parametrize(
    ("strategy", "said"),
    [({"type": "And"}, ""), ({"type": "Or"}, " · first"), ({"type": "Quorum", "n": 2}, " · 2 of them")],
)
def test_an_each_says_over_what_it_goes_and_how_many_must_succeed(strategy: Any, said: str) -> None:
    every = {"type": "each", "id": "every", "over": {"$from": "/payload"}, "strategy": strategy, "concurrency": 3}
    drawn = draw_text(compiled(spec({**every, "body": work("count")})))
    assert f"every  [each · over /payload{said} · 3 at once]" in drawn


@pytest.mark.parametrize("draw", [draw_text, draw_mermaid, draw_dot, draw_svg])
def test_every_drawing_names_every_node_guard_and_body(draw: Any) -> None:
    drawn = draw(compiled(ORDER))
    names = ["Check the order", "processor/payment", "too-much", "ready", "Clean up", "Inside", "body of Clean up"]
    for name in [*names, "failure", "card", "stock", "else"]:
        assert name in drawn


@pytest.mark.parametrize("draw", [draw_text, draw_mermaid, draw_dot, draw_svg])
def test_every_drawing_shows_nodes_of_a_users_kind(draw: Any) -> None:
    document = spec({"type": "Hears", "id": "ask", "event": "signed", "timeout": "30d", "onSuccess": work("file")})
    drawn = draw(compile_document(document, extensions=Extensions.of(Hears)).unwrap())
    assert "ask" in drawn
    assert "Hears · event signed · timeout 30d" in drawn
    if draw is draw_svg:
        ElementTree.fromstring(drawn)


NASTY = [
    '"];\n}',
    "</text><script>alert(1)</script>",
    "a]]>b",
    "\u202egnp",
    "\x00\x1b[31m",
    "&amp;<",
    "漢字 🦜",
    "#1;|x|",
    "\\",
]


@pytest.mark.parametrize("label", NASTY)
def test_no_label_breaks_out_of_a_drawing(label: str) -> None:
    drawn = compiled(spec(work(label=label, onFailure=fail(label)), name=label))
    root = ElementTree.fromstring(draw_svg(drawn))
    assert not [element for element in root.iter() if element.tag.endswith("script")]
    plain = compiled(spec(work(label="x", onFailure=fail("x")), name="x"))
    for draw in (draw_mermaid, draw_dot, draw_text):
        assert draw(drawn).count("\n") == draw(plain).count("\n")
    assert "\x1b" not in draw_text(drawn) + draw_svg(drawn) + draw_dot(drawn) + draw_mermaid(drawn)
    assert '"];' not in draw_mermaid(drawn)


def test_a_picture_has_a_title_and_a_description_for_those_who_hear_it() -> None:
    root = ElementTree.fromstring(draw_svg(compiled(ORDER)))
    assert root.attrib["role"] == "img"
    texts = {element.tag.rpartition("}")[2]: element.text for element in root[:2]}
    assert texts["title"] == "Orders"
    assert texts["desc"] == "A graph of 8 nodes, with 2 graphs that it runs as bodies or at its end."


def test_dags_that_nobody_wrote_can_be_drawn_too() -> None:
    for members in (0, 1, 30):
        drawn = CompiledDag(dag=each_dag(EachPlan(DagHash("f" * 64), members, Or(), None)))
        ElementTree.fromstring(draw_svg(drawn))
        assert draw_text(drawn)
        assert draw_dot(drawn)
        assert draw_mermaid(drawn)


def test_boxes_of_a_layout_do_not_overlap_and_stand_below_what_leads_to_them() -> None:
    boxes = [Box(40.0 + 10 * index, 20.0) for index in range(12)]
    links = [Link(index // 2, index, Box(30.0, 12.0), 1.0) for index in range(1, 12)]
    links += [Link(0, 11, Box(0.0, 0.0), 2.0), Link(1, 11, Box(0.0, 0.0), 2.0)]
    layout = lay_out(boxes, links)
    for link, route in zip(links, layout.routes, strict=True):
        assert layout.centres[link.source][1] + 20 < layout.centres[link.target][1]
        ys = [y for _, y in route.points]
        assert ys == sorted(ys)
    for one in range(12):
        for other in range(one):
            (x1, y1), (x2, y2) = layout.centres[one], layout.centres[other]
            apart = abs(x1 - x2) - (boxes[one].width + boxes[other].width) / 2
            assert apart > 0 or abs(y1 - y2) >= 20


def test_a_chain_of_a_layout_is_straight() -> None:
    layout = lay_out([Box(100.0, 20.0)] * 50, [Link(at, at + 1, Box(0.0, 0.0), 1.0) for at in range(49)])
    assert len({round(x) for x, _ in layout.centres}) == 1


def test_a_layout_of_links_in_a_circle_ends() -> None:
    layout = lay_out([Box(1.0, 1.0)] * 3, [Link(at, (at + 1) % 3, Box(0.0, 0.0), 1.0) for at in range(3)])
    assert len(layout.centres) == 3


def test_a_diamond_is_drawn_once() -> None:
    diamond = spec(
        work(id="a", onFailure=ref("d"), onSuccess=pass_node(id="d", onConditions=[when(exists("/x"), work())]))
    )
    drawn = draw_text(compiled(diamond))
    assert drawn.count("○ d") == 1
    assert "→ d" in drawn

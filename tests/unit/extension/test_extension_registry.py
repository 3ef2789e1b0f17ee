"""Which classes may be given as extensions, and which names are taken."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import pytest
from attrs import define, field, frozen
from review_rules import Majority

from tests.unit.extension.rules import RULES, Even, First
from waygrid_core.extension.extension import ConditionRule, Extension, JoinRule
from waygrid_core.extension.field_types import ListOf, MapOf, Maybe, OneOf, Scalar, camel_case, fields_of
from waygrid_core.extension.registry import BUILT_IN, NO_EXTENSIONS, NODE_FIELDS, Extensions
from waygrid_core.extension.tally import Tally, Verdict
from waygrid_core.model.json_value import JsonValue
from waygrid_core.spec.conditions import SHAPES
from waygrid_core.spec.nodes import NODE_SHAPES
from waygrid_core.spec.policies import EACH_JOIN_SHAPES, JOIN_SHAPES, RETRY_SHAPES


class Never(ConditionRule):
    """For subclasses: it does not hold."""

    __slots__ = ()

    def holds(self, output: JsonValue) -> bool:
        return False


@frozen
class Written(Never):
    """Its annotations are texts, as in every module with `from __future__ import annotations`."""

    name = "Written"

    level: Literal["a", "b"]
    delays: tuple[timedelta | None, ...] = ()
    data: JsonValue = None
    weights: Mapping[str, float] = field(factory=dict)


def test_annotations_that_are_texts_are_read_where_they_were_written() -> None:
    types = {each.name: each.type for each in fields_of(Written)}
    assert types == {
        "level": OneOf(("a", "b")),
        "delays": ListOf(Maybe(Scalar("duration"))),
        "data": Scalar("json"),
        "weights": MapOf(Scalar("number")),
    }


def test_names_in_documents_are_in_camel_case() -> None:
    assert [camel_case(name) for name in ("of", "max_retries", "_hidden", "a_b_c")] == [
        *("of", "maxRetries", "hidden", "aBC")
    ]


def test_extensions_are_found_by_slot_and_name() -> None:
    extensions = Extensions.of(Even, Majority, Even)
    assert extensions.conditions == {"Even": Even}
    assert extensions.joins == {"Majority": Majority}
    assert extensions.classes == (Even, Majority)
    assert extensions.with_also([First]).joins == {"Majority": Majority, "First": First}
    assert NO_EXTENSIONS.classes == ()


def test_extensions_that_differ_have_another_fingerprint() -> None:
    assert NO_EXTENSIONS.fingerprint == ""
    assert Extensions.of(Even, First).fingerprint == Extensions.of(First, Even).fingerprint
    assert len({each.fingerprint for each in (NO_EXTENSIONS, Extensions.of(Even), RULES)}) == 3


@frozen
class _SameName(Never):
    name = "Even"


@frozen
class _Taken(Never):
    name = "JsonExists"


@frozen
class _Nameless(Never):
    pass


@frozen
class _BadName(Never):
    name = "two words"


@frozen
class _BadVersion(Never):
    name = "BadVersion"
    version = 0


@define
class _Changeable(Never):
    name = "Changeable"
    n: int = 0


class _Plain(Never):
    name = "Plain"


@frozen
class _Unsaid(Never):
    name = "Unsaid"
    n: set[int] = frozenset()  # type: ignore[assignment]


@frozen
class _Reserved(Never):
    name = "Reserved"
    version_: int = 0
    type: str = ""


@frozen
class _Hidden(Never):
    name = "Hidden"
    n: int = field(init=False, default=0)


@frozen
class _Lacking(JoinRule, ABC):
    name = "Lacking"

    def fits(self, branches: Sequence[str]) -> str | None:
        return None


@frozen
class _OfTwoKinds(Never, JoinRule):
    name = "OfTwoKinds"

    def judge(self, tally: Tally) -> Verdict:
        return "holds"


@frozen
class _OfNoKind(Extension):
    name = "OfNoKind"


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (_SameName, "both called 'Even'"),
        (_Taken, "one of Waygrid's own"),
        (_Nameless, "'name'"),
        (_BadName, "letters, digits"),
        (_BadVersion, "whole number from 1"),
        (_Changeable, "write @frozen"),
        (_Plain, "no attrs class"),
        (_Unsaid, "no document holds"),
        (_Reserved, "which is taken"),
        (_Hidden, "init=False"),
        (_Lacking, "not complete"),
        (_OfTwoKinds, "must be a subclass of one of"),
        (_OfNoKind, "must be a subclass of one of"),
        (int, "must be a subclass of one of"),
        ("Even", "must be a subclass of one of"),
    ],
)
def test_a_class_that_no_document_could_mean_is_refused(kind: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Extensions.of(Even, kind)


def test_an_annotation_that_means_nothing_where_it_stands_is_refused() -> None:
    class Local:
        pass

    @frozen
    class Lost(Never):
        name = "Lost"
        n: Local | None = None

    with pytest.raises(ValueError, match="means nothing at the top of its module"):
        Extensions.of(Lost)


def test_the_names_that_are_taken_are_those_that_documents_have() -> None:
    assert BUILT_IN["conditions"] == SHAPES.keys()
    assert BUILT_IN["joins"] == JOIN_SHAPES.keys() == EACH_JOIN_SHAPES.keys()
    assert BUILT_IN["retries"] == RETRY_SHAPES.keys()
    assert BUILT_IN["nodes"] == NODE_SHAPES.keys()
    assert NODE_FIELDS - {"name"} == NODE_SHAPES["call"].known - {"type", "body"}

"""The context of a trace follows from ids: whoever knows a traversal knows its span."""

from hypothesis import given
from hypothesis import strategies as st

from waygrid_core.envelope.stamps import Trace, parse_trace
from waygrid_core.envelope.trace_context import span_id, trace_id, trace_within
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.ulid import ULID_PATTERN

ROOT, CHILD = TraversalId("01HF7YAT0060RK4CSM6MV3EE1S"), TraversalId("01HF7YAT00QQQQQQQQQQQQQQQQ")
GIVEN = Trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", "vendor=1")
ULIDS = st.from_regex(ULID_PATTERN, fullmatch=True).map(TraversalId)


def test_what_came_with_a_trace_stays_in_it_with_its_flags_and_state() -> None:
    inside = trace_within(ROOT, ROOT, GIVEN)
    assert inside == Trace(f"00-4bf92f3577b34da6a3ce929d0e0e4736-{span_id(ROOT)}-00", "vendor=1")


def test_what_came_with_none_begins_one_that_its_descendants_are_in() -> None:
    begun = trace_within(ROOT, ROOT, None)
    child = trace_within(CHILD, ROOT, begun)
    assert begun.traceparent[3:35] == child.traceparent[3:35] == trace_id(ROOT, None)
    assert begun.traceparent[36:52] != child.traceparent[36:52]
    assert begun.traceparent.endswith("-01")


def test_the_id_of_a_trace_is_the_number_that_the_traversals_id_writes() -> None:
    assert trace_id(TraversalId("00000000000000000000000011"), None) == f"{33:032x}"


@given(ULIDS | st.text(min_size=1, max_size=30).map(TraversalId), st.none() | st.just(GIVEN))
def test_any_traversal_has_a_context_that_others_can_read(traversal: TraversalId, given_trace: Trace | None) -> None:
    inside = trace_within(traversal, traversal, given_trace)
    assert parse_trace(inside.traceparent, inside.tracestate) == inside or set(trace_id(traversal, None)) == {"0"}
    assert trace_within(traversal, traversal, given_trace) == inside

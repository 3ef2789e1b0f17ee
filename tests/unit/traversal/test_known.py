"""What a traversal has done, and another takes over: what is taken, and what is not."""

from tests.unit.traversal.driver import TRAVERSAL, Driver
from waygrid_core.template.template import SecretReference
from waygrid_core.traversal.events import NodeSucceeded
from waygrid_core.traversal.fold import evolve
from waygrid_core.traversal.known import done_by, input_digest
from waygrid_core.traversal.preparation import Preparation
from waygrid_core.traversal.signals import Begin
from waygrid_core.traversal.state import new_traversal

READS_BACK = """
entryPoints:
  - type: standard
    id: a
    address: waygrid://processor/x
    onSuccess:
      type: standard
      id: b
      address: waygrid://processor/x
      input: {order: {$from: /payload/order}, first: {$from: /nodes/a/output/n}}
      onSuccess: {type: standard, id: c, address: waygrid://processor/x}
"""


def test_work_on_input_that_was_read_from_data_is_known_by_what_it_read() -> None:
    old = Driver(READS_BACK)
    old.begin({"order": 1})
    old.succeed("a", {"n": 1})
    old.succeed("b", {"n": 2})
    old.fail("c")
    known = done_by(old.dag, old.state)
    assert sorted(output["n"] for output in known.values() if isinstance(output, dict)) == [1, 2]

    new = Driver(READS_BACK)
    assert new.names(new.send(Begin(TRAVERSAL, {"order": 1}, known=known))) == ["DispatchNode c 1"]
    assert NodeSucceeded(new.node("a"), 1, {"order": 1}, {"n": 1}) in new.events
    assert NodeSucceeded(new.node("b"), 1, {"n": 1}, {"n": 2}) in new.events


def test_work_is_known_by_what_it_was_given_and_not_by_what_its_pointers_would_find_later() -> None:
    """A pointer may name the node itself, or one that comes after it, and had found nothing when it was read."""
    spec = """
entryPoints:
  - type: fork
    joinNodeId: j
    branches:
      x:
        type: standard
        id: a
        address: waygrid://processor/x
        input: {own: {$from: /nodes/a/output}, next: {$from: /nodes/b/output}, join: {$from: /nodes/j/output}}
        onSuccess: {type: standard, id: b, address: waygrid://processor/x}
      y: {type: pass}
    join:
      type: join
      joinNodeId: j
      strategy: {type: And}
      onSuccess: {type: standard, id: c, address: waygrid://processor/x}
"""
    old = Driver(spec)
    given = old.dispatched(old.begin({"order": 1}), "a").input
    assert given == {}
    old.succeed("a", {"n": 1})
    old.succeed("b", {"n": 2})
    old.fail("c")

    new = Driver(spec)
    effects = new.send(Begin(TRAVERSAL, {"order": 1}, known=done_by(old.dag, old.state)))
    assert new.names(effects) == ["DispatchNode c 1"]


def test_a_fail_that_was_reached_on_purpose_takes_nothing_from_what_was_done_before() -> None:
    old = Driver("""
entryPoints:
  - type: standard
    id: a
    address: waygrid://processor/x
    onSuccess: {type: fail, id: no, code: no}
""")
    old.begin()
    old.succeed("a", {"n": 1})
    assert old.state.status == "Failed"
    assert list(done_by(old.dag, old.state).values()) == [{"n": 1}]


def test_a_traversal_that_went_on_after_a_timer_is_retried_from_its_beginning() -> None:
    old = Driver("""
entryPoints:
  - type: standard
    id: a
    address: waygrid://processor/x
    onSuccess:
      type: standard
      id: b
      address: waygrid://processor/x
      timeout: 5s
      onTimeout: {type: standard, id: late, address: waygrid://processor/x}
""")
    old.begin()
    dispatched = old.succeed("a", {"n": 1})
    old.fire(old.scheduled(dispatched, "timeout"))
    old.succeed("late")
    assert done_by(old.dag, old.state) == {}


def test_a_timer_without_an_edge_of_its_own_leaves_what_was_done_before() -> None:
    old = Driver("""
entryPoints:
  - type: standard
    id: a
    address: waygrid://processor/x
    onSuccess: {type: standard, id: b, address: waygrid://processor/x, timeout: 5s}
""")
    old.begin()
    dispatched = old.succeed("a", {"n": 1})
    old.fire(old.scheduled(dispatched, "timeout"))
    assert old.state.status == "Failed"
    assert list(done_by(old.dag, old.state).values()) == [{"n": 1}]


def test_a_secret_is_known_by_its_reference_alone() -> None:
    driver = Driver("""
entryPoints:
  - type: standard
    id: a
    address: waygrid://processor/x
    parameters: {token: {$secret: {path: shop/token, field: value, version: 3}}}
""")
    dispatched = driver.dispatched(driver.begin({"order": 1}), "a")
    written: Preparation = Preparation(
        {"order": 1}, {"token": {"$secret": {"path": "shop/token", "field": "value", "version": 3}}}
    )
    assert input_digest(Preparation(dispatched.input, dispatched.parameters)) == input_digest(written)


def test_to_fold_events_is_to_take_them_one_at_a_time() -> None:
    driver = Driver(READS_BACK)
    driver.begin({"order": 1})
    driver.succeed("a", {"n": 1})
    state = new_traversal(TRAVERSAL)
    for event in driver.events:
        state = evolve(state, event)
    assert state == driver.state


def test_work_on_other_parameters_is_other_work() -> None:
    digests = {
        input_digest(Preparation({"n": 1}, parameters))
        for parameters in ({}, {"a": 1}, {"a": 2}, {"b": 1}, {"a": SecretReference("p", "f", 1)})
    }
    assert len(digests) == 5
    assert input_digest(Preparation({"n": 1.0}, {"a": 1.0})) in digests

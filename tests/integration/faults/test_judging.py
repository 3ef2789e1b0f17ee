"""The judge of the faults sees what it is there to see: each crime is committed once, and found."""

from datetime import timedelta

import pytest
from attrs import evolve

from tests.integration.faults.judging import Evidence, claim_key, judge
from tests.integration.plant.running import run_spec, work
from waygrid_core.children.either import fold_either
from waygrid_core.envelope.transport import TransportEnvelope, dead_letter
from waygrid_core.model.identifiers import TimerId, TraversalId
from waygrid_core.traversal.events import TraversalCompleted
from waygrid_core.traversal.state import TraversalState
from waygrid_shell.ports.claim_book import Claim
from waygrid_shell.ports.journal import Change, Decision
from waygrid_shell.ports.timer_book import Timer
from waygrid_shell.processors.function import App
from waygrid_shell.runtime.wiring import Ports, memory_ports

pytestmark = pytest.mark.anyio

NOBODY = TraversalId("01HF7YAT00ZZZZZZZZZZZZZZZZ")
LETTER = TransportEnvelope(topic="processor.line", key="k", headers={}, value=b"poison-7 {")


@pytest.fixture
async def scene() -> tuple[Ports, Evidence]:
    """A plant at rest that did all that was asked of it, and what was."""
    app = App()

    @app.processor("line")
    def line(given: object) -> object:
        return given

    ports = memory_ports()
    (ended,) = await run_spec(ports, {"entryPoints": [work("line", timeout="1h")]}, app)
    traversal = ended.summary.traversal
    await ports.claim_book.claim([Claim(claim_key("mine"), traversal, "http")])
    return ports, Evidence(accepted={"mine": traversal}, delivered=set())


async def test_a_plant_that_did_all_that_was_asked_is_innocent(scene: tuple[Ports, Evidence]) -> None:
    await judge(*scene)


async def test_a_traversal_that_was_accepted_and_is_nowhere_is_found(scene: tuple[Ports, Evidence]) -> None:
    ports, evidence = scene
    lost = evolve(evidence, accepted={**evidence.accepted, "lost": NOBODY})
    with pytest.raises(AssertionError, match="were lost"):
        await judge(ports, lost)


async def test_a_traversal_that_nobody_asked_for_is_found(scene: tuple[Ports, Evidence]) -> None:
    ports, evidence = scene
    with pytest.raises(AssertionError, match="nobody asked for"):
        await judge(ports, evolve(evidence, accepted={}))


async def test_a_key_that_has_another_traversal_in_the_book_is_found(scene: tuple[Ports, Evidence]) -> None:
    ports, evidence = scene
    (traversal,) = evidence.accepted.values()
    with pytest.raises(AssertionError, match="one key, one traversal"):
        await judge(ports, evolve(evidence, accepted={"yours": traversal}))


async def test_two_keys_with_one_traversal_are_found(scene: tuple[Ports, Evidence]) -> None:
    ports, evidence = scene
    (traversal,) = evidence.accepted.values()
    with pytest.raises(AssertionError, match="two keys"):
        await judge(ports, evolve(evidence, accepted={**evidence.accepted, "yours": traversal}))


async def test_an_end_that_is_told_twice_is_found(scene: tuple[Ports, Evidence]) -> None:
    ports, evidence = scene
    await _decide(ports, evidence, TraversalCompleted(None))
    with pytest.raises((AssertionError, ExceptionGroup)) as caught:
        await judge(ports, evidence)
    assert "ended 2 times" in _said(caught.value)


async def test_a_state_that_is_not_what_its_events_make_is_found(scene: tuple[Ports, Evidence]) -> None:
    ports, evidence = scene
    await _decide(ports, evidence, TraversalCompleted("right"), kept=TraversalCompleted("wrong"))
    with pytest.raises((AssertionError, ExceptionGroup)) as caught:
        await judge(ports, evidence)
    assert "another state" in _said(caught.value)


async def test_a_traversal_whose_timer_is_lost_is_found(scene: tuple[Ports, Evidence]) -> None:
    """It has not ended, and never will: whoever looked at timers alone would see nothing."""
    ports, evidence = scene
    (traversal,) = map(TraversalId, evidence.accepted.values())
    stored = (await ports.journal.load([traversal]))[traversal]
    assert isinstance(stored.state, TraversalState)
    waiting = evolve(stored.state, traversal=NOBODY, status="Running", version=1)
    made = Decision(version=1, cause="its request", at=ports.clock.now(), events=(), effects=())
    origin = evolve(stored.origin, root=NOBODY)
    await ports.journal.commit([Change(origin=origin, base=0, decisions=(made,), state=waiting)])
    with pytest.raises(AssertionError, match="there is no rest"):
        await judge(ports, evidence)


async def test_a_timer_that_nobody_waits_for_is_found(scene: tuple[Ports, Evidence]) -> None:
    ports, evidence = scene
    due = ports.clock.now() + timedelta(hours=1)
    await ports.timer_book.write(to_set=[Timer(TimerId("left"), NOBODY, due)], to_unset=[])
    with pytest.raises(AssertionError, match="1 timers are set"):
        await judge(ports, evidence)


async def test_a_message_that_nobody_took_is_found(scene: tuple[Ports, Evidence]) -> None:
    ports, evidence = scene
    await ports.event_log.publish([LETTER])
    with pytest.raises(AssertionError, match="1 of processor"):
        await judge(ports, evidence)


async def test_a_dead_letter_that_is_no_poison_is_found(scene: tuple[Ports, Evidence]) -> None:
    ports, evidence = scene
    good = TransportEnvelope(topic="processor.line", key="k", headers={}, value=b"{}")
    await ports.event_log.publish([dead_letter(good, "nobody knows")])
    with pytest.raises(AssertionError, match="nobody knows"):
        await judge(ports, evidence)


async def test_poison_that_was_not_put_aside_is_found(scene: tuple[Ports, Evidence]) -> None:
    ports, evidence = scene
    await ports.event_log.publish([dead_letter(LETTER, "no JSON")])
    await judge(ports, evolve(evidence, poison={"poison-7"}))
    with pytest.raises(AssertionError, match="poison-8"):
        await judge(ports, evolve(evidence, poison={"poison-7", "poison-8"}))


async def test_a_delivery_that_nobody_asked_for_is_found(scene: tuple[Ports, Evidence]) -> None:
    ports, evidence = scene
    with pytest.raises(AssertionError, match="nobody asked for: 1, such as somebody's"):
        await judge(ports, evolve(evidence, delivered={"somebody's"}))


async def _decide(
    ports: Ports, evidence: Evidence, event: TraversalCompleted, *, kept: TraversalCompleted | None = None
) -> None:
    """One more decision of the traversal, after its end; its state is what `kept` makes of it."""
    (traversal,) = map(TraversalId, evidence.accepted.values())
    stored = (await ports.journal.load([traversal]))[traversal]
    state = fold_either((kept or event,), stored.state)
    made = Decision(version=state.version, cause="a zombie", at=ports.clock.now(), events=(event,), effects=())
    change = Change(origin=stored.origin, base=stored.state.version, decisions=(made,), state=state)
    await ports.journal.commit([change])


def _said(error: BaseException) -> str:
    return " ".join(map(_said, error.exceptions)) if isinstance(error, BaseExceptionGroup) else str(error)

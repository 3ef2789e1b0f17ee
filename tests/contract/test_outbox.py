"""The contract of the outbox: what is remembered and what follows from it go together."""

import pytest

from tests.contract.traversals import NOON, Story, chain
from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.hosting.outbox import AnswersStepByStep
from waygrid_shell.ports.failure import VersionConflict
from waygrid_shell.ports.outbox import AnswerOutbox, DecisionOutbox
from waygrid_shell.ports.seen_ledger import Answer
from waygrid_shell.runtime.wiring import OpenPorts, Ports

pytestmark = pytest.mark.anyio
A = TraversalId("A")
RECORD = TransportEnvelope(topic="processor.work", key="k", headers={"ce_id": "1"}, value=b"{}")


def decisions_of(ports: Ports) -> DecisionOutbox:
    if ports.outbox is None:
        pytest.skip("its waystation writes one after the other, see services.waystation.writing")
    return ports.outbox


def answers_of(ports: Ports) -> AnswerOutbox:
    return ports.outbox or AnswersStepByStep(seen_ledger=ports.seen_ledger, event_log=ports.event_log)


async def test_decisions_and_their_messages_are_both_kept(open_ports: OpenPorts) -> None:
    story = Story(chain(), A).begin()
    async with open_ports() as ports:
        await decisions_of(ports).decide([story.change()], [RECORD])
    async with open_ports() as ports, ports.event_log.subscribe(["processor.work"]) as subscription:
        assert (await ports.journal.load([A]))[A].state == story.state
        (delivery,) = await subscription.take(10)
        assert delivery.record == RECORD


async def test_a_refused_decision_sends_nothing(open_ports: OpenPorts) -> None:
    change = Story(chain(), A).begin().change()
    async with open_ports() as ports:
        decide = decisions_of(ports).decide
        await decide([change], [])
        with pytest.raises(VersionConflict):
            await decide([change], [RECORD])
        assert await ports.event_log.backlog() == {}


async def test_answers_and_their_messages_are_both_kept_and_reach_who_reads(open_ports: OpenPorts) -> None:
    async with open_ports() as ports, ports.event_log.subscribe(["processor.work"]) as subscription:
        await answers_of(ports).answer([Answer("a", b"1", NOON)], [RECORD])
        (delivery,) = await subscription.take(10)
        assert delivery.record == RECORD
    async with open_ports() as ports:
        assert await ports.seen_ledger.recall(["a"]) == {"a": b"1"}
        assert await ports.event_log.backlog() == {"processor.work": 1}


async def test_an_empty_batch_is_no_batch(open_ports: OpenPorts) -> None:
    async with open_ports() as ports:
        await answers_of(ports).answer([], [])
        await decisions_of(ports).decide([], [])
        assert await ports.event_log.backlog() == {}

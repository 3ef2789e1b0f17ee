"""What is remembered of requests that come again: whoever gives work out asks, before it is done a second time."""

from collections.abc import Mapping, Sequence

from waygrid_core.codec.wire import decode_message
from waygrid_core.message.identity import ledger_id, work_key, work_of
from waygrid_core.message.messages import Message, NodeTraversalCancelRequested, NodeTraversalRequested
from waygrid_core.outcome import Failure
from waygrid_shell.hosting.post import Opened
from waygrid_shell.ports.seen_ledger import SeenLedger


def key_of(message: NodeTraversalRequested | NodeTraversalCancelRequested) -> str:
    """The key of the work that a message is about."""
    return work_key(message.traversal, message.node, message.attempt)


async def remembered_answers(ledger: SeenLedger, mail: Sequence[Opened]) -> Mapping[str, Message]:
    """The answers, by the key of their work, to requests that may have been worked on already.

    What is sent for the first time has not been: where all is fresh the ledger is not asked. An answer that this
    version cannot read is as good as forgotten. Raises what the ledger raises.
    """
    asked = [
        ledger_id(envelope.message, key_of(envelope.message))
        for delivery, envelope in mail
        if (delivery.may_be_repeated or envelope.stamps.delivery > 1)
        and isinstance(envelope.message, NodeTraversalRequested)
    ]
    if not asked:
        return {}
    answers = {}
    for ledger_key, value in (await ledger.recall(asked)).items():
        outcome = decode_message(value)
        if not isinstance(outcome, Failure):
            answers[work_of(ledger_key)] = outcome.unwrap()
    return answers

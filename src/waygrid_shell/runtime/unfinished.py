"""What a process finds when it begins: work of before, and who is missing for it."""

import logging

from attrs import frozen

from waygrid_core.dag.addresses import addresses_of
from waygrid_core.dag.dag import Dag
from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import DagHash
from waygrid_core.model.topic import parse_topic
from waygrid_core.outcome import Success
from waygrid_shell.ports.failure import PortFailure, UnreadableDag
from waygrid_shell.runtime.needs import dags_of
from waygrid_shell.runtime.wiring import Ports

_log = logging.getLogger(__name__)


@frozen(kw_only=True)
class Unfinished:
    """How many traversals are under way, and the addresses that they need and nobody serves.

    `count` is None where others look after them as well: then `unserved` has those only that something waits for now.
    """

    count: int | None
    unserved: tuple[ServiceAddress, ...]


async def unfinished_alone(ports: Ports, served: frozenset[ServiceAddress]) -> Unfinished:
    """Where this process is the whole platform. What it cannot read waits, and it is said. Raises what ports raise."""

    async def readable(dag_hash: DagHash) -> Dag | None:
        try:
            return await ports.dag_store.get(dag_hash)
        except UnreadableDag as failure:
            _log.error("%s; its traversals wait", failure)
            return None

    unfinished = await ports.journal.unfinished()
    count = sum(1 for each in unfinished if each.traversal == each.origin.root)
    unserved = addresses_of(await dags_of(unfinished, readable)) - served
    return Unfinished(count=count, unserved=tuple(sorted(unserved, key=str)))


async def unfinished_among_others(ports: Ports, served: frozenset[ServiceAddress]) -> Unfinished:
    """Where others may serve what this process does not. What cannot be found out now is not said.

    Nobody is kept from beginning by what is only good to know: a new Kafka takes seconds to say how far groups are.
    """
    try:
        present, awaited = await ports.presence.present(), await _awaited(ports)
    except PortFailure as failure:
        _log.info("nobody knows yet what waits for addresses that nobody serves: %s", failure)
        return Unfinished(count=None, unserved=())
    elsewhere = {address for process in present for address in process.addresses}
    unserved = [address for address in awaited if address not in served and str(address) not in elsewhere]
    return Unfinished(count=None, unserved=tuple(sorted(unserved, key=str)))


async def _awaited(ports: Ports) -> list[ServiceAddress]:
    parsed = [parse_topic(topic) for topic in await ports.event_log.backlog()]
    addresses = [each.unwrap() for each in parsed if isinstance(each, Success)]
    return [address for address in addresses if address.component in ("processor", "destination")]

"""What is done to a platform while it works. Each fault does it, for a while, and leaves all as it was.

What a fault draws follows from a stream of its own, so that one more of them changes nothing about the others.
"""

from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from random import Random
from typing import Any, Final, TypeAlias

import anyio
from attrs import define, field, frozen

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_core.model.digest import short_digest
from waygrid_shell.simulation.network import NO_TROUBLE, Trouble
from waygrid_shell.simulation.platform import Platform
from waygrid_shell.simulation.process import Process

_TRAPS: Final = (
    "event_log.publish",
    "event_log.acknowledge",
    "journal.commit",
    "outbox.decide",
    "outbox.answer",
    "timer_book.write",
    "timer_book.unset",
    "timer_book.due",
    "event_book.save",
    "seen_ledger.record",
    "claim_book.claim",
    "dag_store.put",
    "journal.recorded",
)
"""What a process is in the middle of when it is killed."""

_TRAP_SECONDS: Final = 3.0
"""How long somebody waits for a process to come to that point."""
_MOST_SKEW: Final = timedelta(seconds=0.45)
_COPIED_AT_ONCE: Final = 20


@define(eq=False)
class Scene:
    """What faults are done to. `poison` are the ids of records that nobody can read."""

    platform: Platform
    session_seconds: float
    topics: Sequence[str]
    poison: set[str] = field(factory=set)


Fault: TypeAlias = Callable[[Scene, Random], Coroutine[Any, Any, None]]


async def kill(scene: Scene, chance: Random) -> None:
    """A process is killed, and started again."""
    name = scene.platform.anyone(chance)
    scene.platform.kill(name)
    await _start_again(scene, chance, name)


async def kill_at_a_call(scene: Scene, chance: Random) -> None:
    """A process is killed as it asks a port for something, or as soon as that is done, before it hears so."""
    name = scene.platform.anyone(chance)
    process = scene.platform.processes[name]
    what, is_before, count = chance.choice(_TRAPS), chance.random() < 0.5, chance.randint(1, 5)
    sprung = anyio.Event()

    def trap(asked: str) -> None:
        nonlocal count
        if asked.startswith(what):
            count -= 1
            if count == 0:
                scene.platform.world.transcript.say(name, f"is {'about to' if is_before else 'done with'} {asked}")
                scene.platform.kill(name)
                sprung.set()

    traveler = process.traveler
    if is_before:
        traveler.asks = trap
    else:
        traveler.asked = trap
    with anyio.move_on_after(_TRAP_SECONDS):
        await sprung.wait()
    count = 0  # nobody waits any more
    if sprung.is_set():
        await _start_again(scene, chance, name)


async def _start_again(scene: Scene, chance: Random, name: str) -> None:
    await anyio.sleep(chance.choice((chance.uniform(0.0, 0.3), chance.uniform(0.0, 2 * scene.session_seconds + 0.5))))
    if not scene.platform.processes[name].is_alive:  # another fault may have started it
        scene.platform.start(name)


async def stop(scene: Scene, chance: Random) -> None:
    """A process is asked to stop, and another is started instead."""
    name = scene.platform.anyone(chance)
    process = scene.platform.processes[name]
    if process.is_paused:
        return
    scene.platform.world.transcript.say(name, "is asked to stop")
    process.ask_to_stop()
    with anyio.move_on_after(5.0):
        await process.ended()
    scene.platform.kill(name)
    await _start_again(scene, chance, name)


async def pause(scene: Scene, chance: Random) -> None:
    """A process stands still, perhaps for longer than its session; then it goes on, a zombie."""
    name = scene.platform.anyone(chance)
    process = scene.platform.processes[name]
    scene.platform.world.transcript.say(name, "is paused")
    process.pause()
    await anyio.sleep(chance.uniform(0.05, 3 * scene.session_seconds))
    scene.platform.world.transcript.say(name, "goes on")
    process.resume()


async def cut(scene: Scene, chance: Random) -> None:
    """A process is cut off from a server."""
    process = scene.platform.processes[scene.platform.anyone(chance)]
    way = chance.choice(process.ways.every)
    scene.platform.world.transcript.say(process.name, f"is cut off from the {way.server.name}")
    way.is_cut = True
    process.look()
    await anyio.sleep(chance.uniform(0.05, 3 * scene.session_seconds))
    scene.platform.world.transcript.say(process.name, f"reaches the {way.server.name} again")
    way.is_cut = False
    process.look()


async def server_down(scene: Scene, chance: Random) -> None:
    """A server is down for a while; the cache may have lost what it had."""
    servers = scene.platform.world.servers
    server = chance.choice(servers.every)
    scene.platform.world.transcript.say(server.name, "is down")
    server.is_down = True
    scene.platform.look()
    await anyio.sleep(chance.uniform(0.05, 3.0))
    server.is_down = False
    if server is servers.cache and chance.random() < 0.5:
        servers.lose_cache()
        scene.platform.world.transcript.say(server.name, "is there again, and has lost all that it had")
    else:
        scene.platform.world.transcript.say(server.name, "is there again")
    scene.platform.look()


async def disk_full(scene: Scene, chance: Random) -> None:
    """A server has no room for a while."""
    server = chance.choice(scene.platform.world.servers.every)
    scene.platform.world.transcript.say(server.name, "has no room")
    server.is_full = True
    await anyio.sleep(chance.uniform(0.05, 3.0))
    server.is_full = False
    scene.platform.world.transcript.say(server.name, "has room again")


async def slow(scene: Scene, chance: Random) -> None:
    """A server is slow for a while."""
    server = chance.choice(scene.platform.world.servers.every)
    times = chance.choice((5.0, 20.0, 100.0))
    scene.platform.world.transcript.say(server.name, f"is {times:.0f} times as slow")
    server.slowness = times
    await anyio.sleep(chance.uniform(0.5, 3.0))
    server.slowness = 1.0
    scene.platform.world.transcript.say(server.name, "is as quick as before")


async def bad_network(scene: Scene, chance: Random) -> None:
    """On the ways of a process requests are lost, answers are, or requests come late."""
    process = scene.platform.processes[scene.platform.anyone(chance)]
    share = chance.choice((0.02, 0.1, 0.3))
    trouble = Trouble(
        request_lost=share * chance.random(), answer_lost=share * chance.random(), request_late=share * chance.random()
    )
    await _trouble_for_a_while(scene, chance, process, trouble, "network")


async def bad_disk(scene: Scene, chance: Random) -> None:
    """What the one process of a platform asks of its database fails, again and again, and is not done."""
    process = scene.platform.processes[scene.platform.anyone(chance)]
    trouble = Trouble(request_lost=chance.choice((0.02, 0.1, 0.3)))
    await _trouble_for_a_while(scene, chance, process, trouble, "disk")


async def _trouble_for_a_while(scene: Scene, chance: Random, process: Process, trouble: Trouble, of: str) -> None:
    """On all ways of the process, of what is told as its network, or its disk."""
    scene.platform.world.transcript.say(process.name, f"has a bad {of}: {trouble}")
    for way in process.ways.every:
        way.trouble = trouble
    await anyio.sleep(chance.uniform(0.5, 4.0))
    for way in process.ways.every:
        way.trouble = NO_TROUBLE
    scene.platform.world.transcript.say(process.name, f"has a good {of} again")


async def rebalance(scene: Scene, chance: Random) -> None:
    """The partitions of a topic go from reader to reader."""
    topic = chance.choice(scene.topics)
    for _ in range(chance.randint(1, 3)):
        scene.platform.world.transcript.say("log", f"moves the partitions of {topic}")
        scene.platform.world.servers.event_log.rebalance(topic)
        await anyio.sleep(chance.uniform(0.0, 0.5))


async def copies(scene: Scene, chance: Random) -> None:
    """Records come a second time, later."""
    servers = scene.platform.world.servers
    for _ in range(chance.randint(1, 5)):
        await anyio.sleep(chance.uniform(0.0, 1.0))
        recent = servers.published[-chance.randint(1, 200) :]
        again = [record for record in recent if chance.random() < 0.5][-_COPIED_AT_ONCE:]
        scene.platform.world.transcript.say("log", f"has {len(again)} records a second time")
        await servers.event_log.publish(again)


async def poison(scene: Scene, chance: Random) -> None:
    """Records that nobody can read, among those that all can read."""
    for _ in range(chance.randint(1, 3)):
        topic, name = chance.choice(scene.topics), short_digest(chance.randbytes(8))
        headers = {"ce_id": name, "ce_type": "io.waygrid.Nothing.v1"}
        record = TransportEnvelope(topic=topic, key=name, headers=headers, value=b"poison")
        scene.poison.add(name)
        scene.platform.world.transcript.say("log", f"has a record in {topic} that nobody can read")
        await scene.platform.world.servers.event_log.publish([record])
        await anyio.sleep(chance.uniform(0.0, 0.5))


async def set_clock(scene: Scene, chance: Random) -> None:
    """The clock of a process is set."""
    process = scene.platform.processes[scene.platform.anyone(chance)]
    process.clock.skew = _MOST_SKEW * chance.uniform(-1.0, 1.0)
    seconds = process.clock.skew.total_seconds()
    scene.platform.world.transcript.say(process.name, f"has its clock set to {seconds:+.3f} s")


CLUSTER: Final[Sequence[Fault]] = (
    kill,
    kill_at_a_call,
    kill_at_a_call,
    stop,
    pause,
    cut,
    server_down,
    disk_full,
    slow,
    bad_network,
    rebalance,
    copies,
    poison,
    set_clock,
)
"""What may happen to a cluster."""

ONE_PROCESS: Final[Sequence[Fault]] = (
    kill,
    kill_at_a_call,
    kill_at_a_call,
    stop,
    disk_full,
    slow,
    bad_disk,
    copies,
    poison,
)
"""What may happen to one process over one database."""


@frozen
class Planned:
    """A fault, and when it begins, in seconds from the beginning of the run."""

    at: float
    fault: Fault
    number: int

    @property
    def name(self) -> str:
        """For people."""
        return self.fault.__name__.replace("_", "-")


def planned(chance: Random, faults: Sequence[Fault], count: int, seconds: float) -> Sequence[Planned]:
    """So many of these faults, in so many seconds, in order."""
    drawn = [Planned(chance.uniform(0.0, seconds), chance.choice(faults), number) for number in range(count)]
    return sorted(drawn, key=lambda each: each.at)


async def befall(scene: Scene, faults: Sequence[Planned], streams: Callable[[str], Random]) -> None:
    """Do all of them, each at its time; return once the last one is over, and everything is well."""

    async def one(planned: Planned) -> None:
        await anyio.sleep(planned.at)
        await planned.fault(scene, streams(f"fault/{planned.number}"))

    async with anyio.create_task_group() as tasks:
        for each in faults:
            tasks.start_soon(one, each)
    scene.platform.world.transcript.say("faults", "are over")
    scene.platform.heal()

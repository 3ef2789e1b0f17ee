"""What is done to a cluster, each a function that does it to a scene under load, and leaves the scene well."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Final, TypeAlias

import anyio
import anyio.to_thread
import redis.asyncio

from tests.integration.cluster_faults.injecting import Copier, put_poison
from tests.integration.cluster_faults.scene import (
    BEHIND_A_DOOR,
    PREFIX,
    PROCESSES,
    SESSION,
    START_SECONDS,
    Scene,
    process_of,
)
from tests.integration.faults.processes import Command
from tests.servers.kafka import Kafka
from tests.servers.postgres import Postgres
from tests.servers.redis import Redis
from waygrid_shell.ports.failure import Unavailable

Fault: TypeAlias = Callable[[Scene], Coroutine[None, None, None]]

_PAST_THE_SESSION: Final = SESSION.total_seconds() + 2
_SHORT_OUTAGE: Final = (0.2, 3.0)
_SERVICES: Final = (
    "system.scheduler",
    "system.inbox",
    "processor.stock",
    "processor.payment",
    "processor.line",
    "processor.round",
    "processor.elsewhere",
    "destination.webhook",
)
_MANY: Final = 300
_FULL: Final = "no room is left on the disk"
_FULL_SECONDS: Final = 10.0
"""In which somebody wants to write more than the server has room for within its files."""
_MEMBER_TAKES: Final = 20


async def kill_processes(scene: Scene) -> None:
    """`kill -9` of any of them, and often of two at once."""
    for _ in range(3):
        victims = scene.chance.sample(sorted(PROCESSES), scene.chance.choice((1, 1, 2)))
        for victim in victims:
            scene.say(f"kill -9 {victim}")
            await scene.processes[victim].kill()
        await anyio.sleep(scene.chance.uniform(0.0, 1.5))
        for victim in victims:
            await scene.processes[victim].start()
        await anyio.sleep(scene.chance.uniform(0.5, 2.0))
    await _are_up(scene)


async def stop_processes(scene: Scene) -> None:
    """SIGTERM of some of them: each ends as it was asked to."""
    for victim in scene.chance.sample(sorted(PROCESSES), 3):
        scene.say(f"SIGTERM {victim}")
        await _stop(scene.processes[victim])
        await scene.processes[victim].start()
    await _are_up(scene)


async def stop_processes_without_a_server(scene: Scene) -> None:
    """SIGTERM of some of them while a server is away: they do not wait for it for ever."""
    server = scene.chance.choice((scene.servers.kafka, scene.servers.postgres, scene.servers.redis))
    victims = scene.chance.sample(sorted(PROCESSES), 3)
    scene.say(f"SIGTERM {', '.join(victims)} without {type(server).__name__}")
    await anyio.to_thread.run_sync(process_of(server).kill)
    async with anyio.create_task_group() as tasks:
        for victim in victims:
            tasks.start_soon(_stop, scene.processes[victim])
    await anyio.to_thread.run_sync(process_of(server).start, START_SECONDS)
    for victim in victims:
        await scene.processes[victim].start()
    await _are_up(scene)


async def _are_up(scene: Scene) -> None:
    """Return once every process serves: one that cannot reach a server as it begins does not begin, and says so."""
    with anyio.fail_after(START_SECONDS):
        for command in scene.processes.values():
            assert command.process is not None
            while "Waygrid serves " not in command.said and command.process.returncode is None:
                await anyio.sleep(0.05)


async def rebalance(scene: Scene) -> None:
    """A member joins groups every few seconds, takes records, acknowledges none, and leaves."""

    async def join(topic: str) -> None:
        taken = 0
        try:
            async with scene.ports.event_log.subscribe([topic]) as subscription:
                with anyio.move_on_after(scene.chance.uniform(0.5, 2.0)):
                    while taken < _MEMBER_TAKES:
                        taken += len(await subscription.take(_MEMBER_TAKES))
        except Unavailable as error:  # if something else happens to Kafka meanwhile
            scene.say(f"a member of the group of {topic} gives up: {error}")
        else:
            scene.say(f"a member has joined the group of {topic}, taken {taken} records, and leaves")

    for _ in range(3):
        async with anyio.create_task_group() as tasks:
            for topic in {"system.waystation", *scene.chance.sample(_SERVICES, 4)}:
                tasks.start_soon(join, topic)
        await anyio.sleep(scene.chance.uniform(0.0, 1.0))


async def kill_kafka(scene: Scene) -> None:
    """SIGKILL of the broker."""
    await _down(scene, "Kafka", scene.servers.kafka, "kill")


async def stop_kafka(scene: Scene) -> None:
    """SIGTERM of the broker."""
    await _down(scene, "Kafka", scene.servers.kafka, "stop")


async def kill_postgres(scene: Scene) -> None:
    """SIGKILL of PostgreSQL."""
    await _down(scene, "PostgreSQL", scene.servers.postgres, "kill")


async def stop_postgres(scene: Scene) -> None:
    """A fast shutdown of PostgreSQL, which ends all sessions."""
    await _down(scene, "PostgreSQL", scene.servers.postgres, "interrupt")


async def kill_redis(scene: Scene) -> None:
    """SIGKILL of Redis, which keeps nothing."""
    await _down(scene, "Redis", scene.servers.redis, "kill")


async def stop_redis(scene: Scene) -> None:
    """SIGTERM of Redis."""
    await _down(scene, "Redis", scene.servers.redis, "stop")


async def empty_redis(scene: Scene) -> None:
    """FLUSHALL, several times."""
    async with redis.asyncio.Redis.from_url(scene.servers.redis.url) as client:
        for _ in range(4):
            scene.say("FLUSHALL")
            await client.flushall()
            await anyio.sleep(scene.chance.uniform(0.2, 1.0))


async def pause_worker(scene: Scene) -> None:
    """SIGSTOP of a worker past its session; then it goes on, a zombie."""
    await _pause(scene, scene.chance.choice(("worker-1", "worker-2")))


async def pause_waystation(scene: Scene) -> None:
    """The same of a waystation."""
    await _pause(scene, scene.chance.choice(("waystation-1", "waystation-2", "waystation-3")))


async def pause_front(scene: Scene) -> None:
    """The same of an API, scheduler and inbox, with its chores."""
    await _pause(scene, scene.chance.choice(("front-1", "front-2")))


async def duplicates(scene: Scene) -> None:
    """Every record of our topics comes a second time."""
    copier = Copier(scene.servers.kafka.bootstrap, await scene.topics(), scene.chance)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(copier.run)
        while copier.copied < _MANY:
            await anyio.sleep(0.1)
        scene.load.is_over = True
        await scene.load.has_ended.wait()  # until then the copy of a last word might be missing
        copier.is_over = True
    scene.say(f"{copier.copied} records have been copied")


async def undecodable(scene: Scene) -> None:
    """Records that nobody can read, in every topic, among those that all can read."""
    topics = await scene.topics()
    for number in range(3):
        marks = await put_poison(scene.servers.kafka.bootstrap, topics, PREFIX, f"{len(scene.poison)}-{number}")
        scene.poison |= marks
        scene.say(f"{len(marks)} records that nobody can read")
        await anyio.sleep(scene.chance.uniform(0.2, 1.0))


async def cut_kafka(scene: Scene) -> None:
    """The network between a process and the broker."""
    await _cut(scene, "kafka")


async def cut_postgres(scene: Scene) -> None:
    """The network between a process and PostgreSQL."""
    await _cut(scene, "postgres")


async def cut_redis(scene: Scene) -> None:
    """The network between a process and Redis."""
    await _cut(scene, "redis")


async def fill_disk(scene: Scene) -> None:
    """PostgreSQL's disk has no room, and then it has."""
    disk = scene.servers.disk
    if disk is None:
        scene.say("skipped: this user cannot mount a disk")
        return
    disk.fill()
    scene.say("PostgreSQL's disk is full")
    with anyio.move_on_after(_FULL_SECONDS):
        while not any(_FULL in command.log for command in scene.processes.values()):
            await anyio.sleep(0.2)
    await anyio.sleep(scene.chance.uniform(0.5, 2.0))
    disk.free()
    server = process_of(scene.servers.postgres)
    assert server.process is not None
    is_down = server.process.poll() is not None
    scene.say(f"there is room again; PostgreSQL {'gave up, and is started again' if is_down else 'is there'}")
    if is_down:
        await anyio.to_thread.run_sync(server.start, START_SECONDS)


FAULTS: Final[Mapping[str, Fault]] = {
    fault.__name__.replace("_", "-"): fault
    for fault in (
        kill_processes,
        stop_processes,
        stop_processes_without_a_server,
        rebalance,
        kill_kafka,
        stop_kafka,
        kill_postgres,
        stop_postgres,
        kill_redis,
        stop_redis,
        empty_redis,
        pause_worker,
        pause_waystation,
        pause_front,
        duplicates,
        undecodable,
        cut_kafka,
        cut_postgres,
        cut_redis,
        fill_disk,
    )
}


async def _stop(command: Command) -> None:
    code = await command.stop()
    assert code == 0, f"{command.name} ended with {code}:\n{command.log[-10_000:]}"


async def _down(scene: Scene, name: str, server: Kafka | Postgres | Redis, how: str) -> None:
    process = process_of(server)
    scene.say(f"{how} {name}")
    await anyio.to_thread.run_sync(getattr(process, how))
    seconds = scene.chance.uniform(*_SHORT_OUTAGE)
    await anyio.sleep(seconds)
    await anyio.to_thread.run_sync(process.start, START_SECONDS)
    scene.say(f"{name} is there again, after {seconds:.1f} s")


async def _pause(scene: Scene, name: str) -> None:
    command = scene.processes[name]
    command.pause()
    scene.say(f"SIGSTOP {name}")
    await anyio.sleep(_PAST_THE_SESSION)
    command.resume()
    scene.say(f"SIGCONT {name}")
    await anyio.sleep(1)


async def _cut(scene: Scene, server: str) -> None:
    name = scene.chance.choice(BEHIND_A_DOOR)
    link = scene.networks[name].links[server]
    scene.say(f"the network from {name} to {server} is cut")
    await link.cut()
    await anyio.sleep(scene.chance.uniform(0.5, 2.0))
    await link.heal()
    await anyio.sleep(scene.chance.uniform(0.0, 1.0))
    scene.say(f"the network from {name} to {server} hangs")
    link.hang()
    await anyio.sleep(scene.chance.uniform(1.0, _PAST_THE_SESSION))
    await link.heal()
    scene.say(f"the network from {name} to {server} is slow")
    link.slow(0.1)
    await anyio.sleep(scene.chance.uniform(0.5, 1.5))
    await link.heal()

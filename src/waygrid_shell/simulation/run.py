"""One run: a platform, what is asked of it, and what happens to it, all from one seed."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Final

import anyio
from attrs import frozen

from waygrid_shell.settings.origins import OriginsSettings
from waygrid_shell.settings.settings import DataSettings, Settings
from waygrid_shell.simulation.chance import Chance
from waygrid_shell.simulation.faults import CLUSTER, ONE_PROCESS, Scene, befall, planned
from waygrid_shell.simulation.judging import unrest
from waygrid_shell.simulation.load import DONE, IMPORTING, IMPORTS, TOPICS, Client, Order, Outside, compiled, orders
from waygrid_shell.simulation.loop import VirtualLoop, run_virtually
from waygrid_shell.simulation.plan import Plan, latency, plan_of, roles_of
from waygrid_shell.simulation.platform import Platform
from waygrid_shell.simulation.process import World
from waygrid_shell.simulation.servers import Servers
from waygrid_shell.simulation.transcript import Transcript
from waygrid_shell.simulation.verdict import Evidence, verdict

_REST_SECONDS: Final = 300.0
"""How long after the last fault everything may take to end; no part of the load needs a tenth of it."""

_LOOK_SECONDS: Final = 0.5


@frozen(kw_only=True)
class Run:
    """What a run came to. `wrong` is what must not be, in sentences; empty if all is right."""

    seed: int
    plan: Plan
    wrong: Sequence[str]
    transcript: Transcript
    seconds: float
    """How long it took, in its own time."""


def run(seed: int) -> Run:
    """The run of that seed: the same each time."""
    chance = Chance(seed)
    plan = plan_of(chance.stream("plan"))
    (wrong, transcript), loop = run_virtually(lambda: _Story(chance, plan).tell())
    return Run(seed=seed, plan=plan, wrong=[*wrong, *loop.problems], transcript=transcript, seconds=loop.time())


class _Story:
    """From the first process that starts to the verdict."""

    def __init__(self, chance: Chance, plan: Plan) -> None:
        self._chance = chance
        self._plan = plan
        self._outside = Outside(chance.stream("outside").getrandbits(64))
        self._orders = orders(chance.stream("orders"), plan.traversals)

    async def tell(self) -> tuple[Sequence[str], Transcript]:
        """What is wrong at its end, and what happened."""
        chance, plan = self._chance, self._plan
        loop = VirtualLoop.running()
        transcript = Transcript(loop.time)
        servers = Servers(
            loop,
            partitions=plan.partitions,
            is_one_database=plan.is_one_commit,
            record_topics=(IMPORTS, DONE),
            transcript=transcript,
        )
        world = World(
            loop=loop,
            chance=chance,
            servers=servers,
            transcript=transcript,
            latency=dict.fromkeys((each.name for each in servers.every), latency(plan.latency_seconds)),
            session_seconds=plan.session_seconds,
            is_one_commit=plan.is_one_commit,
            settings=Settings(
                data=DataSettings(sweep_after=timedelta(seconds=plan.sweep_after_seconds)),
                origins=OriginsSettings(kafka=(IMPORTING,)),
            ),
        )
        platform = Platform(world, roles_of(plan, self._outside, chance.stream("roles")))
        transcript.say("plan", str(plan))
        await servers.dag_store.put(compiled("imported"))
        platform.start_all()
        with transcript.hearing_logs():
            client = Client(platform, chance.stream("client"))
            scene = Scene(platform, plan.session_seconds, TOPICS)
            faults = planned(
                chance.stream("faults"), ONE_PROCESS if plan.is_one_commit else CLUSTER, plan.faults, plan.seconds
            )
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(befall, scene, faults, chance.stream)
                for order in self._orders:
                    tasks.start_soon(self._order, client, order, chance.stream(order.key))
            ports = servers.ports()
            await _rest(client, platform)
            transcript.say("verdict", "is asked for")
            evidence = Evidence(
                orders=self._orders,
                accepted=client.accepted,
                outside=self._outside,
                posted=await _posted(servers),
                poison=scene.poison,
            )
            wrong = await verdict(ports, evidence)
            await platform.end()
        return [*platform.failures(), *servers.witness.seen, *wrong], transcript

    async def _order(self, client: Client, order: Order, chance: Random) -> None:
        await anyio.sleep(chance.uniform(0.0, self._plan.seconds))
        await client.run(order)


async def _rest(client: Client, platform: Platform) -> None:
    """Return once nothing is left to do, or it takes too long."""
    ports = platform.world.servers.ports()
    with anyio.move_on_after(_REST_SECONDS):
        while not await client.are_all_imported() or await unrest(ports):
            await client.resume_what_is_held()
            await anyio.sleep(_LOOK_SECONDS)


async def _posted(servers: Servers) -> Sequence[str]:
    """The idempotency keys of what was written into the users' topic, in order."""
    found: list[str] = []
    async with servers.record_log.subscribe([DONE], "whoever judges") as subscription:
        with anyio.move_on_after(1.0):
            while True:
                found += [each.headers["idempotency-key"].decode() for each in await subscription.take(1_000)]
    return found

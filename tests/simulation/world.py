"""A small world for tests: servers, and processes' ways to them, in virtual time."""

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from attrs import define, field

from waygrid_core.envelope.transport import TransportEnvelope
from waygrid_shell.simulation.loop import VirtualLoop, run_virtually
from waygrid_shell.simulation.network import Traveler, Way
from waygrid_shell.simulation.reading import Session
from waygrid_shell.simulation.servers import Servers
from waygrid_shell.simulation.transcript import Transcript

LATENCY = 0.01
SESSION = 2.0


@define(eq=False)
class World:
    """Servers of a loop that runs."""

    loop: VirtualLoop = field(factory=VirtualLoop.running)
    servers: Servers = field(init=False)
    transcript: Transcript = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.servers = Servers(self.loop, partitions=2)
        self.transcript = Transcript(self.loop.time)

    def way(self, name: str = "process") -> Way:
        """A way to the log."""
        return Way(
            self.loop,
            Traveler(name),
            self.servers.log,
            latency=lambda chance: LATENCY,
            chance=Random(name),
            transcript=self.transcript,
        )

    def session(self, way: Way, is_reachable: Callable[[], bool] | None = None) -> Session:
        """A membership by that way."""
        return Session(
            self.loop,
            self.servers,
            ["t"],
            way=way,
            lasts=SESSION,
            chance=Random(1),
            is_reachable=is_reachable or (lambda: way.is_open),
        )


def record(key: str, number: int) -> TransportEnvelope:
    """One of a key."""
    return TransportEnvelope(topic="t", key=key, headers={"ce_id": f"{key}-{number}"}, value=str(number).encode())


def in_world(story: Callable[[World], Coroutine[Any, Any, Any]]) -> Any:
    """What the story comes to."""

    async def main() -> Any:
        return await story(World())

    result, loop = run_virtually(main)
    assert loop.problems == []
    return result

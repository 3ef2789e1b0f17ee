"""A platform: its processes, each with the life that it has now."""

import traceback
from collections.abc import Iterator, Sequence
from random import Random

from waygrid_shell.runtime.services_chosen import API
from waygrid_shell.simulation.network import Way
from waygrid_shell.simulation.process import Process, Role, World


class Platform:
    """Processes over the servers of a world. Nothing runs before `start`."""

    def __init__(self, world: World, roles: Sequence[Role]) -> None:
        self.world = world
        self._roles = {role.name: role for role in roles}
        self._lives: dict[str, int] = {}
        self.processes: dict[str, Process] = {}
        """By name, those that run and those that have ended last."""
        self.ended: list[Process] = []
        """Lives of before."""

    @property
    def names(self) -> Sequence[str]:
        """Of all processes, in the order of their roles."""
        return tuple(self._roles)

    def start(self, name: str) -> Process:
        """Begin a new life of the process."""
        if name in self.processes:
            self.ended.append(self.processes[name])
        life = self._lives[name] = self._lives.get(name, 0) + 1
        process = self.processes[name] = Process(self.world, self._roles[name], life)
        process.start()
        self.world.transcript.say(name, "starts" if life == 1 else f"starts for the {life}. time")
        return process

    def start_all(self) -> None:
        """Begin all that do not run."""
        for name in self.names:
            if name not in self.processes or not self.processes[name].is_alive:
                self.start(name)

    def kill(self, name: str) -> None:
        """See `Process.kill`; nothing happens to one that does not run."""
        if self.processes[name].is_alive:
            self.world.transcript.say(name, "is killed")
            self.processes[name].kill()

    def fronts(self) -> Sequence[Process]:
        """Those that run and take in."""
        return [each for each in self.processes.values() if each.is_alive and each.role.chosen.has(API)]

    def ways(self) -> Iterator[Way]:
        """All ways of processes that run."""
        for process in self.processes.values():
            yield from process.ways.every

    def look(self) -> None:
        """Something has happened to servers or ways."""
        for process in self.processes.values():
            process.look()

    def heal(self) -> None:
        """Everything is well from now on: ways, servers, processes."""
        for server in self.world.servers.every:
            server.is_down, server.is_full, server.slowness = False, False, 1.0
        for process in self.processes.values():
            process.heal()
        self.look()
        self.start_all()

    def failures(self) -> Sequence[str]:
        """What lives ended with that ended by themselves: bugs."""
        lives = [*self.ended, *self.processes.values()]
        return [f"{each.name} ended by itself: {_told(each.failure)}" for each in lives if each.failure is not None]

    async def end(self) -> None:
        """End all lives, as if by `kill`; return once nothing of them runs any more."""
        everybody = [*self.ended, *self.processes.values()]
        for process in everybody:
            process.kill()
        for process in everybody:
            await process.ended()

    def anyone(self, chance: Random) -> str:
        """The name of a process."""
        return chance.choice(self.names)


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).strip()

"""What `cancel`, `pause` and `resume` have in common: something is asked of each of some traversals."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from waygrid_shell.cli.look import json_line
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.server import ServerOptions, ask, for_each, refuse_none
from waygrid_shell.client import WaygridClient


def steer(
    asked: Literal["cancel", "pause", "resume"],
    traversals: Sequence[str],
    options: ServerOptions,
    do: Callable[[WaygridClient, str], Awaitable[None]],
) -> int:
    """Ask it of each of them, and say so; the exit code."""
    refuse_none(traversals, asked)

    async def work(client: WaygridClient) -> int:
        async def one(traversal: str) -> None:
            await do(client, traversal)
            if options.json:
                write_result(json_line({"id": traversal, "asked": asked}))
            else:
                write_result(f"asked {traversal} to {asked}" if asked != "cancel" else f"asked to cancel {traversal}")

        return await for_each(traversals, one)

    return ask(options, work)

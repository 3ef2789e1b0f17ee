"""`waygrid dead-letters`: the messages that nobody could handle."""

from contextlib import aclosing
from typing import Annotated, Final

from cyclopts import Parameter

from waygrid_shell.cli.look import json_line, shortened, table, time_text
from waygrid_shell.cli.mistake import OK, UserError
from waygrid_shell.cli.output import complain, write_result
from waygrid_shell.cli.server import DEFAULTS, ServerOptions, ask, for_each, refuse_none, write_document
from waygrid_shell.client import WaygridClient
from waygrid_shell.resources.platform import DeadLetterView, Moved

_HEAD: Final = ("ID", "SENT", "TOPIC", "MESSAGE", "TRAVERSAL", "REASON")

LIST_EXAMPLES: Final = """\
Examples:
  waygrid dead-letters list
  waygrid dead-letters list --json | jq -r .reason | sort | uniq -c
"""
SHOW_EXAMPLES: Final = """\
Examples:
  waygrid dead-letters show 4
"""
REDRIVE_EXAMPLES: Final = """\
Examples:
  waygrid dead-letters redrive 4 5
  waygrid dead-letters redrive --all
"""
DISCARD_EXAMPLES: Final = """\
Examples:
  waygrid dead-letters discard 4
"""


def list_dead_letters(
    *,
    limit: Annotated[int, Parameter(help="At most so many.")] = 50,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Show the messages that nobody could handle, the oldest first, each with its reason."""
    if limit < 1:
        raise UserError(f"--limit {limit}: write at least 1")

    async def work(client: WaygridClient) -> int:
        found: list[DeadLetterView] = []
        has_more = False
        async with aclosing(client.dead_letters(page_size=min(limit + 1, 200))) as letters:
            async for letter in letters:
                if len(found) == limit:
                    has_more = True
                    break
                found.append(letter)
                if options.json:
                    write_document(letter)
        if not options.json and found:
            write_result(table(_HEAD, [_row(each) for each in found]))
        if not found:
            complain("waygrid: there are none")
        elif has_more:
            complain(f"waygrid: there are more than these {limit}; --limit shows more")
        return OK

    return ask(options, work)


def show_dead_letter(
    letter: Annotated[int, Parameter(name="ID", help="Its number in `waygrid dead-letters list`.")],
    /,
    *,
    options: ServerOptions = DEFAULTS,
) -> int:
    """Show one of them whole, with what it holds."""

    async def work(client: WaygridClient) -> int:
        view = await client.dead_letter(letter)
        if options.json:
            write_document(view)
        else:
            write_result(_text(view))
        return OK

    return ask(options, work)


def redrive_dead_letters(
    *letters: Annotated[int, Parameter(name="ID", help="Their numbers.")],
    all: Annotated[bool, Parameter(negative="", help="All that there are.")] = False,  # noqa: A002 # the option's name
    options: ServerOptions = DEFAULTS,
) -> int:
    """Send dead letters to where they came from, to be handled again: after what was wrong has been mended."""
    if all and letters:
        raise UserError("name some, or write --all; not both")
    if not all:
        refuse_none(letters, "dead-letters redrive")

    async def work(client: WaygridClient) -> int:
        if all:
            _say_moved(await client.redrive(), is_json=options.json)
            return OK
        moved = 0

        async def one(letter: int) -> None:
            nonlocal moved
            moved += await client.redrive(letter)

        code = await for_each(letters, one)
        _say_moved(moved, is_json=options.json)
        return code

    return ask(options, work)


def discard_dead_letters(
    *letters: Annotated[int, Parameter(name="ID", help="Their numbers.")],
    options: ServerOptions = DEFAULTS,
) -> int:
    """Remove dead letters for good."""
    refuse_none(letters, "dead-letters discard")

    async def work(client: WaygridClient) -> int:
        async def one(letter: int) -> None:
            await client.discard(letter)
            write_result(json_line({"discarded": letter}) if options.json else f"discarded {letter}")

        return await for_each(letters, one)

    return ask(options, work)


def _row(letter: DeadLetterView) -> tuple[str, ...]:
    return (
        str(letter.id),
        time_text(letter.sent_at) if letter.sent_at is not None else "",
        letter.topic,
        letter.message,
        letter.traversal or "",
        shortened(letter.reason, 200),
    )


def _text(letter: DeadLetterView) -> str:
    rows = [("id", str(letter.id)), ("reason", letter.reason), ("topic", letter.topic), ("message", letter.message)]
    if letter.traversal is not None:
        rows.append(("traversal", letter.traversal))
    if letter.sent_at is not None:
        rows.append(("sent", time_text(letter.sent_at)))
    rows += sorted(letter.headers.items())
    rows.append(("value", json_line(letter.value)))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _say_moved(count: int, *, is_json: bool) -> None:
    if is_json:
        write_document(Moved(count=count))
    else:
        write_result(f"sent {count} again" if count else "there was none to send again")

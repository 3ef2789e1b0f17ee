"""The table of commands, and what they have in common: help, exit codes, and no traceback for a user's mistake."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from attrs import frozen

from waygrid_shell.cli.mistake import FAILED, INTERRUPTED, OK, USAGE, UserError
from waygrid_shell.cli.output import abandon_output, flush_output, write_result
from waygrid_shell.cli.source import STANDARD_INPUT

if TYPE_CHECKING:
    from cyclopts import App


@frozen
class Command:
    """A command: its name, its arguments, what it does in a line, and its function, as `module:name`."""

    name: str
    arguments: str
    summary: str
    function: str


COMMANDS: Final = (
    Command("validate", "FILE...", "Say whether Specs are right, and everything that is wrong.", "validate:validate"),
    Command("compile", "FILE", "Compile a Spec to its DAG, as JSON.", "compile:compile_file"),
    Command("graph", "FILE", "Draw the graph of a Spec.", "graph:graph"),
    Command("test", "FILE-OR-DIRECTORY...", "Run scenarios in virtual time.", "test:run_scenarios"),
    Command("run", "SPEC", "Run a Spec for real, one traversal a payload.", "run:run_command"),
    Command("dev", "", "Run the platform in this process, with its HTTP API.", "dev:dev_command"),
    Command("worker", "APP", "Serve your own processors for a server elsewhere.", "worker:worker_command"),
    Command("schema", "", "Print the JSON Schema of Specs.", "schema:schema"),
    Command("completion", "SHELL", "Print the completion script of a shell.", "completion:completion"),
)

_DASH: Final = "\N{HYPHEN}"
"""Stands for the argument `-` while cyclopts looks at it, which takes that for an option."""

_HEAD: Final = """\
Usage: waygrid COMMAND [ARGUMENTS]

Waygrid runs workflows written as Specs: JSON or YAML files that say what is
dispatched to whom, and what follows.
"""

_TAIL: Final = """\
Try:
  waygrid validate order.yaml                     is it right?
  waygrid graph order.yaml --format svg -o o.svg  what does it look like?
  waygrid test scenarios/                         does it do what I expect?
  waygrid run order.yaml --payload '{"id": 1}'    do it

A FILE `-` is standard input. `waygrid COMMAND --help` says more about one.
Exit codes: 0 yes or done; 1 no or failed; 2 not understood, or not readable.
"""


def overview() -> str:
    """What `waygrid --help` says. It is made by hand, so that it needs no library and is there at once."""
    options = (("--help, -h", "Say this, or more about one command."), ("--version", "Say which version this is."))
    rows = [*((command.name, command.summary) for command in COMMANDS), *options]
    table = "\n".join(f"  {name:<12} {summary}" for name, summary in rows)
    return f"{_HEAD}\nCommands:\n{table}\n\n{_TAIL}"


def version() -> str:
    """The installed version."""
    from importlib.metadata import version as installed_version

    return installed_version("waygrid")


def main() -> None:
    """The entry point of the installed command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line, and give its exit code."""
    _open_streams()
    try:
        code = _carry_out(list(arguments))
        flush_output()
        return code
    except UserError as mistake:
        sys.stderr.write(f"waygrid: {mistake.sentence}\n")
        return mistake.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("waygrid: interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough, and wants to hear no more.
        abandon_output()
        return FAILED


def _open_streams() -> None:
    """A stream that the caller closed is a void; the others speak UTF-8, and show what it cannot say."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _carry_out(arguments: list[str]) -> int:
    match arguments:
        case [] | ["--help" | "-h" | "help"]:
            write_result(overview())
            return OK if arguments else USAGE
        case ["--version"]:
            write_result(f"waygrid {version()}")
            return OK
        case ["help", *rest]:
            return _carry_out([*rest, "--help"])
        case _:
            return _dispatch(arguments)


def _dispatch(arguments: list[str]) -> int:
    command = _command_named(arguments[0])
    try:
        from cyclopts import CycloptsError
    except ModuleNotFoundError as error:
        raise UserError(
            "the command line needs more than the core; install it with: pip install 'waygrid[shell]' "
            f"(missing: {error.name})"
        ) from error
    tokens = [_DASH if argument == STANDARD_INPUT else argument for argument in arguments]
    try:
        function, bound, _ = application((command,)).parse_args(tokens, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise UserError(f"{_sentence(error)} Try: waygrid {command.name} --help") from error
    positional = [_dashes_in(value) for value in bound.args]
    named = {name: _dashes_in(value) for name, value in bound.kwargs.items()}
    result = function(*positional, **named)
    return result if isinstance(result, int) else OK


def _dashes_in(value: object) -> object:
    match value:
        case str():
            return STANDARD_INPUT if value == _DASH else value
        case list():
            return [_dashes_in(item) for item in value]
        case _:
            return value


def _command_named(name: str) -> Command:
    for command in COMMANDS:
        if command.name == name:
            return command
    from difflib import get_close_matches

    if name.startswith("-"):
        raise UserError(f"there is no option {name!r} before a command. Try: waygrid --help")
    near = get_close_matches(name, [command.name for command in COMMANDS], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise UserError(f"there is no command {name!r}{hint} Try: waygrid --help")


def application(commands: Sequence[Command] = COMMANDS) -> "App":
    """These commands as an application of cyclopts. The code of each is loaded."""
    from importlib import import_module

    from cyclopts import App

    from waygrid_shell.cli.help import PlainHelp, examples_of

    app = App(
        name="waygrid",
        help="Waygrid runs workflows written as Specs.",
        version=version,
        help_format="plaintext",
        help_formatter=PlainHelp(),
        result_action="return_value",
    )
    for command in commands:
        module_name, _, function_name = command.function.partition(":")
        module = import_module(f"waygrid_shell.cli.{module_name}")
        function = getattr(module, function_name)
        examples = getattr(module, "EXAMPLES", None) or examples_of(function)
        usage = " ".join(("waygrid", command.name, *command.arguments.split(), "[OPTIONS]"))
        app.command(function, name=command.name, usage=usage, help_epilogue=examples)
    return app


def _sentence(error: Exception) -> str:
    sentence = " ".join(str(error).split())
    return f"{sentence[:1].lower()}{sentence[1:]}".replace(_DASH, STANDARD_INPUT)

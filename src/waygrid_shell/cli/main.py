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
    """A command: its name (of one word, or two), its arguments, what it does in a line, and its function.

    The function is `module:name`; the examples in its help are the module's `EXAMPLES`, or those that `examples` names.
    """

    name: str
    arguments: str
    summary: str
    function: str
    examples: str = "EXAMPLES"


GROUPS: Final = {
    "Specs": (
        Command(
            "validate", "FILE...", "Say whether Specs are right, and everything that is wrong.", "validate:validate"
        ),
        Command(
            "verify", "FILE...", "Go through all runs of a Spec, and say what can go wrong.", "verify:verify_command"
        ),
        Command("compile", "FILE", "Compile a Spec to its DAG, as JSON.", "compile:compile_file"),
        Command("graph", "FILE", "Draw the graph of a Spec.", "graph:graph"),
        Command("test", "FILE-OR-DIRECTORY...", "Run scenarios in virtual time.", "test:run_scenarios"),
        Command("simulate", "", "Run Specs under a load, in virtual time.", "simulate:simulate_command"),
        Command("schema", "[WHAT]", "Print the JSON Schema of Specs, or of workloads.", "schema:schema"),
    ),
    "Running": (
        Command("run", "SPEC", "Run a Spec for real, one traversal a payload.", "run:run_command"),
        Command("dev", "", "Run the whole platform in one process.", "dev:dev_command"),
        Command("worker", "MODULE:APP", "Serve an app's addresses for a server elsewhere.", "worker:worker_command"),
    ),
    "Who may": (
        Command(
            "key new", "NAME", "Make an API key for a settings file.", "key:new_key_command", examples="NEW_EXAMPLES"
        ),
        Command("key add", "NAME", "Have a server make an API key.", "key:add_key", examples="ADD_EXAMPLES"),
        Command("key list", "", "List who has an API key.", "key:list_keys", examples="LIST_EXAMPLES"),
        Command("key remove", "NAME...", "Take API keys away.", "key:remove_keys", examples="REMOVE_EXAMPLES"),
        Command("audit", "", "Tell who asked for what.", "audit:audit"),
    ),
    "A cluster": (
        Command("serve", "SERVICE[,SERVICE...]", "Run services of a cluster in this process.", "serve:serve_command"),
        Command("migrate", "", "Bring the database to the shape that this version needs.", "migrate:migrate_command"),
        Command(
            "topics create", "[SPEC...]", "Make the topics that are missing.", "topics:create_topics", "CREATE_EXAMPLES"
        ),
        Command("topics check", "[SPEC...]", "Say what is amiss with topics.", "topics:check_topics", "CHECK_EXAMPLES"),
        Command("doctor", "", "Say what is amiss with a cluster, and the cure.", "doctor:doctor_command"),
    ),
    "Traversals of a server": (
        Command("submit", "SPEC", "Hand traversals in.", "submit:submit"),
        Command("list", "", "List traversals, the newest first.", "list:list_traversals"),
        Command("show", "ID", "Show a traversal: its nodes, and what it waits for.", "show:show"),
        Command("history", "ID", "Tell what happened to a traversal.", "history:history"),
        Command("watch", "ID", "Watch a traversal until it ends.", "watch:watch"),
        Command("replay", "ID-OR-FILE", "Go through a traversal again, as it was or would have been.", "replay:replay"),
        Command("export", "ID", "Write the journal of a traversal to a file.", "export:export"),
        Command("import", "FILE", "Take in an exported journal, to look at it.", "import_journal:import_journal"),
        Command("send", "EVENT", "Send an event to those that await it.", "send:send"),
        Command("tell", "ID TYPE", "Tell a traversal something that its Spec declares.", "tell:tell"),
        Command("cancel", "ID...", "Cancel traversals.", "cancel:cancel"),
        Command("pause", "ID...", "Hold traversals.", "pause:pause"),
        Command("resume", "ID...", "Let paused traversals go on.", "resume:resume"),
        Command("retry", "ID", "Run a traversal again, with what it did already.", "retry:retry"),
    ),
    "Messages that nobody could handle": (
        Command("dead-letters list", "", "List them.", "dead_letters:list_dead_letters", "LIST_EXAMPLES"),
        Command("dead-letters show", "ID", "Show one.", "dead_letters:show_dead_letter", "SHOW_EXAMPLES"),
        Command(
            "dead-letters redrive",
            "ID...",
            "Have them handled again.",
            "dead_letters:redrive_dead_letters",
            "REDRIVE_EXAMPLES",
        ),
        Command(
            "dead-letters discard",
            "ID...",
            "Remove them for good.",
            "dead_letters:discard_dead_letters",
            "DISCARD_EXAMPLES",
        ),
    ),
    "More": (Command("completion", "SHELL", "Print the completion script of a shell.", "completion:completion"),),
}
"""The commands, as people look for them."""

COMMANDS: Final = tuple(command for group in GROUPS.values() for command in group)

_FAMILIES: Final = {
    "dead-letters": "Messages that nobody could handle: what they are, and what becomes of them.",
    "key": "API keys: who may do what.",
    "topics": "The topics of Kafka that a cluster needs.",
}
"""What commands of two words are about, by the first word."""

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
  waygrid verify order.yaml                       can it get stuck, or break its word?
  waygrid test scenarios/                         does it do what I expect?
  waygrid run order.yaml --payload '{"id": 1}'    do it, here and now
  waygrid dev                                     start a server, and then:
  waygrid submit order.yaml --payload '{"id": 1}' --wait

A FILE `-` is standard input. `waygrid COMMAND --help` says more about one.
Commands that talk to a server find it by --server or WAYGRID_SERVER.
Exit codes: 0 yes or done; 1 no or failed; 2 not understood, or not to be had.
"""


def overview() -> str:
    """What `waygrid --help` says. It is made by hand, so that it needs no library and is there at once."""
    options = (("--help, -h", "Say this, or more about one command."), ("--version", "Say which version this is."))
    rows = {title: [(command.name, command.summary) for command in group] for title, group in GROUPS.items()}
    rows["More"] += options
    tables = [
        f"{title}:\n" + "\n".join(f"  {name:<{_WIDEST_NAME}}  {summary}" for name, summary in group)
        for title, group in rows.items()
    ]
    return "\n\n".join((_HEAD.rstrip(), *tables, _TAIL))


_WIDEST_NAME: Final = max(len(command.name) for command in COMMANDS)


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
    commands = _commands_named(arguments)
    try:
        from cyclopts import CycloptsError
    except ModuleNotFoundError as error:
        raise UserError(
            "the command line needs more than the core; install it with: pip install 'waygrid[shell]' "
            f"(missing: {error.name})"
        ) from error
    tokens = [_DASH if argument == STANDARD_INPUT else argument for argument in arguments]
    try:
        function, bound, _ = application(commands).parse_args(tokens, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        name = commands[0].name if len(commands) == 1 else arguments[0]
        raise UserError(f"{_sentence(error)} Try: waygrid {name} --help") from error
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


def _commands_named(arguments: Sequence[str]) -> Sequence[Command]:
    """The command that these arguments begin with; where only the first of two words is there, all that it begins."""
    first, second = arguments[0], " ".join(arguments[:2])
    for wanted in (second, first):
        for command in COMMANDS:
            if command.name == wanted:
                return (command,)
    family = [command for command in COMMANDS if command.name.split()[0] == first]
    if family:
        if len(arguments) > 1 and arguments[1] in ("--help", "-h"):
            return family
        words = ", ".join(command.name.split()[1] for command in family)
        raise UserError(f"waygrid {first} does what? One of {words}. Try: waygrid {first} --help")
    if first.startswith("-"):
        raise UserError(f"there is no option {first!r} before a command. Try: waygrid --help")
    from difflib import get_close_matches

    near = get_close_matches(first, [command.name.split()[0] for command in COMMANDS], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise UserError(f"there is no command {first!r}{hint} Try: waygrid --help")


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
    families: dict[str, App] = {}
    for command in commands:
        module_name, _, function_name = command.function.partition(":")
        module = import_module(f"waygrid_shell.cli.{module_name}")
        function = getattr(module, function_name)
        examples = getattr(module, command.examples, None) or examples_of(function)
        usage = " ".join(("waygrid", command.name, *command.arguments.split(), "[OPTIONS]"))
        family, _, word = command.name.rpartition(" ")
        if family and family not in families:
            families[family] = App(name=family, usage=f"waygrid {family} COMMAND [OPTIONS]", help=_FAMILIES[family])
            app.command(families[family])
        parent = families[family] if family else app
        parent.command(function, name=word, usage=usage, help_epilogue=examples)
    return app


def _sentence(error: Exception) -> str:
    sentence = " ".join(str(error).split())
    return f"{sentence[:1].lower()}{sentence[1:]}".replace(_DASH, STANDARD_INPUT)

"""What every command has in common."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cli.command import Waygrid
from waygrid_shell.cli.main import COMMANDS, overview, run

FILE_COMMANDS = (["validate"], ["compile"], ["graph"], ["test"])
SPEC = b"entryPoints: [{type: standard, address: 'waygrid://processor/a'}]\n"


def test_help_lists_every_command_with_what_it_does(waygrid: Waygrid) -> None:
    ran = waygrid("--help")
    assert ran.code == 0
    assert ran.out == overview()
    for command in COMMANDS:
        assert command.name in ran.out
        assert command.summary in ran.out


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_help_of_a_command_teaches_it_with_examples(waygrid: Waygrid, command: str) -> None:
    ran = waygrid(*command.split(), "--help")
    assert ran.code == 0
    assert ran.err == ""
    assert ran.out.startswith(f"Usage: waygrid {command}")
    assert "Examples:\n" in ran.out
    assert f"waygrid {command}" in ran.out.partition("Examples:")[2]
    assert ran.out == waygrid("help", *command.split()).out


def test_help_needs_no_library_that_takes_long_to_load() -> None:
    code = "import sys; from waygrid_shell.cli.main import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert {"cyclopts", "rich", "aiohttp", "yaml", "returns"}.isdisjoint(done.stderr.split())


def test_without_a_command_help_is_shown_and_the_exit_code_says_usage(waygrid: Waygrid) -> None:
    ran = waygrid()
    assert (ran.code, ran.out) == (2, overview())


def test_the_version_is_the_installed_one(waygrid: Waygrid) -> None:
    ran = waygrid("--version")
    assert ran.code == 0
    assert ran.out.startswith("waygrid 0.")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["validat"], "did you mean 'validate'"),
        (["nonsense"], "no command 'nonsense'"),
        (["dead-leters", "list"], "did you mean 'dead-letters'"),
        (["dead-letters", "lst"], "list, show, redrive, discard"),
        (["show"], "ID"),
        (["replay", "x", "--at", "1", "--what-if", "2=cancel"], "give one of them"),
        (["replay", "x", "--save", "y"], "--spec"),
        (["export"], "ID"),
        (["import"], "FILE"),
        (["list", "--status", "dancing"], "dancing"),
        (["--nonsense"], "no option '--nonsense'"),
        (["graph", "x.yaml", "--format", "png"], "png"),
        (["compile"], "FILE"),
        (["compile", "a.yaml", "b.yaml"], "b.yaml"),
        (["schema", "--nonsense"], "--nonsense"),
        (["validate"], "FILE"),
        (["test"], "FILE"),
    ],
)
def test_a_wrong_command_line_is_answered_in_a_sentence(waygrid: Waygrid, arguments: list[str], hint: str) -> None:
    ran = waygrid(*arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("waygrid: ")
    assert hint in ran.err
    assert "--help" in ran.err


@pytest.mark.parametrize("command", FILE_COMMANDS)
def test_a_file_that_is_not_there_is_named(waygrid: Waygrid, command: list[str]) -> None:
    ran = waygrid(*command, "missing.yaml")
    assert ran.code == 2
    assert ran.err == "waygrid: cannot read missing.yaml: there is no such file\n"


@pytest.mark.parametrize("command", FILE_COMMANDS[:3])
def test_a_directory_is_no_spec(waygrid: Waygrid, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "folder").mkdir()
    ran = waygrid(*command, "folder")
    assert ran.code == 2
    assert ran.err == "waygrid: cannot read folder: it is a directory\n"


@pytest.mark.parametrize("command", FILE_COMMANDS)
@pytest.mark.parametrize("name", ["bad\0name", "x" * 5000], ids=["a null", "too long"])
def test_a_name_that_no_file_can_have_is_no_accident(
    command: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, name]) == 2
    assert capsys.readouterr().err.startswith("waygrid: cannot read ")


@pytest.mark.parametrize("command", FILE_COMMANDS)
@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff\xfe\x80garbage", b"\xff\xfe{\x00}\x00", b"{", b"- [", b"\t\t:", b"[" * 200_000, b"null", b"3"],
    ids=["empty", "binary", "utf-16", "half JSON", "half YAML", "tabs", "deep", "null", "a number"],
)
@pytest.mark.parametrize("suffix", ["json", "yaml", "txt"])
def test_a_file_that_is_no_spec_is_an_answer_and_no_accident(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], content: bytes, suffix: str
) -> None:
    path = tmp_path / f"bad.{suffix}"
    path.write_bytes(content)
    assert run([*command, str(path)]) == 1
    captured = capsys.readouterr()
    assert path.name in captured.err + captured.out


@pytest.mark.parametrize("command", FILE_COMMANDS[:3])
def test_a_byte_order_mark_is_no_part_of_a_spec(waygrid: Waygrid, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "windows.yaml").write_bytes(b"\xef\xbb\xbf" + SPEC.replace(b"\n", b"\r\n"))
    (tmp_path / "windows.json").write_bytes(
        b'\xef\xbb\xbf{"entryPoints": [\r\n{"type": "standard", "address": "waygrid://processor/a"}]}'
    )
    for name in ("windows.yaml", "windows.json"):
        ran = waygrid(*command, name)
        assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("command", FILE_COMMANDS[:3])
def test_a_dash_is_standard_input(waygrid: Waygrid, command: list[str]) -> None:
    ran = waygrid(*command, "-", stdin=SPEC)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("command", [["compile", "a.yaml"], ["graph", "a.yaml"], ["schema"]])
def test_output_that_cannot_be_written_is_named(waygrid: Waygrid, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "a.yaml").write_bytes(SPEC)
    ran = waygrid(*command, "--output", "no/such/folder/x")
    assert ran.code == 2
    assert ran.err == "waygrid: cannot write no/such/folder/x: there is no such file\n"
    assert waygrid(*command, "--output", "result").code == 0
    assert (tmp_path / "result").read_text() == waygrid(*command).out


@pytest.mark.parametrize("command", ["waygrid schema", "waygrid --help", "waygrid completion bash"])
def test_a_reader_that_has_enough_is_no_accident(tmp_path: Path, command: str) -> None:
    line = command.replace("waygrid", f"'{sys.executable}' -m waygrid_shell.cli")
    done = subprocess.run(
        ["bash", "-c", f"{line} | head -c 1 >/dev/null"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""


def test_completion_scripts_know_the_commands(waygrid: Waygrid) -> None:
    for shell in ("bash", "zsh", "fish"):
        ran = waygrid("completion", shell)
        assert ran.code == 0
        assert all(word in ran.out for command in COMMANDS for word in command.name.split())
        assert all(option in ran.out for option in ("--idempotency-key", "--from-node", "--server"))


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("schema > /dev/full", 1, "cannot write to standard output: no space left on device"),
        ("--help > /dev/full", 1, "cannot write to standard output: no space left on device"),
        ("validate a.yaml > /dev/full", 1, "cannot write to standard output: no space left on device"),
        ("validate a.yaml >&-", 0, ""),
        ("validate a.yaml 2>&-", 0, ""),
        ("validate missing.yaml 2>&-", 2, ""),
        ("validate - <&-", 1, "-:: not-json: "),
    ],
)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_streams_that_are_full_or_closed_are_no_accident(tmp_path: Path, line: str, code: int, said: str) -> None:
    (tmp_path / "a.yaml").write_bytes(SPEC)
    command = f"'{sys.executable}' -m waygrid_shell.cli {line}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr

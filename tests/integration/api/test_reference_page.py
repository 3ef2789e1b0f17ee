"""Every command of the reference page works, and the page has all that the API has."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import frozen

from tests.integration.api.serving import Api, platform_over
from tests.integration.api.test_dead_letters import bury
from waygrid_shell.api.application import all_operations
from waygrid_shell.api.openapi import plain_path
from waygrid_shell.runtime.wiring import memory_ports

pytestmark = pytest.mark.anyio

ROOT: Final = Path(__file__).parents[3]
PAGE: Final = (ROOT / "docs" / "reference" / "http-api.md").read_text(encoding="utf-8")
WAIT: Final[Any] = {"entryPoints": [{"type": "await", "event": "never"}], "signals": [{"type": "Skip"}]}


@frozen
class Command:
    """What a curl command of the page asks."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes | None


def commands() -> Iterator[Command]:
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        for command in re.findall(r"^curl .*?\n(?=curl|\Z)", block, re.MULTILINE | re.DOTALL):
            yield command_of(shlex.split(command)[1:])


def command_of(words: list[str]) -> Command:
    method, path, headers, content = "", "", dict[str, str](), None
    rest = iter(words)
    for word in rest:
        match word:
            case "-X":
                method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case "--json":
                content = next(rest).encode()
                headers["Content-Type"] = "application/json"
            case "--data-binary":
                content = next(rest).encode()
            case "-N":
                pass
            case _:
                assert word.startswith("$WAYGRID/"), word
                path = word.removeprefix("$WAYGRID")
    return Command(method or ("GET" if content is None else "POST"), path, headers, content)


async def test_every_command_of_the_page_works(api: Api) -> None:
    await bury(api, 2)
    letters = [each["id"] for each in (await api.ask("GET", "/v1/dead-letters")).document["items"]]
    names = {"WAITING": await api.submit(WAIT)}
    asked = 0
    for command in commands():
        path = command.path
        if "$LETTER" in path:
            names["LETTER"] = str(letters[1] if command.method == "DELETE" else letters[0])
        if "/cancel" not in path and "$WAITING" in path and re.search("events|signals", path):
            names["WAITING"] = await api.submit(WAIT)
        for name, value in names.items():
            path = path.replace(f"${name}", value)
        assert "$" not in path, path
        headers = {name: value.replace("$KEY", names.get("KEY", "")) for name, value in command.headers.items()}
        reply = await api.ask(command.method, path, content=command.content, headers=headers)
        assert reply.status in (200, 201, 202), (command, reply.content)
        asked += 1
        if command.method == "POST" and reply.headers["Content-Type"] == "application/json":
            document = reply.document
            if "ID" not in names and "id" in document:
                names["ID"] = (await api.ended(document["id"]))["id"]
            if "dag" in document:
                names["DAG"] = document["dag"]
            if "key" in document:
                names["KEY"] = document["key"]
    assert asked == len(re.findall(r"^curl ", PAGE, re.MULTILINE))


def test_the_page_has_a_command_and_a_sentence_for_every_operation() -> None:
    asked = [(command.method, re.sub(r"\?.*", "", command.path)) for command in commands()]
    for operation in all_operations(platform_over(memory_ports())):
        path = plain_path(operation.path)
        pattern = re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(path))
        literal = [text for method, text in asked if method == operation.method and re.fullmatch(pattern, text)]
        assert literal, f"{operation.method} {path} has no command on the page"
        assert path.rpartition("/")[2].strip("{}") in PAGE


def test_the_page_has_every_code_of_a_problem() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/waygrid_shell/api").glob("*.py"))
    codes = set(re.findall(r'(?:Refusal\(\s*\d{3},\s*|_refusal\()"([a-z-]+)"', source)) - {
        "http"
    }  # what the server itself refuses
    assert len(codes) > 15
    missing = [code for code in sorted(codes) if f"`{code}`" not in PAGE]
    assert missing == []


def test_the_page_names_no_code_that_there_is_not() -> None:
    table = PAGE.partition("| status | code |")[2]
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/waygrid_shell/api").glob("*.py"))
    for code in re.findall(r"`([a-z]+-[a-z-]+|internal|forbidden)`", table):
        assert f'"{code}"' in source, code

"""API keys: who listens to others wants them, each opens what its scopes say, and none is kept anywhere."""

import re
from pathlib import Path

import pytest

from tests.integration.dev.process import run_to_end, running_dev

DOUBLE = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/double"}]}


def new_key(folder: Path, name: str, scope: str) -> tuple[str, str]:
    """A key, and the block of the settings file."""
    done = run_to_end(folder, "key", "new", name, "--scope", scope)
    assert done.code == 0
    found = re.search(r"wg_[A-Za-z0-9_-]{43}", done.err)
    assert found is not None, done.err
    assert found[0] not in done.out
    return found[0], done.out


def test_with_keys_it_listens_to_others_and_each_key_may_what_its_scopes_say(folder: Path) -> None:
    reader, reads = new_key(folder, "reader", "read")
    writer, writes = new_key(folder, "writer", "read,write")
    (folder / "waygrid.toml").write_text(reads + writes)
    with running_dev(folder, "--app", "shop:app", "--host", "0.0.0.0") as dev:
        assert dev.url.startswith("http://127.0.0.1:")
        nobody = dev.submit(DOUBLE, {"n": 1})
        assert (nobody.status, nobody.body["code"]) == (401, "no-key")
        assert nobody.headers["www-authenticate"].startswith("Bearer")
        submission = {"spec": DOUBLE, "payload": {"n": 1}}

        def post(key: str) -> int:
            return dev.ask("POST", "/v1/traversals", submission, {"Authorization": f"Bearer {key}"}).status

        assert post("wg_wrong") == 401
        assert post(reader) == 403
        assert post(writer) == 202
        assert dev.ask("GET", "/v1/traversals", headers={"Authorization": f"Bearer {reader}"}).status == 200
        assert dev.ask("GET", "/health/ready").status == 200
        assert dev.end() == 0
        assert reader not in dev.err
        assert writer not in dev.err


def test_without_keys_it_does_not_listen_to_others(folder: Path) -> None:
    done = run_to_end(folder, "dev", "--port", "0", "--host", "0.0.0.0")
    assert done.code == 2
    assert "there are no API keys; make one with `waygrid key new" in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["new", "ci", "--scope", "raed"],
            "--scope: 'raed' is no scope; write one or more of read, write, work, admin",
        ),
        (["new", "ci", "--scope", ""], "--scope: no scope is given"),
        (["new", 'a"b', "--scope", "read"], "cannot be the name of a key"),
        (["new", "ci"], "scope"),
    ],
)
def test_a_slip_of_key_new_is_a_sentence(folder: Path, arguments: list[str], sentence: str) -> None:
    done = run_to_end(folder, "key", *arguments)
    assert done.code == 2
    assert sentence in done.err

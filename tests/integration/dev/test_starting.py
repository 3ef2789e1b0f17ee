"""`waygrid dev` starts, says where it is, or says in a sentence why it cannot."""

import os
import socket
from pathlib import Path

import pytest

from tests.integration.dev.conftest import Mount
from tests.integration.dev.process import run_to_end, running_dev

KEY_CURE = (
    "make one with `waygrid key new NAME --scope read,write` and put what it prints into the settings file, or listen "
    "on 127.0.0.1"
)
DOUBLE = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/double"}]}


def test_it_says_where_it_listens_where_its_data_is_and_what_it_serves(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app") as dev:
        first, second = dev.out.splitlines()
        assert first == f"Waygrid listens on {dev.url} and keeps its data in .waygrid."
        assert "waygrid://processor/double" in second
        assert "waygrid://destination/webhook" in second
        assert dev.ask("GET", "/health/live").status == 200
        assert dev.ask("GET", "/health/ready").body == {"ready": True, "version": "0.1.0"}
        assert (folder / ".waygrid" / "waygrid.db").is_file()
        assert dev.end() == 0


def test_a_traversal_that_is_handed_in_runs_to_its_end(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app") as dev:
        answer = dev.submit(DOUBLE, {"n": 21}, query="?wait=30s")
        assert answer.status == 200
        assert answer.body["status"] == "completed"
        assert answer.body["output"] == {"n": 42}


def test_options_go_over_the_environment_and_the_environment_over_the_file(folder: Path) -> None:
    (folder / "waygrid.toml").write_text('app = ["shop:app"]\n[data]\ndir = "from-file"\n[log]\nformat = "pretty"\n')
    environment = {"WAYGRID_DATA_DIR": "from-environment", "WAYGRID_LOG_FORMAT": "json"}
    with running_dev(folder, environment=environment) as dev:
        assert "keeps its data in from-environment." in dev.out
        assert "waygrid://processor/double" in dev.out
        dev.ask("GET", "/v1/traversals")
        assert dev.end() == 0
        assert dev.lines[-1]["level"] == "info"
    with running_dev(folder, "--data-dir", "from-option", environment=environment) as dev:
        assert "keeps its data in from-option." in dev.out


def test_all_that_is_wrong_with_the_settings_is_said_at_once(folder: Path) -> None:
    (folder / "waygrid.toml").write_text('[server]\nprot = 1\n[log]\nlevel = "loud"\n')
    done = run_to_end(
        folder, "dev", "--port", "70000", "--host", "0.0.0.0", "--app", "shop:application",
        environment={"WAYGRID_SERVER_DRAIN": "soon"},
    )  # fmt: skip
    assert done.code == 2
    assert done.err.splitlines() == [
        "waygrid.toml: server.prot: there is no such key; did you mean port?",
        "waygrid.toml: log.level: 'loud' is none of debug, info, warning, error",
        "WAYGRID_SERVER_DRAIN: 'soon' is no duration; write a number and a unit (ms, s, m, h, d), such as 5s",
        "--port: 70000 is not from 0 to 65535",
        f"--host: 0.0.0.0 can be reached from other machines, and there are no API keys; {KEY_CURE}",
        "--app: the module shop has no 'application'",
        "waygrid: 6 settings cannot be used as given; nothing was begun",
    ]
    assert not (folder / ".waygrid").exists()


def test_a_port_that_is_in_use_is_said(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_to_end(folder, "dev", "--port", str(port))
    assert done.code == 2
    reason = "the port is in use, perhaps by another waygrid; stop that, or give another --port (0: any free one)"
    assert done.err == f"waygrid: cannot listen on 127.0.0.1:{port}: {reason}\n"


def test_an_address_of_another_machine_is_said(folder: Path) -> None:
    (folder / "waygrid.toml").write_text(f'[[server.keys]]\nname = "a"\ndigest = "{"0" * 64}"\nscopes = ["read"]\n')
    done = run_to_end(folder, "dev", "--port", "0", "--host", "192.0.2.1")
    assert done.code == 2
    assert "cannot listen on 192.0.2.1:0: this machine has no such address; give another --host" in done.err


def test_data_that_another_process_uses_is_said(folder: Path) -> None:
    with running_dev(folder) as dev:
        done = run_to_end(folder, "dev", "--port", "0")
        assert done.code == 2
        assert f".waygrid is in use by another process (pid {dev.process.pid})" in done.err
        assert dev.ask("GET", "/health/ready").status == 200


def test_a_data_folder_that_is_a_file_is_said(folder: Path) -> None:
    done = run_to_end(folder, "dev", "--port", "0", "--data-dir", "shop.py")
    assert done.code == 2
    assert done.err == "waygrid: --data-dir shop.py: it is a file, or lies below one; name a folder\n"


def test_a_file_that_is_none_of_ours_is_left_alone(folder: Path) -> None:
    (folder / ".waygrid").mkdir()
    (folder / ".waygrid" / "waygrid.db").write_bytes(b"something else" * 1_000)
    done = run_to_end(folder, "dev", "--port", "0")
    assert done.code == 2
    assert "is no data of Waygrid's, or is damaged" in done.err
    assert (folder / ".waygrid" / "waygrid.db").read_bytes() == b"something else" * 1_000


def test_a_folder_on_a_disk_that_cannot_be_written_is_said(folder: Path, mount: Mount) -> None:
    disk = mount("size=1m", "ro")
    done = run_to_end(folder, "dev", "--port", "0", "--data-dir", str(disk))
    assert done.code == 2
    assert "it is on a file system that cannot be written; name another folder" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else_is_said(folder: Path) -> None:
    (folder / "theirs").mkdir(mode=0o500)
    done = run_to_end(folder, "dev", "--port", "0", "--data-dir", "theirs")
    assert done.code == 2
    assert "this user may not write there" in done.err


def test_an_app_that_cannot_be_loaded_is_said(folder: Path) -> None:
    done = run_to_end(folder, "dev", "--port", "0", "--app", "shop:application")
    assert done.code == 2
    assert done.err.splitlines()[0] == "--app: the module shop has no 'application'"


def test_two_apps_that_serve_the_same_address_are_said(folder: Path) -> None:
    (folder / "other.py").write_text((folder / "shop.py").read_text())
    done = run_to_end(folder, "dev", "--port", "0", "--app", "shop:app", "--app", "other:app")
    assert done.code == 2
    assert "both shop:app and other:app serve waygrid://processor/" in done.err


def test_help_tells_of_the_options_without_starting_anything(folder: Path) -> None:
    done = run_to_end(folder, "dev", "--help")
    assert done.code == 0
    for option in ("--app", "--host", "--port", "--data-dir", "--config", "--allow-network", "--log-format"):
        assert option in done.out
    assert not (folder / ".waygrid").exists()

"""`waygrid serve` says in a sentence why it cannot start as it was given, and exits with 2."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.free_port import free_port
from tests.integration.dev.process import run_to_end, running_dev

MODULES_OF_THE_EXTRA = ("aiokafka", "psycopg", "psycopg_pool", "redis")
WITHOUT = f"""
import sys


class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {MODULES_OF_THE_EXTRA!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


sys.meta_path.insert(0, Without())
"""
SOMEWHERE: Mapping[str, str] = {
    "WAYGRID_KAFKA_SERVERS": "127.0.0.1:1",
    "WAYGRID_POSTGRES_URL": "postgresql://ada:s3cr3t@127.0.0.1:1/waygrid",
    "WAYGRID_REDIS_URL": "redis://:s3cr3t@127.0.0.1:1/0",
}


@pytest.fixture
def without_extra(folder: Path) -> Mapping[str, str]:
    """An environment in which the extra `cluster` is not installed."""
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(WITHOUT)
    return {"PYTHONPATH": str(folder / "site")}


def test_all_servers_that_are_not_named_are_asked_for(folder: Path) -> None:
    done = run_to_end(folder, "serve", "all")
    assert done.code == 2
    *told, last = done.err.splitlines()
    assert [line.partition(":")[0] for line in told] == ["kafka.servers", "postgres.url", "redis.url"]
    assert last == "waygrid: 3 settings cannot be used as given; nothing was begun"


def test_a_service_that_there_is_not_is_said(folder: Path) -> None:
    done = run_to_end(folder, "serve", "waystations,everything")
    assert done.code == 2
    assert done.err.splitlines()[0] == "there is no service 'waystations'; did you mean waystation?"
    assert "there is no service 'everything'" in done.err


def test_an_address_that_nothing_here_can_serve_is_said(folder: Path) -> None:
    done = run_to_end(folder, "serve", "processor/payment", "--app", "shop:app", environment=SOMEWHERE)
    assert done.code == 2
    assert "nothing here can serve waygrid://processor/payment" in done.err
    assert "--app module:app" in done.err


def test_an_api_that_others_can_reach_needs_keys(folder: Path) -> None:
    done = run_to_end(folder, "serve", "api", "--host", "0.0.0.0", environment=SOMEWHERE)
    assert done.code == 2
    assert "--host: 0.0.0.0 can be reached from other machines, and there are no API keys" in done.err


def test_without_the_extra_it_says_what_to_install(folder: Path, without_extra: Mapping[str, str]) -> None:
    for command in (("serve", "all"), ("topics", "create")):
        done = run_to_end(folder, *command, environment={**SOMEWHERE, **without_extra})
        assert done.code == 2
        assert "install it with: pip install 'waygrid[shell,cluster]'" in done.err, done.err


def test_waygrid_dev_needs_no_extra(folder: Path, without_extra: Mapping[str, str]) -> None:
    with running_dev(folder, environment=without_extra) as dev:
        assert dev.ask("GET", "/health/ready").status == 200
        assert dev.end() == 0


def test_a_database_that_was_not_migrated_is_said(folder: Path, bare_cluster: Mapping[str, str]) -> None:
    done = run_to_end(folder, "serve", "waystation", environment=bare_cluster)
    assert done.code == 2
    assert "run waygrid migrate" in done.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WAYGRID_KAFKA_SERVERS", "127.0.0.1:{port}"),
        ("WAYGRID_POSTGRES_URL", "postgresql://ada:s3cr3t@127.0.0.1:{port}/waygrid"),
        ("WAYGRID_REDIS_URL", "redis://:s3cr3t@127.0.0.1:{port}/0"),
    ],
)
def test_a_server_that_does_not_answer_is_named_without_its_password(
    folder: Path, cluster: Mapping[str, str], variable: str, value: str
) -> None:
    port = free_port()
    done = run_to_end(folder, "serve", "waystation", environment={**cluster, variable: value.format(port=port)})
    assert done.code == 2, done.err
    assert "127.0.0.1" in done.err
    assert str(port) in done.err
    assert "s3cr3t" not in done.err + done.out


def test_help_tells_of_the_services_without_asking_anybody(folder: Path) -> None:
    done = run_to_end(folder, "serve", "--help")
    assert done.code == 0
    for word in ("waystation", "scheduler", "inbox", "worker", "origin-kafka", "chores", "--port", "--app"):
        assert word in done.out

"""The files of deploy/ name settings, commands and files that there are. No Docker engine is needed to tell that."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from waygrid_core.outcome import Failure
from waygrid_shell.cli.main import COMMANDS, application
from waygrid_shell.runtime.services_chosen import SERVICES, parse_services
from waygrid_shell.settings.cluster_checks import cluster_fits, cluster_is_named
from waygrid_shell.settings.reading import open_doors, read_settings
from waygrid_shell.settings.settings import Settings

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
COMPOSE: Final[Mapping[str, Any]] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE: Final = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
OURS: Final = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "waygrid"}
_VARIABLE: Final = re.compile(r"\$\{\w+:-(?P<default>[^}]*)\}")


def environment_of(service: Mapping[str, Any]) -> dict[str, str]:
    """What its processes see where nobody has set anything else."""
    return {name: _VARIABLE.sub(lambda found: found["default"], text) for name, text in service["environment"].items()}


def settings_of(name: str) -> Settings:
    checks = [cluster_is_named, cluster_fits, open_doors]
    outcome = read_settings(None, environment_of(OURS[name]), (), checks)
    assert not isinstance(outcome, Failure), [str(problem) for problem in outcome.failure()]
    return outcome.unwrap()


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_a_process_is_a_setting_that_reads(name: str) -> None:
    settings = settings_of(name)
    assert settings.kafka.servers == ("kafka:9092",)
    assert settings.postgres.password == COMPOSE_PASSWORD
    assert [key.scopes for key in settings.server.keys] == [{"admin"}]


COMPOSE_PASSWORD: Final = environment_of(COMPOSE["services"]["postgres"])["POSTGRES_PASSWORD"]


@pytest.mark.parametrize("name", OURS)
def test_every_command_of_a_process_parses(name: str) -> None:
    words = OURS[name]["command"]
    function, bound, _ = application(COMMANDS).parse_args(words, exit_on_error=False, print_error=False)
    assert function.__module__.startswith("waygrid_shell.cli."), words
    if words[0] == "serve":
        assert not isinstance(parse_services(bound.args[0]), Failure)


def test_the_processes_run_every_service_between_them() -> None:
    running: set[str] = set()
    for service in OURS.values():
        if service["command"][0] == "serve":
            running |= parse_services([service["command"][1]]).unwrap().names
    assert running == SERVICES.keys()


def test_whoever_serves_waits_for_servers_that_are_well_and_prepared() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        for other, needed in service.get("depends_on", {}).items():
            if needed["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{name} waits for {other}, which nobody checks"
        if service.get("command", [""])[0] == "serve":
            assert {"migrate", "topics"} <= service["depends_on"].keys()
            assert "healthcheck" in service


def test_a_process_is_asked_for_its_health_where_it_listens() -> None:
    for name, service in OURS.items():
        if service["command"][0] == "serve":
            words = service["command"]
            port = words[words.index("--port") + 1] if "--port" in words else str(settings_of(name).server.port)
            assert f"http://127.0.0.1:{port}/health/ready" in service["healthcheck"]["test"][-1]


def test_volumes_are_those_that_are_declared() -> None:
    used = {each.partition(":")[0] for service in COMPOSE["services"].values() for each in service.get("volumes", [])}
    assert {name for name in used if name.isalnum()} == COMPOSE["volumes"].keys()


def test_the_secrets_of_the_file_say_that_they_are_for_development() -> None:
    assert COMPOSE_PASSWORD == "only-for-development"
    (key,) = settings_of("api").server.keys
    assert key.name == "development"


def test_nothing_is_reachable_from_other_machines() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def lines_of(instruction: str) -> Iterator[str]:
    for line in DOCKERFILE.replace("\\\n", " ").splitlines():
        if line.startswith(f"{instruction} "):
            yield line.removeprefix(f"{instruction} ")


def test_the_image_takes_files_that_there_are_and_extras_that_there_are() -> None:
    for line in lines_of("COPY"):
        if not line.startswith("--from"):
            for name in line.split()[:-1]:
                assert (ROOT / name).exists(), name
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (named,) = re.findall(r"'\.\[([\w,]+)\]'", DOCKERFILE)
    assert set(named.split(",")) <= extras.keys()


def test_the_image_runs_as_somebody_who_is_not_root() -> None:
    assert list(lines_of("USER")) == ["10001"]
    assert len(list(lines_of("FROM"))) == 2


def test_the_image_is_found_by_the_compose_file() -> None:
    for service in OURS.values():
        assert (DEPLOY / service["build"]["context"]).resolve() == ROOT
        assert (ROOT / service["build"]["dockerfile"]).is_file()

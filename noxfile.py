"""Checks of this repository, one session each, named for what it checks: `nox -l` lists them.

`nox` without arguments runs what CI runs, and `nox -s orders` the example of the README. Each session has an
environment of its own, made with uv where there is one and with virtualenv otherwise; `nox -R` uses them again as they
are. Arguments after `--` go to the tool: `nox -s tests -- -k retry`.
"""

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "imports", "orders", "tests"]

HERE = Path(__file__).parent
CODE = ("src", "tests", "examples", "benchmarks", "noxfile.py")
PYPROJECT = nox.project.load_toml(HERE / "pyproject.toml")
DEV = tuple(nox.project.dependency_groups(PYPROJECT, "dev"))
WORKERS = ("-n", "2", "--dist", "worksteal", "--durations", "25")
"""Each takes one half of the tests, then a half of what the other has left; the slowest are told at the end."""


def install(session: nox.Session, *, extras: str = "[shell,cluster,testing]", tools: tuple[str, ...] = DEV) -> None:
    """Waygrid itself, editable, and what the session needs beside it."""
    # What made nox run (a PYTHONPATH, on a Python that refuses `pip install`) is not for the sessions.
    session.env["PYTHONPATH"] = None
    # Images of containers often set it. Tests start some hundred processes, and each would compile all that it imports.
    session.env["PYTHONDONTWRITEBYTECODE"] = None
    session.install("-e", f".{extras}", *tools)


def beside_servers(session: nox.Session, *command: str) -> None:
    """The command, beside the servers that it needs: given, found on this machine, or installed on it."""
    session.run("python", "-m", "tests.servers", "run", *command)


def pytest(session: nox.Session, *arguments: str) -> None:
    """Those tests, and what the caller added after `--`."""
    install(session)
    beside_servers(session, "pytest", *WORKERS, *arguments, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, form, and dependencies that nobody declared or nobody uses."""
    install(session)
    session.run("ruff", "check", *CODE)
    session.run("ruff", "format", "--check", *CODE)
    session.run("deptry", "src")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict, over sources and tests."""
    install(session)
    session.run("mypy", *session.posargs)


@nox.session
def imports(session: nox.Session) -> None:
    """Which room may import which; and that the core, installed without extras, needs no more than it says."""
    install(session)
    session.run("lint-imports", "--no-cache")
    bare = Path(session.create_tmp()) / "bare"
    shutil.rmtree(bare, ignore_errors=True)
    session.run("python", "-m", "virtualenv", "--quiet", str(bare))
    python = str(bare / ("Scripts" if os.name == "nt" else "bin") / "python")
    session.run(python, "-m", "pip", "install", "--quiet", ".", external=True)
    session.run(python, "tests/installation/without_extras.py", external=True)


@nox.session
def tests(session: nox.Session) -> None:
    """Every test there is."""
    pytest(session)


@nox.session(name="property")
def properties(session: nox.Session) -> None:
    """The laws, on random Specs and stories."""
    install(session)
    session.run("pytest", *WORKERS, "tests/property", *session.posargs)


@nox.session
def integration(session: nox.Session) -> None:
    """Commands, ports and both plants, for real."""
    pytest(session, "tests/integration", "tests/contract")


@nox.session
def cluster(session: nox.Session) -> None:
    """All that tests ask of a plant, once more over Kafka, PostgreSQL and Redis; `tests` has a part of it."""
    install(session)
    session.env["WAYGRID_TEST_CLUSTER"] = "whole"
    beside_servers(session, "pytest", *WORKERS, "-m", "cluster", *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Faults under load, at length: `waygrid dev` killed 200 times (a quarter of an hour), then a cluster for an hour.

    `WAYGRID_CHAOS_KILLS` says how often, `WAYGRID_CHAOS_MINUTES` how long, `WAYGRID_CHAOS_SEED` when and what: the seed
    of a run is printed, and what was done. `nox -s chaos -- -k cluster` does one of the two.
    """
    install(session)
    session.run("python", "-m", "tests.servers")
    length = {
        "WAYGRID_CHAOS_KILLS": os.environ.get("WAYGRID_CHAOS_KILLS", "200"),
        "WAYGRID_CHAOS_MINUTES": os.environ.get("WAYGRID_CHAOS_MINUTES", "60"),
        "WAYGRID_TEST_SERVERS": "required",
    }
    tests = ("tests/integration/faults/test_chaos.py", "tests/integration/cluster_faults/test_cluster_faults.py")
    session.run("pytest", "-s", *tests, *session.posargs, env=length)


@nox.session
def simulate(session: nox.Session) -> None:
    """The whole platform in virtual time, from many seeds, side by side: `nox -s simulate -- --seeds 100000 --from 1`.

    A seed that goes wrong is printed with the command that tells its story.
    """
    install(session)
    session.run("python", "-m", "waygrid_shell.simulation", *session.posargs)


@nox.session
def mutate(session: nox.Session) -> None:
    """Which wrong lines of the machine would no fast test notice? Files after `--` narrow it down."""
    install(session, tools=(*DEV, *nox.project.dependency_groups(PYPROJECT, "mutate")))
    session.run("python", "-m", "tests.mutation", "--at", str(Path(session.create_tmp()) / "tree"), *session.posargs)


@nox.session
def scenarios(session: nox.Session) -> None:
    """Every scenario file, by the command that users have."""
    install(session)
    session.run("waygrid", "test", "tests/scenarios", "examples", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The code blocks of the README and of docs/ do what they say."""
    pytest(session, "tests/docs")


@nox.session
def examples(session: nox.Session) -> None:
    """The examples: their scenarios, and their programs for real."""
    install(session)
    session.run("waygrid", "test", "examples")
    beside_servers(session, "pytest", *WORKERS, "tests/integration/examples", *session.posargs)


@nox.session
def orders(session: nox.Session) -> None:
    """The example of the README: a hundred and more orders through real services, to the last one."""
    install(session, tools=())
    command = ("python", "examples/orders/run.py", *session.posargs)
    if "--cluster" in session.posargs:
        beside_servers(session, *command)
    else:
        session.run(*command)


@nox.session
def servers(session: nox.Session) -> None:
    """PostgreSQL, Redis and Apache Kafka can be had on this machine: installs what is missing and starts each once."""
    install(session)
    session.run("python", "-m", "tests.servers")


@nox.session
def bench(session: nox.Session) -> None:
    """The figures of benchmarks/, as tables: of the core, of the embedded plant, and of the cluster."""
    install(session, tools=(*DEV, *nox.project.dependency_groups(PYPROJECT, "bench")))
    session.run("python", "-m", "benchmarks")
    session.run("python", "-m", "benchmarks.embedded")
    session.run("python", "-m", "benchmarks.cluster", *session.posargs)

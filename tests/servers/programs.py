"""Where the programs of servers are, and how those that are missing are installed."""

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
CACHE: Final = HERE.parents[1] / ".servers"
"""What was downloaded, kept between runs."""

PACKAGES: Final = {
    "postgres": ("postgresql",),
    "redis-server": ("redis-server",),
    "java": ("openjdk-17-jre-headless",),
    "mvn": ("maven",),
    "openssl": ("openssl",),
}
"""The Debian packages of each program."""


class Missing(Exception):  # noqa: N818 - it says what is so
    """A server is not there; the text says what would help."""


def program(name: str) -> Path:
    """A program by its name. Raises `Missing`."""
    if name in ("postgres", "initdb"):
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
        path = str(found[-1]) if found else shutil.which(name)
    else:
        path = shutil.which(name)
    if path is None:
        packages = " ".join(PACKAGES.get(name, (name,)))
        raise Missing(f"there is no program {name}; on Debian: apt-get install {packages}, or python -m tests.servers")
    return Path(path)


def install_programs() -> tuple[str, ...]:
    """Install the packages of those that are missing, if this is root on a Debian; which they were.

    Raises `Missing` if they cannot be had.
    """
    needed = [name for name in PACKAGES if name != "mvn" or not kafka_jars()]
    wanted = [package for name in needed if not _is_there(name) for package in PACKAGES[name]]
    if not wanted or shutil.which("apt-get") is None or os.geteuid() != 0:
        return ()
    say(f"installing {', '.join(wanted)} (once)")
    # Debian's packages start their servers at once, on their usual ports; nobody asked for that.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted]
    _persist(["apt-get", "update", "-qq"], "Debian's packages could not be listed", 600, environment=environment)
    _persist(install, f"Debian's packages {' '.join(wanted)} could not be had", 1_200, environment=environment)
    return tuple(wanted)


def install_kafka() -> bool:
    """Have the jars of Kafka, by Maven; whether they were missing. Raises `Missing`."""
    if kafka_jars():
        return False
    folder = _jar_folder()
    say(f"getting Apache Kafka {kafka_version()} by Maven, some 45 MB (once)")
    command = [str(program("mvn")), "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    command += [f"-DoutputDirectory={folder}.part", "-Dmaven.wagon.http.retryHandler.count=5"]
    _persist(command, "Maven could not get the jars of Kafka", 900, within=HERE / "kafka_jars")
    Path(f"{folder}.part").rename(folder)  # so that a folder is there whole, or not at all
    return True


def say(sentence: str) -> None:
    """Tell whoever waits what is going on."""
    print(f"tests.servers: {sentence}", file=sys.stderr, flush=True)


def _persist(
    command: list[str],
    failure: str,
    seconds: float,
    *,
    environment: Mapping[str, str] | None = None,
    within: Path | None = None,
) -> None:
    """Run what needs a network, up to three times: it may be slow, or away for a moment. Raises `Missing`."""
    for rest in (5, 20, None):
        try:
            done = subprocess.run(
                command, check=False, timeout=seconds, env=environment, cwd=within, capture_output=True, text=True
            )
            if done.returncode == 0:
                return
            reason = (done.stdout + done.stderr).strip()[-2_000:]
        except subprocess.TimeoutExpired:
            reason = f"it took longer than {seconds:g} s"
        if rest is None:
            raise Missing(f"{failure}; is there a network? {shlex.join(command)} said:\n{reason}")
        say(f"{failure}, and is tried again in {rest} s")
        time.sleep(rest)


def kafka_jars() -> list[Path]:
    """The jars of Kafka, in the order of its class path; none if they are not there."""
    return sorted(_jar_folder().glob("*.jar"))


def kafka_version() -> str:
    """Which Kafka they are."""
    pom = (HERE / "kafka_jars" / "pom.xml").read_text(encoding="utf-8")
    return pom.partition("<kafka.version>")[2].partition("</kafka.version>")[0]


def _jar_folder() -> Path:
    CACHE.mkdir(exist_ok=True)
    return CACHE / f"kafka-{kafka_version()}"


def _is_there(name: str) -> bool:
    try:
        program(name)
    except Missing:
        return False
    return True

"""Where the programs of servers are, and how those that are missing are installed."""

import os
import shutil
import subprocess
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


def install_programs() -> None:
    """Install the packages of those that are missing, if this is root on a Debian."""
    wanted = [package for name, packages in PACKAGES.items() if not _is_there(name) for package in packages]
    if not wanted or shutil.which("apt-get") is None or os.geteuid() != 0:
        return
    # Debian's packages start their servers at once, on their usual ports; nobody asked for that.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, timeout=600, env=environment)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *wanted]
    subprocess.run(command, check=True, timeout=1_200, env=environment, stdout=subprocess.DEVNULL)


def install_kafka() -> None:
    """Have the jars of Kafka, by Maven. Raises `Missing`."""
    if kafka_jars():
        return
    folder = _jar_folder()
    command = [str(program("mvn")), "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"]
    command += [f"-DoutputDirectory={folder}.part"]
    done = subprocess.run(command, cwd=HERE / "kafka_jars", timeout=900, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing(f"Maven could not get the jars of Kafka: {done.stdout[-2_000:]}{done.stderr[-2_000:]}")
    Path(f"{folder}.part").rename(folder)  # so that a folder is there whole, or not at all


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

"""Waygrid as `pip install waygrid` leaves it: the core, and nothing that it does not need.

Not a test of pytest, which is not there: `nox -s imports` runs it with a Python that has the distribution alone.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

EXTRAS = ("aiohttp", "anyio", "cyclopts", "rich", "hypothesis", "pytest")


def main() -> None:
    """Raise `AssertionError` where something is not as it should be."""
    for name in EXTRAS:
        assert find_spec(name) is None, f"{name} is installed: this Python says nothing about a bare installation"

    import waygrid_core

    for name in waygrid_core.__all__:
        assert getattr(waygrid_core, name) is not None, name
    assert "waygrid_shell" not in sys.modules, "the core imports the shell"

    waygrid = Path(sys.executable).parent / "waygrid"
    for arguments, code in ((["--help"], 0), (["--version"], 0), (["validate", "x.yaml"], 2), (["run"], 2)):
        done = subprocess.run([str(waygrid), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == code, (arguments, done)
        assert "Traceback" not in done.stderr, done.stderr
        if code:
            assert "pip install 'waygrid[shell]'" in done.stderr, done.stderr
    print("without extras: the core can be imported, and the command says what it needs")


main()

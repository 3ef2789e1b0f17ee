"""`waygrid worker` that cannot be started as it was given says what is wrong, and exits 2."""

from pathlib import Path

import pytest

from tests.integration.cli.command import run_waygrid

APP = """
from waygrid_shell.processors.function import App

app = App()
empty = App()

@app.processor("stock")
def stock(order):
    return {}
"""

MISTAKES = {
    ("nowhere:app",): "there is no module 'nowhere'",
    ("shop",): "'shop' names no app; write module:app",
    ("shop:empty",): "the app shop:empty serves nothing",
    ("shop:app", "--server", "127.0.0.1:8400"): "'127.0.0.1:8400' is no address of a server",
    ("shop:app", "--concurrency", "0"): "a concurrency of 0 is too small",
    ("shop:app", "--concurrency", "5001"): "a concurrency of 5001 is too large; write at most 5000",
    ("shop:app", "--drain", "soon"): "--drain: ",
    ("shop:app", "--log-level", "loud"): "loud",
    (): "requires an argument",
}


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_a_mistake_is_told_in_a_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "shop.py").write_text(APP)
    ran = run_waygrid(tmp_path, "worker", *arguments)
    assert ran.code == 2
    assert MISTAKES[arguments] in ran.err
    assert not ran.has_traceback


def test_help_says_what_a_worker_does(tmp_path: Path) -> None:
    ran = run_waygrid(tmp_path, "worker", "--help")
    assert ran.code == 0
    for word in ("--server", "--key", "--concurrency", "--drain", "waygrid worker shop:app", "WAYGRID_SECRET_"):
        assert word in ran.out

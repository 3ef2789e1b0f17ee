"""Everything that is logged goes one way, says whose it is, and holds no secret."""

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.identifiers import NodeId, TraversalId
from waygrid_shell.telemetry.current import CURRENT_ATTEMPT, CurrentAttempt
from waygrid_shell.telemetry.logs import Form, keep_short, write_logs
from waygrid_shell.telemetry.secrets_at_hand import secrets_kept_out


class Log:
    """What was logged."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def write(self, level: str = "info", form: Form = "json") -> None:
        write_logs(level, form, self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log() -> Iterator[Log]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("openai", "uvicorn", "websockets")}
    yield Log()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_a_line_is_a_json_object_with_time_level_logger_and_message(log: Log) -> None:
    log.write()
    logging.getLogger("shop").info("reserved %d of %s", 3, "bolts")
    (line,) = log.lines
    assert line.pop("time").endswith("Z")
    assert line == {"logger": "shop", "level": "info", "message": "reserved 3 of bolts"}


def test_what_logging_calls_extra_are_fields(log: Log) -> None:
    log.write()
    logging.getLogger("shop").info("reserved", extra={"article": "bolt"})
    assert log.lines[0]["article"] == "bolt"


def test_structlog_goes_the_same_way(log: Log) -> None:
    log.write()
    structlog.get_logger("shop").warning("low stock", left=2)
    (line,) = log.lines
    assert (line["level"], line["message"], line["left"]) == ("warning", "low stock", 2)


def test_a_line_inside_an_attempt_says_which(log: Log) -> None:
    log.write()
    attempt = CurrentAttempt(TraversalId("01T"), NodeId("n1"), 2, ServiceAddress("processor", "shop"))
    token = CURRENT_ATTEMPT.set(attempt)
    logging.getLogger("shop").info("one")
    structlog.get_logger("shop").info("two")
    CURRENT_ATTEMPT.reset(token)
    logging.getLogger("shop").info("three")
    assert [(line.get("traversal"), line.get("node"), line.get("attempt")) for line in log.lines] == [
        ("01T", "n1", 2),
        ("01T", "n1", 2),
        (None, None, None),
    ]


def test_what_is_below_the_level_is_left_out(log: Log) -> None:
    log.write("warning")
    logging.getLogger("shop").info("no")
    structlog.get_logger("shop").info("no")
    logging.getLogger("shop").warning("yes")
    assert [line["message"] for line in log.lines] == ["yes"]


@pytest.mark.parametrize("library", ["openai", "websockets", "httpx"])
def test_libraries_that_write_down_what_they_send_are_kept_short_at_every_level(log: Log, library: str) -> None:
    log.write("debug")
    logging.getLogger(f"{library}.inside").debug("Request options: {'json_data': 'private'}")
    logging.getLogger(f"{library}.inside").warning("slow")
    assert [line["message"] for line in log.lines] == ["slow"]


def test_a_library_that_is_kept_short_is_not_louder_than_all_else(log: Log) -> None:
    log.write("error")
    keep_short(["openai"])
    logging.getLogger("openai.inside").warning("slow")
    logging.getLogger("openai.inside").error("gone")
    assert [line["message"] for line in log.lines] == ["gone"]


def test_warnings_are_lines_too(log: Log) -> None:
    log.write()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert "DeprecationWarning: old" in log.lines[0]["message"]


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_a_traceback_shows_code_and_no_values(log: Log, form: Form) -> None:
    log.write(form=form)

    def charge(card: str) -> None:
        raise RuntimeError("declined")

    try:
        charge("".join(("4111", "-", "2222")))
    except RuntimeError:
        logging.getLogger("shop").exception("no")
    assert "RuntimeError: declined" in log.text
    assert "in charge" in log.text
    assert "4111-2222" not in log.text


@pytest.mark.parametrize("form", ["json", "pretty"])
def test_the_value_of_a_secret_is_in_no_part_of_a_line(log: Log, form: Form) -> None:
    log.write(form=form)
    with secrets_kept_out(["hunter22", "x"]):
        logging.getLogger("shop").info("calling with %s", "hunter22")
        structlog.get_logger("shop").info("call", headers={"key": "Bearer hunter22"}, all=["hunter22"])
        try:
            raise ValueError("bad key hunter22")
        except ValueError:
            logging.getLogger("shop").exception("failed")
    assert "hunter22" not in log.text
    assert log.text.count("[secret]") >= 4
    logging.getLogger("shop").info("x is not hidden: everything would be")
    assert "x is not hidden" in log.text


def test_a_line_stays_one_line_whatever_is_in_it(log: Log) -> None:
    log.write()
    logging.getLogger("shop").info("a\nb\ud800")
    structlog.get_logger("shop").info("odd", value=object(), key={1: {2, 3}})
    assert len(log.text.splitlines()) == 2
    assert log.lines[0]["message"].startswith("a\nb")


def test_a_stream_that_is_no_terminal_gets_json_and_a_terminal_lines_for_people(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write(form="auto")
    logging.getLogger("shop").info("hello")
    assert log.lines[0]["message"] == "hello"
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    write_logs("info", "auto", terminal)
    logging.getLogger("shop").info("hello")
    assert not terminal.getvalue().startswith("{")
    assert "hello" in terminal.getvalue()


def test_standard_error_is_where_lines_go(capsys: pytest.CaptureFixture[str], log: Log) -> None:
    write_logs("info", "json", sys.stderr)
    logging.getLogger("shop").info("hello")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["message"] == "hello"

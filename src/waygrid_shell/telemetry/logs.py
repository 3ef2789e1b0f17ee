"""Lines of the log: to standard error, as JSON or, on a terminal, for people.

Everything goes one way: what Waygrid says, what libraries say, what users' handlers say with `logging` or structlog.
Each line says which attempt it belongs to, where one is being made.

What lines never hold: payloads, the values of secrets (`secrets_kept_out`), the local variables of a traceback.
"""

import json
import logging
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final, Literal, TextIO, TypeAlias

import orjson
import structlog
from structlog.types import EventDict, Processor

from waygrid_shell.telemetry.current import add_attempt
from waygrid_shell.telemetry.secrets_at_hand import SECRETS_AT_HAND

Form: TypeAlias = Literal["auto", "json", "pretty"]
"""`auto`: pretty on a terminal, else JSON."""

_HIDDEN: Final = "[secret]"

_FIRST: Final = ("time", "level", "logger", "message", "traversal", "node", "attempt")

_TALKATIVE: Final = (
    "aiohttp",
    "asyncio",
    "httpcore",
    "httpx",
    "openai",
    "opentelemetry",
    "urllib3",
    "uvicorn",
    "websockets",
)
"""Libraries that at lower levels write down what is sent and received, or what is of no use to anybody."""


def write_logs(level: str, form: Form, stream: TextIO | None = None) -> None:
    """From now on, and in the whole process, log what is of `level` and above. `stream` None: standard error."""
    stream = sys.stderr if stream is None else stream
    is_pretty = form == "pretty" or (form == "auto" and stream.isatty())
    shared = _shared()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_for_people(stream) if is_pretty else _for_programs()),
            ],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    keep_short(_TALKATIVE)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def keep_short(libraries: Iterable[str]) -> None:
    """From now on, of these only warnings and what is above them are logged, or less if less is logged of all else."""
    for name in libraries:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def _shared() -> list[Processor]:
    """What is done to every line, whoever wrote it."""
    return [
        structlog.contextvars.merge_contextvars,
        add_attempt,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
    ]


def _for_programs() -> list[Processor]:
    return [
        structlog.processors.ExceptionRenderer(_traceback_text),
        _without_secrets,
        structlog.processors.EventRenamer("message"),
        _in_order,
        structlog.processors.JSONRenderer(serializer=_to_json),
    ]


def _for_people(stream: TextIO) -> list[Processor]:
    return [
        structlog.processors.ExceptionRenderer(_traceback_text),
        _without_secrets,
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _traceback_text(exc_info: Any) -> str:
    """The traceback as Python writes it: code and no values."""
    return str(structlog.processors.format_exc_info(None, "", {"exc_info": exc_info}).get("exception", ""))


def _in_order(logger: Any, method: str, event: EventDict) -> EventDict:
    """What every line has comes first."""
    del logger, method
    first = {key: event[key] for key in _FIRST if key in event}
    return {**first, **{key: value for key, value in event.items() if key not in first}}


def _without_secrets(logger: Any, method: str, event: EventDict) -> EventDict:
    secrets = SECRETS_AT_HAND.get()
    return {key: _hide(value, secrets) for key, value in event.items()} if secrets else event


def _hide(value: object, secrets: tuple[str, ...]) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {key: _hide(each, secrets) for key, each in value.items()}
        case list() | tuple():
            return [_hide(each, secrets) for each in value]
        case _:
            text = str(value)
            for secret in secrets:
                text = text.replace(secret, _HIDDEN)
            return text


def _to_json(event: MutableMapping[str, Any], **options: Any) -> str:
    """One line. What orjson refuses (half a surrogate pair, a huge number) the standard library writes."""
    del options
    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return json.dumps(event, default=str, skipkeys=True)

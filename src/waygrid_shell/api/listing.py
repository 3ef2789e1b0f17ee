"""What the query of a list asks for, and where its next page is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, get_args
from urllib.parse import urlencode

from starlette.requests import Request

from waygrid_core.history.status import shown_status
from waygrid_core.model.identifiers import DagHash, TraversalId
from waygrid_core.model.instant import parse_instant
from waygrid_core.model.ulid import is_ulid
from waygrid_core.outcome import Failure
from waygrid_core.traversal.state import TraversalStatus
from waygrid_shell.api.operation import Parameter
from waygrid_shell.api.parameters import INSTANT_SCHEMA, LIMIT
from waygrid_shell.api.respond import bad_parameter, flag, limit_of
from waygrid_shell.origins.acceptance.compiling import is_dag_hash
from waygrid_shell.ports.journal import Query

_STATUSES: Final[dict[str, TraversalStatus]] = {shown_status(each): each for each in get_args(TraversalStatus)}

PARAMETERS: Final = (
    Parameter(
        name="status",
        place="query",
        says="Only those; as often as you like, or separated by commas.",
        schema={"type": "array", "items": {"enum": sorted(_STATUSES)}},
    ),
    Parameter(
        name="label",
        place="query",
        says="Only those with the label `key:value`; as often as you like, then all must be there.",
        schema={"type": "array", "items": {"type": "string", "pattern": "^[^:]+:[\\s\\S]*$"}},
    ),
    Parameter(name="name", place="query", says="Only those of that name."),
    Parameter(
        name="dag",
        place="query",
        says="Only those of the DAG of that hash.",
        schema={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    ),
    Parameter(name="begunFrom", place="query", says="Only those that began then or later.", schema=INSTANT_SCHEMA),
    Parameter(name="begunBefore", place="query", says="Only those that began earlier.", schema=INSTANT_SCHEMA),
    Parameter(
        name="children",
        place="query",
        says="Those that bodies run, too.",
        schema={"type": "boolean", "default": False},
    ),
    Parameter(name="after", place="query", says="Only those older than this one: how pages follow each other."),
    LIMIT,
)


def query_of(request: Request) -> Query:
    """What the request asks for. Raises `Refusal` (400)."""
    given = request.query_params
    after = given.get("after")
    if after is not None and not is_ulid(after):
        raise bad_parameter("after", "write the id of the last traversal of the page before")
    dag = given.get("dag")
    if dag is not None and not is_dag_hash(dag):
        raise bad_parameter("dag", "write the hash of a DAG, 64 hex digits")
    return Query(
        statuses=frozenset(_status(each) for text in given.getlist("status") for each in text.split(",")),
        name=given.get("name"),
        labels=dict(_label(text) for text in given.getlist("label")),
        dag=None if dag is None else DagHash(dag),
        begun_from=_instant(request, "begunFrom"),
        begun_before=_instant(request, "begunBefore"),
        with_children=flag(request, "children"),
        after=None if after is None else TraversalId(after),
        limit=limit_of(request),
    )


def next_page(request: Request, last: str) -> str:
    """The path of the page that begins after `last`: this request with another `after`."""
    others = [(key, each) for key, each in request.query_params.multi_items() if key != "after"]
    return f"{request.url.path}?{urlencode([*others, ('after', last)])}"


def _status(text: str) -> TraversalStatus:
    if text not in _STATUSES:
        raise bad_parameter("status", f"{text[:40]!r} is none; there are {_listed(sorted(_STATUSES))}")
    return _STATUSES[text]


def _label(text: str) -> tuple[str, str]:
    key, colon, value = text.partition(":")
    if not key or not colon:
        raise bad_parameter("label", f"{text[:80]!r} is no label; write key:value")
    return key, value


def _instant(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    parsed = parse_instant(text)
    if isinstance(parsed, Failure):
        raise bad_parameter(name, parsed.failure())
    return parsed.unwrap()


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"

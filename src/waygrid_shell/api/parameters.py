"""Parameters that several operations have."""

from typing import Final

from waygrid_core.model.duration import DURATION_PATTERN
from waygrid_core.model.instant import INSTANT_PATTERN
from waygrid_core.model.ulid import ULID_PATTERN
from waygrid_shell.api.operation import Parameter

ID: Final = Parameter(
    name="id",
    place="path",
    says="The id of the traversal.",
    schema={"type": "string", "pattern": f"^{ULID_PATTERN}$"},
    is_required=True,
)
DAG: Final = Parameter(
    name="hash",
    place="path",
    says="The hash of the DAG.",
    schema={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    is_required=True,
)
LIMIT: Final = Parameter(
    name="limit",
    place="query",
    says="How many a page has at most.",
    schema={"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
)
IDEMPOTENCY_KEY: Final = Parameter(
    name="Idempotency-Key",
    place="header",
    says="Sent again with the same key, it is the same request: nothing happens twice, and the answer is the same. "
    "Another request under the key is refused (422).",
    schema={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]{0,253}[!-~])?$"},
)
TRACEPARENT: Final = Parameter(
    name="traceparent",
    place="header",
    says="W3C Trace Context: the trace that the traversal is to be part of.",
)
TRACESTATE: Final = Parameter(name="tracestate", place="header", says="What vendors add to it.")
WAIT: Final = Parameter(
    name="wait",
    place="query",
    says="Wait so long for the outcome, such as 30s; at most 60s, whatever it says.",
    schema={"type": "string", "pattern": f"^({DURATION_PATTERN}|0)$"},
)
INSTANT_SCHEMA: Final = {"type": "string", "pattern": f"^{INSTANT_PATTERN}$"}

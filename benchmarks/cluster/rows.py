"""The rows that a chain of three comes to in the journal, and a program that writes them with psycopg alone.

As a program (`python -m benchmarks.cluster.rows`) it is given, in JSON, `url` (an empty database), `chains` and
`chains_a_commit`; it writes so many chains, batch by batch, each batch committed, and prints when it `began` and
`ended`. A chain is one row of its traversal, changed three times, and four rows of the journal; in a commit are rows of
as many chains as a batch of the waystation has, each a message further.
"""

import json
import secrets
import sys
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from benchmarks.payload import PAYLOAD
from benchmarks.work import chain
from waygrid_core.codec.wire import EFFECTS, EVENTS
from waygrid_core.compile.pipeline import compile_document
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.ulid import ulid_from
from waygrid_core.traversal.effects import DispatchNode
from waygrid_core.traversal.machine import transition
from waygrid_core.traversal.signals import Begin, NodeSuccess, Signal
from waygrid_core.traversal.state import new_traversal

TABLES: Final = """
CREATE TABLE traversal (
  begun_at bigint NOT NULL, changed_at bigint NOT NULL, ended_at bigint, version bigint NOT NULL,
  id text COLLATE "C" PRIMARY KEY, status text COLLATE "C" NOT NULL, plan bytea
) WITH (fillfactor = 80);
CREATE TABLE journal (
  version bigint NOT NULL, at bigint NOT NULL, traversal text COLLATE "C" NOT NULL, cause text COLLATE "C" NOT NULL,
  events bytea NOT NULL, effects bytea NOT NULL, PRIMARY KEY (traversal, version)
)
"""

_BEAR: Final = "INSERT INTO traversal VALUES (%b, %b, NULL, 1, %b, 'Running', %b)"
_GROW: Final = "UPDATE traversal SET changed_at = %b, version = %b, status = %b WHERE id = %b AND version = %b"
_DECIDE: Final = "INSERT INTO journal VALUES (%b, %b, %b, %b, %b, %b)"


def decided(traversal: TraversalId) -> list[tuple[bytes, bytes]]:
    """The events and the effects of each decision of a chain of three, as the journal keeps them."""
    dag = compile_document(chain()).unwrap().dag
    state, now = new_traversal(traversal), datetime.now(UTC)
    waiting: deque[Signal] = deque([Begin(traversal, PAYLOAD)])
    rows = []
    while waiting:
        done = transition(dag, state, waiting.popleft(), now).unwrap()
        state = done.state
        rows.append((EVENTS.encode_all(done.events), EFFECTS.encode_all(done.effects)))
        for effect in done.effects:
            if isinstance(effect, DispatchNode):
                waiting.append(NodeSuccess(traversal, effect.node, effect.attempt, PAYLOAD))
    return rows


def _write(url: str, chains: int, chains_a_commit: int) -> None:
    rows = decided(TraversalId(ulid_from(0, bytes(10))))
    with psycopg.connect(url) as connection:
        for _ in range(chains // chains_a_commit):
            now = time.time_ns() // 1_000
            ids = [ulid_from(now // 1_000, secrets.token_bytes(10)) for _ in range(chains_a_commit)]
            for version, (events, effects) in enumerate(rows, start=1):
                with connection.cursor() as cursor:
                    if version == 1:
                        cursor.executemany(_BEAR, [(now, now, each, b"{}") for each in ids])
                    else:
                        status = "Completed" if version == len(rows) else "Running"
                        cursor.executemany(_GROW, [(now, version, status, each, version - 1) for each in ids])
                    cause = secrets.token_hex(16)
                    values: list[tuple[Any, ...]] = [(version, now, each, cause, events, effects) for each in ids]
                    cursor.executemany(_DECIDE, values)
                connection.commit()


def main() -> None:
    """See the module."""
    given = json.loads(sys.argv[1])
    with psycopg.connect(given["url"], autocommit=True) as connection:
        connection.execute(TABLES)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.time()
    _write(given["url"], given["chains"], given["chains_a_commit"])
    print(json.dumps({"began": began, "ended": time.time()}), flush=True)


if __name__ == "__main__":
    main()

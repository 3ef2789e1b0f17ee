"""What a failure that the machine itself finds says: to people, to the handler of the node, and to the journal."""

import pytest

from tests.unit.traversal.driver import Driver
from waygrid_core.model.json_value import JsonValue
from waygrid_core.traversal.effects import Fail
from waygrid_core.traversal.error import ErrorDetail
from waygrid_core.traversal.events import NodeFailed

EACH = "entryPoints: [{type: each, id: n, over: {$from: /payload/over}, atMost: 2, body: {type: pass}%s}]"
QUORUM = ", strategy: {type: Quorum, n: {$from: /payload/n}}"
WAIT = "entryPoints: [{type: %s, id: n, deliveryStrategy: {type: %s}}]"
PASS_AFTER = WAIT % ("pass", "ScheduleAfter, delay: {$from: /payload/delay}")
PASS_AT = WAIT % ("pass", "ScheduleAt, time: {$from: /payload/time}")
AWAIT = "entryPoints: [{type: await, id: n, event: paid, key: {$from: /payload/key}}]"
FAIL = "entryPoints: [{type: fail, id: n, code: {$from: /payload/code}, message: {$from: /payload/message}}]"
ROUTES = """
entryPoints:
  - {type: pass, id: n, onConditions: [{condition: {type: JsonExists, pointer: /x}, to: {type: pass}}]}
"""


@pytest.mark.parametrize(
    ("spec", "payload", "code", "message"),
    [
        (EACH % "", {"over": 1}, "not-a-list", "`over` gave no list"),
        (EACH % "", {"over": [1, 2, 3]}, "too-many-items", "`over` gave 3 items; atMost is 2"),
        (EACH % QUORUM, {"over": [1], "n": 0}, "bad-value", "the quorum of an each must be a whole number from 1"),
        (AWAIT, {"key": 7}, "bad-value", "the key of an await must be a text"),
        (PASS_AFTER, {"delay": 5}, "bad-value", "a delay must be a text such as 5s"),
        (PASS_AT, {"time": 5}, "bad-value", "a time must be an RFC 3339 text"),
        (FAIL, {"code": 5, "message": "x"}, "bad-value", "the code and the message of a fail must be texts"),
        (FAIL, {"code": "x", "message": 5}, "bad-value", "the code and the message of a fail must be texts"),
        (FAIL, {"code": "x", "message": "y"}, "x", "y"),
        (ROUTES, {}, "no-route", "no condition holds, and there is no onSuccess or always"),
    ],
)
def test_data_that_makes_no_sense_fails_the_node_and_says_why(
    spec: str, payload: JsonValue, code: str, message: str
) -> None:
    driver = Driver(spec)
    error = ErrorDetail(code, message)
    assert driver.begin(payload) == (Fail(error),)
    assert driver.events[1] == NodeFailed(driver.node("n"), 1, payload, error)

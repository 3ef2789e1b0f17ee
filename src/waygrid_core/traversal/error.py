"""An error as data: what a node failed with, and what a traversal ends with."""

from typing import Final

from attrs import frozen

from waygrid_core.model.json_value import JsonValue


@frozen
class ErrorDetail:
    """A code for machines and a sentence for people."""

    code: str
    message: str = ""

    def to_json(self) -> dict[str, JsonValue]:
        """`{code, message}`."""
        return {"code": self.code, "message": self.message}


FAILED: Final = "failed"
"""The code of a failure that came without one."""

NEVER_RETRIED: Final = frozenset({"no-route", "bad-value", "not-a-list", "too-many-items"})
"""Codes that are for good, whoever answers them: the same input would fail again."""

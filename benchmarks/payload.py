"""The data that every benchmark of a plant carries."""

from typing import Final

from waygrid_core.model.json_value import JsonValue

PAYLOAD: Final[JsonValue] = {"order": "A-1047", "note": "x" * 171}
"""200 bytes as JSON."""

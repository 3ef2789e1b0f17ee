"""The pointers of conditions: RFC 6901, into the output of the node that a condition looks at.

They are the plain pointers of `model.json_pointer`, which templates use too; this is the name that conditions have
for them.
"""

from waygrid_core.model.json_pointer import find, parse_pointer, write_pointer

__all__ = ["find", "parse_pointer", "write_pointer"]

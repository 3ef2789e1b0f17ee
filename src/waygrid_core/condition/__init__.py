"""Conditions on a node's output: `expression` has the types, `evaluate` says whether one holds, `pointer` RFC 6901."""

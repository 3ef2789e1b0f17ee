"""Conditions on a node's output: `expression` has the types, `evaluate` says whether one holds, `rules` finds the
extensions in one, `pointer` is RFC 6901.
"""

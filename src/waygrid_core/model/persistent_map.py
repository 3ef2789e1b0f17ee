"""The persistent map of a traversal's state: a write copies a few nodes of a tree, not the whole.

A thin name for `immutables.Map`, so that one file says which library it is.
"""

from immutables import Map as PersistentMap

__all__ = ["PersistentMap"]

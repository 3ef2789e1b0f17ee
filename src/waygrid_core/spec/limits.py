"""How large a Spec may be. Each limit that is passed is a problem of its own."""

from attrs import frozen


@frozen(kw_only=True)
class Limits:
    """The limits of one compilation; the two nestings are the ones that a user configures."""

    document_bytes: int = 1024 * 1024
    nodes: int = 10_000
    fork_nesting: int = 8
    body_nesting: int = 8
    branches: int = 1_000
    conditions: int = 1_000
    at_most: int = 10_000
    document_nesting: int = 50_000
    """Deep enough for a chain of `nodes` nodes, each nested in a condition of the one before it."""
    value_nesting: int = 100
    """How deep JSON data (a parameter, a template, a payload) may nest: what recursion can walk safely."""


DEFAULT_LIMITS = Limits()

"""Scopes: where a token can be. The root, or one branch of one fork; they nest."""

from attrs import frozen

from waygrid_core.model.identifiers import NodeId, ScopeId


@frozen
class BranchScope:
    """The scope of branch `branch` of fork `fork`; `parent` is the fork's own scope."""

    id: ScopeId
    fork: NodeId
    branch: str
    parent: ScopeId

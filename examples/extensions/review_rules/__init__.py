"""Six extensions of Waygrid's machine, to be copied: two join strategies, a retry policy, a node kind, a guard and a
signal.
"""

from review_rules.approval import Approval
from review_rules.budget import Budget
from review_rules.majority import Majority
from review_rules.per_code import PerCode
from review_rules.skip import Skip
from review_rules.weighted import Weighted

EXTENSIONS = (Majority, Weighted, PerCode, Approval, Budget, Skip)
"""What `pyproject.toml` names as the entry point of this package."""

__all__ = ["EXTENSIONS", "Approval", "Budget", "Majority", "PerCode", "Skip", "Weighted"]

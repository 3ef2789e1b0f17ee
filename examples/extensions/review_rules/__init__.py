"""Three extensions of Waygrid's machine, to be copied: two join strategies and a retry policy."""

from review_rules.majority import Majority
from review_rules.per_code import PerCode
from review_rules.weighted import Weighted

EXTENSIONS = (Majority, Weighted, PerCode)
"""What `pyproject.toml` names as the entry point of this package."""

__all__ = ["EXTENSIONS", "Majority", "PerCode", "Weighted"]

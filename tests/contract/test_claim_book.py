"""The contract of the claim book."""

import pytest

from waygrid_core.model.identifiers import TraversalId
from waygrid_shell.ports.claim_book import Claim
from waygrid_shell.runtime.wiring import OpenPorts

pytestmark = pytest.mark.anyio


async def test_a_key_belongs_to_the_traversal_that_claimed_it_first(open_kept_ports: OpenPorts) -> None:
    first = [Claim(f"key-{number}", TraversalId(f"T{number}"), f"line {number}") for number in range(1_100)]
    async with open_kept_ports() as ports:
        assert list(await ports.claim_book.claim(first)) == first
    async with open_kept_ports() as ports:
        later = [Claim(claim.key, TraversalId("other"), "again") for claim in first] + [
            Claim("new", TraversalId("N"), "")
        ]
        assert list(await ports.claim_book.claim(later)) == [*first, Claim("new", TraversalId("N"), "")]
        notes = await ports.claim_book.notes([TraversalId("T7"), TraversalId("unknown")])
        assert notes == {"T7": "line 7"}

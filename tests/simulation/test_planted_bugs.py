"""The simulation notices what it is for: each planted bug is found within a thousand seeds."""

from collections.abc import Callable

import pytest

from tests.simulation.planted import PLANTED, first_found

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_a_planted_bug_is_found_within_a_thousand_seeds(plant: Callable[[pytest.MonkeyPatch], None]) -> None:
    assert first_found(plant) is not None

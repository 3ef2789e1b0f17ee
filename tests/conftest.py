"""How long random tests look: `HYPOTHESIS_PROFILE=nightly` (or `--hypothesis-profile nightly`) looks for hours.

In CI the same commit draws the same examples: a rare find belongs to whoever looks for it, not to whoever pushes next.
"""

import os

from hypothesis import HealthCheck, settings

# A story is large data by design, and slow to draw beside what it tests; neither says that a strategy is wrong.
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

settings.register_profile("default", max_examples=50, deadline=None, suppress_health_check=SLOW)
settings.register_profile("ci", max_examples=50, deadline=None, suppress_health_check=SLOW, derandomize=True)
settings.register_profile("nightly", max_examples=5_000, deadline=None, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))

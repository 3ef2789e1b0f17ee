"""A user's signal and an event from outside that are held for the same node: the first ends it, and nothing is lost."""

import pytest
from review_rules import Skip

from tests.unit.simulation.scenarios import load_nothing
from waygrid_core.extension.registry import Extensions
from waygrid_core.outcome import Failure
from waygrid_core.simulation import Observation, load_scenarios, run_scenario

SKIPPED = "{at: 2s, tell: Skip, data: {node: first}}"
NEWS = "{at: 3s, event: news, data: told}"
NEWS_BEFORE = "{at: 1500ms, event: news, data: told}"
SKIPPED_ANOTHER = "{at: 2s, tell: Skip, data: {node: second}}"


def observe(*held: str) -> Observation:
    loaded = load_scenarios(
        f"""
name: two awaits of the same news
spec:
  signals: [{{type: Skip}}]
  entryPoints:
    - type: await
      id: first
      event: news
      onSuccess: {{type: await, id: second, event: news, timeout: 1m}}
signals: [{{at: 1s, pause: true}}, {", ".join(held)}, {{at: 5s, unpause: true}}]
expect: {{}}
""".encode(),
        load_nothing,
    )
    assert not isinstance(loaded, Failure), loaded.failure()
    return run_scenario(loaded.unwrap()[0], extensions=Extensions.of(Skip)).actual


@pytest.mark.parametrize("held", [(SKIPPED, NEWS), (SKIPPED_ANOTHER, SKIPPED, NEWS)])
def test_the_event_whose_await_was_skipped_goes_to_the_next_await(held: tuple[str, ...]) -> None:
    observed = observe(*held)
    assert (observed.status, observed.output) == ("completed", "told")


@pytest.mark.parametrize("held", [(NEWS_BEFORE, SKIPPED), (SKIPPED_ANOTHER, NEWS)])
def test_an_event_that_ended_its_await_is_not_given_to_another(held: tuple[str, ...]) -> None:
    observed = observe(*held)
    assert observed.status == "failed"
    assert observed.error == "timeout"

"""What the figures mean, in a sentence or two: which service is the bottleneck, and how many places would do."""

import math
from typing import Final

from waygrid_shell.simulation.workload.figures import Figures, ServiceFigures
from waygrid_shell.simulation.workload.spans import span_text

FULL: Final = 0.95
"""From such a share of places that are taken on, what is asked piles up sooner or later."""
BUSY: Final = 0.75
"""From here on waiting grows quickly."""
_AIM: Final = 0.7
"""How much of its places a service should have taken, at its peak."""
_LONG_WAIT_SECONDS: Final = 1.0


def advice_of(figures: Figures) -> str:
    """See the module."""
    asked = [each for each in figures.services if each.attempts]
    if not asked:
        return "Nothing was asked of any service."
    busiest = asked[0]
    waited = max(asked, key=lambda each: (each.wait.p99, each.service))
    if busiest.utilisation >= FULL:
        cannot = _cannot(busiest, figures)
        return f"The bottleneck is {busiest.service}, which {cannot}: {_taken(busiest)}. {_cure(busiest)}"
    if waited.busiest >= waited.places and waited.wait.p99 > max(_LONG_WAIT_SECONDS, waited.latency.p99):
        return (
            f"The bottleneck is {waited.service}, which did not keep up all the time: {_taken(waited)}, and one "
            f"attempt in a hundred waited {span_text(waited.wait.p99)} or longer. {_cure(waited)}"
        )
    if busiest.utilisation >= BUSY:
        return f"The bottleneck is {busiest.service}, which kept up: {_taken(busiest)}. {_cure(busiest)}"
    if figures.backlog.is_growing:
        return (
            f"More and more traversals are under way, and no service is busy (the busiest is {busiest.service}: "
            f"{_taken(busiest)}): they wait for events or timers, or what arrives rises to the end."
        )
    peak = _peak(busiest)
    times = busiest.places / peak if peak else math.inf
    room = f"; at its peak it could bear about {times:.1f} times as much" if times < 100.0 else ""
    return f"No bottleneck: the busiest service is {busiest.service}, {_taken(busiest)}{room}."


def _cannot(service: ServiceFigures, figures: Figures) -> str:
    is_behind = figures.backlog.is_growing or service.asked_places > service.places
    return "cannot keep up" if is_behind else "barely keeps up"


def _taken(service: ServiceFigures) -> str:
    share = f"{100 * service.utilisation:.0f}% of the time on average"
    if service.places == 1:
        return f"its only place was taken {share}"
    return f"its {service.places} places ({service.workers} x {service.concurrency}) were taken {share}"


def _peak(service: ServiceFigures) -> float:
    return max(service.asked_places, service.asked_places_most)


def _cure(service: ServiceFigures) -> str:
    peak = _peak(service)
    enough = max(service.places + 1, math.ceil(peak / _AIM))
    return f"What was asked of it at its peak keeps {math.ceil(peak)} busy; {enough} would have room to spare."

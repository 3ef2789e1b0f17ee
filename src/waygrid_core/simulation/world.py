"""All that one simulation is made of: its parts, and what it has come to so far."""

from datetime import datetime

from attrs import define, field

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.simulation.agenda import Agenda
from waygrid_core.simulation.events import Mailboxes
from waygrid_core.simulation.family import Family
from waygrid_core.simulation.post import Post
from waygrid_core.simulation.scenario import Scenario
from waygrid_core.simulation.script import Script
from waygrid_core.simulation.trace import Trace
from waygrid_core.simulation.workers import Workers


@define(eq=False)
class World:
    """One simulation. `main` is the traversal that the scenario is about; `ended_at`, when it ended.

    `canceled_early` are children whose cancel overtook their begin. Deterministic: equal scenarios make equal worlds.
    """

    main: TraversalId
    steps_left: int
    agenda: Agenda
    post: Post
    family: Family
    script: Script
    workers: Workers
    mailboxes: Mailboxes
    trace: Trace
    dispatched: list[str] = field(factory=list)
    canceled_early: set[TraversalId] = field(factory=set)
    ended_at: datetime | None = None


def new_world(scenario: Scenario, compiled: CompiledDag, main: TraversalId, steps: int) -> World:
    """A world in which nothing has happened yet."""
    agenda, script = Agenda(scenario.start), Script(scenario.outcomes)
    return World(
        main=main,
        steps_left=steps,
        agenda=agenda,
        post=Post(scenario.deliver),
        family=Family(compiled, scenario.known, script),
        script=script,
        workers=Workers(script),
        mailboxes=Mailboxes(),
        trace=Trace(agenda),
    )

"""A traversal that ran, as a scenario: what was answered, and when, so that it stays tested."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from os.path import relpath
from pathlib import Path
from typing import Any

import yaml
from attrs import define, field

from waygrid_core.compile.pipeline import compile_text
from waygrid_core.history.replaying import Moment
from waygrid_core.history.standing import Standing
from waygrid_core.history.status import scenario_status
from waygrid_core.model.identifiers import NodeId
from waygrid_core.model.instant import write_instant
from waygrid_core.outcome import Failure
from waygrid_core.simulation.naming import ON_END
from waygrid_core.simulation.observation import Observation
from waygrid_core.traversal.events import NodeDispatched
from waygrid_core.traversal.signals import Begin, Cancel, CancelBranches, NodeFailure, NodeSuccess, Pause, Told, Unpause
from waygrid_core.traversal.state import TraversalState
from waygrid_shell.cli.extensions_given import extensions_here
from waygrid_shell.cli.mistake import UserError
from waygrid_shell.cli.output import complain
from waygrid_shell.cli.scenario_trial import tried
from waygrid_shell.cli.source import Source, read_source


def scenario_of(name: str, heard: Iterable[Moment], standing: Standing, spec: str, path: str) -> str:
    """The text of the scenario file `path`, of that name, of what was heard. Raises `UserError` for no Spec."""
    said = _Said(standing)
    for moment in heard:
        said.hear(moment)
    document = {
        "name": name,
        "spec": Path(relpath(spec, Path(path).parent)).as_posix(),
        **said.given,
        "outcomes": said.outcomes,
        **({"signals": said.signals} if said.signals else {}),
    }
    source = _spec_of(spec, standing)
    expect = said.expected() if source is None else _as_it_goes(said, tried(source, document))
    return yaml.safe_dump({**document, "expect": expect}, sort_keys=False, allow_unicode=True)


def _as_it_goes(said: "_Said", observed: Observation | None) -> dict[str, Any]:
    """What to expect: how it went; with what the onEnd did, and with how it goes on where it had not ended."""
    expect = said.expected()
    if observed is None:
        return expect
    dispatched, length = list(observed.dispatched), len(said.dispatched)
    if not said.has_ended:
        complain("waygrid: it has not ended there; the scenario goes on to the end that virtual time brings")
        return {"status": observed.status, "dispatched": dispatched}
    goes_that_way = observed.status == expect["status"] and dispatched[:length] == said.dispatched
    if goes_that_way and all(name.startswith(f"{ON_END}/") for name in dispatched[length:]):
        return {**expect, "dispatched": dispatched}
    complain("waygrid: in virtual time it goes another way, so the scenario fails: a timer or a message was late")
    return expect


@define(eq=False)
class _Said:
    """What a scenario says, as the traversal is gone through. `open` has the outcomes that nobody has given yet."""

    standing: Standing
    given: dict[str, Any] = field(factory=dict)
    outcomes: dict[str, list[dict[str, Any]]] = field(factory=dict)
    signals: list[dict[str, Any]] = field(factory=list)
    dispatched: list[str] = field(factory=list)
    open: dict[NodeId, tuple[dict[str, Any], datetime]] = field(factory=dict)
    begun: datetime | None = None
    last: Moment | None = None

    def hear(self, moment: Moment) -> None:
        """The next decision."""
        self.begun = self.begun or moment.at
        self.last = moment
        match moment.signal:
            case Begin() as begin:
                self._begin(begin, moment.at)
            case NodeSuccess(node=node, output=output):
                self._answer(node, {"succeed": output}, moment.at)
            case NodeFailure(node=node, error=error):
                self._answer(node, {"fail": error.message, "code": error.code}, moment.at)
            case Cancel(reason=reason):
                self._steer({"cancel": reason or ""}, moment.at)
            case Told(kind=kind, data=data):
                self._steer({"tell": kind, "data": data}, moment.at)
            case Pause():
                self._steer({"pause": True}, moment.at)
            case Unpause():
                self._steer({"unpause": True}, moment.at)
            case CancelBranches(join_node_id=join, branches=branches):
                self._steer({"cancelBranches": {"fork": join, "branches": list(branches)}}, moment.at)
            case _:
                pass  # timers come by themselves
        for event in moment.events:
            if isinstance(event, NodeDispatched):
                self._dispatch(event.node, moment.at)

    @property
    def has_ended(self) -> bool:
        """Whether the last that was heard ended it."""
        return self.last is not None and self.last.after.has_ended

    def expected(self) -> dict[str, Any]:
        """How it went, in the words of `expect`."""
        expect: dict[str, Any] = {"dispatched": self.dispatched}
        state = None if self.last is None else self.last.after
        if isinstance(state, TraversalState):
            expect = {"status": scenario_status(state.status), **expect}
            if state.error is not None and state.status == "Failed":
                expect["error"] = state.error.code
        return expect

    def _begin(self, begin: Begin, at: datetime) -> None:
        self.given = {"payload": begin.payload, "start": write_instant(at)}
        if begin.entry:
            self.given["entry"] = begin.entry
        if begin.known:
            complain("waygrid: it took over what another traversal had done; the scenario does it again")

    def _steer(self, what: dict[str, Any], at: datetime) -> None:
        assert self.begun is not None, "it was set by the first decision"
        self.signals.append({"at": _span(at - self.begun), **what})

    def _dispatch(self, node: NodeId, at: datetime) -> None:
        name = self.standing.name(node)
        outcome: dict[str, Any] = {"never": True}
        self.outcomes.setdefault(name, []).append(outcome)
        self.open[node] = (outcome, at)
        self.dispatched.append(name)

    def _answer(self, node: NodeId, answer: dict[str, Any], at: datetime) -> None:
        outcome, since = self.open.pop(node, ({}, at))
        outcome.clear()
        outcome |= answer
        if at > since:
            outcome["after"] = _span(at - since)


def _span(span: timedelta) -> str:
    """To the millisecond, which is what durations say."""
    return f"{max(round(span.total_seconds() * 1000), 1)}ms"


def _spec_of(spec: str, standing: Standing) -> Source | None:
    """The Spec; None if it is another than ran, which is said."""
    source = read_source(spec)
    outcome = compile_text(source.content, source.format, extensions=extensions_here())
    if isinstance(outcome, Failure):
        raise UserError(f"--spec {spec} is not right; waygrid validate says why")
    if standing.dag is None or outcome.unwrap().dag.hash != standing.dag.hash:
        complain(f"waygrid: {spec} is not the Spec that ran (another hash): the scenario may go another way")
        return None
    return source

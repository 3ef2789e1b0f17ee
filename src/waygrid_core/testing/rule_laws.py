"""The laws of one kind of extensions alone: joins decide, retries and questions end, memories survive a crash."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle, islice
from typing import Any, Final

from waygrid_core.extension.answers import Ask, Stop
from waygrid_core.extension.extension import Extension, Guard, JoinRule, NodeKind, RetryRule, SignalKind
from waygrid_core.extension.look import FailNode, SucceedNode
from waygrid_core.model.canonical_json import canonical_json
from waygrid_core.testing.extension_laws import ENDS_A_NODE_ONCE, ExtensionLaw, Fault, Probe, said
from waygrid_core.testing.questions import CODES, Question, ask, plain

DECIDES: Final = "a join is decided at the latest when nobody is left"
STAYS_DECIDED: Final = "what a join has decided stays so when more of the same comes"
IS_SYMMETRIC: Final = "is_symmetric is claimed only where it does not matter which branch it was"
RETRIES_END: Final = "retries end"
WAITS_FORWARDS: Final = "no delay is negative"
ASKS_AN_END: Final = "a node kind asks no more than it says"
SURVIVES_A_CRASH: Final = "what is remembered means the same after a crash"

MOST_RETRIES: Final = 100
"""After so many the machine makes no more, whatever the rule says."""


def laws_of_kind(extension: Extension) -> Iterator[ExtensionLaw]:
    """The laws of its kind."""
    match extension:
        case JoinRule():
            yield ExtensionLaw(DECIDES, decides)
            yield ExtensionLaw(STAYS_DECIDED, stays_decided)
            yield ExtensionLaw(IS_SYMMETRIC, is_symmetric)
        case RetryRule():
            yield ExtensionLaw(RETRIES_END, retries_end)
            yield ExtensionLaw(WAITS_FORWARDS, waits_forwards)
        case NodeKind():
            yield ExtensionLaw(SURVIVES_A_CRASH, kind_survives_a_crash)
            yield ExtensionLaw(ASKS_AN_END, asks_an_end)
        case SignalKind():
            yield ExtensionLaw(ENDS_A_NODE_ONCE, ends_a_node_once)
        case Guard():
            yield ExtensionLaw(SURVIVES_A_CRASH, guard_survives_a_crash)
        case _:
            return


# --- joins ------------------------------------------------------------------------------------------------------------


def decides(probe: Probe) -> Fault | None:
    """An "open" when nobody is left is a failure that nobody meant."""
    for branches in _branches(probe):
        for rest in ("succeeded", "lost"):
            ended = {name: rest if standing == "left" else standing for name, standing in branches.items()}
            question = Question("judge", (ended,))
            if ask(probe.extension, question) == "open":
                return Fault(f"{question} says open, and nobody is left", (said(question, "open"),))
    return None


def stays_decided(probe: Probe) -> Fault | None:
    """More successes make no holding join open or lost, more losses no lost one anything else: several branches may
    end before it is asked."""
    for branches in _branches(probe):
        before = ask(probe.extension, Question("judge", (branches,)))
        more = {"holds": "succeeded", "cannot-hold": "lost"}.get(before)
        for name in [name for name, standing in branches.items() if standing == "left"] if more else ():
            question = Question("judge", ({**branches, name: more},))
            after = ask(probe.extension, question)
            if after != before:
                lines = (said(Question("judge", (branches,)), before), said(question, after))
                return Fault(f"{before} becomes {after} when {name} has {more} too", lines)
    return None


def is_symmetric(probe: Probe) -> Fault | None:
    """`verify` looks at one of several branches alike where a rule says that names do not matter."""
    rule = probe.extension
    assert isinstance(rule, JoinRule)
    for branches in _branches(probe) if rule.is_symmetric else ():
        before = ask(rule, Question("judge", (branches,)))
        standings = list(branches.values())
        for turn in range(1, len(standings)):
            turned = dict(zip(branches, standings[turn:] + standings[:turn], strict=True))
            after = ask(rule, Question("judge", (turned,)))
            if after != before:
                lines = (said(Question("judge", (branches,)), before), said(Question("judge", (turned,)), after))
                return Fault("two tallies with the same counts are judged differently", lines)
    return None


def _branches(probe: Probe) -> Iterator[dict[str, Any]]:
    return (question.given[0] for question in probe.questions if question.method == "judge")


# --- retries ----------------------------------------------------------------------------------------------------------


def retries_end(probe: Probe) -> Fault | None:
    """A rule that never says None relies on the machine to stop it."""
    rule = probe.extension
    assert isinstance(rule, RetryRule)
    for code in CODES:
        if all(rule.delay(attempt, code, 0.5) is not None for attempt in range(1, MOST_RETRIES + 2)):
            question = Question("delay", (MOST_RETRIES + 1, code, 0.5))
            why = f"after {MOST_RETRIES} retries it still asks for one more"
            return Fault(why, (said(question, ask(probe.extension, question)),))
    return None


def waits_forwards(probe: Probe) -> Fault | None:
    """A retry is not made before the failure that it follows."""
    for question in probe.questions:
        answer = ask(probe.extension, question)
        if isinstance(answer, timedelta) and answer < timedelta():
            return Fault(f"{question} gives {answer}", (said(question, answer),))
    return None


# --- node kinds, signals, guards --------------------------------------------------------------------------------------


def kind_survives_a_crash(probe: Probe) -> Fault | None:
    """A memory is written as JSON and read again between any two answers: a tuple comes back as a list."""
    kind = probe.extension
    assert isinstance(kind, NodeKind)
    for given, answers in _conversations(probe):
        memory, reread = kind.start(given), _reread(kind.start(given))
        lines: list[str] = []
        for answer in answers:
            one, other = kind.heard(memory, answer), kind.heard(reread, answer)
            lines.append(f"it remembers {reread!r}, hears {answer!r} and says {other!r}")
            if plain(one) != plain(other):
                return Fault(f"without a crash it says {one!r}", tuple(lines))
            if not isinstance(one, Ask) or not isinstance(other, Ask):
                break
            memory, reread = one.memory, _reread(other.memory)
    return None


def asks_an_end(probe: Probe) -> Fault | None:
    """Answered the same over and over it comes to an end by itself, or its class says how often it asks at most."""
    kind = probe.extension
    assert isinstance(kind, NodeKind)
    most = type(kind).most_rounds
    says_so = most != NodeKind.most_rounds
    for given, answers in _conversations(probe):
        memory: Any = kind.start(given)
        seen: set[bytes] = set()
        for round_, answer in enumerate(islice(cycle(answers or (None,)), most + 1), 1):
            heard = kind.heard(memory, answer)
            if not isinstance(heard, Ask):
                break
            memory = heard.memory
            mark = canonical_json([round_ % max(1, len(answers)), memory])
            if says_so or (mark not in seen and round_ <= most):
                seen.add(mark)
                continue
            lines = (f"it hears {answer!r} and says {heard!r}", f"it hears {answer!r} again and says {heard!r} again")
            why = "it asks for ever: answered the same it remembers the same" if round_ <= most else f"it asks {most}"
            return Fault(f"{why}; end it, or say in the class how often it asks: most_rounds = 20", lines)
    return None


def _conversations(probe: Probe) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    return (question.given for question in probe.questions if question.method == "heard")


def ends_a_node_once(probe: Probe) -> Fault | None:
    """Two ends of one node in one signal: only the first is possible, and nobody knows which was meant."""
    for question in probe.questions:
        actions = ask(probe.extension, question)
        ended = [action.node for action in actions if isinstance(action, SucceedNode | FailNode)]
        for node in ended:
            if ended.count(node) > 1:
                return Fault(f"{node} is ended {ended.count(node)} times", (said(question, actions),))
    return None


def guard_survives_a_crash(probe: Probe) -> Fault | None:
    """A memory is written as JSON and read again between any two transitions."""
    guard = probe.extension
    assert isinstance(guard, Guard)
    for question in probe.questions:
        memory: Any = guard.start()
        reread = _reread(memory)
        for events, now in question.given[0]:
            one, other = guard.watch(memory, events, now), guard.watch(reread, events, now)
            if plain(one) != plain(other):
                return Fault(f"it remembers {reread!r} and says {other!r}; without a crash it says {one!r}")
            if isinstance(one, Stop):
                break
            memory, reread = one, _reread(other)
    return None


def _reread(memory: Any) -> Any:
    return json.loads(canonical_json(memory))

"""What tests of the machine are made of, for this project and for whoever extends the machine.

    check_laws(spec, invariants=[never(dispatch="payout", before=succeeded("approval"))])
    check_extension(Majority)

The idea: random signals alone find little, because the machine rightly ignores most noise. So a test draws a
*document* (a valid Spec with all kinds of nodes) and a *story* (a run that could happen: answers to what the machine
asked for, in any order, late, twice, stale, never; timers; cancels; pauses; crashes), and holds the *laws* of a
traversal against every step of it. What breaks a law is shrunk to a short story, told in plain sentences beside its
Spec, and can be kept as a scenario.

Reading order:

1. `values`, `data`, `policies`, `documents`: Hypothesis strategies for Specs, from the leaves up.
2. `strategies`: the Specs and DAGs that these documents stand for.
3. `moves`, `stories`: what can happen next, and a run made of such moves.
4. `machine`: any machine of signals, events, effects and obligations, as one value.
5. `laws`, `traversal_laws`: the laws, each a function that raises `AssertionError`; `invariants`: what a user adds;
   `story_laws`: all of them in one table.
6. `telling`, `story_scenarios`, `scenario_file`, `saving`: a story in sentences, and as a file; `law_broken`.
7. `judging` (one story against the laws), `checking` (the way in for Specs).
8. `extension_values`, `questions`: instances of extensions, and what the machine asks them; `impurity`, `elsewhere`:
   what a call does besides, and the same in another process; `extension_laws`, `rule_laws`; `extended_documents`;
   `extension_kit` (the way in for extensions).

Needs `hypothesis` (the extra `testing`); nothing else in the core imports this room.
"""

from waygrid_core.testing.checking import check_laws
from waygrid_core.testing.extension_kit import ExtensionLaws, check_extension
from waygrid_core.testing.extension_values import instances_of
from waygrid_core.testing.invariants import (
    Invariant,
    RunSoFar,
    always,
    at_most,
    dispatched,
    failed,
    invariant,
    never,
    one_of,
    succeeded,
)
from waygrid_core.testing.law_broken import LawBroken

__all__ = [
    "ExtensionLaws",
    "Invariant",
    "LawBroken",
    "RunSoFar",
    "always",
    "at_most",
    "check_extension",
    "check_laws",
    "dispatched",
    "failed",
    "instances_of",
    "invariant",
    "never",
    "one_of",
    "succeeded",
]

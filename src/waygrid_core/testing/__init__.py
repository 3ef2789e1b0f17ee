"""What tests of the machine are made of, for this project and for whoever extends the machine.

The idea: random signals alone find little, because the machine rightly ignores most noise. So a test draws a
*document* (a valid Spec with all kinds of nodes) and a *story* (a run that could happen: answers to what the machine
asked for, in any order, late, twice, stale, never; timers; cancels; pauses; crashes), and holds the *laws* of a
traversal against every step of it.

Reading order:

1. `values`, `data`, `policies`, `documents`: Hypothesis strategies for Specs, from the leaves up.
2. `strategies`: the Specs and DAGs that these documents stand for.
3. `moves`, `stories`: what can happen next, and a run made of such moves, printable.
4. `machine`: any machine of signals, events, effects and obligations, as one value.
5. `laws`: the laws, each a function that raises `AssertionError` with the story in its message.

Needs `hypothesis` (the extra `testing`); nothing else in the core imports this room.
"""

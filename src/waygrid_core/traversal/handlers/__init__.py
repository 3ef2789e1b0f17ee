"""What each signal means: `begin`, `answers` (of services), `timers`, `steering` (cancel, branches, pause).

A handler is a plain function `(decision, signal) -> TraversalError | None`: it records events and puts consequences on
the agenda, or gives the reason of a refusal, having changed nothing. `standing` says whether a signal is about what the
traversal waits for now, about something past (stale), or about nothing that ever was (an error).
"""

"""What runs inside what: which traversal a call, each or loop starts, how a DAG is run again and again, and how a
child's end answers its parent.

A child is a traversal like any other. Its id follows from its parent's, so that a dispatch that comes twice means the
same child; its plan (`plan`) says which DAG it runs and how, so that the DAG of a running traversal can be had again at
any time. Nothing here is remembered beyond that: parents wait for children as they wait for any service.

Reading order:

1. `plan`, `identity`: what a traversal is to run, and what it is called. `plan_reading`: plans with extensions.
2. `start`: from a dispatch to a child. `derive`: DAGs that no author wrote (of an each, of a run).
   `known_inside`: what a child need not do again.
3. `ending`, `answer`: from a child's end to the signal that its parent hears.
4. The machine of a series, of the same form as the machine of a traversal: `series_signals`, `series_events`,
   `series_effects`, `series_state`, `series_fold`; `repetition` (when the next run starts); `series` (one transition,
   and what a series waits for). `either`: for whoever has a traversal or a series, whichever it is.
"""

"""Goes through all runs of a Spec, with the machine that will run it, and says what can go wrong.

    verification = verify(compiled)
    verification.verdict, verification.findings

The machine is pure and its states are few, once what data decides is a free choice: so "can this get stuck" and "can
that come before this" are questions that have answers, each with a shortest run that shows it. A body is one node to
whoever runs it, and is gone through by itself: the work adds up, it does not multiply.

Reading order: `levels` (the DAGs of a Spec), `twin` (a DAG whose data are choices) with `witness` (which conditions can
hold) and `choosing` (a transition under each choice); `likeness` (which nodes and states have one future), `order`
(which of the next signals are worth exploring), `promises` and `promising` (guarantees), `explore` (the search);
`advice` (what needs no search), `findings`, `verification` (all of it); `telling`, `rehearsal`, `report` (for people,
for the simulation, for machines).
"""

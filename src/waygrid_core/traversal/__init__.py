"""The machine that drives one traversal: `transition(dag, state, signal, now)` gives state, events and effects.

It is a decider. Nothing in it reads a clock, draws a random number or does I/O. Reading order:

1. `signals`, `events`, `effects`, `rejections`: the four vocabularies at its border.
2. `state`: what it remembers; `fold`: the only writer of state.
3. `legality`: which signals a status hears, as a table.
4. `machine`: one transition from a signal to the fixed point; `handlers/`: what each signal means;
   `consequences/`: what follows by itself (a token enters a node, a scope ends, a join is judged).
5. `obligations`: what a traversal waits for, and how effects follow from it.
"""

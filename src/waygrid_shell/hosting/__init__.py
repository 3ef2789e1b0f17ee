"""How work that a traversal asks for is run.

`attempt` is what a handler is told and how it says that it failed, `handler` what a handler is, `worker` the loop
that takes dispatches, runs handlers and answers, `threads` where handlers run that block.
"""

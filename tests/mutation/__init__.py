"""Which wrong lines of the machine would nobody notice? `nox -s mutate`, or `python -m tests.mutation` on a Unix.

mutmut makes copies of each function with one thing changed in each: mutants. With those that mypy refuses it is done.
For each other one the tests that reach it run, the quickest first, until one fails. What stays alive either makes no
difference, and stands with its reason in `equivalent.toml`, or shows that a test is missing.

Reading order: `equivalent` (that file), `report` (the table), `trial` (mutmut, in a copy of the tree). Settings are in
`pyproject.toml` and, of mypy, in `mypy.ini`; the few examples of property tests are those of the profile `mutation` in
`tests/conftest.py`.

What mutmut does not change: constants of modules, bodies of classes, properties, and what bears another decorator.
"""

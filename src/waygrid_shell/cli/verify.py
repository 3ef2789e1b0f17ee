"""`waygrid verify`: all runs of a Spec, gone through. What it does is in `verify_conduct`."""

from typing import Annotated, Final, Literal

from cyclopts import Parameter

from waygrid_shell.cli.options import DagOption

EXAMPLES: Final = """\
Examples:
  waygrid verify order.yaml
  waygrid verify specs/*.yaml --strict --format sarif --output verify.sarif
  waygrid verify order.yaml --save counterexamples/
  waygrid verify order.yaml --picture why.svg
"""


def verify_command(
    *files: Annotated[str, Parameter(help="Specs, JSON or YAML, or compiled DAGs; `-` is standard input.")],
    format: Annotated[  # noqa: A002 # the option's name
        Literal["text", "json", "sarif"],
        Parameter(help="Lines for people, JSON for programs, SARIF for code scanning."),
    ] = "text",
    output: Annotated[str | None, Parameter(name=["--output", "-o"], help="Write the result to this file.")] = None,
    save: Annotated[
        str | None, Parameter(help="A folder: write the run that breaks something there, as a scenario for each.")
    ] = None,
    picture: Annotated[
        str | None, Parameter(help="An .svg or .mmd file: draw the graph with the nodes of the first such run marked.")
    ] = None,
    strict: Annotated[bool, Parameter(negative="", help="Exit 1 for warnings too.")] = False,
    budget: Annotated[int, Parameter(help="States of one DAG that are gone through at most.")] = 50_000,
    seed: Annotated[int, Parameter(help="What the runs beyond the budget are drawn from.")] = 0,
    every_order: Annotated[
        bool, Parameter(negative="", help="Explore orders of independent branches that cannot matter too.")
    ] = False,
    cache: Annotated[bool, Parameter(help="Use and keep verdicts of the same DAG and guarantees.")] = True,
    dag: DagOption = None,
) -> int:
    """Go through all runs of a Spec, with the machine that will run it, and say what can go wrong.

    Every outcome and every order is explored: nodes that succeed or fail, timers that fire, conditions that hold or
    not. Errors are: a guarantee of the Spec that does not hold, a traversal that stands still, a join that can never
    hold, a node that no run reaches; each with a shortest run that shows it. Warnings are: an edge that no run takes,
    a failure that nothing handles, an await that may wait for ever, retries that need more time than there is.

    `proved` means that all runs were gone through; `bounded` that there were more states than --budget, and runs were
    drawn at random beyond it. A body is gone through by itself, and is one node to whoever runs it.

    Exits 0 if nothing is broken, 1 if something is, or a Spec is wrong, and 2 if a file cannot be read.
    """
    from waygrid_shell.cli.verify_conduct import Request, conduct

    return conduct(
        Request(
            files=files,
            format=format,
            output=output,
            save=save,
            picture=picture,
            strict=strict,
            budget=budget,
            seed=seed,
            every_order=every_order,
            cache=cache,
            dags=tuple(dag or ()),
        )
    )

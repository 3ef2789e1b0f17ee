"""`waygrid simulate`: Specs under a load, in virtual time. What it does is in `simulate_conduct`."""

from typing import Annotated, Final, Literal

from cyclopts import Parameter

from waygrid_shell.cli.options import DagOption

EXAMPLES: Final = """\
Examples:
  waygrid simulate --spec order.yaml --workload load.yaml
  waygrid simulate --spec order.yaml --workload load.yaml --plot load.svg
  waygrid simulate --spec order.yaml --spec refund.yaml --workload load.yaml
  waygrid simulate --spec order.yaml --workload load.yaml --format json
  waygrid simulate --spec order.yaml --workload load.yaml --faults

A workload that is enough to begin with:
  arrivals: {rate: 20/s}
  services:
    processor/payment:
      latency: {type: LogNormal, median: 300ms, p99: 2s}
      workers: 2
      concurrency: 8
"""


def simulate_command(
    *,
    spec: Annotated[
        list[str] | None,
        Parameter(negative="", help="A Spec, JSON or YAML, or a compiled DAG; as often as there are some."),
    ] = None,
    workload: Annotated[
        str | None,
        Parameter(help="Who asks how often, and what services are like; `-` is standard input."),
    ] = None,
    seed: Annotated[int, Parameter(help="What chance is drawn from: the same seed, the same run.")] = 0,
    duration: Annotated[
        str | None, Parameter(help="How long traversals are handed in, such as 1h, whatever the workload says.")
    ] = None,
    processes: Annotated[
        int | None, Parameter(help="So many processes of Waygrid itself, whatever the workload says.")
    ] = None,
    faults: Annotated[
        bool, Parameter(negative="", help="Kill processes, cut networks and stop servers meanwhile.")
    ] = False,
    format: Annotated[  # noqa: A002 # the option's name
        Literal["text", "json"], Parameter(help="Tables for people, JSON for programs.")
    ] = "text",
    output: Annotated[str | None, Parameter(name=["--output", "-o"], help="Write the result to this file.")] = None,
    plot: Annotated[
        str | None, Parameter(help="An .svg file: draw throughput, backlog and latency over time there.")
    ] = None,
    dag: DagOption = None,
) -> int:
    """Run Specs under a load in virtual time, and say how quick they are, where they wait, and what fails.

    The services of Waygrid run as they are, in this process, with a simulated clock: an hour takes seconds. Your own
    services are stood in for by what the workload says of them: how long they take, how often they fail, how many
    workers there are. So it answers what two workers, a slower payment service or three times the orders would do.

    The workload says of a service what it differs in from the usual: 100ms (one in a hundred takes 500ms), no failures,
    one worker with 64 places. `waygrid schema workload` prints all that can stand in it.

    Exits 0 if all ended as they should, 1 if traversals were left stuck or something broke, or a Spec or the workload
    is wrong, and 2 if a file cannot be read.
    """
    from waygrid_shell.cli.simulate_conduct import Request, conduct

    return conduct(
        Request(
            specs=tuple(spec or ()),
            workload=workload,
            seed=seed,
            duration=duration,
            processes=processes,
            faults=faults,
            format=format,
            output=output,
            plot=plot,
            dags=tuple(dag or ()),
        )
    )

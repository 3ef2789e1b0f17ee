"""`waygrid graph`: the picture of a Spec."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final, Literal, assert_never

from cyclopts import Parameter

from waygrid_core.outcome import Failure
from waygrid_shell.cli.mistake import FAILED, OK
from waygrid_shell.cli.options import DagOption, OutputOption
from waygrid_shell.cli.output import write_result
from waygrid_shell.cli.source import read_source

if TYPE_CHECKING:
    from waygrid_core.dag.dag import CompiledDag

EXAMPLES: Final = """\
Examples:
  waygrid graph order.yaml
  waygrid graph order.yaml --format svg --output order.svg
  waygrid graph order.yaml --format mermaid >> README.md
  waygrid graph order.yaml --format dot | dot -Tpng > order.png
"""

Drawing = Literal["text", "mermaid", "dot", "svg"]


def graph(
    file: Annotated[str, Parameter(help="A Spec, JSON or YAML, or a compiled DAG; `-` is standard input.")],
    /,
    *,
    format: Annotated[Drawing, Parameter(help="What to draw it in.")] = "text",  # noqa: A002 # the option's name
    dag: DagOption = None,
    output: OutputOption = None,
) -> int:
    """Draw the graph of a Spec: as text for a terminal, Mermaid for Markdown, DOT for Graphviz, or an SVG picture.

    If the Spec is wrong, its problems go to standard error, and the exit code is 1.
    """
    from waygrid_shell.cli.specs import compile_source, compiled_dags, complain_of

    source = read_source(file)
    outcome = compile_source(source, "", compiled_dags(dag or []))
    if isinstance(outcome, Failure):
        complain_of(source, outcome.failure())
        return FAILED
    write_result(_drawing(format)(outcome.unwrap()), output)
    return OK


def _drawing(form: Drawing) -> "Callable[[CompiledDag], str]":
    match form:
        case "text":
            from waygrid_core.dag.drawing import draw_text

            return draw_text
        case "mermaid":
            from waygrid_core.dag.drawing import draw_mermaid

            return draw_mermaid
        case "dot":
            from waygrid_core.dag.drawing import draw_dot

            return draw_dot
        case "svg":
            from waygrid_core.dag.svg import draw_svg

            return draw_svg
        case _:
            assert_never(form)

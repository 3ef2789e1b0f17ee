"""Stored DAGs, by their hashes: as JSON, and drawn."""

from collections.abc import Callable
from typing import Final

import anyio.to_thread
from attrs import frozen
from starlette.requests import Request
from starlette.responses import Response

from waygrid_core.dag.dag import CompiledDag
from waygrid_core.dag.drawing import draw_dot, draw_mermaid, draw_text
from waygrid_core.dag.flat import dag_to_json
from waygrid_core.dag.svg import draw_svg
from waygrid_shell.api.compiling import stored_dag
from waygrid_shell.api.operation import Answer, Operation, Parameter
from waygrid_shell.api.parameters import DAG
from waygrid_shell.api.platform import Platform
from waygrid_shell.api.respond import bad_parameter, respond_json

_FOR_GOOD: Final = {"Cache-Control": "private, max-age=31536000, immutable"}
"""A hash has one meaning for ever."""

_HARMLESS: Final = {**_FOR_GOOD, "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
"""A picture is looked at, whatever somebody called its nodes."""

_QUICK_NODES: Final = 100
"""A larger graph is drawn in a thread."""


@frozen
class _Drawing:
    media_type: str
    draw: Callable[[CompiledDag], str]


_DRAWINGS: Final = {
    "svg": _Drawing("image/svg+xml", draw_svg),
    "mermaid": _Drawing("text/vnd.mermaid", draw_mermaid),
    "dot": _Drawing("text/vnd.graphviz", draw_dot),
    "text": _Drawing("text/plain", draw_text),
}


def operations(platform: Platform) -> tuple[Operation, ...]:
    """Show a DAG, draw it."""

    async def get_dag(request: Request) -> Response:
        compiled = await stored_dag(platform.dag_store, request.path_params["hash"])
        return respond_json(dag_to_json(compiled), headers=_FOR_GOOD)

    async def draw_dag(request: Request) -> Response:
        name = request.query_params.get("format", "svg")
        drawing = _DRAWINGS.get(name)
        if drawing is None:
            raise bad_parameter("format", f"{name[:40]!r} is none; there are {', '.join(_DRAWINGS)}")
        compiled = await stored_dag(platform.dag_store, request.path_params["hash"])
        if len(compiled.dag.nodes) <= _QUICK_NODES:
            drawn = drawing.draw(compiled)
        else:
            drawn = await anyio.to_thread.run_sync(drawing.draw, compiled)
        return Response(drawn, headers=_HARMLESS, media_type=f"{drawing.media_type}; charset=utf-8")

    media_types = tuple(drawing.media_type for drawing in _DRAWINGS.values())
    return (
        Operation(
            method="GET",
            path="/v1/dags/{hash}",
            name="getDag",
            tag="dags",
            summary="Show a stored DAG: what `waygrid compile` prints",
            scope="read",
            handle=get_dag,
            parameters=(DAG,),
            answers={200: Answer(says="The flat DAG.", media_type="application/json")},
        ),
        Operation(
            method="GET",
            path="/v1/dags/{hash}/graph",
            name="drawDag",
            tag="dags",
            summary="Draw a stored DAG",
            scope="read",
            handle=draw_dag,
            parameters=(
                DAG,
                Parameter(
                    name="format",
                    place="query",
                    says="svg, mermaid, dot (for Graphviz) or text.",
                    schema={"enum": list(_DRAWINGS), "default": "svg"},
                ),
            ),
            answers={200: Answer(says="The picture.", media_type=media_types[0], other_media_types=media_types[1:])},
        ),
    )

"""Arguments and options that mean the same in several commands."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

TraversalArgument: TypeAlias = Annotated[str, Parameter(name="ID", help="The traversal.")]
TraversalArguments: TypeAlias = Annotated[str, Parameter(name="ID", help="The traversals.")]
DagOption: TypeAlias = Annotated[list[str] | None, Parameter(negative="", help="A DAG that bodies name by its hash.")]
OutputOption: TypeAlias = Annotated[str | None, Parameter(name=["--output", "-o"], help="Write to this file.")]
ConfigOption: TypeAlias = Annotated[
    Path | None, Parameter(help="A settings file, instead of waygrid.toml in the current folder if there is one.")
]
AppOption: TypeAlias = Annotated[
    list[str] | None,
    Parameter(negative="", help="Your own processors and destinations, as module:app. May be given several times."),
]
HostOption: TypeAlias = Annotated[
    str | None, Parameter(help="Where to listen (127.0.0.1); elsewhere API keys are needed.")
]
NetworkOption: TypeAlias = Annotated[
    list[str] | None,
    Parameter(
        negative="",
        help="A network that is not public and may be connected to: `loopback`, `private`, or one such as "
        "10.0.0.0/8. May be given several times.",
    ),
]
LogFormatOption: TypeAlias = Annotated[
    Literal["auto", "json", "pretty"] | None,
    Parameter(help="`auto`, the default, is pretty on a terminal and JSON elsewhere."),
]
LogLevelOption: TypeAlias = Annotated[
    Literal["debug", "info", "warning", "error"] | None, Parameter(help="What is logged at least (info).")
]

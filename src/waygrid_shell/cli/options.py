"""Arguments and options that mean the same in several commands."""

from typing import Annotated, TypeAlias

from cyclopts import Parameter

TraversalArgument: TypeAlias = Annotated[str, Parameter(name="ID", help="The traversal.")]
TraversalArguments: TypeAlias = Annotated[str, Parameter(name="ID", help="The traversals.")]
DagOption: TypeAlias = Annotated[list[str] | None, Parameter(negative="", help="A DAG that bodies name by its hash.")]
OutputOption: TypeAlias = Annotated[str | None, Parameter(name=["--output", "-o"], help="Write to this file.")]

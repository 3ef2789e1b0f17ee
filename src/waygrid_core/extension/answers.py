"""What a node kind says to an answer, and what ends a traversal that a guard watches."""

from typing import TypeAlias

from attrs import frozen

from waygrid_core.model.json_value import JsonValue


@frozen
class Done:
    """The node succeeds with `output`."""

    output: JsonValue


@frozen
class Refuse:
    """The attempt fails with `code`; the node's retry policy has its say."""

    code: str
    message: str = ""


@frozen
class Ask:
    """The answer was not enough: one more attempt is dispatched, and `memory` is kept until its answer."""

    memory: JsonValue


Heard: TypeAlias = Done | Refuse | Ask


@frozen
class Stop:
    """The guard ends the traversal in failure: what runs is canceled, and this is its error."""

    code: str
    message: str = ""

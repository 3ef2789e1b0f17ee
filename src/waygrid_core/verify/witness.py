"""Outputs that lead a token where a condition leads, found by trying every kind of value that conditions tell apart.

Conditions look at few places of an output and compare them with few constants. So for each place there is a short list
of values such that any output behaves as one made of them: nothing, null, each constant, what lies just beside and
between the constants. If all combinations are tried and none makes a condition the first that holds, none does.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise, product
from typing import Final

from attrs import frozen

from waygrid_core.condition.evaluate import NEVER, holds
from waygrid_core.condition.expression import (
    AllOf,
    Always,
    AnyOf,
    Condition,
    JsonCompare,
    JsonEquals,
    JsonExists,
    Not,
)
from waygrid_core.condition.rules import rules_in
from waygrid_core.extension.extension import ConditionRule
from waygrid_core.model.identifiers import TraversalId
from waygrid_core.model.json_value import MISSING, JsonValue, Missing
from waygrid_core.template.evaluate import Sight, see_nothing
from waygrid_core.template.template import Constant, LiteralLeaf, Operand

ELSE: Final = -1
"""The route of an output of which no condition holds."""

_MOST_COMBINATIONS: Final = 20_000
"""Outputs that are tried: a second's work, and far more than people's conditions need."""

_MOST_TEXTS: Final = 4
"""Texts that are looked for inside others at one place; beyond it, not every way to contain them is tried."""

_MOST_RULES: Final = 6
"""Rules of extensions that hold or not, in all combinations; with more of them anything is possible."""

_NOWHERE: Final = Sight(payload=None, input=None, traversal=TraversalId(""), run=1, output_of=see_nothing)

Pointer = tuple[str, ...]


@frozen
class Routing:
    """Which of the routes can be taken. `witness` has an output for each for which one was found.

    `possible` are the indexes of conditions, and `ELSE`; a route that is possible without a witness depends on data
    that is not known here.
    """

    possible: tuple[int, ...]
    witness: Mapping[int, JsonValue]


def routing_of(conditions: Sequence[Condition]) -> Routing:
    """What outputs of any shape do with these conditions. A rule of an extension holds or not, whatever the output."""
    atoms = [atom for condition in conditions for atom in _atoms(condition)]
    places, is_complete = _places(atoms)
    freely, are_all = _with_free_rules(conditions)
    is_complete = is_complete and are_all
    witness: dict[int, JsonValue] = {}
    possible: set[int] = set()
    wanted = len(conditions) + 1
    for number, values in enumerate(product(*places.values())):
        if number == _MOST_COMBINATIONS:
            is_complete = False
            break
        output = _assembled(dict(zip(places, values, strict=True)))
        witness.setdefault(_first_that_holds(conditions, output), output)
        if len(witness) == wanted:
            break
        possible.update(_first_that_holds(assumed, output) for assumed in freely)
    every = (*range(len(conditions)), ELSE)
    reached = possible | witness.keys()
    return Routing(tuple(route for route in every if not is_complete or route in reached), witness)


def _with_free_rules(conditions: Sequence[Condition]) -> tuple[list[list[Condition]], bool]:
    """The conditions under each assumption of which rules hold, if there are any; and whether that is all of them."""
    rules: list[ConditionRule] = []
    for rule in (rule for condition in conditions for rule in rules_in(condition)):
        if rule not in rules:
            rules.append(rule)
    if len(rules) > _MOST_RULES:
        return [], False
    assumptions = product((True, False), repeat=len(rules)) if rules else ()
    return [[_assumed(condition, rules, truths) for condition in conditions] for truths in assumptions], True


def _assumed(condition: Condition, rules: Sequence[ConditionRule], truths: Sequence[bool]) -> Condition:
    match condition:
        case ConditionRule():
            return Always() if truths[rules.index(condition)] else NEVER
        case Not(cond=negated):
            return Not(_assumed(negated, rules, truths))
        case AllOf(all=members):
            return AllOf(tuple(_assumed(member, rules, truths) for member in members))
        case AnyOf(any=members):
            return AnyOf(tuple(_assumed(member, rules, truths) for member in members))
        case _:
            return condition


def routing_of_value(conditions: Sequence[Condition], output: JsonValue) -> Routing:
    """What this one output does with them."""
    if any(not is_plain(operand) for condition in conditions for operand in _operands(condition)):
        return routing_of(conditions)
    route = _first_that_holds(conditions, output)
    return Routing((route,), {route: output})


def is_plain(operand: Operand) -> bool:
    """Whether its value stands in the Spec."""
    return isinstance(operand, Constant | LiteralLeaf)


def _first_that_holds(conditions: Sequence[Condition], output: JsonValue) -> int:
    return next((index for index, each in enumerate(conditions) if holds(each, output, _NOWHERE)), ELSE)


def _atoms(condition: Condition) -> Iterator[JsonExists | JsonEquals | JsonCompare]:
    match condition:
        case Always() | ConditionRule():
            return
        case JsonExists() | JsonEquals() | JsonCompare():
            yield condition
        case Not(cond=negated):
            yield from _atoms(negated)
        case AllOf(all=members) | AnyOf(any=members):
            for member in members:
                yield from _atoms(member)


def _operands(condition: Condition) -> Iterator[Operand]:
    for atom in _atoms(condition):
        if not isinstance(atom, JsonExists):
            yield atom.value


def _places(
    atoms: Sequence[JsonExists | JsonEquals | JsonCompare],
) -> tuple[dict[Pointer, list[JsonValue | Missing]], bool]:
    """By pointer, the values to try; and whether trying all combinations tries everything."""
    constants: dict[Pointer, list[JsonValue]] = {}
    is_complete = True
    for atom in atoms:
        known = constants.setdefault(atom.pointer, [])
        if isinstance(atom, JsonExists):
            continue
        if isinstance(atom.value, Constant | LiteralLeaf):
            known.append(atom.value.value)
            if isinstance(atom, JsonCompare) and atom.op == "in":
                known.extend(_members(atom.value.value))
        else:
            is_complete = False  # it is compared with data
    pointers = sorted(constants)
    for shorter, longer in pairwise(pointers):
        if longer[: len(shorter)] == shorter:
            is_complete = False  # one place lies inside the other, and only some values of the outer are tried
    found: dict[Pointer, list[JsonValue | Missing]] = {}
    for pointer in pointers:
        values, are_all = _values(constants[pointer])
        is_complete = is_complete and are_all
        found[pointer] = [*values, MISSING] if pointer else list(values)
    return found, is_complete


def _members(container: JsonValue) -> Sequence[JsonValue]:
    return list(container) if isinstance(container, list | tuple) else ()


def _values(constants: Sequence[JsonValue]) -> tuple[list[JsonValue], bool]:
    """One value of each kind that the constants tell apart, the constants themselves first; and whether that is all."""
    numbers = sorted({each for each in constants if isinstance(each, int | float) and not isinstance(each, bool)})
    texts = sorted({each for each in constants if isinstance(each, str)})
    values: list[JsonValue] = [*constants, True, False, None, {}, []]
    values += _around(numbers) or [0]
    values += _beside(texts)
    searched = constants[:_MOST_TEXTS]
    for count in range(1, len(searched) + 1):
        values += [list(some) for some in combinations(searched, count)]
    return values, len(constants) <= _MOST_TEXTS


def _around(numbers: Sequence[int | float]) -> list[JsonValue]:
    """Something below, between and above."""
    if not numbers:
        return []
    between = [(low + high) / 2 for low, high in pairwise(numbers)]
    return [numbers[0] - 1, *between, numbers[-1] + 1]


def _beside(texts: Sequence[str]) -> list[JsonValue]:
    """Texts before, after and between, parts and wholes of several."""
    values: list[JsonValue] = [""]
    for text in texts:
        values += [text + "\x01", text[:-1], "\U0010ffff"]
    for one, other in product(texts[:_MOST_TEXTS], repeat=2):
        if one != other:
            values.append(one + other)
    return values


def _assembled(values: Mapping[Pointer, JsonValue | Missing]) -> JsonValue:
    """The smallest output with these values at these places; shorter pointers first, so that longer ones may add."""
    output: JsonValue = {}
    for pointer, value in sorted(values.items(), key=lambda each: len(each[0])):
        if isinstance(value, Missing):
            continue
        if not pointer:
            output = dict(value) if isinstance(value, dict) else value
            continue
        at = output
        for token in pointer[:-1]:
            if not isinstance(at, dict):
                break
            inner = at.get(token)
            at[token] = at = dict(inner) if isinstance(inner, dict) else {}
        if isinstance(at, dict):
            at[pointer[-1]] = dict(value) if isinstance(value, dict) else value
    return output

"""Walks over a graph whose nodes are numbers. Iterative, for a graph may be a chain of 10 000 nodes."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from attrs import frozen

SHOWN: Final = 6
"""How many nodes of a cycle a message names."""


@frozen
class ClosingEdge:
    """An edge that closes a cycle: `index` among those that leave `source`; `cycle` begins where it leads."""

    source: int
    index: int
    cycle: Sequence[int]


def closing_edges(successors: Sequence[Sequence[int]], order: list[int] | None = None) -> Iterator[ClosingEdge]:
    """Every edge that closes a cycle, found depth first; without these edges there is none. Negative ends lead nowhere.

    `order` is filled with the nodes, each after all that it leads to.
    """
    done = [False] * len(successors)
    height: dict[int, int] = {}  # where on the path a node stands
    for start in range(len(successors)):
        if done[start]:
            continue
        path, taken = [start], [0]
        height[start] = 0
        while path:
            at = path[-1]
            index = taken[-1]
            if index == len(successors[at]):
                path.pop()
                taken.pop()
                del height[at]
                done[at] = True
                if order is not None:
                    order.append(at)
                continue
            taken[-1] += 1
            target = successors[at][index]
            if target < 0 or done[target]:
                continue
            if target in height:
                yield ClosingEdge(at, index, path[height[target] :])
                continue
            height[target] = len(path)
            path.append(target)
            taken.append(0)


def describe_cycle(names: Sequence[str], length: int) -> str:
    """The sentence about a cycle of `length` nodes, of which the first `SHOWN` have these names."""
    more = f" > ({length - len(names)} more)" if length > len(names) else ""
    return f"this path leads back: {' > '.join(names)}{more} > {names[0]}; use a loop to do work again"


def missing_end(first: int, join: int, onward: Callable[[int], Sequence[int] | None]) -> int | None:
    """The first node on a success path from `first` that just ends without reaching `join`; None if there is none.

    `onward` says where a success leads: nowhere (an empty list) means that the path just ends; None that it does not
    succeed, or that nobody knows where it leads.
    """
    seen = {join}
    waiting = [first]
    while waiting:
        at = waiting.pop()
        if at < 0 or at in seen:
            continue
        seen.add(at)
        targets = onward(at)
        if targets is None:
            continue
        if not targets:
            return at
        waiting.extend(reversed(targets))
    return None

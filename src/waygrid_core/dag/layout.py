"""A layered layout: where boxes and edges go in a picture that reads from top to bottom.

Four steps. Layers: a box stands below all that leads to it. Between two layers of boxes lies one for the labels of
edges, so a label has a place of its own and hides nothing. Threads: an edge that passes through layers holds a slot in
each. Order: within a layer, by the middle of the neighbours, as long as that removes crossings. Columns: each layer
settles as near to its neighbours as the widths allow, and heavy edges pull hardest, so that the main way is straight.
"""

from collections.abc import Sequence
from typing import Final

from attrs import define, frozen

ROW_GAP: Final = 20.0  # between a layer and the next; all lengths are pixels
COLUMN_GAP: Final = 26.0
_THREAD_PULL: Final = 8.0
"""How much harder the inner parts of a long edge pull: bends belong to its ends."""
_ORDER_ROUNDS: Final = 8
_COLUMN_ROUNDS: Final = 16
_MANY_SLOTS: Final = 4_000  # from here on fewer rounds: the picture is too large to be looked at as a whole
_MAX_SLOTS: Final = 60_000
"""Beyond this, edges that would need more slots are drawn straight across."""


@frozen
class Box:
    """What is placed, by its size."""

    width: float
    height: float


@frozen
class Link:
    """An edge between two boxes, by number; `label` is the room that its words need; `weight` keeps it straight."""

    source: int
    target: int
    label: Box
    weight: float


@frozen
class Route:
    """Where an edge runs: points from the source's bottom to the target's top, and the middle of its label."""

    points: tuple[tuple[float, float], ...]
    label: tuple[float, float]


@frozen
class Layout:
    """Centres of the boxes, routes of the links, and the size of the whole, which begins at 0, 0."""

    centres: tuple[tuple[float, float], ...]
    routes: tuple[Route, ...]
    width: float
    height: float


@define(eq=False)
class _Slot:
    width: float
    height: float
    layer: int
    x: float = 0.0
    is_thread: bool = False


class _Layering:
    """The slots of a layout, layer by layer, and which of them are neighbours."""

    def __init__(self, boxes: Sequence[Box], links: Sequence[Link]) -> None:
        ranks = _ranks(len(boxes), links)
        self.slots = [_Slot(box.width, box.height, 2 * rank) for box, rank in zip(boxes, ranks, strict=True)]
        self.threads: list[list[int]] = []
        self.ups: list[list[tuple[int, float]]] = [[] for _ in boxes]
        self.downs: list[list[tuple[int, float]]] = [[] for _ in boxes]
        for link in links:
            self.threads.append(self._thread(link))
        self.layers: list[list[int]] = [[] for _ in range(max((slot.layer for slot in self.slots), default=0) + 1)]
        for index in self._reading_order(len(boxes)):
            self.layers[self.slots[index].layer].append(index)

    def _thread(self, link: Link) -> list[int]:
        """A slot in each layer between the two ends; the first has the room for the label."""
        first, last = self.slots[link.source].layer, self.slots[link.target].layer
        length = last - first - 1
        if length < 1 or len(self.slots) + length > _MAX_SLOTS:
            return []
        thread: list[int] = []
        before = link.source
        for layer in range(first + 1, last):
            room = link.label if layer == first + 1 else Box(0.0, 0.0)
            self.slots.append(_Slot(room.width, room.height, layer, is_thread=True))
            self.ups.append([])
            self.downs.append([])
            index = len(self.slots) - 1
            self._connect(before, index, link.weight * (_THREAD_PULL if before != link.source else 1.0))
            thread.append(index)
            before = index
        self._connect(before, link.target, link.weight)
        return thread

    def _connect(self, upper: int, lower: int, weight: float) -> None:
        self.downs[upper].append((lower, weight))
        self.ups[lower].append((upper, weight))

    def _reading_order(self, boxes: int) -> list[int]:
        """Depth first from the boxes that nothing leads to: neighbours begin side by side, in the order of edges."""
        seen = [False] * len(self.slots)
        order: list[int] = []
        starts = [index for index in range(boxes) if not self.ups[index]]
        for start in [*starts, *range(len(self.slots))]:
            waiting = [start]
            while waiting:
                at = waiting.pop()
                if not seen[at]:
                    seen[at] = True
                    order.append(at)
                    waiting.extend(lower for lower, _ in reversed(self.downs[at]))
        return order

    def reduce_crossings(self) -> None:
        """Sweep down and up as long as that helps."""
        rounds = _ORDER_ROUNDS if len(self.slots) < _MANY_SLOTS else 1
        best, fewest = [list(layer) for layer in self.layers], self._crossings()
        for turn in range(rounds):
            if fewest == 0:
                break
            going_down = turn % 2 == 0
            position = {index: at for layer in self.layers for at, index in enumerate(layer)}
            for layer in self.layers if going_down else reversed(self.layers):
                near = self.ups if going_down else self.downs
                keys = {
                    index: _middle([position[other] for other, _ in near[index]], position[index]) for index in layer
                }
                layer.sort(key=keys.__getitem__)
                position.update((index, at) for at, index in enumerate(layer))
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(layer) for layer in self.layers], crossings
        self.layers = best

    def _crossings(self) -> int:
        """How many pairs of edges between neighbouring layers cross, counted with a tree of partial sums."""
        total = 0
        for upper, lower in zip(self.layers, self.layers[1:], strict=False):
            position = {index: at for at, index in enumerate(lower)}
            ends = [at for index in upper for at in sorted(position[other] for other, _ in self.downs[index])]
            tree = [0] * (len(lower) + 1)
            for seen, end in enumerate(ends):
                total += seen - _sum_to(tree, end + 1)
                _add_at(tree, end + 1)
        return total

    def settle_columns(self) -> None:
        """Give each slot its x: layers are moved towards their neighbours in turn, downwards and upwards."""
        for layer in self.layers:
            self._place(layer, [0.0] * len(layer), [1.0] * len(layer))
        rounds = _COLUMN_ROUNDS if len(self.slots) < _MANY_SLOTS else 4
        for turn in range(rounds + 1):  # the last one goes down: children stand evenly below their parent
            going_down = turn % 2 == 0
            for layer in self.layers if going_down else reversed(self.layers):
                wished: list[float] = []
                weights: list[float] = []
                for index in layer:
                    near = self.ups[index] if going_down else self.downs[index]
                    if not near:
                        near = self.downs[index] if going_down else self.ups[index]
                    weight = sum(weight for _, weight in near)
                    slot = self.slots[index]
                    wished.append(sum(self.slots[at].x * pull for at, pull in near) / weight if weight else slot.x)
                    weights.append(weight or 0.1)
                self._place(layer, wished, weights)

    def centre_labels(self) -> None:
        """Put each label half-way between where its edge comes from and where it goes."""
        for layer in self.layers[1::2]:
            wished = [
                sum(self.slots[at].x for near in (self.ups[index], self.downs[index]) for at, _ in near) / 2
                for index in layer
            ]
            self._place(layer, wished, [1.0] * len(layer))

    def _place(self, layer: list[int], wished: list[float], weights: list[float]) -> None:
        """The places nearest to those wished for, in order and apart: blocks that would overlap are merged.

        A block stands where its members, each at its distance from the block's beginning, wish to be on the average.
        """
        blocks: list[tuple[float, float, int]] = []  # weighted wish for its beginning, weight, how many members
        offsets: list[float] = []
        offset = 0.0
        for at, index in enumerate(layer):
            if at:
                before, slot = self.slots[layer[at - 1]], self.slots[index]
                gap = COLUMN_GAP if not (before.is_thread and slot.is_thread) else COLUMN_GAP / 2
                offset += (before.width + slot.width) / 2 + gap
            offsets.append(offset)
            wish, weight, count = (wished[at] - offset) * weights[at], weights[at], 1
            while blocks and blocks[-1][0] / blocks[-1][1] > wish / weight:
                other = blocks.pop()
                wish, weight, count = wish + other[0], weight + other[1], count + other[2]
            blocks.append((wish, weight, count))
        at = 0
        for wish, weight, count in blocks:
            for _ in range(count):
                self.slots[layer[at]].x = wish / weight + offsets[at]
                at += 1


def lay_out(boxes: Sequence[Box], links: Sequence[Link]) -> Layout:
    """Place boxes and links. Quick for thousands of boxes; a link that would close a cycle is drawn straight across."""
    layering = _Layering(boxes, links)
    layering.reduce_crossings()
    layering.settle_columns()
    layering.centre_labels()
    slots = layering.slots
    left = min((slot.x - slot.width / 2 for slot in slots), default=0.0)
    right = max((slot.x + slot.width / 2 for slot in slots), default=0.0)
    tops: list[float] = []
    heights: list[float] = []
    y = 0.0
    for layer in layering.layers:
        height = max((slots[index].height for index in layer), default=0.0)
        tops.append(y)
        heights.append(height)
        y += height + ROW_GAP
    centres = tuple(
        (slots[at].x - left, tops[slots[at].layer] + heights[slots[at].layer] / 2) for at in range(len(boxes))
    )
    routes: list[Route] = []
    for link, thread in zip(links, layering.threads, strict=True):
        start_x, start_y = centres[link.source]
        end_x, end_y = centres[link.target]
        start = (start_x, start_y + boxes[link.source].height / 2)
        end = (end_x, end_y - boxes[link.target].height / 2)
        points = [start]
        for index in thread:
            slot = slots[index]
            x, top, height = slot.x - left, tops[slot.layer], heights[slot.layer]
            if slot.width > 0:
                points.append((x, top + height / 2))
            elif slot.layer % 2 == 0:  # beside boxes it runs straight; between labels it finds its way
                points.extend(((x, top), (x, top + height)))
        points.append(end)
        if thread:
            slot = slots[thread[0]]
            label = (slot.x - left, tops[slot.layer] + heights[slot.layer] / 2)
        else:
            label = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        routes.append(Route(tuple(points), label))
    return Layout(centres, tuple(routes), right - left, max(y - ROW_GAP, 0.0))


def _ranks(count: int, links: Sequence[Link]) -> list[int]:
    """How many layers stand above each box: the longest way to it. What stands in a cycle comes where it can."""
    missing = [0] * count
    leaving: list[list[int]] = [[] for _ in range(count)]
    for link in links:
        leaving[link.source].append(link.target)
        missing[link.target] += 1
    ranks = [0] * count
    ready = [index for index in range(count) if missing[index] == 0]
    for at in ready:
        for target in leaving[at]:
            ranks[target] = max(ranks[target], ranks[at] + 1)
            missing[target] -= 1
            if missing[target] == 0:
                ready.append(target)
    return ranks


def _middle(positions: list[int], otherwise: int) -> float:
    return sum(positions) / len(positions) if positions else float(otherwise)


def _sum_to(tree: list[int], at: int) -> int:
    total = 0
    while at > 0:
        total += tree[at]
        at -= at & -at
    return total


def _add_at(tree: list[int], at: int) -> None:
    while at < len(tree):
        tree[at] += 1
        at += at & -at

"""Sharing partitions out among those who claim some of them."""

from collections.abc import Iterable, Mapping

from attrs import frozen


@frozen
class Claim:
    """What a reader has, given to it in that generation of its group; a new one has nothing."""

    generation: int = -1
    partitions: frozenset[tuple[str, int]] = frozenset()
    """By topic."""

    def of(self, topic: str) -> frozenset[int]:
        """What it has of that topic."""
        return frozenset(number for name, number in self.partitions if name == topic)


def shared(topic: str, partitions: Iterable[int], claims: Mapping[str, Claim]) -> dict[str, list[int]]:
    """Each reader's share of that topic: no two differ by more than one, and as few as possible change their reader."""
    left = set(partitions)
    owned: dict[str, list[int]] = {}
    for member in sorted(claims, key=lambda name: (-claims[name].generation, name)):  # the later claim is the better
        owned[member] = sorted(claims[member].of(topic) & left)
        left.difference_update(owned[member])
    least, extra = divmod(len(left) + sum(map(len, owned.values())), len(claims))
    by_wealth = sorted(owned, key=lambda name: (-len(owned[name]), name))
    shares: dict[str, list[int]] = {}
    for place, member in enumerate(by_wealth):
        quota = least + 1 if place < extra else least
        shares[member] = owned[member][:quota]
        left.update(owned[member][quota:])
    spare = iter(sorted(left))
    for place, member in enumerate(by_wealth):
        quota = least + 1 if place < extra else least
        while len(shares[member]) < quota:
            shares[member].append(next(spare))
        shares[member].sort()
    return shares

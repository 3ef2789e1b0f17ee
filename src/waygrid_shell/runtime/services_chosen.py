"""Which services of a platform one process runs: all of them, or some, as `waygrid serve` is told."""

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import frozen

from waygrid_core.model.address import ServiceAddress, parse_address
from waygrid_core.outcome import Failure, Outcome, Success

API: Final = "api"
WAYSTATION: Final = "waystation"
SCHEDULER: Final = "scheduler"
INBOX: Final = "inbox"
WORKER: Final = "worker"
KAFKA_ORIGIN: Final = "origin-kafka"
CHORES: Final = "chores"

SERVICES: Final[Mapping[str, str]] = {
    API: "the HTTP API",
    WAYSTATION: "decides what follows",
    SCHEDULER: "keeps timers",
    INBOX: "keeps events for those that await them",
    WORKER: "serves the built-in addresses, and those of the apps",
    KAFKA_ORIGIN: "takes traversals in from topics of yours",
    CHORES: "looks after what was lost, and forgets what is old; one process at a time does",
}
"""By name, and what each does."""

ALL: Final = "all"


@frozen
class ServicesChosen:
    """`names` are of `SERVICES`; `addresses` are served although `WORKER` may not be among the names."""

    names: frozenset[str]
    addresses: frozenset[ServiceAddress] = frozenset()

    def has(self, name: str) -> bool:
        """Whether the process runs the service of that name."""
        return name in self.names

    def serves(self, address: ServiceAddress) -> bool:
        """Whether a worker for that address, if somebody has a handler for it, runs in the process."""
        return WORKER in self.names or address in self.addresses

    @property
    def has_workers(self) -> bool:
        """Whether the process serves any address."""
        return WORKER in self.names or bool(self.addresses)

    @property
    def takes_in(self) -> bool:
        """Whether traversals come into the platform by this process."""
        return API in self.names or KAFKA_ORIGIN in self.names

    def __str__(self) -> str:
        """As a person would write it, in the order of `SERVICES`."""
        return ", ".join(
            [*(name for name in SERVICES if name in self.names), *sorted(each.short for each in self.addresses)]
        )


EVERY_SERVICE: Final = ServicesChosen(frozenset(SERVICES))


def parse_services(texts: Iterable[str]) -> Outcome[ServicesChosen, tuple[str, ...]]:
    """The services that the texts name, each a list with commas; or a sentence for each name that is none."""
    names: set[str] = set()
    addresses: set[ServiceAddress] = set()
    problems: list[str] = []
    for word in (part.strip() for text in texts for part in text.split(",")):
        if not word:
            continue
        if word == ALL:
            names |= SERVICES.keys()
        elif word in SERVICES:
            names.add(word)
        elif "/" in word:
            parsed = _address_of(word)
            if isinstance(parsed, Failure):
                problems.append(parsed.failure())
            else:
                addresses.add(parsed.unwrap())
        else:
            problems.append(f"there is no service {word!r}{_meant(word)}")
    if not names and not addresses and not problems:
        problems.append(f"no service is named; there are {', '.join((*SERVICES, ALL))}")
    return Failure(tuple(problems)) if problems else Success(ServicesChosen(frozenset(names), frozenset(addresses)))


def _address_of(word: str) -> Outcome[ServiceAddress, str]:
    parsed = parse_address(word if "://" in word else f"waygrid://{word}")
    if isinstance(parsed, Failure):
        return parsed
    address = parsed.unwrap()
    if address.component in ("processor", "destination"):
        return parsed
    cure = address.service if address.service in SERVICES else f"{address.component}-{address.service}"
    return Failure(f"{word!r} is no address of a worker; the service is called {cure}")


def _meant(word: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, (*SERVICES, ALL), n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join((*SERVICES, ALL))}, and addresses"

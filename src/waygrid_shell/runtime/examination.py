"""Looks at everything that a cluster stands on, for `waygrid doctor`."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import anyio

from waygrid_core.model.address import ServiceAddress
from waygrid_core.model.topic import parse_topic
from waygrid_core.outcome import Success
from waygrid_shell.ports.failure import PortFailure
from waygrid_shell.ports.finding import Finding
from waygrid_shell.ports.presence import ProcessInfo
from waygrid_shell.runtime.built_in import BUILT_IN
from waygrid_shell.runtime.cluster_wiring import (
    check_topics,
    needed_topics,
    probe_kafka,
    probe_postgres,
    probe_redis,
    redis_ports,
    unread_messages,
)
from waygrid_shell.runtime.services_chosen import CHORES, INBOX, SCHEDULER, WAYSTATION
from waygrid_shell.settings.settings import Settings

_PATIENCE_SECONDS: Final = 30.0
_MISSING: Final = " is missing"
_SHOWN: Final = 3
_INDISPENSABLE: Final = (WAYSTATION, SCHEDULER, INBOX, CHORES)
"""Services without which traversals do not go on."""


async def examine(settings: Settings, served: frozenset[ServiceAddress]) -> Mapping[str, Sequence[Finding]]:
    """What there is to say, by part, in the order in which a person would mend it. `served` are addresses of apps."""
    looks: Mapping[str, Callable[[], Awaitable[Sequence[Finding]]]] = {
        "postgres": partial(probe_postgres, settings.postgres),
        "kafka": partial(probe_kafka, settings.kafka),
        "redis": partial(probe_redis, settings.redis),
        "topics": partial(_topics, settings, served),
        "processes": partial(_processes, settings),
    }
    found: dict[str, Sequence[Finding]] = dict.fromkeys(looks, ())

    async def look(part: str) -> None:
        with anyio.move_on_after(_PATIENCE_SECONDS) as scope:
            try:
                found[part] = await looks[part]()
            except PortFailure as failure:
                found[part] = [Finding("fail", str(failure))]
        if scope.cancelled_caught:
            found[part] = [
                Finding("fail", f"there was no answer within {_PATIENCE_SECONDS:g} s", "look at the network")
            ]

    async with anyio.create_task_group() as tasks:
        for part in looks:
            tasks.start_soon(look, part)
    return found


async def _topics(settings: Settings, served: frozenset[ServiceAddress]) -> Sequence[Finding]:
    """Those that are well share one line, and so do those that are missing."""
    topics = needed_topics(sorted(BUILT_IN | served, key=str))
    findings = await check_topics(settings.kafka, topics)
    well = sum(each.verdict == "ok" for each in findings)
    missing = [each for each in findings if each.what.endswith(_MISSING)]
    others = [each for each in findings if each.verdict != "ok" and each not in missing]
    shared = [Finding("ok", f"{well} topics are as they should be")] if well else []
    if missing:
        some = ", ".join(each.what.removesuffix(_MISSING).removeprefix("topic ") for each in missing[:_SHOWN])
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        said = f"{len(missing)} topics are missing: {some}{more}"
        if settings.kafka.create_topics:
            shared.append(Finding("warn", said, "nothing: they are made when they are needed (kafka.create_topics)"))
        else:
            shared.append(Finding("fail", said, missing[0].cure))
    return [*shared, *others]


async def _processes(settings: Settings) -> Sequence[Finding]:
    async with redis_ports(settings) as redis:
        present = await redis.presence.present()
    waiting = {
        address: count for topic, count in (await unread_messages(settings)).items() if (address := _worker(topic))
    }
    return [*_those(present), *_who_is_missing(present), *_what_waits(present, waiting)]


def _worker(topic: str) -> ServiceAddress | None:
    """Whose topic it is, if workers read it."""
    parsed = parse_topic(topic)
    if not isinstance(parsed, Success):
        return None
    address = parsed.unwrap()
    return address if address.component in ("processor", "destination") else None


def _those(present: Sequence[ProcessInfo]) -> Iterator[Finding]:
    for process in present:
        does = ", ".join([*process.services, *(process.addresses if "worker" not in process.services else ())])
        about = f"{process.id} (Waygrid {process.version}, since {process.started_at:%Y-%m-%d %H:%M} UTC): {does}"
        if process.ailments:
            ails = "; ".join(f"{part}: {reason}" for part, reason in process.ailments.items())
            yield Finding("warn", f"{about}; {ails}", "it is tried again by itself; its log tells more")
        else:
            yield Finding("ok", about)
    versions = Counter(process.version for process in present)
    if len(versions) > 1:
        said = ", ".join(f"{version} ({count})" for version, count in sorted(versions.items()))
        yield Finding("warn", f"processes of several versions are there: {said}", "end an upgrade soon")


def _who_is_missing(present: Sequence[ProcessInfo]) -> Iterator[Finding]:
    if not present:
        yield Finding("warn", "no process is there", "start one: waygrid serve all")
        return
    running = {service for process in present for service in process.services}
    for service in _INDISPENSABLE:
        if service not in running:
            yield Finding("warn", f"no process runs {service}", f"start one: waygrid serve {service}")


def _what_waits(present: Sequence[ProcessInfo], waiting: Mapping[ServiceAddress, int]) -> Iterator[Finding]:
    served = {address for process in present for address in process.addresses}
    for address, count in sorted(waiting.items(), key=lambda each: str(each[0])):
        if str(address) not in served:
            messages = "1 message waits" if count == 1 else f"{count} messages wait"
            yield Finding(
                "warn",
                f"nobody serves {address}: {messages} for it",
                f"start a worker: waygrid serve {address.short}, with --app if it is yours",
            )

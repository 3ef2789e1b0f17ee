"""The orders example, for real: starts the services and a platform, hands every order in over HTTP, and then counts.

    python examples/orders/run.py                 # all orders, in a folder of its own that is removed at the end
    python examples/orders/run.py --kill          # kills the platform in its middle with SIGKILL, and starts it again
    python examples/orders/run.py --data-dir DIR  # keeps everything; the same command again goes on, or reports
    python examples/orders/run.py --cluster --processes 3 --kill
                                                  # three processes over Kafka, PostgreSQL and Redis; one is killed

It exits 0 only if every order is accounted for: told to the shop once, refused, given back or dropped, with its money
where it belongs.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from on_loopback import Platform, platform  # noqa: E402
from services import SECRET, Books, Services, serve  # noqa: E402

from waygrid_shell.client import WaygridClient  # noqa: E402
from waygrid_shell.resources.live import Change, Progress  # noqa: E402
from waygrid_shell.resources.traversal import ENDED, TraversalView  # noqa: E402

ORDERS = HERE / "orders.jsonl"
SPEC = HERE / "orders.yaml"
KILL_AFTER = 40
"""Orders that have ended when `--kill` kills the platform: about a quarter of them."""

WATCHED = 3
"""The line whose story is told as it happens."""

AT_ONCE = 16
"""Orders that are handed in side by side."""

DAY = {"day": "2026-11-24"}
"""The label of all of them, to find them by."""


async def main(arguments: Sequence[str]) -> int:
    """Run the example; the exit code."""
    parser = argparse.ArgumentParser(description="The orders example: every order to its end, and an account of them.")
    parser.add_argument("--data-dir", type=Path, help="keep the run here, and go on with what is here")
    parser.add_argument("--kill", action="store_true", help="kill the platform in its middle, then start it again")
    parser.add_argument(
        "--cluster", action="store_true", help="run over Kafka, PostgreSQL and Redis: see on_cluster.py"
    )
    parser.add_argument("--processes", type=int, default=1, help="how many processes the cluster has")
    options = parser.parse_args(arguments)
    if options.cluster and options.data_dir:
        parser.error("--data-dir is for one process: a cluster keeps everything in its servers")
    if options.processes > 1 and not options.cluster:
        parser.error("--processes is for --cluster")
    if options.cluster and options.kill and options.processes == 1:
        parser.error("--kill kills one of several: add --processes 3")
    folder = (options.data_dir or Path(tempfile.mkdtemp(prefix="waygrid-orders-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    books = Books(folder / "services.jsonl")
    services = Services(books)
    try:
        # What was begun with an address must find it there again: the ports are kept with the run.
        kept = folder / "ports.json"
        ports: dict[str, int] = json.loads(kept.read_text()) if kept.exists() else {}
        async with serve(services, ports) as urls:
            kept.write_text(json.dumps(ports))
            print(f"services: {', '.join(f'{name} {url}' for name, url in urls.items())}", file=sys.stderr)
            environment = {f"ORDERS_{name.upper()}": url for name, url in urls.items()}
            environment["WAYGRID_SECRET_ORDERS_WEBHOOK"] = SECRET
            async with platform(
                HERE, folder, app="app:app", environment=environment, processes=options.processes
            ) as waygrid:
                for process in waygrid.processes:
                    print(f"waygrid: {process.url}", file=sys.stderr)
                ended = await a_day(waygrid, is_killed=options.kill)
    finally:
        books.close()
        if options.data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)
    return account(ended, books, services)


async def a_day(waygrid: Platform, *, is_killed: bool) -> list[TraversalView]:
    """Hand all orders in, and wait until each has ended; how they ended, in the order of the file."""
    async with WaygridClient(waygrid.url) as client:
        earlier = len([each async for each in client.list(labels=DAY, status=sorted(ENDED), page_size=500)])
        print(f"{earlier} of the orders have ended before", file=sys.stderr)
        lines = ORDERS.read_text(encoding="utf-8").splitlines()
        known = str((await client.store(SPEC)).dag)
        story = asyncio.create_task(tell(client, await hand_in(client, known, WATCHED, lines[WATCHED])))
        ids = await hand_all_in(client, known, lines)
        if is_killed:
            before = await until_ended(client, KILL_AFTER)
            *others, last = waygrid.processes
            await last.kill()
            if others:
                said = f"{before} orders had ended; the other {len(others)} processes go on with what it did"
            else:
                said = f"{before} orders had ended; starting it again"
                await last.start()
            print(f"killed (SIGKILL) when {said}", file=sys.stderr)
            # Whoever does not know whether an order was taken hands it in again: under its key it is the same.
            assert await hand_all_in(client, known, lines) == ids
        await until_ended(client, len(ids))
        await story
        return [await client.get(each) for each in ids]


async def hand_in(client: WaygridClient, known: str, number: int, line: str) -> str:
    """Hand one line in, under a key of its own; its traversal."""
    key = f"orders {DAY['day']}, line {number}"
    accepted = await client.submit(dag=known, payload=json.loads(line), labels=DAY, idempotency_key=key)
    return accepted.id


async def hand_all_in(client: WaygridClient, known: str, lines: Sequence[str]) -> list[str]:
    """Hand all lines in; their traversals, in the order of the file."""
    room = asyncio.Semaphore(AT_ONCE)

    async def submit(number: int, line: str) -> str:
        async with room:
            return await hand_in(client, known, number, line)

    return await asyncio.gather(*(submit(number, line) for number, line in enumerate(lines)))


async def until_ended(client: WaygridClient, number: int) -> int:
    """Wait until so many have ended; how many they are."""
    async with asyncio.timeout(180):
        while True:
            ended = [each async for each in client.list(labels=DAY, status=sorted(ENDED), page_size=500)]
            if len(ended) >= number:
                return len(ended)
            await asyncio.sleep(0.05)


async def tell(client: WaygridClient, traversal: str) -> None:
    """Tell the story of one order as it happens. A platform that is killed in between is waited for."""
    async for told in client.watch(traversal):
        match told:
            case Change(nodes=nodes):
                for node in nodes:
                    print(f"  live: {node.name}: {node.what}", file=sys.stderr)
            case TraversalView(status=status):
                print(f"  live: order {WATCHED + 1} is {status}", file=sys.stderr)
            case Progress():
                pass


def account(ended: Sequence[TraversalView], books: Books, services: Services) -> int:
    """Say where every order went, and whether the books of the services agree; 0 if they do."""
    orders = [json.loads(line) for line in ORDERS.read_text(encoding="utf-8").splitlines()]
    ends: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    confirmed: set[str] = set()
    refused: dict[str, str] = {}
    for view in ended:
        if isinstance(view.output, dict):
            ends[str(view.output["ended"])] += 1
            if view.output["ended"] == "confirmed":
                confirmed.add(str(view.output["order"]))
        elif view.error is not None:
            ends[view.error.code] += 1
            if view.error.code == "bad-order":
                faults[view.error.message] += 1
    told = {body["order"] for body in books.messages.values() if body["event"] == "order.confirmed"}
    for body in books.messages.values():
        if body["event"] == "order.not-accepted":
            refused[body["order"]] = body["code"]
    money = Counter(books.payments.values())
    paid = {order for order, state in books.payments.items() if state == "captured"}

    print("\nWhere the orders went")
    for end, number in sorted(ends.items(), key=lambda pair: (-pair[1], pair[0])):
        print(f"  {number:4}  {MEANING.get(end, end)}")
        if end == "bad-order":
            for fault, times in sorted(faults.items(), key=lambda pair: (-pair[1], pair[0])):
                print(f"             {times} {fault}")
    print(f"  {sum(ends.values()):4}  of {len(orders)} orders")
    print("\nWhat the services say")
    print(f"  payment: {', '.join(f'{number} {state}' for state, number in sorted(money.items()))}")
    print(f"  shop: {len(books.messages)} messages applied, {books.repeats} that came again and were not applied again")
    print(f"  5xx on purpose: {', '.join(f'{name} {number}' for name, number in sorted(services.failures.items()))}")

    undone = Counter({code: ends[code] for code in UNDONE if ends[code]})
    checks = {
        "every order has ended, once": len({view.id for view in ended}) == ends.total() == len(orders),
        "every end is one that the Spec knows": set(ends) <= set(MEANING),
        "the shop was told of every confirmed order, and of no other": told == confirmed,
        "every confirmed order is paid, and nothing else is": paid == confirmed,
        "no card is left authorized": money["authorized"] == 0,
        "people were told of every order that was undone": Counter(refused.values()) == undone,
        "no order was both confirmed and undone": not (confirmed & set(refused)) and len(refused) == undone.total(),
        "every message was the same each time it came": not books.conflicts,
        "every message was signed": not services.forgeries,
    }
    print("\nThe account")
    for check, is_right in checks.items():
        print(f"  {'ok   ' if is_right else 'WRONG'} {check}")
    return 0 if all(checks.values()) else 1


UNDONE = ("card-declined", "fraud-suspected", "out-of-stock", "service-down", "undeliverable")
"""Codes of orders that got past the intake and were undone."""

MEANING = {
    "confirmed": "confirmed: paid, and the shop was told",
    "spam": "spam, dropped",
    "bad-order": "refused: something is missing or wrong in it (bad-order)",
    "card-declined": "undone: the card was declined (card-declined)",
    "fraud-suspected": "undone: it looked like fraud (fraud-suspected)",
    "out-of-stock": "undone: not enough was left (out-of-stock)",
    "service-down": "undone: the payment service was down (service-down)",
    "undeliverable": "undone: the shop takes no orders, money given back (undeliverable)",
}


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))

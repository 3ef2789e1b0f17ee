"""The orders example, for real: starts the services, runs every order through `waygrid run`, and then counts.

    python examples/orders/run.py                 # all orders, in a folder of its own that is removed at the end
    python examples/orders/run.py --kill          # kills the run in its middle with SIGKILL, and resumes it
    python examples/orders/run.py --data-dir DIR  # keeps everything; the same command again resumes, or reports

It exits 0 only if every order is accounted for: told to the shop once, refused, given back or dropped, with its money
where it belongs.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from services import Books, Services, serve

HERE = Path(__file__).parent
ORDERS = HERE / "orders.jsonl"
SPEC = HERE / "orders.yaml"
KILL_AFTER = 40
"""Orders that have ended when `--kill` kills the run: about a quarter of them."""


async def main(arguments: Sequence[str]) -> int:
    """Run the example; the exit code."""
    parser = argparse.ArgumentParser(description="The orders example: every order to its end, and an account of them.")
    parser.add_argument("--data-dir", type=Path, help="keep the run here, and resume what is here")
    parser.add_argument("--kill", action="store_true", help="kill the run in its middle, then resume it")
    options = parser.parse_args(arguments)
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
            if options.kill:
                ended = await waygrid_run(folder, urls, kill_after=KILL_AFTER)
                print(f"killed (SIGKILL) when {len(ended)} orders had ended; running it again", file=sys.stderr)
            ended = await waygrid_run(folder, urls)
    finally:
        books.close()
        if options.data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)
    return account(ended, books, services)


async def waygrid_run(folder: Path, urls: dict[str, str], kill_after: int | None = None) -> list[dict[str, Any]]:
    """Run all orders with the real command; the outcomes that it printed, one an order that has ended."""
    waygrid = Path(sys.executable).with_name("waygrid")
    command = [str(waygrid)] if waygrid.exists() else [sys.executable, "-m", "waygrid_shell.cli"]
    process = await asyncio.create_subprocess_exec(
        *command, "run", str(SPEC), "--payload", str(ORDERS), "--app", "app:app",
        "--data-dir", str(folder / "run"), "--json",
        cwd=HERE,
        env={**os.environ, **{f"ORDERS_{name.upper()}": url for name, url in urls.items()}},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    outcomes = []
    async for line in process.stdout:
        outcomes.append(json.loads(line))
        if len(outcomes) == kill_after:
            with suppress(ProcessLookupError):  # it may have come to its end by itself
                process.kill()
            break
    await process.wait()
    if kill_after is None and process.returncode not in (0, 1):  # 1: some orders failed, as some should
        raise SystemExit(f"waygrid run ended with {process.returncode}")
    return outcomes


def account(ended: list[dict[str, Any]], books: Books, services: Services) -> int:
    """Say where every order went, and whether the books of the services agree; 0 if they do."""
    orders = [json.loads(line) for line in ORDERS.read_text(encoding="utf-8").splitlines()]
    ends: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    confirmed: set[str] = set()
    refused: dict[str, str] = {}
    for outcome in ended:
        if outcome["status"] == "completed":
            ends[outcome["output"]["ended"]] += 1
            if outcome["output"]["ended"] == "confirmed":
                confirmed.add(outcome["output"]["order"])
        else:
            code = outcome["error"]["code"]
            ends[code] += 1
            if code == "bad-order":
                faults[outcome["error"]["message"]] += 1
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
        "every order has ended, once": len({outcome["source"] for outcome in ended}) == len(ended) == len(orders),
        "every end is one that the Spec knows": set(ends) <= set(MEANING),
        "the shop was told of every confirmed order, and of no other": told == confirmed,
        "every confirmed order is paid, and nothing else is": paid == confirmed,
        "no card is left authorized": money["authorized"] == 0,
        "people were told of every order that was undone": Counter(refused.values()) == undone,
        "no order was both confirmed and undone": not (confirmed & set(refused)) and len(refused) == undone.total(),
        "every message was the same each time it came": not books.conflicts,
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

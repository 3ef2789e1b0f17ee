"""Writes `orders.jsonl`: a day of a small shop. Same program, same file.

Most orders are plain. The rest is what a day brings: fields that are missing or of another type, cards that are
declined, stolen or unknown, spam, names in every script, a cent here and a million there, five currencies.
"""

# ruff: noqa: RUF001 - names in every script are the point here
import json
import random
from pathlib import Path
from typing import Any

ORDERS = 160
NAMES = [
    "Ada Lovelace", "Zoë O’Neill", "李小龍", "Øyvind Ødegård", "محمد علي", "Łukasz Żółć", "Ngũgĩ wa Thiong'o", "Bo",
    "𝔘𝔩𝔯𝔦𝔨𝔢 𝔐.", "Renée  Fleming", "Σωκράτης", "🧶 Wool & Co.", 'Robert "Bobby" Tables', "कमला दास", "Ａｋｉｒａ",
    "Jean-Luc d’Ormesson-Lefèvre de la Tour du Pin", "Nguyễn Văn A", "יעל כהן", "O", "Tab\tand\nnewline",
]  # fmt: skip
WARES = [
    ("wool-red", 4_50), ("wool-blue", 4_50), ("needles-3mm", 7_90), ("needles-5mm", 8_20), ("loom", 349_00),
    ("button", 1), ("pattern-book", 24_00), ("spinning-wheel", 1_290_00), ("darning-egg", 6_35),
]  # fmt: skip
CURRENCIES = ["EUR", "EUR", "EUR", "USD", "GBP", "JPY", "CHF"]
COUNTRIES = ["DE", "FR", "NO", "US", "GB", "JP", "VN", "GR"]


def plain_order(number: int, chance: random.Random) -> dict[str, Any]:
    """An order without a fault."""
    name = chance.choice(NAMES)
    currency = chance.choice(CURRENCIES)
    items = []
    for sku, cents in chance.sample(WARES[:7], chance.randint(1, 4)):
        price = cents if currency == "JPY" else cents / 100
        items.append({"sku": sku, "quantity": chance.randint(1, 6), "price": price})
    return {
        "id": f"2026-{number:04d}",
        "placedAt": f"2026-11-{1 + number % 28:02d}T{number % 24:02d}:{number * 7 % 60:02d}:00+01:00",
        "channel": chance.choice(["web", "web", "app", "phone"]),
        "customer": {
            "name": name,
            "email": f"customer{number}@example.org",
            "country": chance.choice(COUNTRIES),
        },
        "currency": currency,
        "items": items,
        "card": f"tok_visa_{chance.randrange(16**8):08x}",
    }


def spoil(order: dict[str, Any], number: int) -> None:
    """What a real day does to an order; most are left as they are."""
    customer = order["customer"]
    match number % 40:
        case 2:
            order["card"] = "tok_declined_insufficient_funds"
        case 5:
            del customer["email"]  # fine: nothing needs it but the fraud check, which then is less sure
        case 7:
            order["items"] = []
        case 9:
            order["card"] = "tok_declined_expired"
        case 11:
            del order["card"]
        case 13:
            customer["email"] = f"winner{number}@quick-cash.example"
        case 15:
            order["items"][0]["quantity"] = 5_000
        case 17:
            order["items"] = [{"sku": "button", "quantity": 1, "price": 0.01}]
            order["currency"] = "EUR"
        case 19:
            order["items"] = [{"sku": "spinning-wheel", "quantity": 9, "price": 129_000}]
            order["currency"] = "JPY"
        case 21:
            order["note"] = "CHEAP WATCHES!!! visit http://watches.example now " + "★" * 40
            order["customer"] = {"name": "best deals"}
        case 22:
            for item in order["items"]:
                item["price"] = f"{item['price']:.2f}"  # an old client writes prices as text
        case 24:
            del order["customer"]
        case 26:
            order["currency"] = ["XXX", "eur", "BTC", ""][number // 40 % 4]
        case 28:
            order["channel"] = "closed-shop"
        case 30:
            order["items"] = [
                {"sku": "spinning-wheel", "quantity": 2, "price": 1290},
                {"sku": "loom", "quantity": 1, "price": 349},
            ]
        case 32:
            order["items"][-1]["price"] = -5
        case 34:
            order["customer"]["name"] = "A" * 300 + " 👨‍👩‍👧‍👦"
        case 36:
            order["items"][0]["sku"] = "does-not-exist"
        case 38:
            order["gift"] = {"wrap": True, "card": "Happy birthday, 奶奶! 🎂", "from": None}
        case 39 if number > 100:
            del order["id"]


def main() -> None:
    """Write the file beside this one."""
    chance = random.Random(1843)
    lines = []
    for number in range(1, ORDERS + 1):
        order = plain_order(number, chance)
        spoil(order, number)
        lines.append(json.dumps(order, ensure_ascii=False))
    Path(__file__).with_name("orders.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""The shop's own part of the work: Python functions that `waygrid dev --app app:app` serves as processors."""

import os
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from waygrid_shell.processors.function import App, Failed

app = App()

SERVICES = {
    "payment": os.environ.get("ORDERS_PAYMENT", ""),
    "fraud": os.environ.get("ORDERS_FRAUD", ""),
    "shop": os.environ.get("ORDERS_SHOP", ""),
}
"""Where the services listen. `run.py` starts them and says so; the Spec finds it in what `intake` gives."""

CENTS = {"EUR": 2, "USD": 2, "GBP": 2, "CHF": 2, "JPY": 0}
IN_EUR = {"EUR": Decimal(1), "USD": Decimal("0.92"), "GBP": Decimal("1.17"), "CHF": Decimal("1.06")}
IN_EUR["JPY"] = Decimal("0.0061")
STOCK = {
    "wool-red": 500, "wool-blue": 500, "needles-3mm": 80, "needles-5mm": 80, "loom": 20, "button": 10_000,
    "pattern-book": 60, "spinning-wheel": 10, "darning-egg": 40,
}  # fmt: skip
MARKS_OF_SPAM = ("cheap watches", "http://")


@app.processor("intake")
def intake(order: Any) -> dict[str, Any]:
    """Reads an order as it came: checks it, adds it up, and puts it into the one shape that the Spec works with."""
    if not isinstance(order, Mapping):
        raise Failed("bad-order", "an order is an object")
    if not isinstance(order.get("id"), str):
        raise Failed("bad-order", "an order needs an id")
    note = str(order.get("note", "")).lower()
    if any(mark in note for mark in MARKS_OF_SPAM):
        return {"order": order["id"], "spam": True}
    customer = order.get("customer")
    if not isinstance(customer, Mapping) or not str(customer.get("name", "")).strip():
        raise Failed("bad-order", "an order needs a customer with a name")
    currency = str(order.get("currency", "")).upper()
    if currency not in CENTS:
        raise Failed("bad-order", f"{currency or 'no currency'} is no currency that the shop takes")
    if not isinstance(order.get("card"), str):
        raise Failed("bad-order", "an order needs a card")
    items = order.get("items")
    if not isinstance(items, list) or not items:
        raise Failed("bad-order", "an order needs at least one item")
    total = sum((_price(item) * item["quantity"] for item in items), Decimal(0))
    return {
        "order": order["id"],
        "name": " ".join(str(customer["name"]).split())[:80],
        **({"email": customer["email"]} if customer.get("email") else {}),
        "channel": str(order.get("channel", "web")),
        "items": [{"sku": item["sku"], "quantity": item["quantity"]} for item in items],
        "card": order["card"],
        "currency": currency,
        "amount": int(total.scaleb(CENTS[currency])),
        "eur": int((total * IN_EUR[currency]).scaleb(2)),
        "services": SERVICES,
    }


@app.processor("inventory")
def reserve(request: Any) -> dict[str, Any]:
    """Puts the goods aside. A real shop would ask its warehouse here."""
    for item in request["items"]:
        left = STOCK.get(item["sku"])
        if left is None:
            raise Failed("out-of-stock", f"there is no {item['sku']}")
        if item["quantity"] > left:
            raise Failed("out-of-stock", f"{item['quantity']} of {item['sku']} were ordered, {left} are left")
    return {"reserved": [item["sku"] for item in request["items"]]}


@app.processor("release")
async def release(request: Any) -> dict[str, Any]:
    """Puts them back. It may be asked for what was never put aside."""
    return {"released": request["order"]}


def _price(item: Any) -> Decimal:
    if not isinstance(item, Mapping) or not isinstance(item.get("sku"), str):
        raise Failed("bad-order", "an item needs a sku")
    quantity = item.get("quantity")
    if isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        raise Failed("bad-order", f"{quantity!r} of {item['sku']} cannot be ordered")
    try:
        price = Decimal(str(item.get("price")))
    except InvalidOperation:
        raise Failed("bad-order", f"{item.get('price')!r} is no price of {item['sku']}") from None
    if not price.is_finite() or price < 0:
        raise Failed("bad-order", f"{price} is no price of {item['sku']}")
    return price

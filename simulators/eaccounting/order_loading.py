"""Orders put in through the control interface, already on their way or delivered, and changed as in the books."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from simulators.eaccounting.account import Account
from simulators.eaccounting.models import Record, Stored, blank, fill
from simulators.eaccounting.orders import (
    Status,
    convert_order,
    deliver_totals,
    fill_order,
    settle_stock,
    ship_order,
    start_order,
    void_order,
)
from simulators.eaccounting.record_loading import article_named
from simulators.kit import ControlError

_ROW: Final = {"IsWorkCost": False, "EligibleForReverseChargeOnVat": False, "Quantity": 1}
_TEXT_ROW: Final = {"IsTextRow": True, "IsWorkCost": False, "EligibleForReverseChargeOnVat": False}

_STEPS: Final[dict[tuple[int, int], list[Callable[[Account, Stored], Record]]]] = {
    (Status.DRAFT, Status.ONGOING): [start_order],
    (Status.DRAFT, Status.SHIPPED): [start_order, ship_order],
    (Status.ONGOING, Status.SHIPPED): [ship_order],
    (Status.ONGOING, Status.INVOICED): [lambda account, order: convert_order(account, order, {})],
    (Status.SHIPPED, Status.INVOICED): [lambda account, order: convert_order(account, order, {})],
    (Status.SHIPPED, Status.ONGOING): [void_order],
}
"""What a person does to bring an order from one status to another."""


def load_order(account: Account, entry: Record) -> None:
    """Store an order in any status, or change the one with this `Id` or `Number`.

    The customer may be given by `CustomerNumber`, the article of a row by `ArticleNumber`; a row without an article is
    a text row. `text_rows` (a list of texts) adds text rows behind the present rows. A new order with status 3 or 4
    left long ago: it is delivered in full unless its rows say otherwise, and takes nothing out of stock. A known order
    goes to a new status the way a person brings it there: shipping takes goods out of stock, invoicing books an
    invoice.

    Raises:
        ControlError: The customer or an article is unknown, or no way leads to the status.
        Refusal: What the vendor would refuse.
    """
    texts = entry.pop("text_rows", [])
    known = _known(account, entry)
    customer_number = entry.pop("CustomerNumber", None)
    if customer_number is not None:
        customer = account.numbered("customers", str(customer_number))
        if customer is None:
            raise ControlError(f"There is no customer with the number {customer_number}.")
        entry["CustomerId"] = customer["Id"]
    if "Rows" in entry:
        price = _price_member(account, known, entry)
        entry["Rows"] = [_row(account, row, line, price) for line, row in enumerate(entry["Rows"], 1)]
    values = fill("Order", entry)
    if known is None:
        _store(account, values, texts)
    else:
        _change(account, known, values, texts)


def _known(account: Account, entry: Record) -> Stored | None:
    if entry.get("Id"):
        return account.tables["orders"].get(entry["Id"])
    number = entry.get("Number")
    if number is None:
        return None
    return next((order for order in account.records("orders") if order["Number"] == number), None)


def _price_member(account: Account, known: Stored | None, entry: Record) -> str:
    if known is not None:
        includes_vat = known["IncludesVat"]
    else:
        customer = account.tables["customers"].get(entry.get("CustomerId") or "")
        includes_vat = customer and customer["IsPrivatePerson"] and account.settings["prices_incl_vat_for_private"]
    return "GrossPrice" if includes_vat else "NetPrice"


def _row(account: Account, entry: Any, line: int, price: str) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise ControlError("Every row of an order must be an object.")
    row = {name: value for name, value in entry.items() if name != "ArticleNumber"}
    if row.get("ArticleId") is None and entry.get("ArticleNumber") is not None:
        row["ArticleId"] = article_named(account, entry["ArticleNumber"])["Id"]
    if row.get("ArticleId") is None:
        return {"LineNumber": line, **_TEXT_ROW, **row}
    article = account.get("articles", row["ArticleId"])
    return {"LineNumber": line, "IsTextRow": False, "UnitPrice": article[price], **_ROW, **row}


def _store(account: Account, values: Record, texts: list[str]) -> None:
    if not values.get("CustomerId"):
        raise ControlError("An order needs a CustomerId or a CustomerNumber.")
    customer = account.get("customers", values["CustomerId"])
    defaults = {
        "CurrencyCode": customer["CurrencyCode"],
        "OrderDate": account.today(),
        "Status": Status.ONGOING.value,
        "Rows": [],
    }
    full = {**blank("Order"), **defaults, **values}
    full["Rows"] = _with_texts(full["Rows"], texts)
    gone = full["Status"] in (Status.SHIPPED, Status.INVOICED)
    if gone:
        if not any(row["DeliveredQuantity"] for row in full["Rows"]):
            for row in full["Rows"]:
                row["DeliveredQuantity"] = row["Quantity"]
        full["ShippedDateTime"] = full["ShippedDateTime"] or account.today()
    fill_order(account, full, None)
    if full["Status"] != Status.DRAFT:
        full["Number"] = full["Number"] or account.next_number("orders")
        account.series["orders"] = max(account.series["orders"], full["Number"])
    order = account.add("orders", full)
    settle_stock(account, order, moves=not gone)


def _change(account: Account, order: Stored, values: Record, texts: list[str]) -> None:
    wanted = values.pop("Status", order["Status"])
    steps = [] if wanted == order["Status"] else _STEPS.get((order["Status"], wanted))
    if steps is None:
        raise ControlError(f"No way leads an order from status {order['Status']} to status {wanted}.")
    if values or texts:
        full = {**order.whole(), **values}
        full["Rows"] = _with_texts(full["Rows"], texts)
        fill_order(account, full, order)
        order.update(full)
        settle_stock(account, order)
    for step in steps:
        step(account, order)
    if values.get("ShippedDateTime"):
        order["ShippedDateTime"] = values["ShippedDateTime"]
    deliver_totals(order)
    if values.get("ModifiedUtc"):
        order["ModifiedUtc"] = values["ModifiedUtc"]
    else:
        account.touch(order)


def _with_texts(rows: list[Record], texts: list[str]) -> list[Record]:
    last = max((row["LineNumber"] for row in rows), default=0)
    added = [
        {**blank("OrderRow"), **_TEXT_ROW, "LineNumber": last + place, "Text": text}
        for place, text in enumerate(texts, 1)
    ]
    return [*rows, *added]

"""Orders: creation, replacement and the way from draft to invoiced."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from enum import IntEnum
from typing import Final

from simulators.eaccounting.account import Account
from simulators.eaccounting.errors import (
    CAN_NOT_BE_CHANGED,
    CAN_NOT_BE_DELETED,
    ORDER_CAN_NOT_BE_VOIDED,
    Refusal,
    invalid,
)
from simulators.eaccounting.invoices import book
from simulators.eaccounting.models import Record, clean
from simulators.eaccounting.sales import INVOICE, ORDER, change_balance, complete, copy_for
from simulators.eaccounting.totals import Line, document_totals


class Status(IntEnum):
    """Status of an order."""

    DRAFT = 1
    ONGOING = 2
    SHIPPED = 3
    INVOICED = 4


_CREATABLE: Final = (Status.DRAFT, Status.ONGOING)


def create_order(account: Account, body: Record, extra: Record | None = None) -> Record:
    """Create an order as draft (no number yet) or ongoing.

    Whether the vendor takes a new order with status 3 or 4 is not published; this simulator refuses it.
    """
    values = {**clean("Order", body), **(extra or {})}
    if values["Status"] not in _CREATABLE:
        raise invalid("Status", "A new order is a draft (1) or ongoing (2).")
    fill_order(account, values, None)
    if values["Status"] == Status.ONGOING:
        values["Number"] = account.next_number("orders")
    order = account.created("orders", values)
    settle_stock(account, order)
    return order


def replace_order(account: Account, stored: Record, body: Record) -> Record:
    """Replace a draft or ongoing order; the status may go one step on, never back.

    Raises:
        Refusal: 400 and 4002 for a shipped or invoiced order, or a status that can not follow.
    """
    if stored["Status"] not in _CREATABLE:
        raise Refusal(CAN_NOT_BE_CHANGED, "A shipped or invoiced order can not be changed.")
    values = clean("Order", body)
    wanted = values["Status"]
    if wanted not in (stored["Status"], stored["Status"] + 1):
        raise Refusal(CAN_NOT_BE_CHANGED, f"An order with status {stored['Status']} can not get status {wanted}.")
    fill_order(account, values, stored)
    values["Status"] = stored["Status"]
    stored.update(values)
    settle_stock(account, stored)
    account.touch(stored)
    if wanted > stored["Status"]:
        (start_order if wanted == Status.ONGOING else ship_order)(account, stored)
    return stored


def delete_order(account: Account, stored: Record) -> None:
    """Delete an order that is neither shipped nor invoiced.

    Raises:
        Refusal: 400 and 4001.
    """
    if stored["Status"] in (Status.SHIPPED, Status.INVOICED):
        raise Refusal(CAN_NOT_BE_DELETED, "A shipped or invoiced order can not be deleted.")
    for row in stored["Rows"]:
        row["DeliveredQuantity"] = Decimal(0)
    settle_stock(account, stored)
    del account.tables["orders"][stored["Id"]]


def start_order(account: Account, stored: Record) -> Record:
    """Turn a draft into an ongoing order; it gets its number now."""
    _expect(stored, Status.DRAFT)
    stored["Number"] = account.next_number("orders")
    return _set_status(account, stored, Status.ONGOING)


def ship_order(account: Account, stored: Record) -> Record:
    """Ship an ongoing order today; rows without a delivered quantity are delivered in full."""
    _expect(stored, Status.ONGOING)
    for row in stored["Rows"]:
        row["DeliveredQuantity"] = row["DeliveredQuantity"] or row["Quantity"]
    deliver_totals(stored)
    settle_stock(account, stored)
    stored["ShippedDateTime"] = account.today()
    return _set_status(account, stored, Status.SHIPPED)


def void_order(account: Account, stored: Record) -> Record:
    """Take back the shipment of an order.

    Raises:
        Refusal: 400 and 4028 when there is a back-order of it.
    """
    _expect(stored, Status.SHIPPED)
    if any(order.get("_backorder_of") == stored["Id"] for order in account.records("orders")):
        raise Refusal(ORDER_CAN_NOT_BE_VOIDED, "The order has back-orders.")
    for row in stored["Rows"]:
        row["DeliveredQuantity"] = Decimal(0)
    deliver_totals(stored)
    settle_stock(account, stored)
    stored["ShippedDateTime"] = None
    return _set_status(account, stored, Status.ONGOING)


def back_order(account: Account, stored: Record) -> Record:
    """Create an ongoing order for what a shipped order did not deliver.

    Raises:
        Refusal: 400 and 4002 when nothing is left.
    """
    _expect(stored, Status.SHIPPED)
    values = copy_for(ORDER, stored)
    values["Rows"] = [
        {**row, "Quantity": row["Quantity"] - row["DeliveredQuantity"], "DeliveredQuantity": Decimal(0)}
        for row in values["Rows"]
        if row["Quantity"] > row["DeliveredQuantity"]
    ]
    if not values["Rows"]:
        raise Refusal(CAN_NOT_BE_CHANGED, "Everything has been delivered.")
    values.update({"Status": Status.ONGOING.value, "ShippedDateTime": None, "_backorder_of": stored["Id"]})
    fill_order(account, values, None)
    values["Number"] = account.next_number("orders")
    return account.created("orders", values)


def convert_order(account: Account, stored: Record, body: Record) -> Record:
    """Invoice an ongoing or shipped order, which delivers all of it; gives the invoice, in the order's currency."""
    clean("OrderConversion", body)
    if stored["Status"] not in (Status.ONGOING, Status.SHIPPED):
        raise Refusal(CAN_NOT_BE_CHANGED, f"An order with status {stored['Status']} can not be invoiced.")
    values = copy_for(INVOICE, stored)
    values.update(
        {
            "CurrencyCode": stored["CurrencyCode"],
            "CreatedFromOrderId": stored["Id"],
            "DeliveryDate": stored["DeliveryDate"],
            "InvoiceDate": None,
            "DueDate": None,
        }
    )
    invoice = book(account, values, moves_stock=False, like=stored)
    if stored["Status"] == Status.ONGOING:
        for row in stored["Rows"]:
            row["DeliveredQuantity"] = row["Quantity"]
        deliver_totals(stored)
        settle_stock(account, stored)
    _set_status(account, stored, Status.INVOICED)
    return invoice


def settle_stock(account: Account, order: Record, *, moves: bool = True) -> None:
    """Make the stock agree with what the order has delivered by now: goods leave as they are delivered.

    Until then an ongoing order reserves them. Only stock articles, and only with the stock module.

    Args:
        account: The account.
        order: An order whose delivered quantities may have changed.
        moves: False when the goods left long ago and are only to be put back when the order is taken back.
    """
    if not account.settings["stock_module"]:
        return
    delivered: dict[str, Decimal] = defaultdict(Decimal)
    if order["Status"] != Status.DRAFT:
        for row in order["Rows"]:
            if row["ArticleId"]:
                delivered[row["ArticleId"]] += row["DeliveredQuantity"]
    taken = dict(order.get("_taken") or {})
    for article_id in sorted({*delivered, *taken}):
        article = account.tables["articles"].get(article_id)
        difference = taken.get(article_id, Decimal(0)) - delivered[article_id]
        if article is None or not article["IsStock"] or not difference:
            continue
        taken[article_id] = delivered[article_id]
        if moves:
            change_balance(account, article, difference)
    order["_taken"] = taken


def fill_order(account: Account, values: Record, stored: Record | None) -> None:
    """Check an order's values against the account and complete them: addresses, rows, totals.

    Raises:
        Refusal: 400 with 2000, 3000 or 4027.
    """
    if values["CurrencyCode"] not in account.tables["currencies"]:
        raise invalid("CurrencyCode", f"The currency {values['CurrencyCode']} is not one of the company's.")
    customer = account.get("customers", values["CustomerId"])
    if values["ReverseChargeOnConstructionServices"] and not customer["ReverseChargeOnConstructionServices"]:
        raise invalid("ReverseChargeOnConstructionServices", "The customer is not marked for reverse charge.")
    complete(account, ORDER, values, stored)
    deliver_totals(values)


def deliver_totals(order: Record) -> None:
    """Add up what the order has delivered, in its price mode."""
    lines = [
        Line(row["DeliveredQuantity"], row["UnitPrice"], row["DiscountPercentage"], row["_rate"])
        for row in order["Rows"]
        if row["ArticleId"]
    ]
    totals = document_totals(lines, includes_vat=order["IncludesVat"])
    order.update(
        {
            "DeliveredAmount": totals.net,
            "DeliveredVatAmount": totals.vat,
            "DeliveredRoundingsAmount": totals.rounding,
        }
    )


def _expect(stored: Record, status: Status) -> None:
    if stored["Status"] != status:
        raise Refusal(CAN_NOT_BE_CHANGED, f"The order has status {stored['Status']}; this needs status {status.value}.")


def _set_status(account: Account, stored: Record, status: Status) -> Record:
    stored["Status"] = status.value
    account.touch(stored)
    return stored

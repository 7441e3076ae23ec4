"""Orders: creation, replacement and the way from draft to invoiced."""

from __future__ import annotations

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
from simulators.eaccounting.sales import INVOICE, ORDER, complete, copy_for, move_stock
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
    _fill(account, values, None)
    if values["Status"] == Status.ONGOING:
        values["Number"] = account.next_number("orders")
    return account.created("orders", values)


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
    _fill(account, values, stored)
    values["Status"] = stored["Status"]
    stored.update(values)
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
    _deliver_totals(stored)
    move_stock(account, stored, -1, "DeliveredQuantity")
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
    move_stock(account, stored, 1, "DeliveredQuantity")
    for row in stored["Rows"]:
        row["DeliveredQuantity"] = Decimal(0)
    _deliver_totals(stored)
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
    _fill(account, values, None)
    values["Number"] = account.next_number("orders")
    return account.created("orders", values)


def convert_order(account: Account, stored: Record, body: Record) -> Record:
    """Invoice an ongoing or shipped order and book the invoice; gives the invoice, in the order's currency."""
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
    invoice = book(account, values, moves_stock=stored["Status"] == Status.ONGOING, like=stored)
    _set_status(account, stored, Status.INVOICED)
    return invoice


def _fill(account: Account, values: Record, stored: Record | None) -> None:
    if values["CurrencyCode"] not in account.tables["currencies"]:
        raise invalid("CurrencyCode", f"The currency {values['CurrencyCode']} is not one of the company's.")
    customer = account.get("customers", values["CustomerId"])
    if values["ReverseChargeOnConstructionServices"] and not customer["ReverseChargeOnConstructionServices"]:
        raise invalid("ReverseChargeOnConstructionServices", "The customer is not marked for reverse charge.")
    complete(account, ORDER, values, stored)
    _deliver_totals(values)


def _deliver_totals(order: Record) -> None:
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

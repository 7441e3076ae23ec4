"""Quotes: sent offers that become an order or an invoice."""

from __future__ import annotations

from typing import Final

from simulators.eaccounting.account import Account
from simulators.eaccounting.errors import CAN_NOT_BE_CHANGED, CAN_NOT_BE_DELETED, Refusal, invalid
from simulators.eaccounting.invoices import book
from simulators.eaccounting.models import Record, clean
from simulators.eaccounting.orders import Status, create_order
from simulators.eaccounting.sales import INVOICE, QUOTE, complete, copy_for

_DRAFT, _ONGOING, _APPROVED, _INVOICED = range(4)
_TO_DRAFT: Final = 0


def create_quote(account: Account, body: Record) -> Record:
    """Create a quote; it is ongoing and numbered at once."""
    values = _quote_values(account, body, None)
    values["Status"] = _ONGOING
    values["Number"] = account.next_number("quotes")
    return account.created("quotes", values)


def replace_quote(account: Account, stored: Record, body: Record) -> Record:
    """Replace a quote that is not approved or invoiced.

    Raises:
        Refusal: 400 and 4002.
    """
    if stored["Status"] not in (_DRAFT, _ONGOING):
        raise Refusal(CAN_NOT_BE_CHANGED, "An approved or invoiced quote can not be changed.")
    stored.update(_quote_values(account, body, stored))
    return stored


def delete_quote(account: Account, stored: Record) -> None:
    """Delete a quote that nothing was made of.

    Raises:
        Refusal: 400 and 4001.
    """
    if stored["Status"] == _INVOICED or _orders_of(account, stored):
        raise Refusal(CAN_NOT_BE_DELETED, "The quote has been converted.")
    del account.tables["quotes"][stored["Id"]]


def accept_quote(account: Account, stored: Record) -> Record:
    """Mark an ongoing quote as approved today."""
    if stored["Status"] != _ONGOING:
        raise Refusal(CAN_NOT_BE_CHANGED, f"A quote with status {stored['Status']} can not be accepted.")
    stored["Status"] = _APPROVED
    stored["ApprovedDate"] = account.today()
    return stored


def quote_to_order(account: Account, stored: Record, body: Record) -> Record:
    """Make an order of a quote: type 0 an order draft, type 1 an ongoing order. The quote becomes approved.

    Raises:
        Refusal: 400 and 4002 when an order or invoice was made of it before.
    """
    conversion = clean("QuoteConversion", body)
    _check_unconverted(account, stored)
    rows = [
        {
            "LineNumber": row["LineNumber"],
            "IsTextRow": row["IsTextRow"],
            "IsWorkCost": False,
            "EligibleForReverseChargeOnVat": False,
            "ArticleId": row["ArticleId"],
            "Text": row["Text"],
            "UnitPrice": row["UnitPrice"],
            "Quantity": row["Quantity"],
            "DiscountPercentage": row["DiscountPercentage"],
        }
        for row in stored["Rows"]
    ]
    status = Status.DRAFT if conversion["Type"] == _TO_DRAFT else Status.ONGOING
    order = create_order(
        account,
        {
            "CustomerId": stored["CustomerId"],
            "CurrencyCode": stored["CurrencyCode"],
            "OrderDate": account.today(),
            "Status": status.value,
            "EuThirdParty": stored["EuThirdParty"],
            "RotReducedInvoicingType": stored["RotReducedInvoicingType"],
            "ReverseChargeOnConstructionServices": False,
            "Rows": rows,
        },
        {"CreatedFromQuoteId": stored["Id"]},
    )
    stored["Status"] = _APPROVED
    stored["ApprovedDate"] = stored["ApprovedDate"] or account.today()
    return order


def quote_to_invoice(account: Account, stored: Record) -> Record:
    """Make a booked invoice of a quote."""
    _check_unconverted(account, stored)
    values = copy_for(INVOICE, stored)
    values.update({"CreatedFromQuoteId": stored["Id"], "InvoiceDate": None, "DueDate": None})
    invoice = book(account, values, moves_stock=True, like=stored)
    stored["Status"] = _INVOICED
    return invoice


def _quote_values(account: Account, body: Record, stored: Record | None) -> Record:
    values = clean("Quote", body)
    sent_terms = body.get("TermsOfPayment")
    customer = account.get("customers", values["CustomerId"])
    terms_id = sent_terms.get("Id") if isinstance(sent_terms, dict) else None
    values["TermsOfPayment"] = account.get("termsofpayments", str(terms_id or customer["TermsOfPaymentId"]))
    complete(account, QUOTE, values, stored)
    values["IsDomestic"] = customer["InvoiceCountryCode"] == account.country
    values["CurrencyRate"] = account.rate_to_base(values["CurrencyCode"])
    values["QuoteDate"] = values["QuoteDate"] or account.today()
    if values["DueDate"] and values["DueDate"] < values["QuoteDate"]:
        raise invalid("DueDate", "DueDate is before QuoteDate.")
    return values


def _orders_of(account: Account, quote: Record) -> list[Record]:
    return [order for order in account.records("orders") if order["CreatedFromQuoteId"] == quote["Id"]]


def _check_unconverted(account: Account, stored: Record) -> None:
    if stored["Status"] == _INVOICED or _orders_of(account, stored):
        raise Refusal(CAN_NOT_BE_CHANGED, "The quote has been converted before.")

"""Invoice drafts, booked invoices and their payments."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from simulators.eaccounting.account import Account
from simulators.eaccounting.errors import (
    FISCAL_YEAR_MISSING,
    LOCKED_PERIOD,
    LOCKED_YEAR,
    PAYMENT_DATE,
    Refusal,
    invalid,
)
from simulators.eaccounting.models import Record, blank, clean
from simulators.eaccounting.sales import (
    DRAFT,
    INVOICE,
    articles_of,
    complete,
    copy_for,
    move_stock,
    total_incl_vat,
)
from simulators.eaccounting.totals import Totals, cents
from simulators.eaccounting.vat import check_sales_accounts, kind_of_sale

_PAID, _UNPAID, _OVERDUE = 0, 1, 2
_VALIDATED: Final = {
    "TotalAmountInvoiceCurrency": "TotalAmount",
    "TotalVatAmountInvoiceCurrency": "TotalVatAmount",
    "TotalRoundingsInvoiceCurrency": "TotalRoundings",
}


def create_draft(account: Account, body: Record) -> Record:
    """Create an invoice draft; nothing is booked."""
    values = clean("CustomerInvoiceDraft", body)
    _fill_draft(account, values, None)
    return account.created("customerinvoicedrafts", values)


def replace_draft(account: Account, stored: Record, body: Record) -> Record:
    """Replace an invoice draft."""
    values = clean("CustomerInvoiceDraft", body)
    _fill_draft(account, values, stored)
    stored.update(values)
    return stored


def delete_draft(account: Account, stored: Record) -> None:
    """Delete an invoice draft."""
    del account.tables["customerinvoicedrafts"][stored["Id"]]


def convert_draft(account: Account, stored: Record, body: Record, *, keep_date: bool) -> Record:
    """Book a draft as an invoice; the draft is gone afterwards.

    Args:
        account: The account.
        stored: The draft.
        body: Totals to compare; a member left out is not compared.
        keep_date: Keep the draft's invoice date although it is in the past; otherwise today is used.

    Raises:
        Refusal: 400 with 2000 when a total differs, and whatever booking refuses.
    """
    wanted = clean("CustomerInvoiceDraftValidation", body)
    for name, member in _VALIDATED.items():
        if body.get(name) is not None and wanted[name] != stored[member]:
            raise invalid(name, f"The draft's {member} is {stored[member]}, not {wanted[name]}.")
    values = copy_for(INVOICE, stored)
    today = account.today()
    drafted = stored["InvoiceDate"] or (stored["CreatedUtc"][:10] if keep_date else today)
    values.update(
        {
            "InvoiceDate": drafted if keep_date else max(drafted, today),
            "DueDate": None,
            "CreatedFromDraftId": stored["Id"],
            "WorkHouseOtherCosts": stored["HouseWorkOtherCosts"],
        }
    )
    invoice = book(account, values, moves_stock=True, like=stored)
    delete_draft(account, stored)
    return invoice


def create_invoice(account: Account, body: Record) -> Record:
    """Create an invoice and book it at once; it can not be changed or deleted afterwards."""
    return book(account, clean("CustomerInvoice", body), moves_stock=True)


def book(account: Account, values: Record, *, moves_stock: bool, like: Record | None = None) -> Record:
    """Book an invoice: dates, period, accounts, totals, number, stock.

    Args:
        account: The account.
        values: The checked body of an invoice.
        moves_stock: Whether the goods leave the stock with this invoice.
        like: The order, quote or draft it comes from; its price mode is kept.

    Raises:
        Refusal: 400 with 2000, 3000, 3001, 4024, 4026 or 4038.
    """
    customer = account.get("customers", values["CustomerId"])
    if not values["Rows"]:
        raise invalid("Rows", "An invoice needs at least one row.")
    values["InvoiceDate"] = values["InvoiceDate"] or account.today()
    check_period(account, values["InvoiceDate"])
    totals = complete(account, INVOICE, values, like)
    terms = account.get("termsofpayments", values["TermsOfPaymentId"])
    issued = date.fromisoformat(values["InvoiceDate"])
    values["DueDate"] = values["DueDate"] or (issued + timedelta(days=terms["NumberOfDays"])).isoformat()
    if values["DueDate"] < values["InvoiceDate"]:
        raise invalid("DueDate", "DueDate is before InvoiceDate.")
    check_sales_accounts(account, kind_of_sale(account, customer), articles_of(account, values))
    _set_amounts(account, values, totals)
    values["InvoiceNumber"] = account.next_number("invoices")
    values["PaymentReferenceNumber"] = str(values["InvoiceNumber"])
    values["VoucherNumber"] = str(account.next_number("vouchers"))
    if moves_stock:
        move_stock(account, values, -1)
    invoice = account.created("customerinvoices", values)
    customer["LastInvoiceDate"] = max(customer["LastInvoiceDate"] or "", values["InvoiceDate"])
    customer["UnpaidInvoicesAmount"] += invoice["RemainingAmount"]
    return invoice


def view_invoice(account: Account, stored: Record) -> Record:
    """Give an invoice with its payment status of today."""
    status = _PAID
    if stored["RemainingAmount"]:
        status = _OVERDUE if stored["DueDate"] < account.today() else _UNPAID
    return {**stored, "PaymentStatus": status}


def pay_invoice(account: Account, stored: Record, body: Record) -> Record:
    """Register a payment. Posting the same payment twice books it twice.

    Raises:
        Refusal: 400 with 3000 for an unknown bank account, 4023 for a date in the future, 2000 for the wrong currency.
    """
    payment = clean("InvoicePayment", body)
    account.get("bankaccounts", payment["CompanyBankAccountId"])
    if payment["PaymentDate"] > account.today():
        raise Refusal(PAYMENT_DATE, "PaymentDate is in the future.")
    if payment["PaymentCurrency"] != stored["CurrencyCode"]:
        raise invalid("PaymentCurrency", f"The invoice is in {stored['CurrencyCode']}.")
    before = stored["RemainingAmount"]
    stored["RemainingAmountInvoiceCurrency"] -= payment["PaymentAmount"]
    stored["RemainingAmount"] = cents(stored["RemainingAmountInvoiceCurrency"] * stored["CurrencyRate"])
    stored["PaymentDate"] = payment["PaymentDate"]
    customer = account.get("customers", stored["CustomerId"])
    customer["UnpaidInvoicesAmount"] += stored["RemainingAmount"] - before
    account.touch(stored)
    account.counters["created.payments"] += 1
    account.payments.append({**payment, "InvoiceId": stored["Id"]})
    return payment


def _fill_draft(account: Account, values: Record, stored: Record | None) -> None:
    if values["ElectronicReference"] and account.get("customers", values["CustomerId"])["IsPrivatePerson"]:
        raise invalid("ElectronicReference", "ElectronicReference is not allowed for a private person.")
    totals = complete(account, DRAFT, values, stored)
    rate = account.rate_to_base(values["InvoiceCurrencyCode"])
    values["TotalAmountBaseCurrency"] = cents(totals.net * rate)
    values["TotalVatAmountBaseCurrency"] = cents(totals.vat * rate)


def _set_amounts(account: Account, values: Record, totals: Totals) -> None:
    rate = values["CurrencyRate"] or account.rate_to_base(values["CurrencyCode"])
    remaining = total_incl_vat(INVOICE, values)
    values.update(
        {
            "CurrencyRate": rate,
            "TotalAmount": cents(totals.net * rate),
            "TotalVatAmount": cents(totals.vat * rate),
            "RemainingAmountInvoiceCurrency": remaining,
            "RemainingAmount": cents(remaining * rate),
            "VatSpecification": [
                {
                    **blank("CustomerInvoiceVat"),
                    "AmountInvoiceCurrency": part.net,
                    "VatAmountInvoiceCurrency": part.vat,
                    "VatPercent": share,
                }
                for share, part in sorted(totals.by_rate.items())
            ],
        }
    )


def check_period(account: Account, day: str) -> Record:
    """Give the fiscal year in which a day can be booked.

    Raises:
        Refusal: 400 and 3001, 4026 or 4038.
    """
    locked_to = account.settings["locked_to"]
    if locked_to and day <= locked_to:
        raise Refusal(LOCKED_PERIOD, f"The period up to {locked_to} is locked; the document is dated {day}.")
    for year in account.records("fiscalyears"):
        if year["StartDate"] <= day <= year["EndDate"]:
            if year["IsLockedForAccounting"]:
                raise Refusal(LOCKED_YEAR, f"The fiscal year of {day} is locked.")
            return year
    raise Refusal(FISCAL_YEAR_MISSING, f"There is no fiscal year for {day}.")

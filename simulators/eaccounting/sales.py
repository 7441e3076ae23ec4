"""What orders, drafts, invoices and quotes share: customer, addresses, rows, totals, stock."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from simulators.eaccounting.account import Account
from simulators.eaccounting.errors import Refusal, invalid
from simulators.eaccounting.models import Record, blank, decimals, members
from simulators.eaccounting.totals import Line, Totals, document_totals
from simulators.eaccounting.vat import kind_of_sale, rate_for

REVERSED_VAT_ZERO: Final = 4027
_DOMESTIC_DECIMALS: Final = 2
_FOREIGN_DECIMALS: Final = 4

_FROM_CUSTOMER: Final = {
    "InvoiceCustomerName": "Name",
    "InvoiceAddress1": "InvoiceAddress1",
    "InvoiceAddress2": "InvoiceAddress2",
    "InvoicePostalCode": "InvoicePostalCode",
    "InvoiceCity": "InvoiceCity",
    "InvoiceCountryCode": "InvoiceCountryCode",
    "DeliveryCustomerName": "DeliveryCustomerName",
    "DeliveryAddress1": "DeliveryAddress1",
    "DeliveryAddress2": "DeliveryAddress2",
    "DeliveryPostalCode": "DeliveryPostalCode",
    "DeliveryCity": "DeliveryCity",
    "DeliveryCountryCode": "DeliveryCountryCode",
    "CustomerNumber": "CustomerNumber",
    "CustomerName": "Name",
    "CustomerIsPrivatePerson": "IsPrivatePerson",
    "CustomerEmail": "EmailAddress",
}


@dataclass(frozen=True)
class Shape:
    """What one kind of document calls its members.

    Attributes:
        model: The document's model.
        row_model: The model of its rows.
        net: Member that holds the total without VAT.
        vat: Member that holds the VAT.
        rounding: Member that holds the rounding.
        currency: Member that holds the currency.
    """

    model: str
    row_model: str
    net: str
    vat: str
    rounding: str
    currency: str


ORDER: Final = Shape("Order", "OrderRow", "Amount", "VatAmount", "RoundingsAmount", "CurrencyCode")
DRAFT: Final = Shape(
    "CustomerInvoiceDraft",
    "CustomerInvoiceDraftRow",
    "TotalAmount",
    "TotalVatAmount",
    "TotalRoundings",
    "InvoiceCurrencyCode",
)
INVOICE: Final = Shape(
    "CustomerInvoice",
    "CustomerInvoiceRow",
    "TotalAmountInvoiceCurrency",
    "TotalVatAmountInvoiceCurrency",
    "TotalRoundings",
    "CurrencyCode",
)
QUOTE: Final = Shape("Quote", "QuoteRow", "TotalAmount", "VatAmount", "RoundingsAmount", "CurrencyCode")
SHAPE_OF: Final = {
    "orders": ORDER,
    "customerinvoicedrafts": DRAFT,
    "customerinvoices": INVOICE,
    "quotes": QUOTE,
}


def complete(account: Account, shape: Shape, values: Record, stored: Record | None = None) -> Totals:
    """Fill a checked body into a full document: customer's data, rows, VAT and totals.

    Address members that are null are taken from the customer one by one. Whether prices include VAT is decided when the
    document is created and kept as long as the customer stays the same.

    Args:
        account: The account.
        shape: The kind of document.
        values: The checked body; changed in place.
        stored: The document it replaces.

    Raises:
        Refusal: 400 with 2000, 3000 or 4027.
    """
    customer = account.get("customers", values["CustomerId"])
    known = members(shape.model)
    for name, source in _FROM_CUSTOMER.items():
        if name in known and (known[name].get("readOnly") or values.get(name) is None):
            values[name] = customer[source]
    for name in ("InvoiceCountryCode", "DeliveryCountryCode"):
        if values.get(name) and values[name] not in account.tables["countries"]:
            raise invalid(name, f"The country {values[name]} is unknown.")
    if "TermsOfPaymentId" in known:
        values["TermsOfPaymentId"] = values["TermsOfPaymentId"] or customer["TermsOfPaymentId"]
        account.require("termsofpayments", values["TermsOfPaymentId"])
    values[shape.currency] = values.get(shape.currency) or customer["CurrencyCode"]
    if stored is not None and stored["CustomerId"] == values["CustomerId"]:
        values["IncludesVat"] = stored["IncludesVat"]
    else:
        private_prices = account.settings["prices_incl_vat_for_private"]
        values["IncludesVat"] = bool(customer["IsPrivatePerson"] and private_prices)
    values["Rows"] = _full_rows(account, shape, customer, values)
    return total_up(account, shape, values)


def total_up(account: Account, shape: Shape, document: Record) -> Totals:
    """Compute the totals of a completed document from its rows and write them into it.

    Rows of a credit invoice are given as positive quantities; its totals are negative.
    """
    sign = Decimal(-1 if document.get("IsCreditInvoice") else 1)
    priced = [row for row in document["Rows"] if row["ArticleId"]]
    lines = [Line(sign * row["Quantity"], row["UnitPrice"], row["DiscountPercentage"], row["_rate"]) for row in priced]
    whole = account.settings["whole_unit_rounding"] and document[shape.currency] == account.currency
    totals = document_totals(lines, includes_vat=document["IncludesVat"], whole_units=whole)
    for row, amount in zip(priced, totals.row_amounts, strict=True):
        row["Amount"] = amount
        row["AmountNoVat"] = (
            document_totals([_line_of(row, sign)], includes_vat=True).net if document["IncludesVat"] else amount
        )
    document[shape.net] = totals.net
    document[shape.vat] = totals.vat
    document[shape.rounding] = totals.rounding
    return totals


def total_incl_vat(shape: Shape, document: Record) -> Decimal:
    """Give what the customer pays, in the document's currency."""
    total: Decimal = document[shape.net] + document[shape.vat] + document[shape.rounding]
    return total


def articles_of(account: Account, document: Record) -> list[Record]:
    """Give the articles of a document's priced rows."""
    return [account.get("articles", row["ArticleId"]) for row in document["Rows"] if row["ArticleId"]]


def move_stock(account: Account, document: Record, sign: int) -> None:
    """Take the document's goods out of stock (sign -1) or put them back (+1); only with the stock module.

    Whether that counts as a change of the article is the setting `stock_touches_changed`.
    """
    if not account.settings["stock_module"]:
        return
    direction = -sign if document.get("IsCreditInvoice") else sign
    for row in document["Rows"]:
        article = account.tables["articles"].get(row["ArticleId"] or "")
        if article is not None and article["IsStock"]:
            change_balance(account, article, direction * row["Quantity"])


def change_balance(account: Account, article: Record, difference: Decimal) -> None:
    """Put goods into stock or take them out by a movement, which touches `ChangedUtc` only when the setting says so."""
    article["StockBalance"] += difference
    if account.settings["stock_touches_changed"]:
        account.touch(article)


def copy_for(shape: Shape, source: Record) -> Record:
    """Give a body of another kind of document with what both kinds share; rows keep article, text, price, quantity."""
    writable = {name for name, member in members(shape.model).items() if not member.get("readOnly")}
    row_names = members(shape.row_model)
    shared = {name: value for name, value in source.items() if name in writable and name not in ("Id", "Rows")}
    rows = [
        {
            **blank(shape.row_model),
            **{name: value for name, value in row.items() if name in row_names and name != "Id"},
            "LineNumber": number,
        }
        for number, row in enumerate(source["Rows"], 1)
    ]
    return {**blank(shape.model), **shared, "Rows": rows}


def _line_of(row: Record, sign: Decimal) -> Line:
    return Line(sign * row["Quantity"], row["UnitPrice"], row["DiscountPercentage"], row["_rate"])


def _full_rows(account: Account, shape: Shape, customer: Record, document: Record) -> list[Record]:
    rows: list[Record] = document["Rows"] or []
    if "LineNumber" in members(shape.row_model) and shape is ORDER:
        rows = sorted(rows, key=lambda row: row["LineNumber"])
    domestic = customer["InvoiceCountryCode"] == account.country and document[shape.currency] == account.currency
    places = _DOMESTIC_DECIMALS if domestic else _FOREIGN_DECIMALS
    sale = kind_of_sale(account, customer)
    full: list[Record] = []
    for index, row in enumerate(rows):
        path = f"Rows[{index}]"
        _check_reverse_charge(customer, row)
        text_row = row.get("IsTextRow", row["ArticleId"] is None)
        if text_row:
            _check_text_row(row, path)
            full.append(_filled(account, shape, row, index, text_row=True))
            continue
        article = _article_of(account, row, path)
        if decimals(row["UnitPrice"]) > places:
            raise invalid(f"{path}.UnitPrice", f"At most {places} decimals are allowed for this customer and currency.")
        if document.get("ReplaceUnitPriceWhenZero") and not row["UnitPrice"]:
            row["UnitPrice"] = article["GrossPrice" if document["IncludesVat"] else "NetPrice"]
        rate = Decimal(0) if row.get("IsVatFree") else rate_for(account, sale, article)
        filled = _filled(account, shape, row, index, text_row=False)
        filled.update(
            {
                "_rate": rate,
                "Text": row["Text"] or article["Name"],
                "ArticleNumber": article["Number"],
                "UnitId": article["UnitId"],
                "UnitAbbreviation": account.get("units", article["UnitId"])["Abbreviation"],
                "UnitName": account.get("units", article["UnitId"])["Name"],
                "VatRateId": article["CodingId"],
                "VatRate": rate,
                "PercentVat": rate,
                "IsServiceArticle": account.coding(article)["Type"] == "Services",
            }
        )
        full.append(filled)
    return full


def _filled(account: Account, shape: Shape, row: Record, index: int, *, text_row: bool) -> Record:
    account.series["rows"] += 1
    number = row.get("LineNumber")
    return {
        **blank(shape.row_model),
        **row,
        # The vendor gives every row a new id on each change of the document.
        "Id": f"00000000-0000-4000-8000-{account.series['rows']:012d}",
        "IsTextRow": text_row,
        "LineNumber": index + 1 if shape is not ORDER else number,
    }


def _check_reverse_charge(customer: Record, row: Record) -> None:
    eligible: Any = row.get("EligibleForReverseChargeOnVat") or row.get("ReversedConstructionServicesVatFree")
    if eligible and not customer["ReverseChargeOnConstructionServices"]:
        raise Refusal(REVERSED_VAT_ZERO, "The customer is not marked for reverse charge on construction services.")


def _check_text_row(row: Record, path: str) -> None:
    if not row["Text"]:
        raise invalid(f"{path}.Text", "A text row needs at least one character.")
    if row["ArticleId"] or row["UnitPrice"] or row["Quantity"]:
        raise invalid(f"{path}.ArticleId", "A row with a price or quantity needs an article and is no text row.")


def _article_of(account: Account, row: Record, path: str) -> Record:
    if not row["ArticleId"]:
        raise invalid(f"{path}.ArticleId", "ArticleId is required when the row is no text row.")
    return account.get("articles", row["ArticleId"])

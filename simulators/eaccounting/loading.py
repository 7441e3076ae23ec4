"""Records put in through the control interface, and the whole state read back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from simulators.eaccounting.account import DOCUMENTS, KEY_OF, MODEL_OF, Account, fixed_id
from simulators.eaccounting.errors import Refusal
from simulators.eaccounting.masterdata import agreed_prices, next_customer_number
from simulators.eaccounting.models import Record, blank, fill
from simulators.eaccounting.sales import SHAPE_OF, total_incl_vat
from simulators.eaccounting.seed import coding_for_rate
from simulators.kit import ControlError

_NAME_OF: Final = {"customers": "CustomerNumber", "articles": "Number"}
_SUMMARY: Final = (
    "Id",
    "Number",
    "InvoiceNumber",
    "Status",
    "YourReference",
    "OurReference",
    "BuyersOrderReference",
    "CustomerId",
    "CustomerNumber",
    "CurrencyCode",
    "IncludesVat",
    "IsCreditInvoice",
    "OrderDate",
    "QuoteDate",
    "InvoiceDate",
    "CreatedFromOrderId",
    "CreatedFromQuoteId",
    "CreatedFromDraftId",
    "CreatedUtc",
    "ModifiedUtc",
)
_ROW_SUMMARY: Final = (
    "LineNumber",
    "ArticleId",
    "ArticleNumber",
    "Text",
    "IsTextRow",
    "Quantity",
    "DeliveredQuantity",
    "UnitPrice",
    "DiscountPercentage",
    "Amount",
)


def load_records(account: Account, kind: str, entries: list[Any]) -> int:
    """Store records as if they had always been there; missing members get the account's defaults.

    An article may say `vat_rate` (percent) instead of `CodingId`.

    Returns:
        How many records were stored.

    Raises:
        ControlError: The kind can not be loaded, or a member is unknown or of the wrong type.
    """
    if kind not in MODEL_OF or kind in DOCUMENTS:
        raise ControlError(f"{kind!r} can not be loaded.")
    for entry in entries:
        if not isinstance(entry, dict):
            raise ControlError(f"Every entry of {kind} must be an object.")
        try:
            _load_one(account, kind, dict(entry))
        except Refusal as refusal:
            problems = "; ".join(f"{error.field}: {error.message}" for error in refusal.fields)
            raise ControlError(f"{kind}: {refusal.message} {problems}".strip()) from refusal
    return len(entries)


def patch(account: Account, kind: str, record_id: str, changes: Record) -> Record:
    """Change members of a stored record, read-only ones included; totals are not computed again.

    Raises:
        KeyError: No such kind or record.
        ControlError: A member is unknown or of the wrong type.
    """
    record = _stored(account, kind, record_id)
    try:
        record.update(fill(MODEL_OF[kind], changes))
    except Refusal as refusal:
        raise ControlError("; ".join(f"{error.field}: {error.message}" for error in refusal.fields)) from refusal
    account.touch(record)
    return record


def delete(account: Account, kind: str, record_id: str) -> None:
    """Remove a stored record whatever depends on it.

    Raises:
        KeyError: No such kind or record.
    """
    record = _stored(account, kind, record_id)
    del account.tables[kind][record[KEY_OF.get(kind, "Id")]]


def whole_state(account: Account) -> dict[str, Any]:
    """Give every record; documents as summaries with `total_incl_vat` as text, references and rows."""
    state: dict[str, Any] = {
        kind: [_public(record) for record in account.records(kind)] for kind in MODEL_OF if kind not in DOCUMENTS
    }
    for kind in DOCUMENTS:
        state[kind] = [_document(kind, record) for record in account.records(kind)]
    state["payments"] = account.payments
    return state


def _document(kind: str, record: Record) -> Record:
    shape = SHAPE_OF[kind]
    shown: Record = {name: record[name] for name in _SUMMARY if name in record}
    shown["CurrencyCode"] = record[shape.currency]
    shown["total_incl_vat"] = str(total_incl_vat(shape, record))
    shown["total_excl_vat"] = str(record[shape.net])
    shown["total_vat"] = str(record[shape.vat])
    shown["Rows"] = [{name: row[name] for name in _ROW_SUMMARY if name in row} for row in record["Rows"]]
    return shown


def _public(record: Record) -> Record:
    return {name: value for name, value in record.items() if not name.startswith("_")}


def _stored(account: Account, kind: str, record_id: str) -> Record:
    table = account.tables.get(kind)
    if table is None:
        raise KeyError(f"There are no records of kind {kind!r}; there are {', '.join(MODEL_OF)}.")
    record = table.get(record_id)
    if record is None:
        raise KeyError(f"There is no {MODEL_OF[kind]} {record_id}.")
    return record


def _load_one(account: Account, kind: str, entry: Record) -> None:
    rate = entry.pop("vat_rate", None) if kind == "articles" else None
    values = {**blank(MODEL_OF[kind]), **fill(MODEL_OF[kind], entry)}
    if kind == "articles":
        _complete_article(account, values, entry, rate)
    elif kind == "customers":
        _complete_customer(account, values, entry)
    elif kind == "salespricelistrows":
        account.tables[kind][f"{values['SalesPriceListId']}/{values['ArticleId']}"] = values
        return
    if kind in _NAME_OF and values["Id"] is None:
        values["Id"] = fixed_id(kind, str(values[_NAME_OF[kind]]))
    account.add(kind, values)


def _complete_article(account: Account, values: Record, entry: Record, rate: Any) -> None:
    if not values["Number"]:
        raise ControlError("An article needs a Number.")
    if values["CodingId"] is None:
        values["CodingId"] = coding_for_rate(account, Decimal(21 if rate is None else rate))["Id"]
    values["UnitId"] = values["UnitId"] or account.records("units")[0]["Id"]
    values["Name"] = values["Name"] or values["Number"]
    values["NetPrice"], values["GrossPrice"] = agreed_prices(values, account.coding(values)["VatRatePercent"])
    values["IsActive"] = entry.get("IsActive", True)
    values["SendToWebshop"] = entry.get("SendToWebshop", True)


def _complete_customer(account: Account, values: Record, entry: Record) -> None:
    values["CustomerNumber"] = values["CustomerNumber"] or next_customer_number(account)
    values["Name"] = values["Name"] or f"Customer {values['CustomerNumber']}"
    values["InvoiceCity"] = values["InvoiceCity"] or "Utrecht"
    values["InvoicePostalCode"] = values["InvoicePostalCode"] or "3511 AA"
    values["InvoiceCountryCode"] = values["InvoiceCountryCode"] or account.country
    values["CurrencyCode"] = values["CurrencyCode"] or account.currency
    values["TermsOfPaymentId"] = values["TermsOfPaymentId"] or account.records("termsofpayments")[0]["Id"]
    values["IsActive"] = entry.get("IsActive", True)

"""The account through the control interface: records put in, changed, taken out and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from simulators.eaccounting import order_loading, record_loading
from simulators.eaccounting.account import DOCUMENTS, KEY_OF, MODEL_OF, Account, fixed_id
from simulators.eaccounting.errors import Refusal
from simulators.eaccounting.masterdata import article_view
from simulators.eaccounting.models import Record, Stored, fill, whole
from simulators.eaccounting.pricelists import remove_price_list
from simulators.eaccounting.sales import SHAPE_OF, total_incl_vat
from simulators.eaccounting.vouchers import load_account
from simulators.kit import ControlError

_LOADERS: Final[dict[str, Callable[[Account, Record], None]]] = {
    "articles": record_loading.load_article,
    "customers": record_loading.load_customer,
    "salespricelists": record_loading.load_price_list,
    "salespricelistrows": record_loading.load_price,
    "orders": order_loading.load_order,
    "accounts": load_account,
}
"""Kinds whose records are completed, or changed when they are known; others are stored as they come."""

_LOADING_ORDER: Final = ("articles", "salespricelists", "salespricelistrows", "customers", "orders")

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
    "DeliveryDate",
    "DeliveryMethodName",
    "DeliveryMethodCode",
    "ShippedDateTime",
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


def in_loading_order(kinds: Iterable[str]) -> list[str]:
    """Sort kinds so that what others refer to comes first, whatever their order in the body."""
    return sorted(kinds, key=lambda kind: _LOADING_ORDER.index(kind) if kind in _LOADING_ORDER else -1)


def load_records(account: Account, kind: str, entries: list[Any]) -> int:
    """Store records as if they had always been there, or change known ones as a person in the books would.

    Returns:
        How many records were stored or changed.

    Raises:
        ControlError: The kind can not be loaded, or an entry is not accepted.
    """
    if kind not in MODEL_OF or (kind in DOCUMENTS and kind not in _LOADERS):
        raise ControlError(f"{kind!r} can not be loaded.")
    load = _LOADERS.get(kind)
    for entry in entries:
        if not isinstance(entry, dict):
            raise ControlError(f"Every entry of {kind} must be an object.")
        try:
            if load is not None:
                load(account, dict(entry))
            else:
                _load_plain(account, kind, entry)
        except Refusal as refusal:
            problems = "; ".join(f"{error.field}: {error.message}" for error in refusal.fields)
            raise ControlError(f"{kind}: {refusal.message} {problems}".strip()) from refusal
    return len(entries)


def patch(account: Account, kind: str, record_id: str, changes: Record) -> dict[str, Any]:
    """Change members of a stored record, read-only ones included; totals and other prices are not computed again.

    Raises:
        KeyError: No such kind or record.
        ControlError: A member is unknown or of the wrong type.
    """
    record = _stored(account, kind, record_id)
    if kind in DOCUMENTS and "Rows" in changes:
        raise ControlError("Rows are changed by loading the document again, so that its totals follow.")
    try:
        record.update(fill(MODEL_OF[kind], changes))
    except Refusal as refusal:
        raise ControlError("; ".join(f"{error.field}: {error.message}" for error in refusal.fields)) from refusal
    account.index(kind, record)
    account.touch(record)
    return public(record)


def delete(account: Account, kind: str, record_id: str) -> None:
    """Remove a stored record whatever depends on it; a price list goes with its prices.

    Raises:
        KeyError: No such kind or record.
    """
    record = _stored(account, kind, record_id)
    if kind == "salespricelists":
        remove_price_list(account, record)
    elif kind == "salespricelistrows":
        del account.tables[kind][record_id]
    else:
        del account.tables[kind][record[KEY_OF.get(kind, "Id")]]


def shown_record(account: Account, kind: str, record_id: str) -> dict[str, Any]:
    """Give one record as the state shows it.

    Raises:
        KeyError: No such kind or record.
    """
    return _shower(account, kind)(_stored(account, kind, record_id))


def shown_records(account: Account, kind: str) -> list[dict[str, Any]]:
    """Give all records of a kind; documents as summaries with totals as text, articles with reserved stock."""
    show = _shower(account, kind)
    return [show(record) for record in account.records(kind)]


def public(record: Record) -> dict[str, Any]:
    """Give a record without what the simulator noted for itself."""
    return {name: value for name, value in whole(record).items() if not name.startswith("_")}


def _shower(account: Account, kind: str) -> Callable[[Record], dict[str, Any]]:
    if kind in DOCUMENTS:
        return lambda record: _document(kind, record)
    if kind == "articles":
        view = article_view(account)
        return lambda record: public(view(record))
    return public


def _document(kind: str, record: Record) -> dict[str, Any]:
    shape = SHAPE_OF[kind]
    shown: dict[str, Any] = {name: record[name] for name in _SUMMARY if name in record}
    shown["CurrencyCode"] = record[shape.currency]
    shown["total_incl_vat"] = str(total_incl_vat(shape, record))
    shown["total_excl_vat"] = str(record[shape.net])
    shown["total_vat"] = str(record[shape.vat])
    shown["Rows"] = [{name: row[name] for name in _ROW_SUMMARY if name in row} for row in record["Rows"]]
    return shown


def _stored(account: Account, kind: str, record_id: str) -> Stored:
    table = account.tables.get(kind)
    if table is None:
        raise KeyError(f"There are no records of kind {kind!r}; there are {', '.join(MODEL_OF)}.")
    record = table.get(record_id)
    if record is None:
        raise KeyError(f"There is no {MODEL_OF[kind]} {record_id}.")
    return record


def _load_plain(account: Account, kind: str, entry: Record) -> None:
    values = fill(MODEL_OF[kind], entry)
    if kind not in KEY_OF and not values.get("Id") and values.get("Name"):
        values["Id"] = fixed_id(kind, str(values["Name"]))
    account.add(kind, values)

"""A day of the UCI "Online Retail" data set as the orders of a Dutch CCV Shop.

The data set (D. Chen, 2015, doi 10.24432/C5BW33, CC BY 4.0) holds real invoice lines of a British retailer: codes,
descriptions, quantities, prices, customer numbers and countries. Everything else in the orders is made up here, the
same for the same customer number every time: see ``people``. The rules of the translation:

* The data set's home country, the United Kingdom, becomes the shop's home country, the Netherlands, so that most orders
  are domestic; the option ``home_country`` names another one, or none with null.
* VAT: 21 % for domestic buyers and for consumers in the EU; 0 % and ``is_intra_community_order`` for EU companies
  elsewhere; 0 % outside the EU. Consumers' prices are taken as including VAT, companies' as excluding it.
* ``POST``, ``DOT`` and ``C2`` lines become ``total_shipping``; ``D`` lines ``total_discounts``; ``M`` lines are rows
  without a product; an invoice that holds nothing else keeps such lines as rows.
* ``C`` invoices are credit notes: orders with negative counts, a negative total, the prefix ``C`` and status 8.
* An invoice without a customer whose lines all have zero price and a negative quantity is a stock correction, no sale.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from simulators import people
from simulators.kit import ControlError

OPTIONS = frozenset({"shift_to", "status", "paid", "is_completed", "home_country", "limit"})
SHOP_COUNTRY = "NL"
VAT_RATE = 21
_HOME_OF_THE_DATA = "United Kingdom"
_SHIPPING = frozenset({"POST", "DOT", "C2"})
_DISCOUNT = "D"
_MANUAL = "M"
_COLUMNS = frozenset(
    {"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}
)
_PAYMETHODS = (("Ideal", 45), ("BankTransfer", 22), ("CreditCard", 15), ("Paypal", 12), ("AfterPay", 6))
_CANCELLED = 8


@dataclass(slots=True)
class ShopDay:
    """Records for the shop, and what became of the invoices."""

    records: dict[str, list[dict[str, Any]]]
    counts: dict[str, int]


@dataclass(slots=True)
class _Line:
    code: str
    description: str
    quantity: int
    price: Decimal

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.price


@dataclass(slots=True)
class _Invoice:
    number: str
    at: datetime
    customer: str
    country: str
    lines: list[_Line] = field(default_factory=list)

    @property
    def is_credit_note(self) -> bool:
        return self.number.startswith("C")

    @property
    def is_sale(self) -> bool:
        return bool(self.customer) or any(line.price != 0 or line.quantity >= 0 for line in self.lines)


def bundled_day() -> str:
    """The CSV text of the day that comes with the simulators, 1 December 2010."""
    return (Path(__file__).parent / "data" / "2010-12-01.csv").read_text(encoding="utf-8")


def share(text: str, parts: int) -> int:
    """A number below ``parts`` that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8")).digest()[:8], "big") % parts


def shop_records(
    text: str,
    *,
    shift_to: str | None = None,
    status: int = 1,
    paid: bool = True,
    is_completed: bool = True,
    home_country: str | None = _HOME_OF_THE_DATA,
    limit: int | None = None,
) -> ShopDay:
    """Translate a CSV text of the data set's columns.

    Args:
        text: the file's content.
        shift_to: ISO date that the earliest day of the file becomes; the clock times stay.
        status: status number of orders that are no credit notes.
        paid: whether the orders are paid.
        is_completed: false makes them carts.
        home_country: the country name that counts as the shop's own; None keeps all as they are.
        limit: at most this many invoices.

    Raises:
        ControlError: a column is missing or a line cannot be read.
    """
    invoices = _invoices(text)
    not_sales = [invoice for invoice in invoices if not invoice.is_sale]
    sales = [invoice for invoice in invoices if invoice.is_sale][:limit]
    shift = _shift(sales, shift_to)
    products = _products(sales)
    users: dict[str, dict[str, Any]] = {}
    orders = []
    for invoice in sales:
        buyer = people.buyer(invoice.customer, invoice.number, _country_code(invoice.country, home_country))
        if invoice.customer:
            users.setdefault(invoice.customer, people.user(int(invoice.customer), buyer))
        order = _order(invoice, buyer, shift)
        if not invoice.is_credit_note:
            order["status"] = status
        orders.append(order | {"paid": paid, "is_completed": is_completed})
    return ShopDay(
        records={"products": list(products.values()), "users": list(users.values()), "orders": orders},
        counts={
            "lines": sum(len(order["orderrows"]) for order in orders),
            "credit_notes": sum(invoice.is_credit_note for invoice in sales),
            "not_sales": len(not_sales),
        },
    )


def _invoices(text: str) -> list[_Invoice]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = _COLUMNS - set(reader.fieldnames or ())
    if missing:
        raise ControlError(f"The CSV misses the columns {', '.join(sorted(missing))}.")
    invoices: dict[str, _Invoice] = {}
    for number, row in enumerate(reader, start=2):
        try:
            invoice = invoices.setdefault(
                row["InvoiceNo"],
                _Invoice(
                    row["InvoiceNo"],
                    datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=UTC),
                    row["CustomerID"].strip().removesuffix(".0"),
                    row["Country"].strip(),
                ),
            )
            line = _Line(row["StockCode"], row["Description"], int(row["Quantity"]), Decimal(row["UnitPrice"]))
        except (ValueError, InvalidOperation, AttributeError) as error:
            raise ControlError(f"Line {number} of the CSV cannot be read: {error}.") from error
        invoice.lines.append(line)
    return list(invoices.values())


def _shift(invoices: list[_Invoice], shift_to: str | None) -> timedelta:
    if shift_to is None or not invoices:
        return timedelta(0)
    return date.fromisoformat(shift_to) - min(invoice.at for invoice in invoices).date()


def _is_product(line: _Line) -> bool:
    return line.code not in _SHIPPING and line.code not in (_DISCOUNT, _MANUAL)


def _products(invoices: list[_Invoice]) -> dict[str, dict[str, Any]]:
    """One product per code, letter case included; the first real description and price seen."""
    products: dict[str, dict[str, Any]] = {}
    for invoice in invoices:
        for line in filter(_is_product, invoice.lines):
            product = products.setdefault(
                line.code,
                {
                    "productnumber": line.code,
                    "name": "",
                    "price": Decimal(0),
                    "stock": share(f"stock {line.code}", 400) + 50,
                },
            )
            product["name"] = product["name"] or line.description.strip()
            product["price"] = product["price"] or line.price
    for code, product in products.items():
        product["name"] = product["name"] or f"Product {code}"
    return products


def _order(invoice: _Invoice, buyer: people.Buyer, shift: timedelta) -> dict[str, Any]:
    rate, intra_community = _vat(buyer)
    goods = [line for line in invoice.lines if line.code not in _SHIPPING and line.code != _DISCOUNT]
    beside = [line for line in invoice.lines if line.code in _SHIPPING or line.code == _DISCOUNT]
    if not goods:
        goods, beside = beside, []
    shipping = sum((line.amount for line in beside if line.code in _SHIPPING), Decimal(0))
    discount = -sum((line.amount for line in beside if line.code == _DISCOUNT), Decimal(0))
    prefix = invoice.number.rstrip("0123456789")
    order: dict[str, Any] = {
        "ordernumber_prefix": prefix or None,
        "ordernumber": int(invoice.number.removeprefix(prefix)),
        "ordernumber_full": invoice.number,
        "create_date": (invoice.at + shift).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "status": _CANCELLED if invoice.is_credit_note else 1,
        "paymethod": _paymethod(invoice.number),
        "taxes_included": not buyer.is_company,
        "order_row_taxes_included": not buyer.is_company,
        "shipping_taxes_included": not buyer.is_company,
        "shipping_tax_percentage": rate,
        "is_intra_community_order": intra_community,
        "total_shipping": shipping,
        "total_discounts": discount,
        "user": {"id": int(invoice.customer) if invoice.customer else None},
        "customer": buyer.customer,
        "orderrows": [_row(line, rate) for line in goods],
    }
    if discount:
        order["discountcoupon"] = {"code": "DISCOUNT", "discount": discount, "type": "price"}
    return order


def _row(line: _Line, rate: int) -> dict[str, Any]:
    return {
        **({"product_number": line.code} if _is_product(line) else {"product_id": None}),
        "product_name": line.description.strip(),
        "count": line.quantity,
        "price": line.price,
        "tax": rate,
    }


def _vat(buyer: people.Buyer) -> tuple[int, bool]:
    if buyer.country == SHOP_COUNTRY:
        return VAT_RATE, False
    if buyer.country not in people.EU_COUNTRIES:
        return 0, False
    return (0, True) if buyer.is_company else (VAT_RATE, False)


def _country_code(name: str, home_country: str | None) -> str:
    if home_country is not None and name == home_country:
        return SHOP_COUNTRY
    return people.COUNTRY_CODES.get(name, SHOP_COUNTRY)


def _paymethod(invoice_number: str) -> str:
    point = share(f"payment {invoice_number}", 100)
    for method, weight in _PAYMETHODS:
        if point < weight:
            return method
        point -= weight
    return _PAYMETHODS[0][0]

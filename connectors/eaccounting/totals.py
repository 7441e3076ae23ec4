"""What eAccounting makes of the rows of a document: amounts per row, VAT per rate on their sum, and the total."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from commerce.money import cents

_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Row:
    """A priced row; ``rate`` is the percentage eAccounting will apply, ``discount`` a fraction of one."""

    article_id: str
    text: str
    quantity: Decimal
    unit_price: Decimal
    rate: Decimal
    discount: Decimal = Decimal(0)
    extra: Mapping[str, str] = field(default_factory=dict)
    """Members that no amount depends on, such as a cost centre."""

    def amount(self) -> Decimal:
        """Rounded per row, in the document's price mode."""
        return cents(self.quantity * self.unit_price * (1 - self.discount))


def with_vat(net: Decimal, rate: Decimal) -> Decimal:
    """Add VAT, rounded on the sum, to the net amount of one rate."""
    return net + cents(net * rate / _HUNDRED)


def amounts_per_rate(rows: Iterable[Row]) -> dict[Decimal, Decimal]:
    """Sum of the rounded row amounts per VAT rate."""
    sums: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row.rate] += row.amount()
    return dict(sums)


def total_of_amounts(amounts: Mapping[Decimal, Decimal], *, includes_vat: bool) -> Decimal:
    """The total with VAT for the sums per rate; unit prices include VAT or not."""
    if includes_vat:
        return sum(amounts.values(), Decimal(0))
    return sum((with_vat(amount, rate) for rate, amount in amounts.items()), Decimal(0))


def stated_total(document: Mapping[str, Any]) -> Decimal:
    """The total with VAT that an answered document states, before rounding to whole units of the currency.

    Orders state a net amount. For the other documents the vendor's texts disagree on whether the amount includes VAT,
    so the document's own rows decide: their sum is the amount in the document's price mode.
    """
    vat = _number(document, "TotalVatAmountInvoiceCurrency", "TotalVatAmount", "VatAmount")
    if "TotalAmount" not in document:
        return _number(document, "Amount") + vat
    amount = _number(document, "TotalAmountInvoiceCurrency", "TotalAmount")
    rows = sum((_answered_row(row).amount() for row in document.get("Rows") or ()), Decimal(0))
    net = rows - vat if document.get("IncludesVat") else rows
    return amount if abs(amount - net) > abs(amount - net - vat) else amount + vat


def _answered_row(row: Mapping[str, Any]) -> Row:
    return Row(
        article_id=str(row.get("ArticleId") or ""),
        text="",
        quantity=_number(row, "Quantity"),
        unit_price=_number(row, "UnitPrice"),
        rate=Decimal(0),
        discount=_number(row, "DiscountPercentage"),
    )


def _number(record: Mapping[str, Any], *names: str) -> Decimal:
    for name in names:
        if record.get(name) is not None:
            return Decimal(record[name])
    return Decimal(0)

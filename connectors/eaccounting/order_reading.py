"""From an order of the books to an order as shops know it; amounts are those the vendor states."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

from commerce.money import cents, rounding_error
from commerce.order import Line, LineKind, Order
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting.addresses import read_address
from connectors.eaccounting.api import Record
from connectors.eaccounting.changes import aware
from connectors.eaccounting.company import percentage
from connectors.eaccounting.customer_source import read_customer
from connectors.errors import RecordRefused

STATUSES: Final[Mapping[str, str]] = {
    "draft": "Draft",
    "ongoing": "Ongoing",
    "shipped": "Shipped",
    "invoiced": "Invoiced",
}
"""In the order an order goes through them; the vendor counts them from 1."""
_CHARGES: Final = (LineKind.SHIPPING, LineKind.FEE, LineKind.DISCOUNT)
_LARGEST_ROUNDING: Final = Decimal("0.05")
_WHOLE: Final = Decimal(1)

Kinds = Sequence[Sequence[str]]
"""Numbers of the articles that stand for shipping, for fees and for discounts."""


def reference_of(order: Record) -> str:
    """The order number; a draft has none yet and goes by the beginning of its id."""
    return str(order.get("Number") or f"draft-{str(order['Id'])[:8]}")


def status_of(order: Record) -> str:
    """The status by name. Raises `RecordRefused` for one the vendor did not have yet."""
    stated = order.get("Status")
    if not isinstance(stated, int) or not 1 <= stated <= len(STATUSES):
        _refuse(order, "Status", str(stated), "is no status of an order")
    return list(STATUSES)[stated - 1]


def stated_amount(order: Record) -> Decimal:
    """What the customer is asked to pay: net, VAT and rounding to whole units."""
    return cents(sum((_number(order, name) for name in ("Amount", "VatAmount", "RoundingsAmount")), Decimal(0)))


def placed_at(order: Record, zone: ZoneInfo) -> datetime:
    """When the order was made: to the second when it was typed on its own date, else the beginning of that day."""
    stated = str(order.get("OrderDate") or "")
    try:
        day = date.fromisoformat(stated[:10])
        created = aware(str(order.get("CreatedUtc") or stated))
    except ValueError:
        _refuse(order, "OrderDate", stated, "is no date")
    if created.astimezone(zone).date() == day:
        return created
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def read_order(
    order: Record,
    customer: Record,
    articles: Mapping[str, Record],
    rates: Mapping[str, Decimal | None],
    kinds: Kinds,
    zone: ZoneInfo,
) -> Order:
    """The complete order.

    Args:
        order: The vendor's order with its rows.
        customer: Its customer.
        articles: Those of the rows, by id.
        rates: VAT percentage per article id for rows that state none; None is no VAT.
        kinds: Which articles are no products.
        zone: Where the company is.

    Raises:
        RecordRefused: It has no priced rows, is negative, or its rows do not add up to its total.
    """
    total = stated_amount(order)
    if total < 0:
        _refuse(
            order, "Amount", f"{total}", "is negative: it is a credit note, which is not sent", ProblemCode.CREDIT_NOTE
        )
    rows = [row for row in order.get("Rows") or () if row.get("ArticleId")]
    if not rows:
        _refuse(order, "Rows", "no article", "leaves nothing to send", ProblemCode.EMPTY_ORDER)
    register = read_customer(customer, str(order.get("CurrencyCode") or ""))
    is_company = not order.get("CustomerIsPrivatePerson")
    billed = str(order.get("InvoiceCustomerName") or order.get("CustomerName") or customer.get("Name") or "")
    billing = read_address(order, "Invoice", billed, company=is_company)
    shipping = read_address(order, "Delivery", str(order.get("DeliveryCustomerName") or billed), company=is_company)
    lines = tuple(_line(order, row, articles.get(str(row["ArticleId"]), {}), rates, kinds) for row in rows)
    made = Order(
        source_id=str(order["Id"]),
        reference=reference_of(order),
        placed_at=placed_at(order, zone),
        currency=str(order.get("CurrencyCode") or "").upper(),
        total=total,
        tax=cents(_number(order, "VatAmount")),
        lines=lines,
        customer=register.customer,
        billing=billing if billing.street or billing.city else register.billing,
        shipping=shipping if shipping.street or shipping.city else billing,
        status=status_of(order),
        payment_method=str(order.get("TermsOfPaymentId") or ""),
        shipping_method=str(order.get("DeliveryMethodName") or ""),
        raw=order,
    )
    return _rounded(made, order)


def _rounded(made: Order, order: Record) -> Order:
    """The order with a line for what the vendor rounded: to whole units, or a cent between rows and total."""
    rounding = rounding_error(made.total, made.computed_total())
    if not rounding:
        return made
    if abs(rounding - cents(_number(order, "RoundingsAmount"))) > _LARGEST_ROUNDING:
        _refuse(
            order,
            "Amount",
            f"{made.total} / {made.computed_total()}",
            "are its total and what its rows come to, which must be the same",
            ProblemCode.TOTALS_DIFFER,
        )
    line = Line(
        kind=LineKind.ROUNDING,
        name="Rounding",
        quantity=_WHOLE,
        unit_price=rounding,
        total=rounding,
        tax_rate=Decimal(0),
        includes_tax=True,
    )
    return made.model_copy(update={"lines": (*made.lines, line)})


def _line(order: Record, row: Record, article: Record, rates: Mapping[str, Decimal | None], kinds: Kinds) -> Line:
    sku = str(row.get("ArticleNumber") or article.get("Number") or "").strip()
    quantity, price = _number(row, "Quantity"), _number(row, "UnitPrice")
    stated = row.get("VatRate")
    rate = percentage({"VatRatePercent": stated}) if stated is not None else rates.get(str(row["ArticleId"]))
    barcodes = [str(entry.get("Barcode") or "") for entry in article.get("Barcodes") or () if entry]
    kind = next((charge for charge, numbers in zip(_CHARGES, kinds, strict=True) if sku in numbers), LineKind.PRODUCT)
    return Line(
        kind=kind,
        name=str(row.get("Text") or article.get("Name") or ""),
        sku=sku if kind is LineKind.PRODUCT else "",
        ean=next(filter(None, barcodes), "") if kind is LineKind.PRODUCT else "",
        quantity=quantity,
        unit_price=price,
        total=cents(quantity * price * (1 - _number(row, "DiscountPercentage"))),
        tax_rate=rate or Decimal(0),
        includes_tax=bool(order.get("IncludesVat")),
    )


def _number(record: Record, name: str) -> Decimal:
    value = record.get(name)
    return Decimal(0) if value is None else Decimal(value)


def _refuse(
    order: Record, field: str, value: str, what: str, code: ProblemCode = ProblemCode.MALFORMED_RECORD
) -> NoReturn:
    raise RecordRefused(
        Problem(
            code=code,
            field=field,
            value=value,
            sentence=(
                f"Order {reference_of(order)}: “{value}” in {field} {what}. Correct the order in eAccounting and"
                " retry, or skip it."
            ),
        )
    )

"""From the shop's body to an order. Source: CCV Shop API documentation, orders (June 2022), and one logged order."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from commerce.money import cents
from commerce.order import Line, LineKind, Order, PaymentStatus
from commerce.problems import ProblemCode
from connectors.ccvshop.buyer import read_addresses, read_customer
from connectors.ccvshop.charges import Charges, Stated, reconcile
from connectors.ccvshop.fields import Fields

_ZERO = Decimal(0)


def header_fields(header: Mapping[str, Any]) -> Fields:
    """The header under the name people know the order by."""
    number = header.get("ordernumber_full") or header.get("ordernumber") or header.get("id")
    return Fields(f"Order {number}", header)


def read_reference(header: Fields) -> str:
    """The order number on the invoice; a basket that is not yet an order has none and is refused."""
    reference = header.text("ordernumber_full") or header.text("ordernumber")
    if not reference:
        header.refuse(
            ProblemCode.MISSING_FIELD,
            "ordernumber",
            "",
            "it has no order number, so it is a basket that the customer has not completed. "
            "Wait until it is completed, or skip it.",
        )
    return reference


def read_payment(header: Fields) -> PaymentStatus:
    """The shop's separate flag, which is not part of the order status."""
    return PaymentStatus.PAID if header.flag("paid") else PaymentStatus.UNPAID


def read_order(header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], cost_rate: Decimal | None) -> Order:
    """The complete order.

    Raises:
        RecordRefused: A member is malformed, the order is a credit note or empty, or its lines do not add up to its
            total.
    """
    fields = header_fields(header)
    reference = read_reference(fields)
    total = cents(fields.required_amount("total_price"))
    if total < 0:
        fields.refuse(
            ProblemCode.CREDIT_NOTE,
            "total_price",
            "",
            f"its total is {total}, so it is a credit note, and these are not transferred. "
            "Book it by hand at the target, then skip it here.",
        )
    if not rows:
        fields.refuse(
            ProblemCode.EMPTY_ORDER,
            "orderrows",
            "",
            "it has no lines. Add them in the shop and retry, or skip it.",
        )
    tax = cents(fields.amount_or_zero("total_tax"))
    untaxed = fields.flag("is_intra_community_order") and tax == 0
    goods = _rows(fields, rows, untaxed=untaxed)
    shipping = _shipping(fields, untaxed=untaxed)
    result = reconcile(goods, shipping, _charges(fields), Stated(total, tax), _ZERO if untaxed else cost_rate)
    if not result.fits:
        fields.refuse(
            ProblemCode.TOTALS_DIFFER,
            "total_price",
            f"{total} / {result.total}",
            f"the shop states a total of {total}, but its lines, shipping, costs and discounts come to "
            f"{result.total}. Correct the order in the shop, then retry.",
        )
    billing, delivery = read_addresses(fields.child("customer"))
    return Order(
        source_id=fields.text("id"),
        reference=reference,
        placed_at=fields.moment("create_date"),
        currency=fields.text("currency").upper(),
        total=total,
        tax=tax,
        lines=result.lines,
        customer=read_customer(fields),
        billing=billing,
        shipping=delivery,
        status=fields.text("status"),
        payment_status=read_payment(fields),
        payment_method=fields.text("paymethod"),
        shipping_method=fields.text("deliver_method"),
        channel="platform" if fields.flag("is_platform_sale") else "",
        raw={**header, "orderrows": [*rows]},
    )


def _rows(order: Fields, rows: Sequence[Mapping[str, Any]], *, untaxed: bool) -> list[Line]:
    includes_tax = order.flag("order_row_taxes_included")
    lines = []
    for position, members in enumerate(rows, start=1):
        row = Fields(f"{order.record}, line {position}", members)
        lines.append(_row(row, includes_tax=includes_tax, untaxed=untaxed))
    return lines


def _row(row: Fields, *, includes_tax: bool, untaxed: bool) -> Line:
    """One line; the price with attributes is what one piece cost after discounts and with the variant's surcharges."""
    quantity = row.required_amount("count")
    unit_price = row.amount("price_with_attributes")
    if unit_price is None:
        unit_price = row.required_amount("price") - row.amount_or_zero("discount")
    total = row.amount("total_price_with_attributes")
    return Line(
        kind=LineKind.PRODUCT,
        name=_row_name(row),
        sku=row.text("sub_product_number") or row.text("sub_sku_number") or row.text("product_number"),
        ean=row.text("sub_ean_number"),
        quantity=quantity,
        unit_price=unit_price,
        total=cents(quantity * unit_price if total is None else total),
        tax_rate=_ZERO if untaxed else row.percentage("tax"),
        includes_tax=includes_tax,
    )


def _row_name(row: Fields) -> str:
    """The product's name with the choices that make the variant."""
    choices = [f"{item.text('option_name')}: {item.text('value_name')}" for item in row.children("attributes")]
    name = row.text("product_name")
    return f"{name} ({', '.join(choices)})" if choices else name


def _shipping(order: Fields, *, untaxed: bool) -> Line | None:
    amount = cents(order.amount_or_zero("total_shipping"))
    if not amount:
        return None
    return Line(
        kind=LineKind.SHIPPING,
        name=order.text("deliver_method"),
        quantity=Decimal(1),
        unit_price=amount,
        total=amount,
        tax_rate=_ZERO if untaxed else order.percentage("shipping_tax_percentage"),
        includes_tax=order.flag("shipping_taxes_included"),
    )


def _charges(order: Fields) -> Charges:
    coupon = order.child("discountcoupon")
    return Charges(
        costs=(
            (order.text("paymethod_label") or order.text("paymethod"), order.amount_or_zero("paymethod_costs")),
            (order.text("extra_costs_description"), order.amount_or_zero("extra_costs")),
        ),
        discounts=abs(order.amount_or_zero("total_discounts")),
        credit_points=abs(order.amount_or_zero("credit_point_discount")),
        coupon=abs(coupon.amount_or_zero("discount")),
        coupon_code=coupon.text("code"),
        frees_shipping=coupon.flag("givesfreeshipping"),
        include_tax=order.flag("taxes_included"),
    )

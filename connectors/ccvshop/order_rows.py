"""From an order to the money of one in the shop, so that the shop comes to the same total.

Rows keep the tax direction of the order's products. Everything else goes over with VAT in it, where the shop's own idea
of its rate cannot change the total. Source: CCV Shop API documentation, orders (June 2022).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from commerce.money import cents
from commerce.order import Line, LineKind, Order
from commerce.problems import ProblemCode
from connectors.ccvshop.writing import refusal
from connectors.protocols import Identifier, ProductRef

_ZERO = Decimal(0)
_PRICE_PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class OrderMoney:
    """The members of an order's body that make its total."""

    rows: Sequence[tuple[Line, dict[str, Any]]]
    members: Mapping[str, Any]
    rounding: Decimal
    """What the lines lack of the order's total."""


def order_money(
    order: Order, products: Mapping[str, ProductRef], by: Identifier, package: str, limit: Decimal
) -> OrderMoney:
    """Rows, shipping and other costs.

    Raises:
        RecordRefused: A line cannot be written exactly, or the lines differ from the total by more than ``limit``.
    """
    goods = [line for line in order.lines if line.kind is LineKind.PRODUCT]
    included = not goods or any(line.includes_tax for line in goods)
    rows = [(line, _row(order, line, products.get(_name(line, by)), package, included=included)) for line in goods]
    shipping = _gross(line for line in order.lines if line.kind is LineKind.SHIPPING)
    others = [line for line in order.lines if line.kind not in {LineKind.PRODUCT, LineKind.SHIPPING}]
    costs = _gross(others)
    rounding = cents(order.total) - (_sum_of_rows(goods, included=included) + shipping + costs)
    if abs(rounding) > limit:
        raise refusal(
            ProblemCode.TOTALS_DIFFER,
            "total",
            f"{order.total} / {order.total - rounding}",
            f"Order {order.reference}: its total is {order.total}, but its lines come to {order.total - rounding}. "
            "Correct the order at its source, then retry.",
        )
    members = {
        "order_row_taxes_included": included,
        "taxes_included": True,
        "shipping_taxes_included": True,
        "total_shipping": shipping,
        "currency": order.currency,
    }
    if costs + rounding:
        members["extra_costs"] = costs + rounding
        members["extra_costs_description"] = ", ".join(dict.fromkeys(line.name for line in others if line.name))
    return OrderMoney(rows, members, rounding)


def _name(line: Line, by: Identifier) -> str:
    return line.sku if by is Identifier.SKU else line.ean


def _row(order: Order, line: Line, product: ProductRef | None, package: str, *, included: bool) -> dict[str, Any]:
    name = line.sku or line.name
    if line.quantity <= 0:
        raise refusal(
            ProblemCode.INVALID_VALUE,
            "count",
            str(line.quantity),
            f"Order {order.reference}: {line.quantity} pieces of {name} cannot be ordered in the shop. "
            "Correct the line at its source, or enter the order by hand and skip it here.",
        )
    if product is None and not package:
        raise refusal(
            ProblemCode.SETTING_MISSING,
            "package",
            "",
            f"Order {order.reference}: the line {name} has no product in the shop, and lines without one need the "
            "setting Package. Choose one in the flow's settings, then retry.",
        )
    total = _gross([line]) if included else line.total
    price = line.unit_price if included is line.includes_tax else (total / line.quantity).quantize(_PRICE_PLACES)
    if cents(price * line.quantity) != total:
        price = (total / line.quantity).quantize(_PRICE_PLACES)
    if cents(price * line.quantity) != total:
        raise refusal(
            ProblemCode.TOTALS_DIFFER,
            "price",
            str(total),
            f"Order {order.reference}: no price per piece makes {line.quantity} pieces of {name} cost {total}. "
            "Correct the line at its source, then retry.",
        )
    row = {"count": line.quantity, "price": price, "discount": _ZERO, "tax": line.tax_rate}
    if product is None:
        return {**row, "product_number": line.sku, "package_id": int(package)}
    product_id, _, combination_id = product.target_id.partition(":")
    combination = {"attribute_combination_id": int(combination_id)} if combination_id else {}
    return {**row, "product_id": int(product_id), **combination}


def _gross(lines: Iterable[Line]) -> Decimal:
    return sum(
        (line.total if line.includes_tax else cents(line.total * (100 + line.tax_rate) / 100) for line in lines), _ZERO
    )


def _sum_of_rows(goods: Sequence[Line], *, included: bool) -> Decimal:
    """What rows come to: without tax in them, it is put on top once per rate."""
    if included:
        return _gross(goods)
    net: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for line in goods:
        net[line.tax_rate] += line.total
    return sum((amount + cents(amount * rate / 100) for rate, amount in net.items()), _ZERO)

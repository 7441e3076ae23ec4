"""What an order costs: the one place where the simulated shop adds up and rounds.

The vendor does not publish its rounding. The simulator's own rules:

* a row total is count times unit price, rounded half up to cents, in the VAT direction of the rows;
* amounts that contain VAT are summed per rate and the contained VAT is rounded half up once per rate;
* amounts without VAT are summed per rate and the VAT put on top is rounded half up once per rate;
* payment costs, extra costs and discounts follow ``taxes_included`` and carry the rate of the largest row sum;
* an intra-Community order carries no VAT at all;
* ``total_price`` is always what the customer pays, VAT included; ``total_discounts`` is positive and taken off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Totals:
    """The computed amounts of one order, all with two decimals."""

    orderrow_price: Decimal
    price: Decimal
    tax: Decimal


def cents(amount: Decimal) -> Decimal:
    """Rounded half up (away from zero) to two decimals."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def unit_price(row: Mapping[str, Any]) -> Decimal:
    """The price of one piece after discount, with surcharges of its attributes and extra options."""
    surcharges = sum((Decimal(attribute.get("price") or 0) for attribute in row.get("attributes", [])), ZERO)
    options = Decimal(row.get("total_extra_option_price") or 0)
    return Decimal(row["price"]) - Decimal(row.get("discount") or 0) + surcharges + options


def row_total(row: Mapping[str, Any]) -> Decimal:
    """Count times unit price, rounded to cents."""
    return cents(Decimal(row["count"]) * unit_price(row))


def order_totals(order: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Totals:
    """Add up an order in the shop's native shape, by the rules of this module."""
    goods: dict[Decimal, Decimal] = {}
    for row in rows:
        rate = Decimal(row.get("tax") or 0)
        goods[rate] = goods.get(rate, ZERO) + row_total(row)
    shipping_rate = Decimal(order.get("shipping_tax_percentage") or 0)
    main_rate = max(goods, key=lambda rate: (abs(goods[rate]), rate), default=shipping_rate)
    costs = (
        Decimal(order.get("paymethod_costs") or 0)
        + Decimal(order.get("extra_costs") or 0)
        - Decimal(order.get("credit_point_discount") or 0)
        - Decimal(order.get("total_discounts") or 0)
    )
    parts = [(rate, amount, bool(order["order_row_taxes_included"])) for rate, amount in goods.items()]
    parts.append((shipping_rate, Decimal(order.get("total_shipping") or 0), bool(order["shipping_taxes_included"])))
    parts.append((main_rate, costs, bool(order["taxes_included"])))
    without_vat = bool(order.get("is_intra_community_order"))
    gross: dict[Decimal, Decimal] = {}
    net: dict[Decimal, Decimal] = {}
    for rate, amount, included in parts:
        applied = ZERO if without_vat else rate
        side = gross if included else net
        side[applied] = side.get(applied, ZERO) + amount
    on_top = sum((cents(amount * rate / 100) for rate, amount in net.items()), ZERO)
    contained = sum((cents(amount * rate / (100 + rate)) for rate, amount in gross.items()), ZERO)
    return Totals(
        orderrow_price=cents(sum(goods.values(), ZERO)),
        price=cents(sum(gross.values(), ZERO) + sum(net.values(), ZERO) + on_top),
        tax=cents(on_top + contained),
    )

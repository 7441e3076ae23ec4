"""The simulated shop's arithmetic, on orders whose right answers are known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.ccvshop.totals import order_totals

INCLUDED = {"taxes_included": True, "order_row_taxes_included": True, "shipping_taxes_included": True}
EXCLUDED = {"taxes_included": False, "order_row_taxes_included": False, "shipping_taxes_included": False}


def row(count: str, price: str, tax: int, discount: str = "0") -> dict[str, Any]:
    return {"count": Decimal(count), "price": Decimal(price), "tax": tax, "discount": Decimal(discount)}


@pytest.mark.parametrize(
    ("order", "rows", "total", "tax"),
    [
        ({**INCLUDED, "total_shipping": 5, "shipping_tax_percentage": 21}, [row("2", "25", 21)], "55.00", "9.55"),
        (
            {**INCLUDED, "total_shipping": 10, "shipping_tax_percentage": 19},
            [row("1", "9.71", 19, "0.49")],
            "19.22",
            "3.07",
        ),
        ({**INCLUDED, "total_discounts": 75}, [row("1", "85", 19)], "10.00", "1.60"),
        (INCLUDED, [row("1", "69", 19)], "69.00", "11.02"),
        (EXCLUDED, [row("12", "9.62", 19)], "137.37", "21.93"),
        (EXCLUDED, [row("4", "88.50", 19)], "421.26", "67.26"),
        ({**INCLUDED, "paymethod_costs": Decimal("0.60")}, [row("1", "14.28", 21)], "14.88", "2.58"),
        ({**EXCLUDED, "is_intra_community_order": True}, [row("3", "10", 21)], "30.00", "0.00"),
        (EXCLUDED, [row("1", "10", 21), row("1", "10", 9)], "23.00", "3.00"),
        (INCLUDED, [row("-2", "5.95", 21)], "-11.90", "-2.07"),
        (INCLUDED, [], "0.00", "0.00"),
    ],
)
def test_known_orders(order: dict[str, Any], rows: list[dict[str, Any]], total: str, tax: str) -> None:
    totals = order_totals(order, rows)
    assert (str(totals.price), str(totals.tax)) == (total, tax)


_PRICES = st.decimals(min_value=-1000, max_value=1000, places=4)


@given(st.lists(st.tuples(st.integers(-50, 50), _PRICES, st.sampled_from([0, 9, 21])), max_size=20), st.booleans())
def test_totals_have_cents_and_including_orders_cost_what_their_rows_cost(
    lines: list[tuple[int, Decimal, int]], included: bool
) -> None:
    rows = [{"count": count, "price": price, "tax": tax} for count, price, tax in lines]
    totals = order_totals(INCLUDED if included else EXCLUDED, rows)
    assert totals.price.as_tuple().exponent == -2
    assert totals.price == totals.orderrow_price + (0 if included else totals.tax)

"""The arithmetic of documents."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.eaccounting.totals import Line, document_totals

D = Decimal


def line(quantity: str, price: str, rate: str = "0.21", discount: str = "0") -> Line:
    return Line(D(quantity), D(price), D(discount), D(rate))


@pytest.mark.parametrize(
    ("lines", "includes_vat", "to_pay"),
    [
        ([line("1", "9.71", "0.0909", "0.05"), line("1", "10.00", "0.0909")], True, "19.22"),
        ([line("1", "85.00"), line("1", "-75.00")], True, "10.00"),
        ([line("1", "69.00", "0.19")], True, "69.00"),
        ([line("12", "9.62", "0.19")], False, "137.37"),
        ([line("1", "14.28"), line("1", "8.40"), line("1", "-8.40"), line("1", "0.60")], True, "14.88"),
        ([line("4", "88.50", "0.19")], False, "421.26"),
    ],
)
def test_known_orders(lines: list[Line], includes_vat: bool, to_pay: str) -> None:
    assert document_totals(lines, includes_vat=includes_vat).to_pay == D(to_pay)


def test_half_a_cent_goes_away_from_zero() -> None:
    totals = document_totals([line("0.5", "0.01", "0"), line("0.5", "-0.01", "0")], includes_vat=False)
    assert totals.row_amounts == [D("0.01"), D("-0.01")]


_LINES = st.lists(
    st.builds(
        Line,
        quantity=st.decimals(-50, 50, places=2),
        unit_price=st.decimals(-500, 500, places=2),
        discount=st.decimals(0, 1, places=4),
        rate=st.sampled_from([D(0), D("0.09"), D("0.21")]),
    ),
    max_size=12,
)


@given(_LINES, st.booleans())
def test_the_parts_add_up(lines: list[Line], includes_vat: bool) -> None:
    totals = document_totals(lines, includes_vat=includes_vat)
    assert totals.to_pay == totals.net + totals.vat
    assert sum(totals.row_amounts, D(0)) == (totals.to_pay if includes_vat else totals.net)


def test_rounding_to_whole_units() -> None:
    totals = document_totals([line("1", "10.10")], includes_vat=False, whole_units=True)
    assert (totals.rounding, totals.to_pay) == (D("-0.22"), D(12))

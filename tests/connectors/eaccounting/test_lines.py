"""Rows whose total, by the target's rules, is the order's to the cent."""

from collections.abc import Sequence
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commerce.money import cents
from commerce.order import Line, LineKind
from commerce.problems import ProblemCode
from connectors.eaccounting.lines import Charge, PlanTerms, Precision, plan_rows, spread_discounts
from connectors.eaccounting.totals import Row, amounts_per_rate, stated_total, total_of_amounts
from connectors.errors import RecordRefused

DOMESTIC = Precision(price=2, quantity=4)
FOREIGN = Precision(price=4, quantity=4)
EVERY_RATE = {Decimal(rate): f"round-{rate}" for rate in (0, 6, 9, 19, 21, 25)}


def document_total(rows: Sequence[Row], *, includes_vat: bool) -> Decimal:
    return total_of_amounts(amounts_per_rate(rows), includes_vat=includes_vat)


def charge(
    quantity: str,
    price: str,
    rate: str,
    *,
    total: str | None = None,
    gross: bool = True,
    kind: LineKind = LineKind.PRODUCT,
) -> Charge:
    amount = Decimal(total) if total is not None else cents(Decimal(quantity) * Decimal(price))
    line = Line(
        kind=kind,
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        total=amount,
        tax_rate=Decimal(rate),
        includes_tax=gross,
    )
    return Charge(line=line, article_id="article", rate=Decimal(rate))


def terms(total: str, *, limit: str = "0.05", precision: Precision = DOMESTIC, rounding=None) -> PlanTerms:
    return PlanTerms(
        reference="1001",
        order_total=Decimal(total),
        precision=precision,
        rounding_articles=EVERY_RATE if rounding is None else rounding,
        rounding_limit=Decimal(limit),
    )


GOLDEN = {
    "discounted line and untaxed shipping": ([charge("1", "9.22", "21"), charge("1", "10.00", "0")], "19.22"),
    "voucher taken from the gross price": (
        [charge("1", "85.00", "21"), charge("1", "-75.00", "21", kind=LineKind.DISCOUNT)],
        "10.00",
    ),
    "gross price with 19 percent": ([charge("1", "69.00", "19")], "69.00"),
    "gross price no net price leads to": ([charge("1", "7.99", "19")], "7.99"),
    "gross price stored as a long net price": (
        [charge("1", "16.7983193277311", "19", total="16.80", gross=False)],
        "19.99",
    ),
    "twelve net prices": ([charge("12", "9.62", "19", gross=False)], "137.37"),
    "twelve gross prices, paid by their net": ([charge("12", "11.45", "19")], "137.37"),
    "carrier waived by a voucher, and a fee": (
        [
            charge("1", "14.28", "21"),
            charge("1", "8.40", "21", kind=LineKind.SHIPPING),
            charge("1", "-8.40", "21", kind=LineKind.DISCOUNT),
            charge("1", "0.60", "21", kind=LineKind.FEE),
        ],
        "14.88",
    ),
    "four net prices": ([charge("4", "88.50", "19", gross=False)], "421.26"),
}


@pytest.mark.parametrize("includes_vat", [True, False], ids=["incl", "excl"])
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_orders_keep_their_total(name: str, includes_vat: bool):
    charges, total = GOLDEN[name]
    plan = plan_rows(charges, terms(total), includes_vat=includes_vat)
    assert document_total(plan.rows, includes_vat=includes_vat) == plan.total == Decimal(total)


def test_prices_the_target_can_hold_stay_as_they_are():
    charges = [charge("3", "12.50", "21"), charge("0.5", "8.00", "9"), charge("1", "0.00", "21")]
    plan = plan_rows(charges, terms("41.50"), includes_vat=True)
    assert [(row.quantity, row.unit_price) for row in plan.rows] == [
        (Decimal(3), Decimal("12.50")),
        (Decimal("0.5"), Decimal("8.00")),
        (Decimal(1), Decimal("0.00")),
    ]
    assert plan.rounding == 0
    assert plan.notes == ()


def test_a_line_discount_becomes_a_percentage_when_that_is_exact():
    plan = plan_rows([charge("1", "9.71", "21", total="9.22")], terms("9.22"), includes_vat=True)
    (row,) = plan.rows
    assert (row.unit_price, row.discount) == (Decimal("9.71"), Decimal("0.05"))


def test_a_net_price_with_too_few_decimals_is_made_up_at_the_same_rate():
    plan = plan_rows([charge("100", "1.26", "21")], terms("126.00"), includes_vat=False)
    product, rounding = plan.rows
    assert product.unit_price == Decimal("1.04")
    assert (rounding.article_id, rounding.rate, rounding.unit_price) == ("round-21", Decimal(21), Decimal("0.13"))
    assert plan.rounding == 0
    assert document_total(plan.rows, includes_vat=False) == Decimal("126.00")


def test_foreign_prices_use_four_decimals():
    plan = plan_rows([charge("100", "1.26", "21")], terms("126.00", precision=FOREIGN), includes_vat=False)
    (product,) = plan.rows
    assert product.unit_price == Decimal("1.0413")


def test_an_amount_that_net_prices_can_not_reach_is_flagged():
    plan = plan_rows([charge("1", "7.99", "19")], terms("7.99"), includes_vat=False)
    assert abs(plan.rounding) == Decimal("0.01")
    assert plan.rows[-1].article_id == "round-0"


def test_a_true_remainder_is_flagged_on_the_rounding_row():
    plan = plan_rows([charge("12", "11.45", "19")], terms("137.37"), includes_vat=True)
    assert plan.rounding == Decimal("-0.03")
    assert plan.rows[-1].unit_price == Decimal("-0.03")


def test_without_an_untaxed_rounding_article_the_rate_in_use_takes_the_remainder():
    only_21 = {Decimal(21): "round-21"}
    plan = plan_rows([charge("1", "10.00", "21")], terms("9.98", rounding=only_21), includes_vat=True)
    assert plan.rows[-1].article_id == "round-21"
    plan = plan_rows([charge("1", "10.00", "21")], terms("9.98", rounding=only_21), includes_vat=False)
    assert document_total(plan.rows, includes_vat=False) == Decimal("9.98")


def test_more_than_the_limit_names_both_figures():
    with pytest.raises(RecordRefused) as refused:
        plan_rows([charge("1", "10.00", "21")], terms("9.90"), includes_vat=True)
    assert refused.value.problem.code is ProblemCode.TOTALS_DIFFER
    assert "9.90" in refused.value.problem.sentence
    assert "10.00" in refused.value.problem.sentence


def test_a_missing_rounding_article_is_named_with_its_rate():
    with pytest.raises(RecordRefused) as refused:
        plan_rows([charge("100", "1.26", "21")], terms("126.00", rounding={}), includes_vat=False)
    assert refused.value.problem.code is ProblemCode.SETTING_MISSING
    assert refused.value.problem.value == "21"


def test_a_quantity_with_too_many_decimals_is_refused():
    with pytest.raises(RecordRefused) as refused:
        plan_rows([charge("0.125", "8.00", "21")], terms("1.00", precision=Precision(2, 2)), includes_vat=True)
    assert refused.value.problem.field == "quantity"


def test_six_hundred_lines_pass_and_more_than_the_document_holds_do_not():
    plan = plan_rows([charge("1", "1.10", "21")] * 600, terms("660.00"), includes_vat=True)
    assert len(plan.rows) == 600
    with pytest.raises(RecordRefused) as refused:
        plan_rows([charge("1", "1.00", "21")] * 1001, terms("1001.00"), includes_vat=True)
    assert refused.value.problem.code is ProblemCode.TOO_LARGE


def test_a_discount_is_spread_over_the_products_of_its_rate():
    lines = [
        charge("1", "10.00", "21").line,
        charge("2", "10.00", "21").line,
        charge("1", "5.00", "9").line,
        charge("1", "-10.00", "21", kind=LineKind.DISCOUNT).line,
    ]
    spread = spread_discounts(lines)
    assert [line.total for line in spread] == [Decimal("6.67"), Decimal("13.33"), Decimal("5.00")]


def test_a_discount_larger_than_its_products_stays_a_line():
    lines = [charge("1", "5.00", "21").line, charge("1", "-8.00", "21", kind=LineKind.DISCOUNT).line]
    assert spread_discounts(lines) == tuple(lines)


@pytest.mark.parametrize("includes_vat", [True, False], ids=["incl", "excl"])
@pytest.mark.parametrize("stated", ["121.00", "100.00"], ids=["with VAT", "without VAT"])
def test_a_stated_amount_is_read_by_the_rows_beside_it(includes_vat: bool, stated: str):
    document = {
        "TotalAmount": Decimal(stated),
        "TotalVatAmount": Decimal("21.00"),
        "IncludesVat": includes_vat,
        "Rows": [{"Quantity": 1, "UnitPrice": Decimal("121.00") if includes_vat else Decimal("100.00")}],
    }
    assert stated_total(document) == Decimal("121.00")


RATES = st.sampled_from([Decimal(rate) for rate in (0, 6, 9, 19, 21, 25)])


@st.composite
def order_lines(draw: st.DrawFn) -> Charge:
    rate = draw(RATES)
    kind = draw(st.sampled_from([LineKind.PRODUCT, LineKind.PRODUCT, LineKind.SHIPPING, LineKind.DISCOUNT]))
    price = draw(st.decimals(min_value=0, max_value=2000, places=draw(st.sampled_from([2, 2, 3, 5]))))
    quantity = draw(
        st.one_of(st.integers(1, 500).map(Decimal), st.decimals(min_value=Decimal("0.01"), max_value=10, places=2))
    )
    if kind is not LineKind.PRODUCT:
        quantity = Decimal(1)
    if kind is LineKind.DISCOUNT:
        price = -price
    share = draw(st.sampled_from([Decimal(1), Decimal(1), Decimal("0.95"), Decimal("0.8333")]))
    line = Line(
        kind=kind,
        quantity=quantity,
        unit_price=price,
        total=cents(quantity * price * share),
        tax_rate=rate,
        includes_tax=draw(st.booleans()),
    )
    return Charge(line=line, article_id="article", rate=rate)


@settings(max_examples=200, deadline=None)
@given(
    charges=st.lists(order_lines(), min_size=1, max_size=12),
    includes_vat=st.booleans(),
    precision=st.sampled_from([DOMESTIC, FOREIGN]),
    paid_more=st.integers(-8, 8),
)
def test_a_planned_total_is_the_order_total_or_the_order_is_refused(charges, includes_vat, precision, paid_more):
    check_plan(charges, includes_vat, precision, paid_more)


@pytest.mark.slow
def test_ten_thousand_orders_keep_their_totals():
    random = Random(20260302)
    for _ in range(10_000):
        charges = [random_charge(random) for _ in range(random.randint(1, 8))]
        check_plan(charges, random.random() < 0.5, random.choice([DOMESTIC, FOREIGN]), random.choice([0, 0, 0, 1, -2]))


def random_charge(random: Random) -> Charge:
    quantity = Decimal(random.choice([1, 1, 2, 3, 12, 250]))
    price = Decimal(random.randint(0, 200_000)) / random.choice([100, 100, 1000])
    share = Decimal(random.choice(["1", "1", "0.95", "0.8333"]))
    return charge(
        str(quantity),
        str(price),
        random.choice(["0", "6", "9", "19", "21", "25"]),
        total=str(cents(quantity * price * share)),
        gross=random.random() < 0.7,
    )


def check_plan(charges: list[Charge], includes_vat: bool, precision: Precision, paid_more: int) -> None:
    every_line = cents_per_rate(charges) + Decimal(paid_more) / 100
    limit = Decimal("0.05")
    wanted = terms(str(every_line), limit=str(limit), precision=precision)
    try:
        plan = plan_rows(charges, wanted, includes_vat=includes_vat)
    except RecordRefused as refused:
        problem = refused.problem
    else:
        assert document_total(plan.rows, includes_vat=includes_vat) == every_line
        assert abs(plan.rounding) <= limit
        for row in plan.rows:
            assert row.unit_price == round(row.unit_price, precision.price)
            assert 0 <= row.discount <= 1
        return
    assert problem.code is ProblemCode.TOTALS_DIFFER
    assert abs(paid_more) + len({each.rate for each in charges}) > 5, "each rate can miss by a cent"


def cents_per_rate(charges: list[Charge]) -> Decimal:
    total = Decimal(0)
    for rate in {each.rate for each in charges}:
        gross = sum((each.line.total for each in charges if each.rate == rate and each.line.includes_tax), Decimal(0))
        net = sum((each.line.total for each in charges if each.rate == rate and not each.line.includes_tax), Decimal(0))
        total += gross + net + cents(net * rate / 100)
    return total

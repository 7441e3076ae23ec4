"""What a shop says becomes an order, to the cent and without a guess."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.customer import Address, CustomerKind
from commerce.order import Line, LineKind, Order, PaymentStatus
from commerce.problems import Problem, ProblemCode
from connectors.ccvshop.order_body import read_order
from connectors.errors import RecordRefused
from tests.connectors.ccvshop.bodies import EMPTY_ADDRESS, address, header, row

NET: dict[str, Any] = {"taxes_included": False, "order_row_taxes_included": False, "shipping_taxes_included": False}


def order(rows: list[dict[str, Any]] | None = None, **changes: Any) -> Order:
    cost_rate = changes.pop("cost_rate", None)
    return read_order(header(**changes), [row()] if rows is None else rows, cost_rate)


def refusal(rows: list[dict[str, Any]] | None = None, **changes: Any) -> Problem:
    with pytest.raises(RecordRefused) as caught:
        order(rows, **changes)
    return caught.value.problem


def lines(of: Order, kind: LineKind) -> list[Line]:
    return [line for line in of.lines if line.kind is kind]


def test_a_plain_order():
    read = order([row(sub_product_number="MUG-BLUE", sub_ean_number="8712345678906")])

    assert (read.source_id, read.reference, read.currency) == ("1001", "W25", "EUR")
    assert read.placed_at.isoformat() == "2026-01-14T10:11:12+00:00"
    assert (read.total, read.tax, read.computed_total()) == (Decimal(55), Decimal("9.55"), Decimal(55))
    assert (read.status, read.payment_status, read.payment_method) == ("1", PaymentStatus.PAID, "BankTransfer")
    product, shipping = read.lines
    assert (product.sku, product.ean) == ("MUG-BLUE", "8712345678906")
    assert (product.quantity, product.unit_price) == (Decimal(2), Decimal(25))
    assert (shipping.kind, shipping.total, shipping.tax_rate) == (LineKind.SHIPPING, Decimal(5), Decimal(21))
    assert read.raw["orderrows"][0]["product_id"] == 900


@pytest.mark.parametrize(
    ("numbers", "sku"),
    [
        ({"sub_product_number": "A", "sub_sku_number": "B"}, "A"),
        ({"sub_product_number": "", "sub_sku_number": "B"}, "B"),
        ({"sub_product_number": None, "sub_sku_number": None}, "MUG"),
        ({"product_number": ""}, ""),
    ],
)
def test_the_most_exact_product_number_is_the_sku(numbers: dict[str, Any], sku: str):
    assert order([row(**numbers)]).lines[0].sku == sku


def test_the_choices_of_a_variant_stand_in_its_name():
    choices = [{"option_name": "Kleur", "value_name": "Blauw", "price": 0}]

    assert order([row(attributes=choices)]).lines[0].name == "Mug (Kleur: Blauw)"


@pytest.mark.parametrize(
    ("rows", "changes", "total"),
    [
        pytest.param(
            [row(1, 9.71, discount=0.49, price_with_attributes=9.2245, total_price_with_attributes=9.22)],
            {"total_shipping": 10, "total_price": 19.22, "total_tax": 3.34},
            "19.22",
            id="line discount: 9.71 less 5 %, shipping 10.00",
        ),
        pytest.param(
            [row(1, 85)],
            {"total_shipping": 0, "total_discounts": 75, "total_price": 10, "total_tax": 1.74},
            "10.00",
            id="85.00 less a voucher of 75.00",
        ),
        pytest.param(
            [row(1, 69, 19)],
            {"total_shipping": 0, "total_price": 69, "total_tax": 11.02},
            "69.00",
            id="69.00 including 19 %",
        ),
        pytest.param(
            [row(1, 7.99)], {"total_shipping": 0, "total_price": 7.99, "total_tax": 1.39}, "7.99", id="7.99 as paid"
        ),
        pytest.param(
            [row(1, 16.7983193277311, 19)],
            {**NET, "total_shipping": 0, "total_price": 19.99, "total_tax": 3.19},
            "19.99",
            id="net 16.7983193277311 for 19.99",
        ),
        pytest.param(
            [row(12, 9.62, 19)],
            {**NET, "total_shipping": 0, "total_price": 137.37, "total_tax": 21.93},
            "137.37",
            id="12 x 9.62 net",
        ),
        pytest.param(
            [row(1, 14.28)],
            {
                "total_shipping": 8.40,
                "total_discounts": 8.40,
                "paymethod_costs": 0.60,
                "total_price": 14.88,
                "total_tax": 2.58,
            },
            "14.88",
            id="14.28 goods, carrier waived by a voucher, 0.60 fee",
        ),
        pytest.param(
            [row(4, 88.50, 19)],
            {**NET, "total_shipping": 0, "total_price": 421.26, "total_tax": 67.26},
            "421.26",
            id="4 x 88.50 net",
        ),
    ],
)
def test_golden_orders(rows: list[dict[str, Any]], changes: dict[str, Any], total: str):
    read = order(rows, **changes)

    assert read.total == Decimal(total)
    assert read.computed_total() == Decimal(total)


def test_a_discount_is_spread_over_the_rates_it_took_from():
    rows = [row(1, 60, 21), row(1, 30, 9), row(1, 10, 0)]
    read = order(rows, total_shipping=0, total_discounts=10.01, total_price=89.99, total_tax=11.60)

    shares = {line.tax_rate: line.total for line in lines(read, LineKind.DISCOUNT)}
    assert shares == {Decimal(21): Decimal("-6.01"), Decimal(9): Decimal("-3.00"), Decimal(0): Decimal("-1.00")}
    assert read.computed_total() == read.total


def test_a_discount_without_tax_on_net_prices():
    rows = [row(1, 100, 21), row(1, 100, 9)]
    read = order(rows, **NET, total_shipping=0, total_discounts=20, total_price=207, total_tax=27)

    assert [line.includes_tax for line in lines(read, LineKind.DISCOUNT)] == [False, False]
    assert read.computed_total() == Decimal(207)


def test_a_shop_that_takes_the_whole_discount_from_the_main_rate_is_believed():
    rows = [row(1, 100, 21), row(1, 50, 9)]
    read = order(rows, **NET, total_shipping=0, total_discounts=30, total_price=139.20, total_tax=19.20)

    assert [(line.tax_rate, line.total) for line in lines(read, LineKind.DISCOUNT)] == [(Decimal(21), Decimal(-30))]
    assert read.computed_total() == Decimal("139.20")


@pytest.mark.parametrize(
    "amounts",
    [
        {"total_discounts": 4, "credit_point_discount": 6},
        {"total_discounts": 10, "credit_point_discount": 6},
        {"total_discounts": 0, "discountcoupon": {"code": "TEN", "discount": 10}},
        {"total_discounts": 10, "discountcoupon": {"code": "TEN", "discount": 10}},
        {"total_discounts": 0, "credit_point_discount": 4, "discountcoupon": {"code": "SIX", "discount": 6}},
        {"total_discounts": -10},
    ],
)
def test_discounts_are_counted_once_however_the_shop_states_them(amounts: dict[str, Any]):
    read = order(**amounts, total_price=45, total_tax=7.81)

    assert sum(line.total for line in lines(read, LineKind.DISCOUNT)) == Decimal(-10)


def test_a_coupon_for_free_shipping_takes_the_shipping_off_at_its_own_rate():
    coupon = {"code": "FREE", "discount": 0, "givesfreeshipping": True}
    read = order([row(2, 25, 9)], discountcoupon=coupon, total_price=50, total_tax=4.13)

    (discount,) = lines(read, LineKind.DISCOUNT)
    assert (discount.name, discount.total, discount.tax_rate) == ("FREE", Decimal(-5), Decimal(21))


def test_costs_become_lines_and_negative_ones_discounts():
    read = order(
        paymethod_costs=1.50,
        extra_costs=-2.50,
        extra_costs_description="Statiegeld retour",
        total_price=54,
        total_tax=9.37,
    )

    (fee,), (back,) = lines(read, LineKind.FEE), lines(read, LineKind.DISCOUNT)
    assert (fee.name, fee.total) == ("Vooraf overmaken", Decimal("1.50"))
    assert (back.name, back.total) == ("Statiegeld retour", Decimal("-2.50"))


def test_the_tax_of_the_order_tells_the_rate_of_the_costs():
    costs: dict[str, Any] = {"paymethod_costs": 10, "total_shipping": 5, "total_price": 65}

    assert lines(order([row(2, 25, 9)], **costs, total_tax=5.82), LineKind.FEE)[0].tax_rate == 9
    assert lines(order([row(2, 25, 9)], **costs, total_tax=6.73), LineKind.FEE)[0].tax_rate == 21
    assert lines(order([row(2, 25, 9)], **costs, total_tax=5.82, cost_rate=Decimal(0)), LineKind.FEE)[0].tax_rate == 0


def test_an_order_within_the_community_carries_no_tax():
    read = order([row(1, 100)], **NET, is_intra_community_order=True, total_price=105, total_tax=0)

    assert {line.tax_rate for line in read.lines} == {Decimal(0)}
    assert read.computed_total() == Decimal(105)


def test_a_gift_and_an_order_that_costs_nothing_are_orders():
    assert order([row(), row(1, 0)]).computed_total() == Decimal(55)
    free = order(total_shipping=0, total_discounts=50, total_price=0, total_tax=0)
    assert (free.total, free.computed_total()) == (Decimal(0), Decimal(0))


_RATES = st.sampled_from([0, 9, 21])
_ROWS = st.lists(
    st.builds(row, st.integers(1, 40), st.decimals("0.01", "500", places=2), _RATES), min_size=1, max_size=12
)


@given(rows=_ROWS, discount=st.decimals("0", "5", places=2), gross=st.booleans(), shipping_rate=_RATES)
def test_lines_add_up_to_the_total_of_any_order(rows, discount, gross, shipping_rate):
    flags = dict.fromkeys(NET, gross)
    goods = sum(Decimal(item["count"]) * Decimal(item["price"]) for item in rows)
    changes = {**flags, "total_shipping": 5, "shipping_tax_percentage": shipping_rate}
    if gross and goods > discount:
        total = goods + 5 - discount
        read = order(rows, **changes, total_discounts=discount, total_price=total, total_tax=None)
    else:
        sums = {Decimal(rate): Decimal(0) for rate in (0, 9, 21)}
        for item in rows:
            sums[Decimal(item["tax"])] += Decimal(item["count"]) * Decimal(item["price"])
        sums[Decimal(shipping_rate)] += 5
        total = sum((amount + round_half_up(amount * rate / 100) for rate, amount in sums.items()), Decimal(0))
        read = order(rows, **{**changes, **NET}, total_price=total, total_tax=None)

    assert read.computed_total() == read.total == total


def round_half_up(amount: Decimal) -> Decimal:
    return Decimal(int(amount * 100 + Decimal("0.5"))) / 100


def test_a_total_that_the_lines_do_not_explain_is_refused_with_both_figures():
    problem = refusal(total_price=56)

    assert problem.code is ProblemCode.TOTALS_DIFFER
    assert "total of 56.00" in problem.sentence
    assert "come to 55.00" in problem.sentence
    assert problem.sentence.startswith("Order W25: ")


def test_a_cent_of_rounding_is_left_to_the_target():
    assert order(total_price=55.01).computed_total() == Decimal(55)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"total_price": -55}, ProblemCode.CREDIT_NOTE),
        ({"rows": []}, ProblemCode.EMPTY_ORDER),
        ({"ordernumber": None, "ordernumber_full": None}, ProblemCode.MISSING_FIELD),
    ],
)
def test_what_is_no_order_is_refused(changes: dict[str, Any], code: ProblemCode):
    assert refusal(**changes).code is code


@pytest.mark.parametrize(
    ("changes", "field", "shown"),
    [
        ({"total_price": "lots"}, "total_price", '"lots"'),
        ({"total_price": None}, "total_price", "nothing"),
        ({"total_price": True}, "total_price", '"True"'),
        ({"total_price": 10**15}, "total_price", '"1000000000000000"'),
        ({"create_date": "yesterday"}, "create_date", '"yesterday"'),
        ({"create_date": "0001-01-01T00:00:00+14:00"}, "create_date", '"0001-01-01'),
        ({"shipping_tax_percentage": -100}, "shipping_tax_percentage", '"-100"'),
        ({"customer": "Jan"}, "customer", '"Jan"'),
        ({"billing": address(city=["Utrecht"])}, "customer.billingaddress.city", "Utrecht"),
        ({"paid": "yes"}, "paid", '"yes"'),
        ({"discountcoupon": {"discount": "10%"}}, "discountcoupon.discount", '"10%"'),
    ],
)
def test_a_malformed_member_is_named_with_its_value(changes: dict[str, Any], field: str, shown: str):
    problem = refusal(**changes)

    assert problem.code is ProblemCode.MALFORMED_RECORD
    assert problem.field == field
    assert f"{shown}" in problem.sentence
    assert field in problem.sentence


def test_a_malformed_line_is_named_by_its_position():
    problem = refusal([row(), row(count=None)])

    assert problem.sentence.startswith("Order W25, line 2: the shop sent nothing in count where a number belongs.")


def test_amounts_written_as_text_are_understood():
    assert order(total_price="55.00").total == Decimal(55)


@pytest.mark.parametrize(
    ("user", "expected"), [({"id": "77"}, "77"), ({"id": 77}, "77"), ({"id": None}, None), (None, None)]
)
def test_the_customers_id_comes_as_text_number_or_not_at_all(user: Any, expected: str | None):
    assert order(user=user).customer.source_id == expected


def test_a_person():
    customer = order().customer

    assert (customer.kind, customer.first_name, customer.last_name) == (CustomerKind.PERSON, "Jan", "Jansen")
    assert (customer.email, customer.phone, customer.language) == ("jan@example.nl", "0301234567", "nl")


def test_a_company_name_makes_a_company():
    company = {"customertype": "b2c", "btw": "NL001234567B01", "kvk": "12345678"}
    customer = order(billing=address(company="Jansen BV"), buyer=company).customer

    assert (customer.kind, customer.company) == (CustomerKind.COMPANY, "Jansen BV")
    assert (customer.vat_number, customer.registration_number) == ("NL001234567B01", "12345678")


def test_a_name_in_one_piece_is_kept():
    customer = order(billing=address(first_name="", last_name="", full_name="Zoë 🚲 O'Neill")).customer

    assert customer.display_name() == "Zoë 🚲 O'Neill"


def test_an_empty_delivery_address_is_the_billing_address():
    read = order(delivery=EMPTY_ADDRESS)

    assert read.shipping == read.billing
    assert read.billing.street_line() == "Dorpsstraat 3 A"


def test_a_delivery_address_takes_over_only_what_it_lacks():
    delivery = EMPTY_ADDRESS | {"full_name": "Piet", "street": "Kade", "housenumber": 9, "city": "Zeist"}
    read = order(delivery=delivery)

    assert read.shipping == Address(
        name="Piet", street="Kade", number="9", postcode="1234AB", city="Zeist", country="NL"
    )


def test_a_delivery_abroad_takes_over_no_place():
    delivery = EMPTY_ADDRESS | {"street": "Nathan Road", "housenumber": 1, "city": "Kowloon", "country_code": "hk"}
    read = order(delivery=delivery)

    assert read.shipping == Address(name="Jan Jansen", street="Nathan Road", number="1", city="Kowloon", country="HK")


def test_an_address_in_lines_is_kept():
    billing = address(street="", housenumber=None, housenumber_suffix="", address_line_2="Bus 4")

    assert order(billing=billing).billing.street_line() == "Dorpsstraat 3 A Bus 4"


def test_a_sale_on_a_platform_names_its_channel():
    assert order(is_platform_sale=True).channel == "platform"

"""Orders as a CCV Shop may state them: every tax direction, discount, fee, voucher, currency and way of rounding.

What a customer is asked to pay is added up here and in the simulated shop, never by the product.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from simulators.ccvshop.totals import cents, order_totals, row_total, unit_price

Body = dict[str, Any]
ZERO = Decimal(0)


@dataclass(frozen=True)
class Buyer:
    """Who buys and how that is taxed."""

    country: str
    company: str
    vat_number: str
    untaxed: bool


BUYERS = (
    Buyer("NL", "", "", untaxed=False),
    Buyer("NL", "Voorbeeld B.V.", "", untaxed=False),
    Buyer("DE", "", "", untaxed=False),
    Buyer("DE", "Beispiel GmbH", "DE123456789", untaxed=True),
    Buyer("US", "", "", untaxed=True),
)
WEIGHTS = (10, 5, 2, 2, 1)


@dataclass(frozen=True)
class Generated:
    """One order in the shop's native shape, with its lines apart as the shop hands them out."""

    header: Body
    rows: list[Body]
    rounding: str


def generated(random: Random, number: int) -> Generated:
    """A legal order; the same random state gives the same one."""
    buyer = random.choices(BUYERS, WEIGHTS)[0]
    included = random.random() < 0.7
    mixed = random.random() < 0.15
    rows = [_row(random, untaxed=buyer.untaxed) for _ in range(random.choice([1, 1, 2, 3, 4, 8]))]
    goods = sum((row_total(row) for row in rows), ZERO)
    header: Body = {
        **_header(number, buyer),
        "currency": random.choice(["EUR", "EUR", "EUR", "USD", "SEK"]),
        "is_intra_community_order": buyer.untaxed and bool(buyer.vat_number),
        "order_row_taxes_included": included,
        "shipping_taxes_included": included if not mixed else random.random() < 0.5,
        "taxes_included": included if not mixed else random.random() < 0.5,
        "shipping_tax_percentage": 0 if buyer.untaxed else random.choice([21, 21, 9, 0]),
        "total_shipping": _amount(random, 2000) if random.random() < 0.7 else ZERO,
        "paymethod_costs": _amount(random, 300) if random.random() < 0.2 else ZERO,
        "extra_costs": _amount(random, 500) if random.random() < 0.1 else ZERO,
        "total_discounts": cents(goods * random.randint(1, 40) / 100) if random.random() < 0.3 else ZERO,
        "credit_point_discount": cents(goods * random.randint(1, 10) / 100) if random.random() < 0.05 else ZERO,
        "discountcoupon": {"code": "", "discount": ZERO, "givesfreeshipping": False},
    }
    waived = bool(header["total_shipping"]) and random.random() < 0.08
    if waived:
        header["discountcoupon"] = {"code": "FREE", "discount": ZERO, "givesfreeshipping": True}
    rounding = random.choices(["rate", "line", "unit"], [7, 2, 1])[0]
    paid = {**header, "total_shipping": ZERO} if waived else header
    price, tax = _ADDED_UP[rounding](paid, rows)
    return Generated({**header, "total_price": price, "total_tax": tax}, rows, rounding)


def _row(random: Random, *, untaxed: bool) -> Body:
    places = random.choice([2, 2, 2, 3, 4, 5])
    price = Decimal(random.randint(1, 300 * 10**places)).scaleb(-places)
    rate = 0 if untaxed else random.choice([21, 21, 21, 9, 0])
    row: Body = {
        "product_number": f"P{rate}",
        "product_name": f"A product at {rate} %",
        "count": random.choice([1, 1, 1, 2, 3, 5, 12, Decimal("0.5"), Decimal("2.25")]),
        "price": price,
        "tax": rate,
        "discount": cents(price * random.randint(1, 50) / 100) if random.random() < 0.2 else ZERO,
        "attributes": [],
    }
    if random.random() < 0.1:
        surcharge = Decimal(random.randint(1, 999)) / 100
        row["attributes"] = [{"option_name": "Size", "value_name": "L", "price": surcharge}]
    row["price_with_attributes"] = unit_price(row)
    row["total_price_with_attributes"] = row_total(row)
    return row


def _header(number: int, buyer: Buyer) -> Body:
    address = {
        "first_name": "Jan",
        "last_name": "Jansen",
        "company": buyer.company,
        "street": "Dorpsstraat",
        "housenumber": 3,
        "zipcode": "1234AB",
        "city": "Utrecht",
        "country_code": buyer.country,
    }
    customer = {"email": f"buyer{number}@example.nl", "btw": buyer.vat_number, "billingaddress": address}
    return {
        "id": number,
        "ordernumber_full": str(number),
        "create_date": "2026-11-20T10:11:12Z",
        "status": 1,
        "paid": True,
        "paymethod": "Ideal",
        "customer": customer,
    }


def _amount(random: Random, most: int) -> Decimal:
    return Decimal(random.randint(1, most)) / 100


def _per_rate(header: Body, rows: list[Body]) -> tuple[Decimal, Decimal]:
    totals = order_totals(header, rows)
    return totals.price, totals.tax


def _parts(header: Body, rows: list[Body]) -> list[tuple[Decimal, Decimal, bool]]:
    """Rate, amount and tax direction of all that is paid but the rows."""
    goods: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for row in rows:
        goods[Decimal(row["tax"])] += row_total(row)
    main = max(goods, key=lambda rate: (goods[rate], rate))
    costs = header["paymethod_costs"] + header["extra_costs"]
    costs -= header["total_discounts"] + header["credit_point_discount"]
    shipping = Decimal(header["shipping_tax_percentage"])
    return [
        (shipping, header["total_shipping"], header["shipping_taxes_included"]),
        (main, costs, header["taxes_included"]),
    ]


def _vat(rate: Decimal, amount: Decimal, *, included: bool) -> Decimal:
    return cents(amount * rate / (100 + rate if included else 100))


def _per_line(header: Body, rows: list[Body]) -> tuple[Decimal, Decimal]:
    """A shop that rounds the VAT of every line."""
    included = header["order_row_taxes_included"]
    parts = [(Decimal(row["tax"]), row_total(row), included) for row in rows] + _parts(header, rows)
    return _sum_up(parts)


def _per_unit(header: Body, rows: list[Body]) -> tuple[Decimal, Decimal]:
    """A shop that rounds the price with VAT of every piece, where prices are kept without."""
    included = header["order_row_taxes_included"]
    parts = []
    for row in rows:
        rate, price = Decimal(row["tax"]), unit_price(row)
        gross = price if included else cents(price * (100 + rate) / 100)
        parts.append((rate, cents(row["count"] * gross), True))
    return _sum_up(parts + _parts(header, rows))


def _sum_up(parts: list[tuple[Decimal, Decimal, bool]]) -> tuple[Decimal, Decimal]:
    total = tax = ZERO
    for rate, amount, included in parts:
        vat = _vat(rate, amount, included=included)
        total += amount if included else amount + vat
        tax += vat
    return cents(total), cents(tax)


_ADDED_UP = {"rate": _per_rate, "line": _per_line, "unit": _per_unit}

"""Totals that other systems are known to have got wrong, for persons and for companies.

A person's document has prices with VAT and a company's without, so each order is added up in both ways.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.shop_orders import shop_order, shop_row
from tests.world import World

EXTRA = ("shipping", "fee", "discount", "rounding")
NET = {"order_row_taxes_included": False, "shipping_taxes_included": False, "taxes_included": False}


@dataclass
class Golden:
    """An order whose total is known."""

    what: str
    rows: list[dict[str, Any]]
    total: str
    rounding: str = "0.00"
    company_rounding: str = "0.00"
    members: dict[str, Any] = field(default_factory=dict)


def money(text: str) -> Decimal:
    return Decimal(text)


GOLDEN = [
    Golden(
        "a line discount of 5 % and shipping without VAT",
        [shop_row("MUG", 1, money("9.71"), discount=money("0.4855"))],
        "19.22",
        members={"total_shipping": money("10.00"), "shipping_tax_percentage": 0, "total_tax": money("1.60")},
    ),
    Golden(
        "a voucher taken from the gross price",
        [shop_row("MUG", 1, money("85.00"))],
        "10.00",
        # Neither 8.26 nor 8.27 without VAT comes to 10.00 at 21 %.
        company_rounding="-0.01",
        members={"total_discounts": money("75.00")},
    ),
    Golden("a gross price stays what it is", [shop_row("LAMP", 1, money("69.00"), 19)], "69.00"),
    Golden(
        "a net price with two decimals for what costs 7.99",
        [shop_row("LAMP", 1, money("6.71"), 19)],
        "7.99",
        rounding="0.01",
        company_rounding="0.01",
        members={**NET, "total_price": money("7.99"), "total_tax": money("1.28")},
    ),
    Golden(
        "a net price with all its decimals",
        [shop_row("LAMP", 1, money("16.7983193277311"), 19)],
        "19.99",
        members=NET,
    ),
    Golden("twelve pieces at a rounded net price", [shop_row("LAMP", 12, money("9.62"), 19)], "137.37", members=NET),
    Golden(
        "a carrier waived by a voucher, and a fee",
        [shop_row("MUG", 1, money("14.28"))],
        "14.88",
        members={
            "total_shipping": money("8.40"),
            "paymethod_costs": money("0.60"),
            "discountcoupon": {"code": "FREE", "discount": Decimal(0), "givesfreeshipping": True},
            "total_price": money("14.88"),
            "total_tax": money("2.58"),
        },
    ),
    Golden("four pieces at a net price", [shop_row("LAMP", 4, money("88.50"), 19)], "421.26", members=NET),
]


async def test_golden_orders_have_their_totals_in_the_books(small_world: World):
    world = small_world
    extra = {f"{use}_article": {rate: f"{use.upper()}{rate}" for rate in ("21", "19", "9", "0")} for use in EXTRA}
    await world.stock_up()
    await world.books.load(
        {"articles": [{"Number": number, "vat_rate": 19} for number in ["LAMP", *(f"{u.upper()}19" for u in EXTRA)]]}
    )
    await world.ready(target=extra)
    orders, expected = [], {}
    for position, golden in enumerate(GOLDEN):
        for number, company in ((1000 + position, ""), (2000 + position, "Voorbeeld B.V.")):
            address = {"company": company}
            orders.append(shop_order(number, rows=golden.rows, address=address, **golden.members))
            rounding = golden.company_rounding if company else golden.rounding
            expected[str(number)] = (golden.total, rounding, not company)
    standing = await world.deliver(*orders)
    assert standing["done"] == len(orders), await world.problems()
    documents = {document["BuyersOrderReference"]: document for document in await world.documents()}
    items = {item["reference"]: item for item in await world.items()}
    assert {
        number: (
            documents[number]["total_incl_vat"],
            items[number]["rounding"],
            documents[number]["IncludesVat"],
        )
        for number in documents
    } == expected

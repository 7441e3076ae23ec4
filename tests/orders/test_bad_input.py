"""Orders as shops should never send them: each waits with its own problem, or goes through; the others go on."""

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.shop_orders import shop_order, shop_row
from tests.world import World

Body = dict[str, Any]
EMOJI = "👩🏽‍🚀 Zoë"


@dataclass
class Bad:
    """A body that is wrong, and what a person is told of it."""

    code: str
    field: str
    says: tuple[str, ...]
    """Words of the sentence beside the order number: the value, and what to do."""
    members: Body = dataclasses.field(default_factory=dict)
    patch: Body = dataclasses.field(default_factory=dict)
    """Changes made in the shop's database, past its own checks."""


BAD = {
    1001: Bad("malformed_record", "customer", ("nobody", "correct"), patch={"customer": "nobody"}),
    1002: Bad("malformed_record", "total_price", ("twelve", "correct"), patch={"total_price": "twelve"}),
    1003: Bad("malformed_record", "paid", ("perhaps", "correct"), patch={"paid": "perhaps"}),
    1004: Bad(
        "setting_missing",
        "shipping_article",
        ("shipping", "9 %", "retry"),
        members={"total_shipping": Decimal("4.95"), "shipping_tax_percentage": 9},
    ),
    1005: Bad("empty_order", "orderrows", ("no lines", "skip"), members={"rows": [{}], "orderrows": []}),
    1006: Bad(
        "credit_note", "total_price", ("-12.10", "credit note", "skip"), members={"total_price": Decimal("-12.10")}
    ),
    1007: Bad(
        "credit_note",
        "total_price",
        ("-24.20", "credit note", "skip"),
        members={"rows": [shop_row("MUG", -2, Decimal("12.10"))]},
    ),
    1008: Bad(
        "unknown_tax_rate",
        "MUG",
        ("13 %", "MUG", "retry"),
        members={"rows": [shop_row("MUG", 1, Decimal("12.10"), 13)]},
    ),
    1009: Bad("unknown_currency", "CurrencyCode", ("XYZ", "retry"), members={"currency": "XYZ"}),
    1010: Bad("totals_differ", "total_price", ("24.20", "99.00", "retry"), members={"total_price": Decimal("99.00")}),
    1011: Bad(
        "malformed_record",
        "count",
        ("line 1", "two", "correct"),
        members={"rows": [shop_row("MUG", 2, Decimal("12.10"), id=91)]},
    ),
    1012: Bad("missing_field", "email", ("email", "Enter it", "retry"), members={"customer": {"email": ""}}),
    1013: Bad("missing_field", "city", ("city", "Enter it", "retry"), members={"address": {"city": ""}}),
}


LONG = "Maximiliaan " * 24 + "van Oranje"
HANDLED: dict[int, Body] = {
    2001: shop_order(
        2001, loyalty={"level": "gold", "points": 12}, rows=[shop_row("MUG", 1, Decimal("12.10"), glaze=7)]
    ),
    2002: shop_order(2002, address={"last_name": LONG, "street": LONG}),
    2003: shop_order(2003, address={"last_name": EMOJI, "city": "Öståd 🏙️"}),
    2004: shop_order(
        2004,
        address={"last_name": "Nul\u0000Byte\u0007"},
        rows=[shop_row("MUG", 1, Decimal(5), product_name="A\u0000B")],
    ),
    2005: shop_order(2005, rows=[shop_row("MUG", 1, Decimal("1.21"), product_name="x" * 5000)]),
}


async def test_every_bad_order_waits_with_its_own_sentence_and_the_others_go_on(small_world: World):
    world = small_world
    await world.ready(target={"shipping_article": {}})
    good = [shop_order(number) for number in range(3001, 3031)]
    await world.shop.load(
        {"orders": [*(shop_order(number, **bad.members) for number, bad in BAD.items()), *HANDLED.values(), *good]}
    )
    for number, bad in BAD.items():
        if bad.patch:
            await world.shop.patch("orders", number, bad.patch)
    await world.shop.patch("orderrows", 91, {"count": "two"})
    standing = await world.run()
    assert (standing["parked"], standing["in_flight"]) == (len(BAD), 0)
    assert standing["done"] == len(HANDLED) + len(good)
    assert standing["listed"] == standing["done"] + standing["parked"]

    found = {item["source_id"]: item for item in await world.items(state="parked")}
    problems = {}
    for number in BAD:
        timeline = await world.api("GET", f"/items/{found[str(number)]['id']}")
        problems[number] = timeline["problem"]
    assert {number: (problem["code"], problem["field"]) for number, problem in problems.items()} == {
        number: (bad.code, bad.field) for number, bad in BAD.items()
    }
    for number, bad in BAD.items():
        for words in (f"rder {number}", *bad.says):
            assert words in problems[number]["sentence"], (words, problems[number])

    documents = {document["BuyersOrderReference"]: document for document in world.stored()}
    assert documents.keys() == {*map(str, HANDLED), *(str(order["id"]) for order in good)}
    long = documents["2002"]
    assert long["InvoiceCustomerName"].endswith("…")
    texts = [row["Text"] for row in long["Rows"] if row["IsTextRow"]]
    assert any(LONG in text for text in texts)
    assert (documents["2003"]["InvoiceCustomerName"], documents["2003"]["InvoiceCity"]) == (f"Jan {EMOJI}", "Öståd 🏙️")
    assert documents["2004"]["InvoiceCustomerName"] == "Jan NulByte"
    assert documents["2004"]["Rows"][0]["Text"] == "AB"
    raw = (await world.item("2001"))["source"]["raw"]
    assert (raw["loyalty"]["level"], raw["orderrows"][0]["glaze"]) == ("gold", 7)

    # What was corrected in the shop goes on by itself; the rest keeps its place.
    await world.shop.patch("orders", 1002, {"total_price": Decimal("24.20")})
    standing = await world.run()
    assert (standing["parked"], (await world.item("1002"))["item"]["state"]) == (len(BAD) - 1, "done")


async def test_an_entry_without_an_id_is_reported_and_stops_nothing(small_world: World):
    world = small_world
    await world.ready()
    await world.shop.load({"orders": [shop_order(1001), shop_order(1002), shop_order(1003)]})
    shop = world.shop.simulator.shop  # type: ignore[attr-defined]
    shop.orders[1002]["id"] = None
    standing = await world.run()
    assert (standing["listed"], standing["done"]) == (2, 2)
    [problem] = await world.problems()
    assert problem["code"] == "malformed_record"
    assert "1002" in problem["sentence"]

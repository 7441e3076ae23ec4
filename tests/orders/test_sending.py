"""When an order is sent, and when it is not."""

from decimal import Decimal
from typing import Any

import pytest

from simulators.eaccounting.masterdata import article_view
from tests.shop_orders import shop_order, shop_row
from tests.world import World


@pytest.mark.feature("ORD-12")
async def test_an_order_that_cannot_be_mapped_or_is_not_valid_writes_nothing(small_world: World):
    world = small_world
    await world.ready(target={"terms_of_payment": "", "fee_article": {}})
    rule = {"target": "OurReference", "expression": 'concat("A", raw.comment | number)'}
    await world.api("PATCH", f"/flows/{world.flow_id}", {"settings": {"mapping": [rule]}})
    await world.settled()
    invalid = {
        "1001": ("unknown_product", shop_order(1001, rows=[shop_row("MISSING", 1, Decimal("5.00"))])),
        "1002": ("unmapped_value", shop_order(1002, paymethod="AfterPay")),
        "1003": ("unknown_tax_rate", shop_order(1003, rows=[shop_row("MUG", 1, Decimal("5.00"), 9)])),
        "1004": ("totals_differ", shop_order(1004, total_price=Decimal("99.00"))),
        "1005": (
            "unknown_tax_rate",
            shop_order(1005, total_shipping=Decimal("4.95"), shipping_tax_percentage=6),
        ),
        "1006": ("setting_missing", shop_order(1006, paymethod_costs=Decimal("0.60"))),
        "1007": ("invalid_value", shop_order(1007, comment="as soon as you can")),
    }
    await world.deliver(*(order for _, order in invalid.values()))
    told = {number: (await world.item(number))["problem"]["code"] for number in invalid}
    assert told == {number: code for number, (code, _) in invalid.items()}
    assert await world.writes() == []
    assert (await world.standing())["parked"] == len(invalid)


@pytest.mark.feature("ORD-13")
async def test_an_order_that_the_books_have_already_is_skipped(small_world: World):
    world = small_world
    await world.ready()
    await world.deliver(shop_order(1001))
    [document] = await world.documents()
    await world.deliver()
    assert len(await world.documents()) == 1

    # A second integration of the same shop and books knows nothing of what the first has sent.
    first = world.integration_execution()
    await world.integrate()
    await world.map_payment("Ideal")
    standing = await world.settled()
    assert (standing["listed"], standing["done"], standing["skipped"]) == (1, 0, 1)
    assert len(await world.documents()) == 1
    timeline = await world.item("1001")
    assert (timeline["item"]["reason"], timeline["item"]["target_id"]) == ("exists", document["Id"])
    assert f"Skipped, exists: order {document['Number']}, id {document['Id']}." in [
        event["text"] for event in timeline["events"]
    ]
    await first.terminate()


@pytest.mark.feature("ORD-17")
async def test_an_order_with_an_unknown_article_is_held_with_its_number_named(small_world: World):
    world = small_world
    await world.ready()
    rows = [shop_row("MUG", 1, Decimal("12.10")), shop_row("MISSING-7", 1, Decimal("5.00"))]
    standing = await world.deliver(shop_order(1001, rows=rows))
    assert (standing["done"], standing["parked"]) == (0, 1)
    [problem] = await world.problems()
    assert (problem["code"], problem["value"]) == ("unknown_product", "MISSING-7")
    assert "MISSING-7" in problem["sentence"]
    assert "POST /v2/orders" not in await world.writes()
    assert await world.documents() == []


def article(world: World, number: str) -> dict[str, Any]:
    """An article as the books answer it, with what sales orders reserve taken off its available stock."""
    view = article_view(world.ledger_of_books)
    return next(
        dict(view(record)) for record in world.ledger_of_books.records("articles") if record["Number"] == number
    )


@pytest.mark.feature("ORD-22")
@pytest.mark.parametrize("document_type", ["order", "invoice"])
async def test_the_books_stock_goes_down_with_the_order_and_by_no_other_call(small_world: World, document_type: str):
    world = small_world
    await world.books.settings({"stock_module": True})
    await world.ready(document_type=document_type)
    stocked = {"IsStock": True, "StockBalance": 10}
    await world.books.patch("articles", article(world, "MUG")["Id"], stocked)
    await world.deliver(shop_order(1001, rows=[shop_row("MUG", 2, Decimal("12.10"))]))
    assert article(world, "MUG")["StockBalanceAvailable"] == 8
    assert not [call for call in await world.writes() if "articles" in call]

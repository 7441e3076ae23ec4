"""Orders that name an article the books do not have."""

from decimal import Decimal

import pytest

from tests.shop_orders import shop_order, shop_row
from tests.world import World

LAMP = shop_row("LAMP", 1, Decimal("24.20"))


async def numbers(world: World) -> set[str]:
    return {article["Number"] for article in (await world.books.state("articles"))["articles"]}


@pytest.mark.feature("R23", "ORD-12")
async def test_a_missing_article_waits_is_created_or_is_stood_in_for_as_the_settings_say(small_world: World):
    world = small_world
    await world.ready()
    standing = await world.deliver(shop_order(1001, rows=[LAMP]))
    assert (standing["done"], standing["parked"]) == (0, 1)
    assert "LAMP" not in await numbers(world)

    state = await world.books.state("units", "articleaccountcodings")
    goods = next(coding["Id"] for coding in state["articleaccountcodings"] if coding["Name"] == "Goederen 21 %")
    making = {
        "missing_product": "create",
        "new_article_unit": state["units"][0]["Id"],
        "new_article_coding": {"21": goods},
    }
    # Nothing is created for an order that is refused for another reason.
    await world.shop.load({"orders": [shop_order(1002, rows=[shop_row("CHAIR", 1, Decimal(5))], paymethod="Unknown")]})
    await world.change(target={**making, "terms_of_payment": ""})
    standing = await world.run()
    assert (standing["done"], standing["parked"]) == (1, 1)
    assert (await numbers(world)) >= {"LAMP"}
    assert "CHAIR" not in await numbers(world)
    [document] = world.stored()
    assert (document["Rows"][0]["ArticleNumber"], document["Rows"][0]["UnitPrice"]) == ("LAMP", Decimal("24.2"))
    timeline = await world.item("1001")
    assert any("LAMP" in event["text"] and "created" in event["text"] for event in timeline["events"])

    await world.books.load({"articles": [{"Number": "DIV21", "vat_rate": 21}]})
    await world.change(target={"missing_product": "substitute", "substitute_article": {"21": "DIV21"}})
    rows = [shop_row("SOFA", 1, Decimal(5)), shop_row("", 1, Decimal(1), product_name="Gift wrap")]
    standing = await world.deliver(shop_order(1003, rows=rows))
    assert standing["done"] == 2, await world.problems()
    sofa, wrap = world.stored()[-1]["Rows"]
    assert (sofa["ArticleNumber"], sofa["Text"]) == ("DIV21", "A SOFA (SOFA)")
    assert (wrap["ArticleNumber"], wrap["Text"]) == ("DIV21", "Gift wrap")
    timeline = await world.item("1003")
    assert any("SOFA" in event["text"] and "DIV21" in event["text"] for event in timeline["events"])

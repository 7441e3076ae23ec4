"""Settings of orders flows that show only when several orders of a buyer arrive, or that no order of a shop states."""

from decimal import Decimal
from typing import Any

from tests.shop_orders import shop_order
from tests.world import World


async def customers(world: World) -> list[tuple[str, str]]:
    """E-mail address and street of every customer of the books."""
    return [(one["EmailAddress"], one["InvoiceAddress1"]) for one in (await world.books.state())["customers"]]


async def test_a_known_buyer_stays_as_it_is_while_customers_are_not_updated(small_world: World):
    world = small_world
    await world.ready(update_customers=False)
    jan = {"customer": {"email": "jan@example.nl"}}
    moved: dict[str, Any] = {**jan, "address": {"street": "Kerkplein", "housenumber": 12}}
    await world.deliver(shop_order(1001, **jan))
    standing = await world.deliver(shop_order(1002, **moved))
    assert (standing["done"], standing["parked"]) == (2, 0)
    assert await customers(world) == [("jan@example.nl", "Dorpsstraat 3 A")]
    # The order itself goes where the buyer says.
    streets = {document["BuyersOrderReference"]: document["DeliveryAddress1"] for document in world.stored()}
    assert streets == {"1001": "Dorpsstraat 3 A", "1002": "Kerkplein 12 A"}

    await world.change(update_customers=True)
    await world.deliver(shop_order(1003, **moved))
    assert await customers(world) == [("jan@example.nl", "Kerkplein 12 A")]


async def test_orders_without_a_channel_get_the_default_one_where_the_mapping_reads_it(small_world: World):
    world = small_world
    await world.ready(target={"default_channel": "Web shop"})
    rule = {"target": "OurReference", "expression": "channel"}
    await world.api("PATCH", f"/flows/{world.flow_id}", {"settings": {"mapping": [rule]}})
    await world.deliver(shop_order(1001), shop_order(1002, is_platform_sale=True))
    channels = {document["BuyersOrderReference"]: document["OurReference"] for document in world.stored()}
    assert channels == {"1001": "Web shop", "1002": "platform"}


async def test_payment_costs_have_the_rate_that_is_set_or_else_the_one_of_the_goods(small_world: World):
    world = small_world
    await world.ready()
    costs = {"paymethod_costs": Decimal("1.09")}
    await world.deliver(shop_order(1001, **costs))
    settings = {"source": {"cost_tax_rate": 9}}
    await world.api("PATCH", f"/flows/{world.flow_id}", {"settings": settings})
    await world.deliver(shop_order(1002, **costs))
    fees = {document["BuyersOrderReference"]: document["Rows"][-1]["ArticleNumber"] for document in world.stored()}
    assert fees == {"1001": "FEE21", "1002": "FEE9"}
    totals = {document["BuyersOrderReference"]: document["total_incl_vat"] for document in await world.documents()}
    assert totals == {"1001": "25.29", "1002": "25.29"}

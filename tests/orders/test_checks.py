"""What is checked before an order is sent and after it was, and what is said of frequent refusals."""

from decimal import Decimal

import pytest

from tests.shop_orders import shop_order, shop_row
from tests.world import World

EXEMPT = {"is_intra_community_order": True, "shipping_tax_percentage": 0}
BERLIN = {"country_code": "DE", "zipcode": "10115", "city": "Berlin", "company": "Beispiel GmbH"}


@pytest.mark.feature("R20")
async def test_totals_rates_and_earlier_documents_are_checked_before_and_the_total_once_more_after(small_world: World):
    world = small_world
    await world.ready()
    wrong = shop_order(1001, total_price=Decimal("99.00"))
    unknown_rate = shop_order(1002, rows=[shop_row("MUG", 1, Decimal("12.10"), 13)])
    await world.deliver(wrong, unknown_rate, shop_order(1003), shop_order(1004))
    assert not [document for document in world.stored() if document["BuyersOrderReference"] in {"1001", "1002"}]
    codes = {problem["code"] for problem in await world.problems()}
    assert codes == {"totals_differ", "unknown_tax_rate"}

    # What was sent is not sent again, also not by a second integration, whose ledger knows nothing of it.
    await world.integration_execution().terminate()
    await world.integrate()
    await world.map_payment("Ideal")
    standing = await world.settled()
    assert (standing["listed"], standing["done"], standing["skipped"], standing["parked"]) == (4, 0, 2, 2)
    references = [document["BuyersOrderReference"] for document in world.stored()]
    assert sorted(references) == ["1003", "1004"]
    booked = {document["BuyersOrderReference"]: document["total_incl_vat"] for document in await world.documents()}
    assert booked == {"1003": "24.20", "1004": "24.20"}

    # Books that make another total of it: the document is taken back, and the order waits.
    await world.books.settings({"prices_incl_vat_for_private": False})
    articles = {entry["Number"]: entry for entry in (await world.books.state("articles"))["articles"]}
    await world.books.patch("articles", articles["MUG"]["Id"], {"CodingId": articles["BOOK"]["CodingId"]})
    standing = await world.deliver(shop_order(1005))
    assert standing["parked"] == 3
    timeline = await world.item("1005")
    assert (timeline["problem"]["code"], timeline["problem"]["field"]) == ("totals_differ", "total")
    assert len(world.stored()) == 2


@pytest.mark.feature("R25")
async def test_frequent_refusals_say_what_is_wrong_and_what_to_do(small_world: World):
    world = small_world
    await world.ready(target={"shipping_article": {"21": "SHIPPING21"}})
    rows = [shop_row("MUG", 1, Decimal("12.10"))]
    await world.deliver(
        shop_order(1001, rows=rows, address=BERLIN, customer={"btw": "DE12"}, **EXEMPT),
        shop_order(1002, rows=rows, address=BERLIN, **EXEMPT),
        shop_order(1003, total_shipping=Decimal("4.95"), shipping_tax_percentage=6),
        shop_order(1004, total_shipping=Decimal("4.95"), shipping_tax_percentage=0),
    )
    sentences = {}
    for number in ("1001", "1002", "1003", "1004"):
        sentences[number] = (await world.item(number))["problem"]["sentence"]
    assert all(words in sentences["1001"] for words in ("VAT number", "4025", "Correct the customer's VAT number"))
    assert all(words in sentences["1002"] for words in ("vat_number is missing", "another EU country", "Enter it"))
    assert all(words in sentences["1003"] for words in ("Order 1003", "shipping", "6 %", "Add one"))
    assert all(words in sentences["1004"] for words in ("Order 1004", "shipping", "0 %", "Add one"))

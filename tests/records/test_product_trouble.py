"""Products flows under trouble: echoes, changed and doubled numbers, lost answers, and records that always fail."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.records.goods import (
    TO_BOOKS,
    TO_SHOP,
    Members,
    article,
    articles,
    change_article,
    change_product,
    problem_of,
    product,
    products,
    writes,
)
from tests.waiting import eventually
from tests.world import World


def fault(name: str, path: str, when: Any = "once", method: str = "POST") -> Members:
    """A fault on calls to this path."""
    return {"fault": name, "when": when, "method": method, "path": path}


@pytest.mark.feature("PRD-05")
async def test_what_one_direction_wrote_is_not_sent_back_by_the_other(small_world: World):
    world = small_world
    await world.books.load({"articles": [article("MUG", Name="Mug <b>blue</b>", NetPrice=Decimal("8.26"))]})
    await world.shop.load({"products": [product(7, "CUP")]})
    there = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    await world.settled(there)
    back = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.settled(back)
    await world.run(there)
    assert set(await products(world)) == set(await articles(world)) == {"MUG", "CUP"}
    assert (await articles(world))["MUG"]["Name"] == "Mug <b>blue</b>"

    async def round_trip(first: str, second: str) -> tuple[list[str], list[str], int]:
        """What the first run writes, what the echo writes, and how many articles the echo looks up."""
        await writes(world)
        await world.run(first)
        written = await writes(world)
        await world.run(second)
        looked_up = sum("/v2/articles" in call["target"] for call in await world.books.requests())
        return written, await writes(world), looked_up

    mug, cup = (await products(world))["MUG"]["id"], (await articles(world))["CUP"]["Id"]
    await change_article(world, "MUG", NetPrice=20, Name="Mug <b>red</b>")
    written, echoed, looked_up = await round_trip(there, back)
    assert written == [f"PATCH /api/rest/v1/products/{mug}/"]
    assert echoed == []
    assert looked_up <= 1
    # 10.00 with VAT is 8.26 without, and that with VAT 9.99: the cent must not come back to the shop.
    await change_product(world, "CUP", price=Decimal("10.00"))
    written, echoed, _ = await round_trip(back, there)
    assert (written, echoed) == ([f"PUT /v2/articles/{cup}"], [])
    assert (await products(world))["CUP"]["price"] == Decimal("10.00")
    await change_article(world, "CUP", Name="Cup and saucer")
    await round_trip(there, back)
    cup_now = (await products(world))["CUP"]
    assert (cup_now["name"], cup_now["price"]) == ("Cup and saucer", Decimal("10.00"))
    written, echoed, _ = await round_trip(there, back)
    assert (written, echoed) == ([], [])


@pytest.mark.parametrize("patience", [5, 0.3])
async def test_what_one_direction_is_still_writing_is_not_sent_back_by_the_other(
    small_world: World, monkeypatch: pytest.MonkeyPatch, patience: float
):
    world = small_world
    monkeypatch.setattr("activities.record_batch._PATIENCE", timedelta(seconds=patience))
    there = await world.add_flow("products", target_settings=TO_SHOP)
    back = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.start()
    await world.settled(there)
    await world.settled(back)
    await world.books.load(
        {"articles": [article(number, Name=f"The <b>{number}</b>", NetPrice=Decimal("8.26")) for number in ("A", "B")]}
    )
    # One of them is in the shop, and not in the ledger yet, while the other one takes its time.
    await world.shop.faults([fault("slow", "/products/$", {"every": 2}) | {"seconds": 2}])
    await writes(world)
    await world.api("POST", f"/integrations/{world.integration_id}/run", {"flow_id": there})

    async def is_there() -> bool:
        return bool(await products(world))

    await eventually(is_there, seconds=30)
    before = (await world.standing(back))["runs"]
    await world.api("POST", f"/integrations/{world.integration_id}/run", {"flow_id": back})
    await world.settled(back, after_run=before, waiting=2)
    assert [one for one in await writes(world) if "/v2/" in one] == []
    await world.settled(there)
    await world.run(back)
    assert [one for one in await writes(world) if "/v2/" in one] == []
    assert {one["Name"] for one in (await articles(world)).values()} == {"The <b>A</b>", "The <b>B</b>"}
    assert set(await products(world)) == {"A", "B"}


async def test_renamed_and_swapped_articles_are_reported_not_guessed(small_world: World):
    world = small_world
    await world.books.load({"articles": [article(number) for number in ("MUG", "CUP", "JUG", "POT")]})
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    await world.settled(flow)
    before = await products(world)
    ids = {number: one["Id"] for number, one in (await articles(world)).items()}
    for old, new in (("MUG", "BIG-MUG"), ("CUP", "SPARE"), ("JUG", "CUP"), ("CUP", "JUG")):
        await world.books.patch("articles", ids[old], {"Number": new})
    await change_article(world, "POT", NetPrice=20)
    standing = await world.run(flow)
    assert (standing["done"], standing["parked"]) == (1, 3)
    code, sentence = await problem_of(world, flow, "BIG-MUG")
    assert (code, "MUG" in sentence, ids["MUG"] in sentence) == ("renamed", True, True)
    for number in ("CUP", "JUG"):
        assert (await problem_of(world, flow, number))[0] == "renamed"
    after = await products(world)
    assert after.pop("POT")["price"] == Decimal("24.20")
    del before["POT"]
    assert after == before

    await world.change_flow(flow, "products", accept_renames=True)
    standing = await world.run(flow)
    assert (standing["done"], standing["parked"]) == (4, 0)
    renamed = {number: one["id"] for number, one in (await products(world)).items()}
    was = {number: one["id"] for number, one in before.items()}
    assert renamed["BIG-MUG"] == was["MUG"]
    assert (renamed["CUP"], renamed["JUG"]) == (was["JUG"], was["CUP"])


async def test_numbers_that_two_products_share_wait_and_the_page_goes_on(small_world: World):
    world = small_world
    twins = [product(7, "MUG", name="First"), product(8, "MUG", name="Second")]
    await world.shop.load({"products": [*twins, product(9, "CUP"), product(10, "")]})
    await world.books.load({"articles": [article("JUG")]})
    back = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.start()
    standing = await world.settled(back)
    assert (standing["done"], standing["parked"]) == (2, 2)
    assert {number: one["Name"] for number, one in (await articles(world)).items()} == {
        "MUG": "First",
        "CUP": "A CUP",
        "JUG": "A JUG",
    }
    code, sentence = await problem_of(world, back, "MUG")
    assert code == "ambiguous_match"
    assert all(part in sentence for part in ("source id 8", "source id 7", "MUG"))
    code, sentence = await problem_of(world, back, "#10")
    assert (code, "has no SKU" in sentence) == ("missing_field", True)

    there = await world.add_flow("products", target_settings=TO_SHOP)
    await world.settled(there)
    await world.shop.load({"products": [product(11, "JUG", name="Double")]})
    await change_article(world, "JUG", NetPrice=30)
    await world.run(there)
    held = [one for one in (await world.shop.state("products"))["products"] if one["productnumber"] == "JUG"]
    assert sorted(str(one["price"]) for one in held) == ["12.10", "36.3000"]


async def test_answers_lost_after_the_creation_make_one_product_each(small_world: World):
    world = small_world
    numbers = ["MUG", "CUP", "JUG", "POT"]
    await world.books.load({"articles": [article(number) for number in numbers]})
    await world.connect()
    await world.shop.faults(
        [fault(name, "/products/$") for name in ("500_after_commit", "html_200_after_commit", "truncated_json")]
    )
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["parked"]) == (4, 0)
    assert set(await products(world)) == set(numbers)
    confirmed = [item["confirmed_by_lookup"] for item in await world.items(flow_id=flow)]
    assert sorted(confirmed) == [False, True, True, True]
    assert len([one for one in await writes(world) if one.startswith("POST /api/rest/v1/products")]) == 4


@pytest.mark.slow
async def test_a_creation_whose_connection_broke_is_looked_up_before_anything_else(small_world: World):
    world = small_world
    await world.shop.load({"products": [product(7, "MUG"), product(8, "CUP")]})
    await world.connect()
    await world.books.faults([fault("reset_after_commit", "/v2/articles")])
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.start()
    standing = await world.settled(flow, seconds=90)
    assert (standing["done"], standing["parked"]) == (2, 0)
    assert set(await articles(world)) == {"MUG", "CUP"}
    assert sum(item["confirmed_by_lookup"] for item in await world.items(flow_id=flow)) == 1


async def test_poisoned_records_stop_neither_their_page_nor_the_next_one(small_world: World):
    world = small_world
    numbers = [f"A-{number:03}" for number in range(60)]
    await world.books.load({"articles": [article(number) for number in numbers]})
    flow = await world.add_flow("products", target_settings=TO_SHOP, common={"page_size": 25})
    await world.start()
    assert (await world.settled(flow))["done"] == 60

    # One the shop has no tariff for, one without a name, and seven at which the shop itself fails, again and again.
    held = await products(world)
    ill = [*numbers[4:9], "A-030", "A-059"]
    await world.shop.faults(
        [fault("500_before_commit", f"/products/{held[number]['id']}/", "always", method="PATCH") for number in ill]
    )
    refused: dict[str, Members] = {"A-003": {"vat_rate": 6}, "A-031": {"Name": "<br>"}}
    for number in numbers:
        await change_article(world, number, NetPrice=20, **refused.get(number, {}))
    standing = await world.run(flow)
    assert (standing["done"], standing["parked"]) == (51, 9)
    held = await products(world)
    old = {number for number, one in held.items() if one["price"] == Decimal("12.10")}
    assert old == {*ill, *refused}
    waiting = {number: await problem_of(world, flow, number) for number in old}
    assert all(number in sentence for number, (_, sentence) in waiting.items())
    assert waiting["A-003"][0] == "unknown_tax_rate"
    assert {waiting[number][0] for number in ill} == {"temporary_trouble"}

    # The record alone waits: what changes at the source goes on, and so does the record once it changes.
    await world.shop.no_faults()
    for number in ("A-001", "A-004"):
        await change_article(world, number, NetPrice=30)
    await world.run(flow)
    held = await products(world)
    assert held["A-001"]["price"] == held["A-004"]["price"] == Decimal("36.30")


async def test_what_was_created_without_an_answer_and_is_left_out_since_is_found_and_taken_away(small_world: World):
    world = small_world
    await world.books.load({"articles": [article("MUG")]})
    await world.connect()
    await world.shop.faults([fault("500_after_commit", "/products/$")])
    flow = await world.add_flow("products", target_settings=TO_SHOP, common={"filtered_out": "archive"})
    await world.start()

    async def created() -> bool:
        return bool(await products(world))

    await eventually(created)
    # Before anybody could look what became of it, the settings say that it shall not be there.
    await world.shop.faults([fault("500_before_commit", "/products", "always", method="GET")])
    await world.change_flow(flow, "products", filter='sku == "NONE"')
    await world.shop.no_faults()
    await world.settled(flow)
    await world.run(flow)
    assert {number: one["is_active"] for number, one in (await products(world)).items()} == {"MUG": False}


@pytest.mark.feature("PRD-24")
async def test_prices_in_another_currency_than_the_books_have_wait(small_world: World):
    """The untouched mapping sends the currency, so that 12.10 in dollars never becomes 12.10 in euros."""
    world = small_world
    await world.shop.load({"products": [product(7, "CUP")]})
    dollars = {"currency": "USD"}
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS, source_settings=dollars)
    await world.start()
    assert (await world.settled(flow))["parked"] == 1
    code, sentence = await problem_of(world, flow, "CUP")
    assert (code, "USD" in sentence, "EUR" in sentence) == ("unknown_currency", True, True)
    assert await articles(world) == {}
    await world.change_flow(flow, "source", currency="EUR")
    assert (await world.run(flow))["done"] == 1
    assert (await articles(world))["CUP"]["GrossPrice"] == Decimal("12.10")


async def test_prices_in_another_currency_than_the_shop_sells_in_wait(small_world: World):
    world = small_world
    company = (await world.books.about())["settings"]["company"]
    await world.books.settings({"company": {**company, "CurrencyCode": "SEK"}})
    await world.books.load({"articles": [article("MUG", NetPrice=100), article("CUP", NetPrice=100)]})
    await world.shop.load({"products": [product(7, "MUG")]})
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    assert (await world.settled(flow))["parked"] == 2
    for number in ("MUG", "CUP"):
        code, sentence = await problem_of(world, flow, number)
        assert (code, "SEK" in sentence, "EUR" in sentence) == ("unknown_currency", True, True)
    assert {number: one["price"] for number, one in (await products(world)).items()} == {"MUG": Decimal("12.10")}
    before = (await world.standing(flow))["runs"]
    await world.change_flow(flow, "target", currency="SEK")
    await world.settled(flow, after_run=before)
    held = await products(world)
    assert (held["MUG"]["price"], held["CUP"]["price"]) == (Decimal("121.00"), Decimal("121.00"))

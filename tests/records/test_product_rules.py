"""Which products go, and what becomes of those that do not go any more: filters, deletions, and their guard."""

import pytest

from tests.records.goods import (
    TO_BOOKS,
    TO_SHOP,
    article,
    articles,
    change_article,
    change_product,
    product,
    products,
    writes,
)
from tests.world import World

WEBSHOP = 'raw.Note == "webshop = yes"'


async def read_all(world: World, flow: str) -> None:
    """A complete read, and a run after it."""
    before = (await world.standing(flow))["runs"]
    await world.api("POST", f"/integrations/{world.integration_id}/resync", {"flow_id": flow, "everything": True})
    await world.settled(flow, after_run=before)


async def shown(world: World) -> set[str]:
    """The products that the shop shows its visitors."""
    return {number for number, one in (await products(world)).items() if one["is_active"]}


@pytest.mark.feature("PRD-17")
@pytest.mark.parametrize("then", ["leave", "archive"])
async def test_a_filter_sends_what_matches_and_does_as_set_with_what_does_not_any_more(small_world: World, then: str):
    world = small_world
    await world.books.load(
        {"articles": [article("MUG", Note="webshop = yes"), article("CUP", Note="webshop = yes"), article("BRICK")]}
    )
    flow = await world.add_flow("products", target_settings=TO_SHOP, common={"filter": WEBSHOP, "filtered_out": then})
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["skipped"]) == (2, 1)
    assert set(await products(world)) == {"MUG", "CUP"}

    await change_article(world, "CUP", Note="webshop = no", NetPrice=99)
    await world.run(flow)
    cup = (await products(world))["CUP"]
    assert (cup["price"], cup["is_active"]) == ((await products(world))["MUG"]["price"], then == "leave")
    assert await shown(world) == ({"MUG", "CUP"} if then == "leave" else {"MUG"})
    await writes(world)
    await change_article(world, "CUP", NetPrice=98)
    await world.run(flow)
    assert await writes(world) == []
    await change_article(world, "CUP", Note="webshop = yes", NetPrice=20)
    await world.run(flow)
    again = (await products(world))["CUP"]
    assert (again["id"], again["is_active"], again["price"]) == (cup["id"], True, again["price"])
    assert again["price"] > cup["price"]


async def test_a_filter_reads_what_the_source_says_as_it_is(small_world: World):
    world = small_world
    heavy, light = {"PurchasePrice": 9, "SendToWebshop": True}, {"PurchasePrice": 10, "SendToWebshop": False}
    await world.books.load(
        {
            "articles": [
                article("MUG", **heavy),
                article("CUP", **light),
                article("JUG", **(heavy | {"PurchasePrice": 2})),
            ]
        }
    )
    common = {"filter": "raw.PurchasePrice > 2.50 and raw.SendToWebshop"}
    flow = await world.add_flow("products", target_settings=TO_SHOP, common=common)
    await world.start()
    await world.settled(flow)
    assert set(await products(world)) == {"MUG"}


@pytest.mark.feature("PRD-17")
async def test_a_filter_that_would_leave_out_too_many_takes_nothing_away(either_world: World):
    world = either_world
    numbers = [f"A-{number:02}" for number in range(12)]
    await world.books.load({"articles": [article(number, Note="webshop = yes") for number in numbers]})
    common = {"filter": WEBSHOP, "filtered_out": "archive", "guard_percent": 20}
    flow = await world.add_flow("products", target_settings=TO_SHOP, common=common)
    await world.start()
    await world.settled(flow)
    for number in numbers[:3]:
        await change_article(world, number, Note="no")
    await world.run(flow)
    assert await shown(world) == set(numbers)
    (problem,) = await world.problems()
    assert problem["code"] == "too_many_gone"
    assert "3 of 12 records" in problem["sentence"]
    assert "20 %" in problem["sentence"]
    await change_article(world, numbers[0], Note="webshop = yes")
    await world.run(flow)
    assert await shown(world) == {numbers[0], *numbers[3:]}
    assert await world.problems() == []


async def test_an_empty_feed_does_not_empty_the_shop(small_world: World):
    world = small_world
    numbers = [f"A-{number:02}" for number in range(8)]
    await world.books.load({"articles": [article(number) for number in numbers]})
    flow = await world.add_flow("products", target_settings=TO_SHOP, common={"gone": "archive"})
    await world.start()
    await world.settled(flow)
    ids = {one["Number"]: one["Id"] for one in (await articles(world)).values()}
    await world.books.settings({"hidden_from_list": list(ids.values())})
    for _ in range(3):
        await read_all(world, flow)
    assert await shown(world) == set(numbers)
    (problem,) = await world.problems()
    assert (problem["code"], "8 of 8 records" in problem["sentence"]) == ("too_many_gone", True)
    # All but one are shown again; one alone never trips the guard.
    await world.books.settings({"hidden_from_list": [ids["A-03"]]})
    await read_all(world, flow)
    assert await shown(world) == set(numbers) - {"A-03"}
    assert await world.problems() == []


async def test_a_deleted_product_is_archived_after_two_complete_reads_without_it(either_world: World):
    world = either_world
    await world.shop.load({"products": [product(number, f"P-{number}") for number in range(1, 8)]})
    common = {"gone": "archive", "page_size": 3}
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS, common=common)
    await world.start()
    await world.settled(flow)
    await world.shop.delete("products", 4)

    async def active() -> int:
        return sum(one["IsActive"] for one in (await articles(world)).values())

    await change_product(world, "P-5", name="Changed")
    await world.run(flow)
    assert await active() == 7, "a read of changes shows nobody's absence"
    await read_all(world, flow)
    assert await active() == 7, "one complete read is not enough"
    # The second one breaks off in the middle until the shop answers again.
    await world.shop.faults([{"fault": "500_before_commit", "when": {"times": 4}, "path": "start=3"}])
    await read_all(world, flow)
    assert await active() == 6
    held = await articles(world)
    assert (held["P-4"]["IsActive"], held["P-5"]["Name"], len(held)) == (False, "Changed", 7)
    await world.shop.load({"products": [product(4, "P-4")]})
    await read_all(world, flow)
    assert (await articles(world))["P-4"]["IsActive"]


async def test_while_nothing_may_be_created_only_what_the_shop_has_is_updated(small_world: World):
    world = small_world
    await world.books.load({"articles": [article("MUG"), article("CUP")]})
    await world.shop.load({"products": [product(7, "MUG", name="Old")]})
    flow = await world.add_flow("products", target_settings=TO_SHOP, common={"create": False})
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["skipped"], standing["parked"]) == (1, 1, 0)
    assert {number: one["name"] for number, one in (await products(world)).items()} == {"MUG": "A MUG"}
    (item,) = await world.items(flow_id=flow, state="skipped")
    assert (item["reference"], item["reason"]) == ("CUP", "not_at_target")

    await world.change_flow(flow, "products", create=True)
    await world.run(flow)
    assert set(await products(world)) == {"MUG", "CUP"}


async def test_what_did_not_change_since_the_start_date_is_neither_sent_nor_gone(small_world: World):
    world = small_world
    await world.books.set_now("2026-01-10T09:00:00Z")
    await world.books.load({"articles": [article("OLD"), article("OLDER")]})
    await world.books.set_now("2026-01-12T09:00:00Z")
    await world.books.load({"articles": [article("NEW")]})
    common = {"start_at": "2026-01-11T00:00:00Z", "gone": "archive"}
    flow = await world.add_flow("products", target_settings=TO_SHOP, common=common)
    await world.start()
    await world.settled(flow)
    assert set(await products(world)) == {"NEW"}

    # A later date takes the product out of every read, which is no sign that the books do not have it.
    await world.change_flow(flow, "products", start_at="2026-01-13T00:00:00Z")
    for _ in range(3):
        await read_all(world, flow)
    assert await shown(world) == {"NEW"}
    await world.change_flow(flow, "products", start_at=None)
    await world.run(flow)
    assert await shown(world) == {"NEW", "OLD", "OLDER"}

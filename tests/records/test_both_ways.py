"""Products and customers in both directions: what ends on one side ends on the other, and is not brought back."""

from tests.records.goods import TO_BOOKS, TO_SHOP, article, articles, change_article, product, products
from tests.records.registers import debtors, to_books, user, users
from tests.world import World


async def products_both_ways(world: World, **common: object) -> tuple[str, str]:
    """Flows from the shop and from the books, after both sides have the same; ``common`` are the first one's."""
    there = await world.add_flow("products", source="shop", target_settings=TO_BOOKS, common=common)
    back = await world.add_flow("products", source="books", target_settings=TO_SHOP)
    await world.start()
    await world.settled(there)
    await world.settled(back)
    await world.run(there)
    await world.run(back)
    return there, back


async def delete_product(world: World, there: str, number: str) -> None:
    """Somebody deletes a product of the shop, and two complete reads do not show it."""
    await world.shop.delete("products", (await products(world))[number]["id"])
    for _ in range(2):
        await world.resync(there, everything=True)


async def test_a_product_that_was_deleted_is_not_made_again_until_the_shop_shows_it_again(small_world: World):
    world = small_world
    await world.connect()
    await world.books.load({"articles": [article("POT")]})
    await world.shop.load({"products": [product(7, "MUG"), product(8, "CUP")]})
    there, back = await products_both_ways(world)
    pot = (await products(world))["POT"]

    # One that the shop had first, and one that it has from the books.
    for number in ("MUG", "POT"):
        await delete_product(world, there, number)
        assert (await articles(world))[number]["IsActive"] is False
        await world.run(back)
        assert number not in await products(world)
    await change_article(world, "MUG", Name="A mug of old")
    await world.run(back)
    assert set(await products(world)) == {"CUP"}
    assert await world.problems() == []

    await world.shop.load({"products": [product(pot["id"], "POT", name=pot["name"], is_active=True)]})
    await world.resync(there, everything=True)
    await world.run(back)
    await world.run(there)
    assert (await articles(world))["POT"]["IsActive"] is True
    assert (await products(world))["POT"]["is_active"] is True


async def test_what_a_filter_archives_at_the_target_stays_for_sale_at_its_source(small_world: World):
    world = small_world
    await world.shop.load({"products": [product(7, "MUG", is_active=True), product(8, "CUP")]})
    there, back = await products_both_ways(world, filtered_out="archive")
    await world.change_flow(there, "products", filter='sku != "MUG"')
    await world.run(there)
    assert (await articles(world))["MUG"]["IsActive"] is False
    await world.run(back)
    assert (await products(world))["MUG"]["is_active"] is True

    # A person of the books who changes something else of it does not take it off the shop either.
    await change_article(world, "MUG", Name="A blue mug")
    await world.run(back)
    held = (await products(world))["MUG"]
    assert (held["name"], held["is_active"]) == ("A blue mug", True)


async def test_a_customer_who_closed_an_account_gets_no_new_one(small_world: World):
    world = small_world
    await world.connect()
    await world.shop.load({"users": [user(1, "jan@example.nl"), user(2, "mia@example.nl")]})
    there = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    back = await world.add_flow("customers", source="books")
    await world.start()
    await world.settled(there)
    await world.settled(back)
    await world.run(back)
    await world.shop.delete("users", 1)
    for _ in range(2):
        await world.run(there)
    active = {email: one["IsActive"] for email, one in (await debtors(world)).items()}
    assert active == {"jan@example.nl": False, "mia@example.nl": True}
    await world.run(back)
    assert set(await users(world)) == {"mia@example.nl"}

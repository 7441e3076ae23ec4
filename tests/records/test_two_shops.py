"""Pictures of products and numbers of customers, between two systems that have both: two shops of one merchant."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.records.goods import TO_SHOP, problem_of, product, products
from tests.records.registers import everything_written, user, users
from tests.simulation import Simulation, running
from tests.world import PLENTY, World

JPEG = b"\xff\xd8\xff\xe0 a picture "


@pytest_asyncio.fixture
async def first_shop(small_world: World) -> AsyncIterator[Simulation]:
    """Another shop of the merchant, in the place of the books: the source of flows to the shop."""
    async with running("ccvshop") as first:
        await first.settings({"limits": dict.fromkeys(("GET", "POST", "PATCH"), PLENTY)})
        await small_world.connect()
        public, secret = next(iter((await first.about())["settings"]["keys"].items()))
        keys = {"base_url": first.base_url, "public_key": public, "secret_key": secret, "calls_per_minute": PLENTY}
        body = {"system": "ccvshop", "name": "First shop", "settings": keys}
        small_world.books_id = (await small_world.api("POST", "/connections", body))["id"]
        yield first


async def show(shop: Simulation, number: int, content: bytes, **members: Any) -> None:
    """Put a photo on the product with id 7, and mark the product as changed."""
    photo = {"id": number, "product_id": 7, "file_type": "jpg", "source": base64.b64encode(content).decode()}
    await shop.load({"productphotos": [{**photo, **members}]})
    await shop.patch("products", 7, {"memo": f"Photo {number}"})


async def uploads(world: World) -> int:
    """How many photos were uploaded to the shop since the last look."""
    calls = await world.shop.requests()
    await world.shop.forget_requests()
    return sum(call["method"] == "POST" and "productphotos" in call["target"] for call in calls)


@pytest.mark.feature("PRD-20", "PRD-21")
async def test_a_picture_arrives_once_and_is_replaced_when_it_changes(small_world: World, first_shop: Simulation):
    world = small_world
    await first_shop.load({"products": [product(7, "MUG"), product(8, "CUP")]})
    await show(first_shop, 70, JPEG + b"1", is_mainphoto=True, alttext="A mug")
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    assert (await world.settled(flow))["done"] == 2
    (photo,) = (await products(world))["MUG"]["photos"]
    assert (photo["is_mainphoto"], photo["alttext"]) == (True, "A mug")
    (shown,) = (await first_shop.state("products"))["products"][0]["photos"]
    assert photo["sha256"] == shown["sha256"]
    assert (await products(world))["CUP"]["photos"] == []
    assert await uploads(world) == 1

    # Another field changes, and then all is read again: the picture is where it was.
    await first_shop.patch("products", 7, {"name": "A large mug"})
    await world.run(flow)
    assert (await products(world))["MUG"]["name"] == "A large mug"
    await world.api("POST", f"/integrations/{world.integration_id}/resync", {"flow_id": flow, "everything": True})
    await world.run(flow)
    assert await uploads(world) == 0
    assert (await products(world))["MUG"]["photos"] == [photo]

    await first_shop.delete("productphotos", 70)
    await show(first_shop, 71, JPEG + b"2", is_mainphoto=True)
    await world.run(flow)
    (changed,) = (await products(world))["MUG"]["photos"]
    assert changed["is_mainphoto"]
    assert changed["sha256"] != photo["sha256"]
    assert await uploads(world) == 1


async def test_a_picture_that_is_too_large_is_a_problem_of_its_product_alone(
    small_world: World, first_shop: Simulation
):
    world = small_world
    await first_shop.load({"products": [product(7, "MUG"), product(8, "CUP")]})
    await show(first_shop, 70, JPEG + bytes(1_200_000), is_mainphoto=True)
    await show(first_shop, 71, JPEG + b"small")
    flow = await world.add_flow("products", target_settings={**TO_SHOP, "largest_photo_mb": 1})
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["parked"]) == (1, 1)
    code, sentence = await problem_of(world, flow, "MUG")
    assert (code, "/photos/70.jpg is larger than 1 MB" in sentence) == ("too_large", True)
    assert {number: len(one["photos"]) for number, one in (await products(world)).items()} == {"MUG": 1, "CUP": 0}

    # The owner allows more, and what waited goes on by itself.
    before = (await world.standing(flow))["runs"]
    await world.change_flow(flow, "target", largest_photo_mb=2)
    standing = await world.settled(flow, after_run=before)
    assert (standing["done"], standing["parked"]) == (2, 0)
    assert len((await products(world))["MUG"]["photos"]) == 2


async def test_a_customers_own_number_follows_and_the_first_shops_id_does_not(
    small_world: World, first_shop: Simulation
):
    world = small_world
    numbered = user(7, "ann@example.nl", reference="Dealer Ann 81")
    await first_shop.load({"users": [numbered, user(8, "bo@example.nl")]})
    flow = await world.add_flow("customers")
    await world.start()
    assert (await world.settled(flow))["done"] == 2
    held = {email: one["userinfo"].get("reference") or "" for email, one in (await users(world)).items()}
    assert held == {"ann@example.nl": "Dealer Ann 81", "bo@example.nl": ""}
    assert b"Dealer Ann" not in everything_written(world.settings.data_dir)

    # A number that a person in the second shop gave stays while the first shop has none.
    (bo,) = [one for one in (await world.shop.state("users"))["users"] if one["userinfo"]["email"] == "bo@example.nl"]
    await world.shop.load({"users": [{"id": bo["id"], "userinfo": {"reference": "B-2"}}]})
    await first_shop.load({"users": [{"id": 8, "userinfo": {"billingaddress": {"city": "Assen"}}}]})
    await world.run(flow)
    info = (await users(world))["bo@example.nl"]["userinfo"]
    assert (info["reference"], info["billingaddress"]["city"]) == ("B-2", "Assen")

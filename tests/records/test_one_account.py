"""A connection stays at the account whose records it carries, so that no other account's are written by their ids."""

from urllib.parse import urlsplit

import httpx

from tests.records.goods import TO_SHOP, change_article, product, products, writes
from tests.simulation import running
from tests.world import PLENTY, World


async def test_products_of_another_shop_are_not_written(small_world: World):
    world = small_world
    await world.connect()
    await world.stock_up()
    await world.shop.load({"products": [product(900, "MUG")]})
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    await world.settled(flow)
    async with running("ccvshop") as live:
        await live.settings({"limits": dict.fromkeys(("GET", "POST", "PATCH"), PLENTY)})
        await live.load({"products": [product(900, "TEAPOT", name="A teapot", price=99)]})
        public, secret = next(iter((await live.about())["settings"]["keys"].items()))
        moved = {"settings": {"base_url": live.base_url, "public_key": public, "secret_key": secret}}
        refused = await world.api("PATCH", f"/connections/{world.shop_id}", moved, status=409)
        assert [error["field"] for error in refused["errors"]] == ["base_url"]
        await change_article(world, "MUG", NetPrice=11)
        await world.run(flow)
        assert str((await products(world))["MUG"]["price"]).startswith("13.31")
        assert await live.requests() == []


async def test_consent_for_another_company_leaves_the_flows_at_the_first(small_world: World):
    world = small_world
    await world.connect()
    await world.stock_up()
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    await world.settled(flow)
    company = (await world.books.about())["settings"]["company"]
    other = {"Name": "Another B.V.", "CompanyIdentifier": "0a9d8c7b-0000-4000-8000-000000000002"}
    await world.books.settings({"company": {**company, **other}})
    url = (await world.api("POST", f"/connections/{world.books_id}/authorize"))["authorize_url"]
    async with httpx.AsyncClient() as browser:
        back = urlsplit((await browser.get(url)).headers["location"])
    answer = await world.api_client.get(f"{back.path}?{back.query}")
    assert answer.status_code == 409
    assert f"“{company['Name']}”" in answer.json()["detail"]
    assert "“Another B.V.”" in answer.json()["detail"]
    await world.books.settings({"company": company})
    await change_article(world, "MUG", NetPrice=11)
    await writes(world)
    await world.run(flow)
    assert [call.partition(" ")[0] for call in await writes(world)] == ["PATCH"]

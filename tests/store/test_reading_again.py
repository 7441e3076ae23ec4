"""What flows that move in pages need after a change: the next run reads everything again, and only once."""

import asyncio

import pytest

from store.records import ChangedMeanwhileError
from tests.store.shop import NOW, Shop


async def read_to(shop: Shop, cursor: str) -> None:
    """One complete read that ends at a cursor."""
    await shop.store.flows.begin_run(shop.workspace_id, shop.flow_id, now=NOW)
    await shop.list_orders(cursor=cursor)


async def cursor(shop: Shop) -> str | None:
    return (await shop.store.flows.get(shop.workspace_id, shop.flow_id)).cursor


async def test_another_value_lets_the_next_run_read_everything(shop: Shop):
    maps, table = shop.store.value_maps, (shop.workspace_id, shop.flow_id, "customer_group")
    await read_to(shop, "c1")
    await maps.set_value(*table, "dealers", "7")
    assert await cursor(shop) == "c1", "orders that were sent stay as they are"
    await maps.set_value(*table, "dealers", "8", read_again=True)
    assert await cursor(shop) is None
    await read_to(shop, "c2")
    await maps.set_value(*table, "dealers", "8", read_again=True)
    assert not await maps.remove_value(*table, "nobody", read_again=True)
    assert await cursor(shop) == "c2", "nothing was changed"
    assert await maps.remove_value(*table, "dealers", read_again=True)
    assert await cursor(shop) is None


async def test_what_the_integration_says_makes_one_version_per_change(shop: Shop):
    flows, name = shop.store.flows, (shop.workspace_id, shop.flow_id)
    integration = (shop.workspace_id, shop.integration_id)
    await read_to(shop, "c1")
    assert not await shop.store.integrations.update(*integration, name="Other")
    elsewhere = {"con_elsewhere": {"unit": "1"}}
    assert not await shop.store.integrations.update(*integration, settings=elsewhere, read_again=["orders"])
    assert (await flows.get(*name)).settings_version == 1
    for unit, version, renewed in (("1", 2, True), ("1", 2, False), ("2", 3, True)):
        settings = {shop.target_id: {"unit": unit}}
        assert await shop.store.integrations.update(*integration, settings=settings) is renewed
        assert (await flows.get(*name)).settings_version == version
        assert (await flows.version(*name, version)).settings["shared"] == {"target": {"unit": unit}}
    assert await cursor(shop) == "c1"
    assert await shop.store.integrations.update(*integration, settings={}, read_again=["orders"])
    assert await cursor(shop) is None


async def test_of_two_changes_to_the_same_version_one_is_told(shop: Shop):
    flows, name = shop.store.flows, (shop.workspace_id, shop.flow_id)
    ends = await asyncio.gather(
        *(flows.update_settings(*name, {"page_size": size}, at_version=1) for size in (10, 20)), return_exceptions=True
    )
    assert sorted(type(end).__name__ for end in ends) == ["ChangedMeanwhileError", "int"]
    with pytest.raises(ChangedMeanwhileError):
        await flows.update_settings(*name, {"page_size": 30}, at_version=1)
    assert await flows.update_settings(*name, {"page_size": 30}, at_version=2) == 0

"""A connection that is refused waits once, for all its orders, and they keep their place."""

from tests.shop_orders import shop_order
from tests.waiting import eventually
from tests.world import World


async def test_an_ended_consent_stops_the_connection_and_not_each_order(small_world: World):
    world = small_world
    await world.integrate()
    await world.settled()
    await world.books.settings({"password_changed": True})
    await world.books.faults([{"fault": "token_expired", "when": "once", "path": "^/v2/"}])
    await world.shop.load({"orders": [shop_order(number) for number in range(1001, 1006)]})
    await world.api("POST", f"/integrations/{world.integration_id}/poke")

    async def broken() -> bool:
        connection = await world.api("GET", f"/connections/{world.books_id}")
        flow = await world.standing()
        return bool(connection["state"] == "broken" and flow["in_flight"] == 5 and await at_rest(world))

    await eventually(broken)
    connection = await world.api("GET", f"/connections/{world.books_id}")
    assert connection["problem"]["code"] == "connection_expired"
    assert "Reconnect" in connection["problem"]["sentence"]
    await world.api("POST", f"/integrations/{world.integration_id}/run")
    await eventually(lambda: is_blocked(world))
    standing = await world.standing()
    assert (standing["listed"], standing["done"], standing["parked"], standing["in_flight"]) == (5, 0, 0, 5)
    assert await world.problems() == []
    assert (await world.api_client.get("/health")).json()["connections_broken"] == 1

    await world.consent()
    await eventually(lambda: all_done(world))
    assert (await world.standing())["blocked"] == ""
    documents = [document["BuyersOrderReference"] for document in await world.documents()]
    assert sorted(documents) == [str(number) for number in range(1001, 1006)]
    assert (await world.api("GET", f"/connections/{world.books_id}"))["problem"] is None


async def at_rest(world: World) -> bool:
    """Whether no order is under way: all wait for their turn."""
    return {item["state"] for item in await world.items()} == {"ready"}


async def is_blocked(world: World) -> bool:
    """Whether the flow says that it waits for its connection."""
    standing = await world.standing()
    return bool(standing["state"] == "blocked" and standing["blocked"])


async def all_done(world: World) -> bool:
    """Whether every order is through."""
    standing = await world.standing()
    return bool(standing["done"] == standing["listed"])

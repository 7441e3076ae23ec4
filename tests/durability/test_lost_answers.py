"""An answer that never comes is looked up, not guessed."""

from pathlib import Path

import pytest

from tests.durability.support import calls
from tests.shop_orders import shop_order
from tests.world import World, world

SAME = {"email": "buyer@example.nl"}


def lost(fault: str, path: str, when: object = "always", **more: object) -> dict[str, object]:
    """A fault on every creation at this path."""
    return {"fault": fault, "when": when, "method": "POST", "path": f"^{path}$", **more}


@pytest.mark.feature("D3")
async def test_stored_then_dropped_is_one_document_confirmed_by_look_up(small_world: World):
    await small_world.integrate()
    await small_world.settled()
    await small_world.shop.load({"orders": [shop_order(1001)]})
    await small_world.books.faults([lost("reset_after_commit", "/v2/orders", "once")])
    standing = await small_world.run()
    assert (standing["done"], standing["parked"]) == (1, 0)
    assert len(await small_world.documents()) == 1
    timeline = await small_world.item("1001")
    assert timeline["item"]["confirmed_by_lookup"]
    assert any(event["kind"] == "outcome_unknown" for event in timeline["events"])
    assert "found again by look-up" in timeline["events"][-1]["text"]
    creations = [call for call in timeline["exchanges"] if call["method"] == "POST" and call["url"].endswith("/orders")]
    assert [(call["status"], call["outcome"]) for call in creations] == [(None, "no_answer")]


@pytest.mark.slow
@pytest.mark.feature("D3")
async def test_a_hundred_creations_whose_answer_is_dropped_make_a_hundred_documents(small_world: World):
    await small_world.integrate()
    await small_world.settled()
    orders = [shop_order(number, customer=SAME) for number in range(1001, 1101)]
    await small_world.shop.load({"orders": orders})
    await small_world.books.faults([lost("reset_after_commit", "/v2/orders")])
    standing = await small_world.run(seconds=120)
    assert (standing["listed"], standing["done"]) == (100, 100)
    references = [document["BuyersOrderReference"] for document in await small_world.documents()]
    assert sorted(references) == [str(number) for number in range(1001, 1101)]
    assert [item["confirmed_by_lookup"] for item in await small_world.items()] == [True] * 100


async def test_creations_that_time_out_or_answer_nonsense_are_confirmed_too(
    tmp_path: Path, temporal_address: str, sqlite_url: str
):
    async with world(tmp_path, temporal_address, sqlite_url, call_timeout=1) as small_world:
        await small_world.integrate()
        await small_world.settled()
        faults = ["timeout_after_commit", "500_after_commit", "html_200_after_commit", "truncated_json"]
        await small_world.shop.load({"orders": [shop_order(1001 + n, customer=SAME) for n in range(len(faults))]})
        await small_world.books.faults([lost(fault, "/v2/orders", "once") for fault in faults])
        standing = await small_world.run()
        assert (standing["done"], standing["parked"]) == (4, 0)
        assert len(await small_world.documents()) == 4
        assert len(await calls(small_world.books, "POST", "/v2/orders")) == 4
        assert [item["confirmed_by_lookup"] for item in await small_world.items()] == [True] * 4


@pytest.mark.slow
async def test_a_customer_whose_creation_was_not_answered_is_not_created_twice(
    tmp_path: Path, temporal_address: str, sqlite_url: str
):
    async with world(tmp_path, temporal_address, sqlite_url, call_timeout=1) as small_world:
        await small_world.integrate()
        await small_world.settled()
        faults = ["reset_after_commit", "timeout_after_commit", "500_after_commit", "html_200_after_commit"]
        buyers = [{"email": f"buyer{n}@example.nl"} for n in range(len(faults))]
        # Two orders each, on their way at once.
        orders = [shop_order(1001 + n, customer=buyers[n // 2]) for n in range(2 * len(buyers))]
        await small_world.shop.load({"orders": orders})
        await small_world.books.faults([lost(fault, "/v2/customers", "once") for fault in faults])
        standing = await small_world.run(seconds=90)
        assert (standing["done"], standing["parked"]) == (8, 0)
        customers = (await small_world.books.state())["customers"]
        assert sorted(customer["EmailAddress"] for customer in customers) == [buyer["email"] for buyer in buyers]
        assert len(await small_world.documents()) == 8

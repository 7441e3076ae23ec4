"""Records that their source does not have any more, and those that a person let go: what the ledger makes of both."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from activities.failures import Wait
from activities.pending_orders import Sales
from activities.record_batch import Batch
from activities.record_removal import remove_unwanted
from connectors.errors import OutcomeUnknown, RecordRefused
from store import ItemState, SkipReason
from tests.records.goods import TO_BOOKS, articles, change_product, problem_of, product
from tests.records.stockroom import REFUSED, Stockroom, stockroom
from tests.world import World

GONE = (ItemState.SKIPPED, SkipReason.GONE)
BY_PERSON = (ItemState.SKIPPED, SkipReason.SKIPPED_BY_PERSON)
CHANGED = "Changed at the source after it was skipped."
HOUR = timedelta(hours=1)


@pytest_asyncio.fixture
async def room(database_url: str) -> AsyncIterator[Stockroom]:
    """An empty one, on either database."""
    async with stockroom(database_url) as opened:
        yield opened


async def refuse(room: Stockroom, sku: str) -> str:
    """A record that the source shows in a form nobody understands; returns its problem's id."""
    problem_id = await room.store.problems.raise_(room.workspace_id, room.flow.flow.id, REFUSED)
    await room.read((sku, 0), refused=problem_id)
    return problem_id


async def skip(room: Stockroom, sku: str) -> None:
    """A person lets a record go."""
    item = (await room.items())[sku]
    assert await room.store.items.skip(room.workspace_id, item.id, "Sold by hand.")


async def test_what_was_never_sent_ends_once_two_complete_reads_do_not_show_it(room: Stockroom):
    room.shelf.lacks = frozenset({"CUP"})
    await room.read(("CUP", 5), ("JUG", 5))
    await room.work()
    problem_id = await refuse(room, "MUG")
    await room.read(("CUP", 5), ("JUG", 5), ("POT", 5))
    await room.read(("JUG", 5))
    assert await room.standing("MUG") == GONE
    assert [await room.standing(sku) for sku in ("POT", "CUP")] == [
        (ItemState.READY, None),
        (ItemState.SKIPPED, SkipReason.NOT_AT_TARGET),
    ], "one read may have missed them"
    await room.read(("JUG", 5))
    assert [await room.standing(sku) for sku in ("POT", "CUP")] == [GONE, GONE]
    assert "did not show it" in (await room.told("MUG"))[-1]
    assert (await room.store.problems.get(room.workspace_id, problem_id)).items == 0
    assert await room.store.problems.resolve_empty(room.workspace_id, room.flow.flow.id) == 1
    await room.read()
    await room.read()
    assert await room.standing("JUG") == (ItemState.DONE, "updated"), "what was sent is for the removals"

    await room.read(("MUG", 5), ("POT", 5), ("CUP", 5))
    room.shelf.lacks = frozenset()
    await room.work()
    assert [room.pieces(sku) for sku in ("MUG", "POT", "CUP")] == [5, 5, 5]


async def test_what_a_lost_answer_may_have_left_is_looked_up_before_it_ends_as_gone(room: Stockroom):
    await room.read(("MUG", 5))
    room.shelf.trouble = OutcomeUnknown("No answer came.", settled=True)
    with pytest.raises(OutcomeUnknown):
        await room.work()
    room.shelf.trouble = None
    for _ in range(2):
        await room.read()
    await room.work()
    await room.remove()
    assert room.shelf.held == {"MUG": {}}
    assert await room.standing("MUG") == GONE


async def test_what_is_gone_stays_so_while_its_look_up_is_refused(room: Stockroom):
    await room.read(("MUG", 5))
    room.shelf.trouble = OutcomeUnknown("No answer came.", settled=True)
    with pytest.raises(OutcomeUnknown):
        await room.work()
    room.shelf.trouble = None
    await room.ask_for(gone=["MUG"])
    room.shelf.locked = frozenset({"MUG"})
    await room.work()
    assert await room.standing("MUG") == (ItemState.PARKED, SkipReason.GONE)

    room.shelf.locked = frozenset()
    room.shelf.held.clear()
    await room.store.items.release(room.workspace_id, flow_id=room.flow.flow.id, by="a person")
    await room.work()
    await room.remove()
    assert await room.standing("MUG") == GONE
    assert room.shelf.held == {"MUG": {}}, "it was looked up, and not sent"


async def test_what_the_target_never_answered_is_sent_again_when_the_source_takes_it_back(room: Stockroom):
    await room.read(("MUG", 5))
    await room.work()
    await room.read(("MUG", 4))
    room.shelf.troubled = frozenset({"MUG"})
    room.shelf.trouble = OutcomeUnknown("No answer came.", settled=True)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await room.work()
        room.shelf.held["MUG"]["stock"] = 5
        await room.read(("MUG", 4), ("CUP", 1))
    await room.work()
    assert (await room.standing("MUG"))[0] is ItemState.PARKED, "the others get through"
    assert room.pieces("MUG") == 4

    room.shelf.trouble = None
    await room.read(("MUG", 5), ("CUP", 1))
    await room.work()
    assert room.pieces("MUG") == 5


async def test_a_record_that_is_deleted_while_it_is_worked_on_is_taken_away_afterwards(room: Stockroom):
    await room.read(("MUG", 5), ("CUP", 5))
    await room.work()
    await room.read(("MUG", 4), ("CUP", 4))
    items = await room.take()
    await room.ask_for(gone=["MUG", "CUP"])
    await room.ask_for(("CUP", 6))
    batch = Batch(room.store, room.workspace_id, room.flow, None, timedelta(0))
    await batch.work(items, Sales(), items[0].updated_at)
    assert await room.standing("MUG") == (ItemState.READY, SkipReason.GONE)
    assert await room.standing("CUP") == (ItemState.READY, None), "it is back before its work ended"
    await room.work()
    await room.remove()
    assert (room.shelf.held["MUG"], room.pieces("CUP")) == ({}, 6)
    assert await room.standing("MUG") == GONE


async def test_a_record_that_is_back_is_sent_though_the_work_on_it_broke_off(room: Stockroom):
    await room.read(("MUG", 5))
    await room.take()
    await room.ask_for(gone=["MUG"])
    await room.read(("MUG", 6))
    (item,) = (await room.items()).values()
    await room.store.record_pages.give_back(room.workspace_id, room.flow.flow.id, [item.id])
    await room.work()
    assert room.pieces("MUG") == 6


async def test_a_record_that_a_person_skipped_stays_so_until_a_person_asks_for_it(room: Stockroom):
    await room.read(("MUG", 5))
    await room.work()
    await refuse(room, "MUG")
    await skip(room, "MUG")
    await room.read(("MUG", 6))
    assert await room.standing("MUG") == BY_PERSON
    assert (await room.told("MUG"))[-1] == CHANGED

    flow = room.flow.flow
    await room.store.flows.update_settings(room.workspace_id, flow.id, flow.settings | {"mapping": []}, read_again=True)
    await room.read(("MUG", 6))
    await room.read(gone=["MUG"])
    for _ in range(2):
        await room.read()
    await room.remove()
    assert await room.standing("MUG") == BY_PERSON
    assert (await room.told("MUG")).count(CHANGED) == 1, "it changed once, the settings are no change of the record"
    assert room.pieces("MUG") == 5

    await room.ask_for(("MUG", 7))
    assert await room.standing("MUG") == (ItemState.READY, None)
    assert (await room.told("MUG"))[-1] == "Released: asked for."
    await skip(room, "MUG")
    await room.ask_for(gone=["MUG"])
    assert await room.standing("MUG") == GONE


async def test_a_record_that_a_person_skipped_comes_back_when_everything_is_asked_for(room: Stockroom):
    await refuse(room, "MUG")
    await skip(room, "MUG")
    await room.store.record_pages.look_at_all_again(room.workspace_id, room.flow.flow.id)
    assert (await room.told("MUG"))[-1] == "Released: everything was asked for."
    await room.read(("MUG", 5))
    await room.work()
    assert room.pieces("MUG") == 5


async def test_what_could_not_be_taken_away_is_left_there_when_a_person_says_so(room: Stockroom):
    await room.read(("MUG", 5))
    await room.work()
    for _ in range(2):
        await room.read()
    room.shelf.trouble = RecordRefused(REFUSED)
    await room.remove()
    await skip(room, "MUG")
    await room.remove()
    assert (room.shelf.asked, await room.standing("MUG")) == (1, BY_PERSON)


async def test_a_record_that_is_asked_for_twice_is_compared_twice(room: Stockroom):
    await room.read(("MUG", 5))
    await room.work()
    for _ in range(2):
        room.shelf.held["MUG"]["stock"] = 1
        await room.ask_for(("MUG", 5))
        await room.work()
        assert room.pieces("MUG") == 5


async def test_who_takes_records_away_keeps_the_flow_and_stops_once_another_has_it(room: Stockroom):
    await room.read(("MUG", 5), ("CUP", 5))
    await room.work()
    for _ in range(2):
        await room.read()
    claims, name = room.store.claims, "records/one"
    lost = await claims.take(room.workspace_id, name, timedelta(0))
    mine = await claims.take(room.workspace_id, name, timedelta(0))
    with pytest.raises(Wait):
        await remove_unwanted(room.store, room.workspace_id, room.flow, lost, HOUR)
    assert room.shelf.asked == 0
    assert not await remove_unwanted(room.store, room.workspace_id, room.flow, mine, HOUR)
    assert room.shelf.asked == 2
    held_for = (await claims.take(room.workspace_id, name, HOUR)).held_for
    assert held_for is not None
    assert held_for > HOUR / 2


async def test_a_deleted_product_that_never_got_through_holds_no_problem_open(small_world: World):
    world = small_world
    await world.shop.load({"products": [product(7, "MUG"), product(8, "")]})
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.start()
    await world.settled(flow)
    assert (await problem_of(world, flow, "#8"))[0] == "missing_field"
    await world.shop.delete("products", 8)
    await world.resync(flow, everything=True)
    assert len(await world.problems()) == 1
    await world.resync(flow, everything=True)
    (item,) = await world.items(flow_id=flow, state="skipped")
    assert (item["reference"], item["reason"]) == ("#8", "gone")
    standing = await world.run(flow)
    assert (standing["done"], standing["skipped"], standing["parked"]) == (1, 1, 0)
    assert await world.problems() == []


async def test_variants_of_a_product_that_cannot_be_read_are_not_gone(small_world: World):
    world = small_world
    await world.shop.load(
        {
            "products": [product(7, "MUG"), *(product(20 + place, f"CUP{place}") for place in range(8))],
            "attributes": [{"id": 1, "name": "Colour"}],
            "attributevalues": [{"id": 71, "attribute_id": 1, "name": "Blue"}],
            "productattributevalues": [{"product_id": 7, "attribute_id": 1, "optionvalue": 71}],
            "attributecombinations": [{"product_id": 7, "value_ids": [71], "product_number": "MUG-BLUE"}],
        }
    )
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.start()
    await world.settled(flow)
    await world.shop.patch("products", 7, {"weight": "1,5"})
    for _ in range(2):
        await world.resync(flow, everything=True)
    waiting = await world.items(flow_id=flow, state="parked")
    assert {item["source_id"].partition(":")[0] for item in waiting} == {"7"}
    held = await articles(world)
    assert len(waiting) == 2
    assert (held["MUG"]["IsActive"], held["MUG-BLUE"]["IsActive"]) == (True, True)


async def test_a_product_that_a_person_skipped_waits_until_the_person_names_it(small_world: World):
    world = small_world
    await world.shop.load({"products": [product(8, "")]})
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.start()
    await world.settled(flow)
    (item,) = await world.items(flow_id=flow, state="parked")
    await world.api("POST", f"/items/{item['id']}/skip", {"reason": "Sold by hand."})
    await world.shop.patch("products", 8, {"productnumber": "MUG"})
    await world.run(flow)
    assert await articles(world) == {}
    (item,) = await world.items(flow_id=flow, state="skipped")
    assert (item["reference"], item["reason"]) == ("MUG", "skipped_by_person")
    await world.resync(flow, source_ids=["8"])
    assert set(await articles(world)) == {"MUG"}
    await change_product(world, "MUG", name="Changed")
    await world.run(flow)
    assert (await articles(world))["MUG"]["Name"] == "Changed"

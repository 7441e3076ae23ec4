"""Pages: new, changed and unchanged records, and where the read stands."""

import asyncio
from datetime import timedelta

import pytest

from store import ItemState, Store
from store.pages import later_cursor
from tests.store.shop import NOW, Shop, entry
from tests.store.test_items import park


async def state_of(shop: Shop, source_id: str) -> str:
    return (await shop.store.items.search(shop.workspace_id, source_id=source_id)).items[0].state


async def test_a_second_run_of_a_page_finds_all_unchanged(shop: Shop):
    page = [entry(str(number)) for number in range(1200)]
    assert (await shop.list_orders(*page)).new == 1200
    again = await shop.list_orders(*page)
    assert (again.listed, again.new, again.changed, again.unchanged) == (1200, 0, 0, 1200)
    assert (await shop.store.items.counts(shop.workspace_id, shop.flow_id)).listed == 1200


async def test_the_last_of_two_entries_with_one_id_counts(shop: Shop):
    outcome = await shop.list_orders(entry("1", reference="old"), entry("1", reference="new"))
    assert (outcome.listed, outcome.new) == (1, 1)
    assert (await shop.store.items.get(shop.workspace_id, await shop.item_id("1"))).reference == "new"


async def test_concurrent_pages_with_the_same_records_make_one_item_each(shop: Shop):
    page = [entry(str(number)) for number in range(40)]
    outcomes = await asyncio.gather(*(shop.list_orders(*page) for _ in range(6)))
    assert sum(outcome.new for outcome in outcomes) == 40
    assert (await shop.store.items.counts(shop.workspace_id, shop.flow_id)).listed == 40


async def test_a_filtered_record_becomes_ready_when_it_passes(shop: Shop):
    await shop.list_orders(entry("1", ready=False, reason="filtered"))
    assert await state_of(shop, "1") == ItemState.SKIPPED
    await shop.list_orders(entry("1", ready=False, reason="filtered"))
    assert await state_of(shop, "1") == ItemState.SKIPPED
    await shop.list_orders(entry("1"), settings_version=2)
    item = await shop.store.items.get(shop.workspace_id, await shop.item_id("1"))
    assert (item.state, item.reason, item.finished_at) == (ItemState.READY, None, None)


async def test_a_change_at_the_source_releases_a_parked_item(shop: Shop):
    item_id = await shop.ready_item("1")
    await park(shop, item_id)
    await shop.list_orders(entry("1"))
    assert await state_of(shop, "1") == ItemState.PARKED
    assert (await shop.list_orders(entry("1", "b", header=b"new"))).changed == 1
    item = await shop.store.items.get(shop.workspace_id, item_id, with_bodies=True)
    assert (item.state, item.header, item.releases, item.problem_id) == (ItemState.READY, b"new", 1, None)
    events = (await shop.store.items.timeline(shop.workspace_id, item_id)).events
    assert events[-1].text == "Released: changed at the source."


async def test_a_parked_item_that_changes_but_does_not_pass_stays(shop: Shop):
    await park(shop, await shop.ready_item("1"))
    await shop.list_orders(entry("1", "b", ready=False, reason="filtered"))
    assert await state_of(shop, "1") == ItemState.PARKED


async def test_a_change_during_an_attempt_is_kept_for_the_next(shop: Shop):
    item_id = await shop.ready_item("1")
    begun = await shop.store.items.begin(shop.workspace_id, item_id)
    await shop.list_orders(entry("1", "b", header=b"new"))
    item = await shop.store.items.get(shop.workspace_id, item_id, with_bodies=True)
    assert (item.state, item.changed_meanwhile, item.header) == (ItemState.IN_FLIGHT, True, b"new")
    problem_id = await park(shop, item_id)
    assert begun.attempts == 1
    assert (await shop.store.items.get(shop.workspace_id, item_id)).problem_id == problem_id


async def test_a_change_met_by_an_attempt_that_parks_brings_it_back_at_once(shop: Shop):
    item_id = await shop.ready_item("1")
    problem_id = await park(shop, item_id)
    await shop.store.items.release(shop.workspace_id, item_ids=[item_id], by="a person")
    await shop.store.items.begin(shop.workspace_id, item_id)
    await shop.list_orders(entry("1", "b"))
    parked = await shop.store.items.park(shop.workspace_id, item_id, problem_id, NOW, heals_by_time=False)
    assert parked.next_release_at == NOW


async def test_a_change_after_an_item_is_done_is_only_written_down(shop: Shop):
    item_id = await shop.ready_item("1")
    await shop.store.items.begin(shop.workspace_id, item_id)
    await shop.store.items.finish(shop.workspace_id, item_id, state=ItemState.DONE, target_id="t1")
    for _ in range(2):
        await shop.list_orders(entry("1", "b"))
    timeline = await shop.store.items.timeline(shop.workspace_id, item_id)
    assert timeline.item.state == ItemState.DONE
    assert [event.kind for event in timeline.events].count("changed") == 1


async def test_named_ids_are_added_or_released_and_done_ones_stay_done(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    await park(shop, await shop.ready_item("1"))
    done_id = await shop.ready_item("2")
    await items.begin(workspace_id, done_id)
    await items.finish(workspace_id, done_id, state=ItemState.DONE, target_id="t2")
    await shop.list_orders(entry("3", ready=False, reason="filtered"))
    assert await items.add_ids(workspace_id, shop.flow_id, ["1", "2", "3", "4", "4"]) == 3
    assert [await state_of(shop, source_id) for source_id in "1234"] == ["ready", "done", "ready", "ready"]


async def test_a_read_keeps_its_place_and_moves_the_cursor_when_complete(shop: Shop):
    flows, workspace_id = shop.store.flows, shop.workspace_id
    begun = await flows.begin_run(workspace_id, shop.flow_id, now=NOW)
    assert (begun.cursor, begun.page, begun.sweeping) == (None, None, False)
    await shop.list_orders(entry("1"), next_page="p2", cursor="100", read_number=begun.read_number)
    assert (await flows.get(workspace_id, shop.flow_id)).cursor is None
    again = await flows.begin_run(workspace_id, shop.flow_id, now=NOW, sweep=True)
    assert (again.page, again.sweeping) == ("p2", False)
    await shop.list_orders(entry("2"), next_page=None, cursor="99", read_number=again.read_number)
    flow = await flows.get(workspace_id, shop.flow_id)
    assert (flow.cursor, flow.page, flow.pending_cursor) == ("100", None, None)


async def test_a_sweep_is_remembered_and_never_moves_the_cursor_back(shop: Shop):
    flows, workspace_id = shop.store.flows, shop.workspace_id
    await shop.list_orders(entry("1"), cursor="2026-05-04T10:00:00+00:00")
    begun = await flows.begin_run(workspace_id, shop.flow_id, now=NOW, sweep=True)
    assert begun.sweeping
    await shop.list_orders(entry("1"), cursor="2026-05-04T11:00:00+02:00", read_number=begun.read_number)
    flow = await flows.get(workspace_id, shop.flow_id)
    assert flow.cursor == "2026-05-04T10:00:00+00:00"
    assert flow.last_sweep_at is not None


async def test_a_rewind_supersedes_a_read_under_way(shop: Shop):
    flows, workspace_id = shop.store.flows, shop.workspace_id
    await shop.list_orders(entry("1"), cursor="100")
    begun = await flows.begin_run(workspace_id, shop.flow_id, now=NOW)
    await flows.rewind(workspace_id, shop.flow_id, "50")
    outcome = await shop.list_orders(entry("2"), next_page=None, cursor="200", read_number=begun.read_number)
    assert (outcome.superseded, outcome.new) == (True, 1)
    assert (await flows.get(workspace_id, shop.flow_id)).cursor == "50"


async def test_watched_records_take_turns(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    await shop.list_orders(*(entry(source_id, ready=False, reason="filtered") for source_id in "123"), entry("4"))
    now = (await items.get(workspace_id, await shop.item_id("1"))).created_at
    first = await items.watched(workspace_id, shop.flow_id, 2, now)
    second = await items.watched(workspace_id, shop.flow_id, 2, now + timedelta(minutes=5))
    assert sorted({*first, *second}) == ["1", "2", "3"]
    assert await items.watched(workspace_id, shop.flow_id, 5, now + timedelta(days=91)) == []


@pytest.mark.parametrize(
    ("before", "now", "later"),
    [
        (None, "5", "5"),
        ("5", None, "5"),
        ("999", "1000", "1000"),
        ("1000", "999", "1000"),
        ("2026-05-04T10:00:00Z", "2026-05-04T11:30:00+02:00", "2026-05-04T10:00:00Z"),
        ("token-b", "token-a", "token-a"),
    ],
)
def test_the_later_cursor(before: str | None, now: str | None, later: str):
    assert later_cursor(before, now) == later


async def test_the_records_survive_a_new_store(shop: Shop, store: Store, migrated_url: str):
    await shop.ready_item("1")
    await store.close()
    reopened = await Store.open(migrated_url, store._sealer.keys)
    try:
        assert (await reopened.items.counts(shop.workspace_id, shop.flow_id)).ready == 1
    finally:
        await reopened.close()

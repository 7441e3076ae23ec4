"""The ledger: what is listed is worked on once, waits when it has to, and comes back."""

from datetime import timedelta
from decimal import Decimal

import pytest

from commerce.problems import Problem, ProblemCode
from store import AlreadyBound, ItemState, NotFoundError, Store
from tests.store.shop import NOW, Shop, entry, make_shop

UNMAPPED = Problem(
    code=ProblemCode.UNMAPPED_VALUE,
    field="payment_method",
    value="iDEAL",
    sentence="Order R1 is paid with iDEAL, which is not mapped. Choose what it is at the target.",
)


async def park(shop: Shop, item_id: str, problem: Problem = UNMAPPED, **options) -> str:
    """Begin and park an item; returns the problem's id."""
    problem_id = await shop.store.problems.raise_(shop.workspace_id, shop.flow_id, problem)
    await shop.store.items.begin(shop.workspace_id, item_id)
    await shop.store.items.park(shop.workspace_id, item_id, problem_id, NOW, **options)
    return problem_id


async def test_an_item_goes_from_listed_to_done(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    outcome = await shop.list_orders(entry("1"), entry("2", placed_at=NOW - timedelta(days=1)), cursor="2026-05-04")
    assert (outcome.listed, outcome.new, outcome.changed, outcome.unchanged) == (2, 2, 0, 0)

    handed = await items.hand_out(workspace_id, shop.flow_id, 10, NOW)
    assert [one.source_id for one in handed] == ["2", "1"]
    begun = await items.begin(workspace_id, handed[0].item_id)
    assert (begun.state, begun.attempts, begun.header) == (ItemState.IN_FLIGHT, 1, b'{"id": 2}')
    await items.save_body(workspace_id, begun.id, b"body" * 1000)
    await items.finish(
        workspace_id,
        begun.id,
        state=ItemState.DONE,
        target_kind="invoice",
        target_id="t2",
        target_number="1002",
        target_total=Decimal("12.50"),
        rounding=Decimal("0.01"),
        notes=["The name was shortened."],
    )
    done = await items.get(workspace_id, begun.id, with_bodies=True)
    assert (done.state, done.target_total, done.rounding) == (ItemState.DONE, Decimal("12.50"), Decimal("0.01"))
    assert done.body == b"body" * 1000
    counts = await items.counts(workspace_id, shop.flow_id)
    assert (counts.listed, counts.ready, counts.done) == (2, 1, 1)
    assert counts.oldest_ready_at == NOW
    timeline = await items.timeline(workspace_id, begun.id)
    assert [event.kind for event in timeline.events] == ["listed", "note", "finished"]
    assert (await shop.store.flows.get(workspace_id, shop.flow_id)).cursor == "2026-05-04"


async def test_finishing_twice_is_harmless_and_another_target_is_refused(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    item_id = await shop.ready_item()
    await items.begin(workspace_id, item_id)
    for _ in range(2):
        await items.finish(workspace_id, item_id, state=ItemState.DONE, target_id="t1", target_number="7")
    assert len((await items.timeline(workspace_id, item_id)).events) == 2
    with pytest.raises(AlreadyBound) as refused:
        await items.finish(workspace_id, item_id, state=ItemState.DONE, target_id="t2", target_number="8")
    assert (refused.value.bound_to, refused.value.asked_for) == ("t1", "t2")
    assert (await items.get(workspace_id, item_id)).target_id == "t1"
    bound = await shop.store.bindings.find(workspace_id, shop.flow_id, "order", ["1", "2"])
    assert {key: one.target_number for key, one in bound.items()} == {"1": "7"}


async def test_an_item_that_ends_in_neither_way_is_refused(shop: Shop):
    with pytest.raises(ValueError, match="done or skipped"):
        await shop.store.items.finish(shop.workspace_id, await shop.ready_item(), state=ItemState.READY)


async def test_beginning_what_is_done_changes_nothing(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    item_id = await shop.ready_item()
    await items.begin(workspace_id, item_id)
    await items.finish(workspace_id, item_id, state=ItemState.DONE, target_id="t1")
    assert (await items.begin(workspace_id, item_id)).state == ItemState.DONE
    assert (await items.get(workspace_id, item_id)).attempts == 1


async def test_what_is_in_flight_is_handed_out_again_only_when_nobody_touches_it(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    item_id = await shop.ready_item()
    begun = await items.begin(workspace_id, item_id)
    assert await items.hand_out(workspace_id, shop.flow_id, 10, begun.updated_at + timedelta(minutes=14)) == []
    lost = await items.hand_out(workspace_id, shop.flow_id, 10, begun.updated_at + timedelta(minutes=16))
    assert [one.item_id for one in lost] == [item_id]


async def test_a_postponed_item_waits_for_its_moment(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    item_id = await shop.ready_item()
    await items.begin(workspace_id, item_id)
    await items.postpone(workspace_id, item_id, NOW + timedelta(minutes=5))
    assert await items.hand_out(workspace_id, shop.flow_id, 10, NOW) == []
    assert len(await items.hand_out(workspace_id, shop.flow_id, 10, NOW + timedelta(minutes=5))) == 1


async def test_parked_items_come_back_at_growing_intervals(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    item_id = await shop.ready_item()
    waits = []
    for _ in range(7):
        await park(shop, item_id)
        due = (await items.get(workspace_id, item_id)).next_release_at
        assert due is not None
        waits.append((due - NOW) / timedelta(hours=1))
        early = due - timedelta(seconds=1)
        assert await items.release(workspace_id, flow_id=shop.flow_id, due_at=early, by="time") == 0
        assert await items.release(workspace_id, flow_id=shop.flow_id, due_at=due, by="time") == 1
    assert waits == [1, 2, 4, 8, 16, 24, 24]

    await park(shop, item_id)
    await items.release(workspace_id, item_ids=[item_id], by="a person")
    await park(shop, item_id)
    again = (await items.get(workspace_id, item_id)).next_release_at
    assert again == NOW + timedelta(hours=1)


async def test_what_time_cannot_heal_waits_for_a_person(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    item_id = await shop.ready_item()
    problem_id = await park(shop, item_id, heals_by_time=False)
    far = NOW + timedelta(days=400)
    assert await items.release(workspace_id, flow_id=shop.flow_id, due_at=far, by="time") == 0
    assert await items.release(workspace_id, problem_id=problem_id, by="a person") == 1
    released = await items.get(workspace_id, item_id, with_bodies=True)
    assert (released.state, released.header, released.releases) == (ItemState.READY, None, 1)
    assert (await items.counts(workspace_id, shop.flow_id)).released == 1


async def test_releasing_needs_to_know_what(shop: Shop):
    with pytest.raises(ValueError, match="which items"):
        await shop.store.items.release(shop.workspace_id, by="a person")


async def test_new_settings_release_what_they_may_help(shop: Shop):
    items, flows, workspace_id = shop.store.items, shop.store.flows, shop.workspace_id
    held = [await shop.ready_item(source_id) for source_id in ("1", "2")]
    await park(shop, held[0])
    await park(shop, held[1], heals_by_time=False)
    assert await flows.update_settings(workspace_id, shop.flow_id, {"page_size": 7}) == 1
    assert [(await items.get(workspace_id, item_id)).state for item_id in held] == [ItemState.READY, ItemState.PARKED]
    await park(shop, held[0])
    assert await flows.update_settings(workspace_id, shop.flow_id, {"page_size": 7}) == 0


async def test_an_attempt_under_old_settings_comes_back_at_once(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    item_id = await shop.ready_item()
    problem_id = await shop.store.problems.raise_(workspace_id, shop.flow_id, UNMAPPED)
    await items.begin(workspace_id, item_id)
    await shop.store.value_maps.set_value(workspace_id, shop.flow_id, "payment_method", "iDEAL", "7")
    parked = await items.park(workspace_id, item_id, problem_id, NOW)
    assert parked.next_release_at == NOW


async def test_skipping_needs_a_reason_and_keeps_it(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    item_id = await shop.ready_item()
    with pytest.raises(ValueError, match="why"):
        await items.skip(workspace_id, item_id, "  ")
    assert await items.skip(workspace_id, item_id, "Sent by hand.")
    assert not await items.skip(workspace_id, item_id, "Again.")
    timeline = await items.timeline(workspace_id, item_id)
    assert timeline.item.reason == "skipped_by_person"
    assert timeline.events[-1].text == "Sent by hand."


async def test_a_lost_write_is_remembered_until_it_is_settled(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    item_id = await shop.ready_item()
    await items.write_started(workspace_id, item_id, NOW)
    assert (await items.get(workspace_id, item_id)).write_started_at == NOW
    await items.finish(workspace_id, item_id, state=ItemState.DONE, target_id="t")
    assert (await items.get(workspace_id, item_id)).write_started_at is None


async def test_search_finds_by_every_condition_and_pages(shop: Shop):
    items, workspace_id = shop.store.items, shop.workspace_id
    await shop.list_orders(*(entry(str(number)) for number in range(5)), entry("9", ready=False, reason="filtered"))
    first = await items.search(workspace_id, integration_id=shop.integration_id, state=ItemState.READY, limit=3)
    rest = await items.search(
        workspace_id, integration_id=shop.integration_id, state=ItemState.READY, limit=3, after=first.after
    )
    assert rest.after is None
    assert len({one.id for one in (*first.items, *rest.items)}) == 5
    assert [one.source_id for one in (await items.search(workspace_id, reference="R3")).items] == ["3"]
    assert (await items.search(workspace_id, since=NOW + timedelta(seconds=1))).items == []


async def test_no_workspace_sees_another(shop: Shop, store: Store):
    other = await make_shop(store, "Other")
    item_id = await shop.ready_item()
    problem_id = await park(shop, item_id)
    for look in (
        store.items.get(other.workspace_id, item_id),
        store.items.begin(other.workspace_id, item_id),
        store.items.timeline(other.workspace_id, item_id),
        store.flows.get(other.workspace_id, shop.flow_id),
        store.connections.get(other.workspace_id, shop.source_id),
        store.integrations.get(other.workspace_id, shop.integration_id),
        store.problems.get(other.workspace_id, problem_id),
    ):
        with pytest.raises(NotFoundError):
            await look
    assert await store.items.release(other.workspace_id, item_ids=[item_id], by="a person") == 0
    assert (await store.items.search(other.workspace_id)).items == []
    assert await store.problems.open(other.workspace_id) == ()
    assert await store.bindings.find(other.workspace_id, shop.flow_id, "order", ["1"]) == {}

"""The rate budget: whoever asks, a vendor's limit is never passed."""

from datetime import timedelta

import pytest

from store.budgets import Pace
from tests.store.shop import Shop, in_processes

HOUR = timedelta(hours=1)


def most_in_a_minute(moments: list[float]) -> int:
    """The largest number of calls in any window of 60 seconds."""
    ordered, start, most = sorted(moments), 0, 0
    for end, moment in enumerate(ordered):
        while ordered[start] < moment - 60:
            start += 1
        most = max(most, end - start + 1)
    return most


async def test_four_processes_together_keep_the_limit_and_use_it(shop: Shop):
    per_minute, slots = 400, 300
    results = await in_processes(
        shop.store, 4, "reserve", shop.workspace_id, shop.target_id, str(per_minute), str(slots)
    )
    granted = [moments for result in results for moments in result]
    assert len(granted) == 4 * slots
    # When the reservation itself took long, the call's exact moment lies between the two bounds.
    earliest, latest = [early for early, _ in granted], [late for _, late in granted]
    assert most_in_a_minute(latest) <= per_minute * 0.92
    assert most_in_a_minute(earliest) >= per_minute * 0.75


@pytest.mark.parametrize("per_minute", [1, 2, 3, 7, 10, 45, 60, 300, 1000])
def test_a_pace_leaves_a_tenth_of_the_limit(per_minute: int):
    pace = Pace.of(per_minute)
    free_at, moments = 0.0, []
    for _ in range(per_minute * 3):
        start = max(free_at, 0.0)
        moments.append(max(0.0, start - pace.tolerance))
        free_at = start + pace.interval
    most = most_in_a_minute(moments)
    assert most <= max(1, per_minute * 0.9)
    assert most >= int(per_minute * 0.7)


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        Pace.of(0)


async def test_a_slot_too_far_away_is_not_taken(shop: Shop):
    budget = shop.store.budget(shop.workspace_id, shop.target_id)
    assert (await budget.reserve("calls", 3, HOUR)).wait == timedelta(0)
    for _ in range(3):
        refused = await budget.reserve("calls", 3, timedelta(seconds=5))
        assert refused.wait is None
        assert timedelta(seconds=20) < refused.retry_after < timedelta(seconds=40)
    waiting = await budget.reserve("calls", 3, HOUR)
    assert waiting.wait is not None
    assert timedelta(seconds=25) < waiting.wait < timedelta(seconds=40)


async def test_buckets_and_accounts_are_apart(shop: Shop):
    target = shop.store.budget(shop.workspace_id, shop.target_id)
    source = shop.store.budget(shop.workspace_id, shop.source_id)
    for budget, bucket in ((target, "calls"), (target, "writes"), (source, "calls")):
        assert (await budget.reserve(bucket, 1, timedelta(0))).wait == timedelta(0)
        assert (await budget.reserve(bucket, 1, timedelta(0))).wait is None


async def test_a_vendors_pause_holds_for_everyone_and_is_not_shortened(shop: Shop):
    budget = shop.store.budget(shop.workspace_id, shop.target_id)
    await budget.reserve("calls", 600, HOUR)
    await budget.exhausted("calls", timedelta(seconds=90))
    await budget.exhausted("calls", timedelta(seconds=10))
    again = shop.store.budget(shop.workspace_id, shop.target_id)
    waits = [(await again.reserve("calls", 600, HOUR)).wait for _ in range(3)]
    assert waits[0] is not None
    assert timedelta(seconds=88) < waits[0] <= timedelta(seconds=90)
    assert waits[2] is not None
    assert waits[2] - waits[0] > timedelta(seconds=0.1)


async def test_a_pause_before_the_first_call_holds_too(shop: Shop):
    budget = shop.store.budget(shop.workspace_id, shop.target_id)
    await budget.exhausted("calls", timedelta(seconds=90))
    assert (await budget.reserve("calls", 10, timedelta(seconds=20))).wait is None

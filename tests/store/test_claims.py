"""Claims: one holder at a time, until it gives back or its time runs out."""

import asyncio
from datetime import timedelta

from tests.store.shop import Shop

LONG = timedelta(minutes=5)
OVER = timedelta(seconds=-1)


async def test_only_one_of_many_gets_a_claim_and_the_others_learn_for_how_long(shop: Shop):
    claims = await asyncio.gather(*(shop.store.claims.take(shop.workspace_id, "order 1", LONG) for _ in range(10)))

    held = [claim.held_for for claim in claims if claim.held_for is not None]
    assert len(held) == 9
    assert all(timedelta(minutes=4) < left <= LONG for left in held)


async def test_a_claim_that_was_given_back_or_ran_out_is_free_again(shop: Shop):
    take, free = shop.store.claims.take, shop.store.claims.free
    first = await take(shop.workspace_id, "order 1", LONG)
    await free(shop.workspace_id, first)
    expired = await take(shop.workspace_id, "order 1", OVER)
    third = await take(shop.workspace_id, "order 1", LONG)

    assert (first.held_for, expired.held_for, third.held_for) == (None, None, None)


async def test_who_lost_a_claim_can_neither_extend_it_nor_take_it_from_its_new_holder(shop: Shop):
    claims = shop.store.claims
    lost = await claims.take(shop.workspace_id, "order 1", OVER)
    holder = await claims.take(shop.workspace_id, "order 1", LONG)
    waiting = await claims.take(shop.workspace_id, "order 1", LONG)

    assert not await claims.extend(shop.workspace_id, lost, LONG)
    await claims.free(shop.workspace_id, lost)
    await claims.free(shop.workspace_id, waiting)
    assert await claims.extend(shop.workspace_id, holder, LONG)
    assert (await claims.take(shop.workspace_id, "order 1", LONG)).held_for is not None


async def test_claims_of_different_names_and_workspaces_do_not_meet(shop: Shop):
    elsewhere = await shop.store.workspaces.create("Another")
    taken = [
        await shop.store.claims.take(workspace_id, name, LONG)
        for workspace_id in (shop.workspace_id, elsewhere)
        for name in ("order 1", "order 2")
    ]
    assert all(claim.held_for is None for claim in taken)

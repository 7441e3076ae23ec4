"""Tokens are replaced by exactly one worker, and consents work once."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store import NotFoundError, Store, Vault
from store.tables import Connection
from tests.store.other_process import FIRST, PROCESSES, Pair, renewed
from tests.store.shop import Shop, in_processes, make_shop


class Vendor:
    """Hands out new pairs when told to, each refresh token once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()
        self.calls = 0

    async def refresh(self, tokens: Pair) -> Pair:
        self.calls += 1
        self.asked.set()
        await self.answer.wait()
        return renewed(tokens)


@pytest.fixture
def vault(shop: Shop) -> Vault[Pair]:
    return shop.store.connections.vault(shop.workspace_id, shop.target_id, Pair)


async def test_there_are_no_tokens_before_consent(vault: Vault[Pair]):
    assert await vault.load() is None
    with pytest.raises(NotFoundError, match="tokens"):
        await vault.refresh_exclusively(0, Vendor().refresh)


async def test_what_is_saved_is_loaded_with_its_version(vault: Vault[Pair], shop: Shop):
    saved = await vault.save(FIRST)
    assert (saved.version, saved.expires_at) == (1, FIRST.expires_at)
    assert await vault.load() == saved
    assert (await shop.store.connections.get(shop.workspace_id, shop.target_id)).has_tokens


async def test_twenty_callers_make_one_refresh(vault: Vault[Pair]):
    vendor = Vendor()
    await vault.save(FIRST)
    callers = [asyncio.create_task(vault.refresh_exclusively(1, vendor.refresh)) for _ in range(20)]
    await vendor.asked.wait()
    vendor.answer.set()
    pairs = await asyncio.gather(*callers)
    assert vendor.calls == 1
    assert {(pair.access_token, pair.version) for pair in pairs} == {("access-1", 2)}


async def test_four_processes_make_one_refresh(vault: Vault[Pair], shop: Shop, tmp_path: Path):
    await vault.save(FIRST)
    calls = tmp_path / "calls"
    results = await in_processes(shop.store, PROCESSES, "refresh", shop.workspace_id, shop.target_id, str(calls))
    assert calls.read_text().splitlines() == ["called"]
    assert [pair for result in results for pair in result] == [["access-1", 2]] * 10 * PROCESSES


async def test_a_newer_pair_is_returned_at_once(vault: Vault[Pair]):
    vendor = Vendor()
    await vault.save(FIRST)
    newer = await vault.save(renewed(FIRST))
    assert await vault.refresh_exclusively(1, vendor.refresh) == newer
    assert vendor.calls == 0


async def test_a_refresh_that_fails_lets_the_next_one_try(vault: Vault[Pair]):
    async def refuse(tokens: Pair) -> Pair:
        raise ConnectionError("no answer")

    vendor = Vendor()
    vendor.answer.set()
    await vault.save(FIRST)
    with pytest.raises(ConnectionError, match="no answer"):
        await vault.refresh_exclusively(1, refuse)
    assert (await vault.refresh_exclusively(1, vendor.refresh)).access_token == "access-1"


async def test_cancelling_the_caller_does_not_lose_the_new_pair(vault: Vault[Pair]):
    vendor = Vendor()
    await vault.save(FIRST)
    caller = asyncio.create_task(vault.refresh_exclusively(1, vendor.refresh))
    await vendor.asked.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    vendor.answer.set()
    assert (await vault.refresh_exclusively(1, vendor.refresh)).access_token == "access-1"
    assert vendor.calls == 1


async def test_a_lease_of_a_dead_worker_ends(vault: Vault[Pair], shop: Shop):
    vendor = Vendor()
    vendor.answer.set()
    await vault.save(FIRST)
    async with shop.store.database.writing() as session:
        row = await session.get_one(Connection, shop.target_id)
        row.tokens_lease_owner, row.tokens_lease_until = "dead", datetime.now(UTC) + timedelta(milliseconds=300)
    assert (await vault.refresh_exclusively(1, vendor.refresh)).version == 2


async def test_a_consent_given_during_a_refresh_wins(vault: Vault[Pair]):
    vendor = Vendor()
    await vault.save(FIRST)
    caller = asyncio.create_task(vault.refresh_exclusively(1, vendor.refresh))
    await vendor.asked.wait()
    consent = await vault.save(Pair("access-9", "refresh-9", FIRST.expires_at))
    vendor.answer.set()
    assert await caller == consent
    assert await vault.load() == consent


async def test_a_consent_is_finished_once_and_in_time(shop: Shop, store: Store):
    states = store.oauth_states
    state = await states.begin(shop.workspace_id, shop.target_id)
    assert await states.finish("unknown") is None
    assert await states.finish(state) == (shop.workspace_id, shop.target_id)
    assert await states.finish(state) is None
    late = await states.begin(shop.workspace_id, shop.target_id)
    assert await states.finish(late, now=datetime.now(UTC) + timedelta(minutes=16)) is None
    other = await make_shop(store, "Other")
    with pytest.raises(NotFoundError):
        await states.begin(other.workspace_id, shop.target_id)

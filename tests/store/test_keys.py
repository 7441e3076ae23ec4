"""The key ring, and its renewal over a whole database."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import KeyRing, KeyRingError, Store, UndecipherableError
from store.keys import COMPRESS_ABOVE_BYTES
from tests.store.shop import Shop, entry, make_shop
from tests.store.test_items import park

RING = KeyRing.generate()


@given(plain=st.binary(max_size=3000), place=st.text(max_size=20))
def test_what_is_encrypted_comes_back_and_only_in_its_place(plain: bytes, place: str):
    sealed = RING.encrypt(plain, place)
    assert RING.decrypt(sealed, place) == plain
    with pytest.raises(UndecipherableError, match="another row"):
        RING.decrypt(sealed, place + "x")


@given(position=st.integers(min_value=0, max_value=40), flip=st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(position: int, flip: int):
    sealed = bytearray(RING.encrypt(b"twelve euros and a half", "place"))
    sealed[position] ^= flip
    with pytest.raises(UndecipherableError):
        RING.decrypt(bytes(sealed), "place")


def test_long_bodies_are_compressed():
    assert len(RING.encrypt(b"order line " * COMPRESS_ABOVE_BYTES, "place")) < COMPRESS_ABOVE_BYTES


def test_the_first_key_encrypts_and_all_decrypt():
    older = KeyRing.generate("k1")
    both = KeyRing.parse(f"{KeyRing.generate('k2').to_text()},{older.to_text()}")
    assert both.current == "k2"
    assert both.decrypt(older.encrypt(b"text", "place"), "place") == b"text"
    with pytest.raises(UndecipherableError, match='key "k2"'):
        older.decrypt(both.encrypt(b"text", "place"), "place")


def test_a_derived_ring_is_stable_and_independent():
    sealed = RING.derive("payloads").encrypt(b"text", "place")
    assert RING.derive("payloads").decrypt(sealed, "place") == b"text"
    for other in (RING, RING.derive("links")):
        with pytest.raises(UndecipherableError):
            other.decrypt(sealed, "place")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        (" , ", "empty"),
        ("nokey", "no name"),
        (":AAAA", "no name"),
        ("k1:***", "not base64"),
        ("k1:QUJD", "3 bytes"),
        # The tests run in several processes, which must name every test alike.
        pytest.param(f"{RING.to_text()},{RING.to_text()}", "twice", id="twice"),
        (f"{'n' * 33}:QUJD", "at most"),
    ],
)
def test_an_unusable_ring_says_what_is_wrong(text: str, message: str):
    with pytest.raises(KeyRingError, match=message):
        KeyRing.parse(text)


def test_the_keys_are_not_shown_when_printed():
    assert RING.to_text().split(":")[1] not in repr(RING)


async def fill(shop: Shop) -> None:
    await shop.list_orders(*(entry(str(number)) for number in range(450)))
    await shop.store.connections.update(shop.workspace_id, shop.source_id, secrets={"key": "s3cret"})
    await park(shop, await shop.item_id("1"))


async def test_renewing_re_encrypts_everything_and_changes_no_hash(store: Store, migrated_url: str):
    shop = await make_shop(store)
    await fill(shop)
    older = store._sealer.keys
    before = await store.keyed_hash(shop.workspace_id, "jo@example.com")
    both = KeyRing.parse(f"{KeyRing.generate('k3').to_text()},{KeyRing.generate('k2').to_text()}")
    renewing = await Store.open(migrated_url, KeyRing.parse(f"{both.to_text()},{older.to_text()}"))
    try:
        written = asyncio.gather(*(shop.list_orders(entry(f"w{number}")) for number in range(10)))
        assert await renewing.rotate() > 900
        await written
        await renewing.rotate()
        assert await renewing.rotate() == 0
    finally:
        await renewing.close()
    newer = await Store.open(migrated_url, both)
    try:
        assert await newer.keyed_hash(shop.workspace_id, "jo@example.com") == before
        assert (await newer.connections.get(shop.workspace_id, shop.source_id)).secrets == {"key": "s3cret"}
        timeline = await newer.items.timeline(shop.workspace_id, await shop.item_id("1"))
        assert timeline.problem is not None
        assert timeline.problem.value == "iDEAL"
    finally:
        await newer.close()


async def test_a_database_does_not_open_with_another_ring(shop: Shop, migrated_url: str):
    with pytest.raises(UndecipherableError):
        await Store.open(migrated_url, KeyRing.generate())


async def test_hashes_differ_between_workspaces(shop: Shop, store: Store):
    other = await make_shop(store, "Other")
    assert await store.keyed_hash(shop.workspace_id, "a") != await store.keyed_hash(other.workspace_id, "a")

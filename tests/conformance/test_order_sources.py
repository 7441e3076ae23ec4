"""Every connector that hands orders out."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from commerce.order import LineKind, Order
from connectors.errors import RecordGone
from connectors.protocols import OrderPage, OrderSource, ReadFrom
from connectors.registry import CONNECTORS
from tests.conformance.facts import ARTICLES, EMAILS, ORDER_NUMBERS, ORDER_TOTAL
from tests.conformance.stand import opened

SYSTEMS = [system for system, one in sorted(CONNECTORS.items()) if one.order_source is not None]
EVERYTHING = ReadFrom(None, None, timedelta(0))

every_source = pytest.mark.parametrize("system", SYSTEMS)


async def pages_of(source: OrderSource, start: ReadFrom = EVERYTHING, size: int = 100) -> list[OrderPage]:
    pages = [await source.list_orders(start, None, size)]
    while pages[-1].next_page is not None:
        pages.append(await source.list_orders(start, pages[-1].next_page, size))
    return pages


async def listed(source: OrderSource, start: ReadFrom = EVERYTHING, size: int = 100) -> dict[str, str]:
    """Id → fingerprint of every listed order."""
    return {entry.source_id: entry.fingerprint for page in await pages_of(source, start, size) for entry in page.orders}


def with_tax(order: Order) -> Decimal:
    return sum(
        (line.total if line.includes_tax else line.total * (100 + line.tax_rate) / 100 for line in order.lines),
        Decimal(0),
    )


@every_source
async def test_orders_are_read_as_they_were_listed_and_add_up(system: str):
    async with opened(system, "orders") as place:
        source, side = place.order_source(), place.connector.order_source
        assert side is not None
        entries = [entry for page in await pages_of(source) for entry in page.orders]
        assert len(entries) == len(ORDER_NUMBERS)
        for entry in entries:
            assert entry.status in side.statuses
            for header in (entry.header, None):
                order = await source.read_order(entry.source_id, header)
                told = (entry.reference, entry.placed_at, entry.status, entry.currency)
                assert (order.reference, order.placed_at, order.status, order.currency) == told
                assert order.payment_status == entry.payment_status
                assert entry.total in {None, order.total}
                assert (order.total, with_tax(order), order.raw != {}) == (ORDER_TOTAL, ORDER_TOTAL, True)
                [line] = order.lines
                assert (line.kind, line.sku, line.quantity) == (LineKind.PRODUCT, ARTICLES[0].sku, Decimal(1))
                assert (order.customer.email, order.billing.street) == (EMAILS[0], "Dorpsstraat")
        assert await place.writes() == []


@every_source
async def test_pages_of_any_size_list_every_order(system: str):
    async with opened(system, "orders") as place:
        whole = await listed(place.order_source())
        for size in (1, 2):
            assert len(await pages_of(place.order_source(), size=size)) > 1
            assert await listed(place.order_source(), size=size) == whole


@every_source
async def test_named_orders_are_listed_and_unknown_ones_are_gone(system: str):
    async with opened(system, "orders") as place:
        source, unknown = place.order_source(), place.stand.sources["orders"].unknown
        whole = await listed(source)
        page = await source.list_orders_by_id([*whole, unknown])
        assert {entry.source_id: entry.fingerprint for entry in page.orders} == whole
        assert (page.cursor, page.next_page, list(page.refused)) == (None, None, [])
        with pytest.raises(RecordGone):
            await source.read_order(unknown, None)


@every_source
async def test_a_changed_order_has_another_fingerprint_and_is_seen_where_declared(system: str):
    async with opened(system, "orders") as place:
        source, side = place.order_source(), place.connector.order_source
        assert side is not None
        before = await listed(source)
        changed = next(iter(before))
        await place.stand.sources["orders"].change(place.sim, changed)
        [entry] = (await source.list_orders_by_id([changed])).orders
        assert entry.fingerprint != before[changed]
        hour_ago = source.cursor_at(datetime.now(UTC) - timedelta(hours=1))
        seen = await listed(source, ReadFrom(hour_ago, None, side.read.lag))
        assert seen == ({changed: entry.fingerprint} if side.read.sees_changes else {})
        # What the cursor does not show, the declared sweep does.
        assert side.read.sees_changes or side.read.sweep_every is not None


@every_source
async def test_a_malformed_order_does_not_stop_its_page(system: str):
    async with opened(system, "orders") as place:
        spoil, source = place.stand.sources["orders"].spoil, place.order_source()
        assert spoil is not None
        bad, *good = await listed(source)
        await spoil(place.sim, bad)
        assert list(await listed(source)) == good
        assert [entry.source_id for page in await pages_of(source) for entry in page.refused] == [bad]
        assert [entry.source_id for entry in (await source.list_orders_by_id([bad])).refused] == [bad]


@every_source
async def test_the_status_of_a_sent_order_is_set_once(system: str):
    async with opened(system, "orders") as place:
        source, status = place.order_source(), place.stand.sources["orders"].status_when_sent
        order_id = next(iter(await listed(source)))
        await source.mark_sent(order_id, status)
        [entry] = (await source.list_orders_by_id([order_id])).orders
        assert entry.status == status
        assert await place.writes() != []
        await source.mark_sent(order_id, status)
        assert await place.writes() == []
        with pytest.raises(RecordGone):
            await source.mark_sent(place.stand.sources["orders"].unknown, status)

"""Every kind of record that a connector hands out."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from commerce.record import CustomerRecord, GroupPrice, Product, Record, Shipment, StockLevel
from connectors.protocols import ReadFrom
from connectors.records import RecordKind, RecordPage, RecordSource
from connectors.registry import CONNECTORS
from mapping.fields import FieldKind
from tests.conformance.facts import ARTICLES, CARRIER, EMAILS, GROUP, ORDER_NUMBERS, PRICED, RATE, TRACKING_CODE
from tests.conformance.stand import Place, opened, stand_of

SOURCES = [
    (system, kind) for system, one in sorted(CONNECTORS.items()) for kind in RecordKind if kind in one.record_sources
]
EVERYTHING = ReadFrom(None, None, timedelta(0))
TYPES: dict[FieldKind, tuple[type, ...]] = {
    FieldKind.TEXT: (str,),
    FieldKind.NUMBER: (Decimal,),
    FieldKind.MONEY: (Decimal,),
    FieldKind.BOOLEAN: (bool,),
    FieldKind.MOMENT: (datetime,),
    FieldKind.LIST: (tuple, list),
    FieldKind.MAPPING: (dict,),
}

every_source = pytest.mark.parametrize(("system", "kind"), SOURCES)


async def pages_of(source: RecordSource, start: ReadFrom = EVERYTHING, size: int = 100) -> list[RecordPage]:
    pages = [await source.list_records(start, None, size)]
    while pages[-1].next_page is not None:
        pages.append(await source.list_records(start, pages[-1].next_page, size))
    return pages


async def read(source: RecordSource, start: ReadFrom = EVERYTHING, size: int = 100) -> list[Record]:
    return [record for page in await pages_of(source, start, size) for record in page.records]


def ids(records: Sequence[Record]) -> list[str]:
    return [record.source_id for record in records]


def said(record: Record) -> dict[str, Any]:
    return record.model_dump(exclude={"raw"})


def facts(place: Place, kind: RecordKind, record: Record) -> Any:
    """What every system must understand of a record alike."""
    match record:
        case Product():
            with_tax = {Decimal("10.00"): Decimal("12.10")}
            gross = record.price_incl if record.price_excl is None else with_tax.get(record.price_excl)
            return record.sku, record.ean, record.name, gross, record.tax_rate, record.quantity, record.active
        case StockLevel():
            figure = place.connector.record_sources[kind].default_calculation
            return record.sku, record.ean, record.figures[figure], record.managed
        case CustomerRecord():
            return record.customer.email, record.billing.street, record.billing.number, record.group, record.active
        case GroupPrice():
            with_tax = {Decimal("8.00"): Decimal("9.68")}
            gross = record.price_incl if record.price_excl is None else with_tax.get(record.price_excl)
            return record.sku, record.ean, record.group, record.group_name, gross, record.currency
        case Shipment():
            return record.order_reference, record.carrier, record.tracking_code, record.complete
    raise TypeError(type(record).__name__)


def expected(place: Place, kind: RecordKind) -> list[Any]:
    match kind:
        case RecordKind.PRODUCTS:
            return [(one.sku, one.ean, one.name, one.gross, RATE, Decimal(one.stock), True) for one in ARTICLES]
        case RecordKind.STOCK:
            return [(one.sku, one.ean, Decimal(one.stock), True) for one in ARTICLES]
        case RecordKind.CUSTOMERS:
            return [(email, "Dorpsstraat", "3", place.stand.group, True) for email in EMAILS]
        case RecordKind.PRICES:
            return [(one.sku, one.ean, place.stand.group, GROUP, one.group_gross, "EUR") for one in PRICED]
        case RecordKind.SHIPMENTS:
            return [(str(number), CARRIER, TRACKING_CODE, True) for number in ORDER_NUMBERS]


@every_source
async def test_records_say_what_the_vendor_says(system: str, kind: RecordKind):
    async with opened(system, kind) as place:
        found = [facts(place, kind, record) for record in await read(place.source(kind))]
        assert [one for one in expected(place, kind) if one not in found] == []
        assert await place.writes() == []


@every_source
async def test_declared_and_own_fields_are_what_records_hold(system: str, kind: RecordKind):
    async with opened(system, kind) as place:
        variants = range(len(place.stand.sources[kind].settings))
        records = [record for variant in variants for record in await read(place.source(kind, variant))]
        for field in place.connector.record_sources[kind].fields:
            held = [member(record.model_dump(), field.name) for record in records]
            stated = [value for value in held if value is not None]
            assert all(isinstance(value, TYPES[field.kind]) for value in stated), field
            assert any(value is False or value for value in stated), f"no record states {field.name}"
        raws = [{"raw": record.raw} for record in records]
        own = await place.source(kind).own_fields()
        absent = [field.name for field in own if not any(has(raw, field.name) for raw in raws)]
        assert absent == []
        assert all(record.raw for record in records)


def member(body: Any, path: str) -> Any:
    for step in path.split("."):
        assert step in body, f"records have no {path}"
        body = body[step]
    return body


def has(body: Any, path: str) -> bool:
    for step in path.split("."):
        if not isinstance(body, dict) or step not in body:
            return False
        body = body[step]
    return True


@every_source
async def test_pages_of_any_size_give_every_record_once(system: str, kind: RecordKind):
    async with opened(system, kind) as place:
        whole = await read(place.source(kind))
        assert len(whole) >= len(expected(place, kind))
        for size in (1, 2):
            pages = await pages_of(place.source(kind), size=size)
            assert len(pages) > 1
            found = [record for page in pages for record in page.records]
            assert {record.source_id: said(record) for record in found} == {one.source_id: said(one) for one in whole}
            # A read in the order of changes may show again what shares a moment with the end of a page.
            repeats = place.connector.record_sources[kind].read.sees_changes
            assert repeats or len(found) == len(set(ids(found)))
            assert not [entry for page in pages for entry in page.refused]


@every_source
async def test_named_records_are_read_and_unknown_ones_are_removed(system: str, kind: RecordKind):
    async with opened(system, kind) as place:
        listed = {record.source_id: said(record) for record in await read(place.source(kind))}
        unknown = place.stand.sources[kind].unknown
        page = await place.source(kind).read_records([*listed, unknown])
        assert {record.source_id: said(record) for record in page.records} == listed
        assert list(page.removed) == [unknown]
        assert not page.refused
        assert (page.cursor, page.next_page) == (None, None)


@every_source
async def test_a_change_shows_in_the_next_read(system: str, kind: RecordKind):
    async with opened(system, kind) as place:
        source, read_as = place.source(kind), place.connector.record_sources[kind].read
        pages = await pages_of(source)
        before = {record.source_id: said(record) for page in pages for record in page.records}
        changed = next(iter(before))
        await place.stand.sources[kind].change(place.sim, changed)
        hour_ago = source.cursor_at(datetime.now(UTC) - timedelta(hours=1))
        assert (hour_ago is not None) == read_as.sees_changes
        for cursor in {pages[-1].cursor, hour_ago}:
            found = {
                record.source_id: said(record) for record in await read(source, ReadFrom(cursor, None, read_as.lag))
            }
            assert found[changed] != before[changed]
            assert cursor != hour_ago or not read_as.sees_changes or list(found) == [changed]


@pytest.mark.parametrize(("system", "kind"), [one for one in SOURCES if stand_of(one[0]).sources[one[1]].spoil])
async def test_a_malformed_record_does_not_stop_its_page(system: str, kind: RecordKind):
    async with opened(system, kind) as place:
        spoil = place.stand.sources[kind].spoil
        assert spoil is not None
        bad, *good = ids(await read(place.source(kind)))
        await spoil(place.sim, bad)
        pages = await pages_of(place.source(kind))
        assert [record.source_id for page in pages for record in page.records] == good
        [refused] = [entry for page in pages for entry in page.refused]
        assert refused.source_id == bad
        assert "much" in refused.problem_sentence
        assert refused.problem_sentence.endswith(".")
        again = await place.source(kind).read_records([bad])
        assert ([entry.source_id for entry in again.refused], list(again.records)) == ([bad], [])

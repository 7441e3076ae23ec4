"""Stock of articles, out and in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from commerce.problems import ProblemCode
from commerce.record import StockLevel
from connectors.eaccounting.stock_source import STOCK_SOURCE, StockSource
from connectors.eaccounting.stock_target import STOCK_TARGET, StockTarget
from connectors.protocols import Identifier, ReadFrom
from connectors.record_flow import StockFlowSettings, parse_record_flow
from connectors.records import Change, Existing, Key, RecordKind, Removal, Written
from connectors.registry import connector
from simulators.eaccounting.account import fixed_id
from tests.connectors.eaccounting.conftest import Office

EVERYTHING = ReadFrom(cursor=None, not_before=None, overlap=timedelta(0))
GOODS = fixed_id("articleaccountcodings", "Goederen 21 %")
SERVICE = fixed_id("articleaccountcodings", "Diensten 21 %")


async def levels(office: Office, size: int = 1000) -> dict[str, StockLevel]:
    source = StockSource(office.client)
    found: dict[str, StockLevel] = {}
    page: str | None = None
    while True:
        read = await source.list_records(EVERYTHING, page, size)
        for record in read.records:
            assert isinstance(record, StockLevel)
            found[record.sku] = record
        page = read.next_page
        if page is None:
            return found


async def reserve(office: Office, quantity: int) -> None:
    """Ten on hand of a stock article, and an ongoing order that reserves some."""
    await office.simulation.settings({"stock_module": True})
    await office.simulation.load(
        {
            "articles": [{"Number": "BOX", "IsStock": True, "StockBalance": 10, "CodingId": GOODS}],
            "customers": [{"CustomerNumber": "1"}],
            "orders": [{"CustomerNumber": "1", "Rows": [{"ArticleNumber": "BOX", "Quantity": quantity}]}],
        }
    )


async def found(office: Office, sku: str) -> Existing:
    hit = (await StockTarget(office.client).find([Key(sku, sku)], Identifier.SKU))[sku]
    assert isinstance(hit, Existing)
    return hit


async def write(office: Office, sku: str, values: dict[str, Any]) -> Written:
    held = await found(office, sku)
    (written,) = await StockTarget(office.client).write([Change(sku, sku, held, values, Key(sku, sku))])
    return written


async def balance(office: Office, sku: str) -> Decimal:
    articles = (await office.simulation.state("articles"))["articles"]
    (one,) = [entry for entry in articles if entry["Number"] == sku]
    return Decimal(one["StockBalance"])


@pytest.mark.feature("STK-04")
async def test_every_calculation_can_be_chosen_and_gives_its_own_figure(office: Office):
    await reserve(office, 3)
    box = (await levels(office))["BOX"]
    assert box.figures == {"available": 7, "balance": 10, "reserved": 3}
    assert STOCK_SOURCE.default_calculation == "available"
    assert set(STOCK_SOURCE.calculations) == {"available", "balance"}
    for name in STOCK_SOURCE.calculations:
        raw = {"stock": {"calculation": name}}
        flow = parse_record_flow(connector("eaccounting"), connector("ccvshop"), RecordKind.STOCK, raw)
        assert isinstance(flow.common, StockFlowSettings)
        assert flow.common.calculation == name


async def test_only_active_goods_have_stock(office: Office):
    await office.simulation.load({"articles": [{"Number": "HOUR", "CodingId": SERVICE}]})
    found_ = await levels(office, size=4)
    assert {"MUG", "BOOK"} <= set(found_)
    assert not {"HOUR", "OLD"} & set(found_)
    assert found_["MUG"].managed
    assert found_["MUG"].ean == "8710000000001"
    assert found_["MUG"].figures["available"] == 0


async def test_with_the_stock_module_only_its_articles_are_managed(office: Office):
    await reserve(office, 1)
    found_ = await levels(office)
    assert (found_["BOX"].managed, found_["MUG"].managed) == (True, False)


async def test_all_is_read_where_the_server_cannot_filter(office: Office):
    expected = set(await levels(office))
    await office.simulation.settings({"unfilterable": ["IsActive"]})
    assert set(await levels(office, size=4)) == expected


async def test_a_read_has_a_total_and_no_cursor(office: Office):
    page = await StockSource(office.client).list_records(EVERYTHING, None, 4)
    assert (page.cursor, page.total) == (None, 14)
    assert StockSource(office.client).cursor_at(datetime.now(UTC)) is None


async def test_named_articles_are_read_and_those_without_stock_are_removed(office: Office):
    mug, old = fixed_id("articles", "MUG"), fixed_id("articles", "OLD")
    page = await StockSource(office.client).read_records([mug, old])
    assert ([record.reference for record in page.records], page.removed) == (["MUG"], [old])


async def test_a_balance_is_set_and_nothing_else(office: Office):
    mug = fixed_id("articles", "MUG")
    before = await office.record("articles", mug)
    written = await write(office, "MUG", {"StockBalance": Decimal("12.5")})
    after = await office.record("articles", mug)
    assert (written.problem, written.number) == (None, "MUG")
    moved = {name for name in after if after[name] != before[name]}
    assert moved == {"StockBalance", "StockBalanceAvailable", "StockBalanceManuallyChangedUtc", "ChangedUtc"}
    assert (await found(office, "MUG")).values["StockBalance"] == Decimal("12.5")


async def test_a_balance_that_is_right_is_not_sent(office: Office):
    await write(office, "MUG", {"StockBalance": Decimal(5)})
    await office.simulation.forget_requests()
    await write(office, "MUG", {"StockBalance": Decimal("5.0000")})
    assert {entry["method"] for entry in await office.simulation.requests()} == {"GET"}


async def test_stock_is_emptied_once(office: Office):
    await write(office, "MUG", {"StockBalance": Decimal(5)})
    held = await found(office, "MUG")
    for _ in range(2):
        await StockTarget(office.client).remove(held, Removal.ZERO)
    assert await balance(office, "MUG") == 0
    assert STOCK_TARGET.removals == {Removal.LEAVE, Removal.ZERO}


@pytest.mark.parametrize("answer", ["ignored", "refused"])
@pytest.mark.parametrize("sku", ["BOX", "MUG"])
async def test_a_balance_that_the_stock_module_keeps_is_a_problem(office: Office, sku: str, answer: str):
    await reserve(office, 3)
    await office.simulation.settings({"stock_balance_write": answer})
    before = await balance(office, sku)
    problem = (await write(office, sku, {"StockBalance": Decimal(99)})).problem
    assert problem is not None
    assert (problem.field, await balance(office, sku)) == ("StockBalance", before)
    assert "stock module" in problem.sentence
    if sku == "BOX":
        assert (problem.code, problem.value) == (ProblemCode.REFUSED_BY_TARGET, "99")


async def test_stock_of_an_unknown_article_is_a_problem(office: Office):
    change = Change("NEW", "NEW", None, {"StockBalance": Decimal(1)}, Key("NEW", "NEW"))
    (written,) = await StockTarget(office.client).write([change])
    assert written.problem is not None
    assert (written.problem.code, written.problem.value) == (ProblemCode.UNKNOWN_PRODUCT, "NEW")

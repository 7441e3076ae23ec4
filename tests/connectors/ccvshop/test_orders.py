"""Orders of a running shop, in all its moods."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from commerce.problems import ProblemCode
from connectors.ccvshop import CONNECTOR
from connectors.ccvshop.settings import CcvConnection, CcvOrderSource
from connectors.client import Bounds, VendorClient
from connectors.declaration import ConnectionContext
from connectors.errors import ConnectionRefused, RateLimited, RecordGone, RecordRefused, Temporary
from connectors.exchange import Outcome
from connectors.protocols import Account, ListedOrder, OrderPage, OrderSource, ReadFrom
from tests.connectors.support import KeptExchanges, LocalBudget
from tests.simulation import Simulation, running

PUBLIC, SECRET = "k3y-public-0001", "s3cret-0001-not-real"
ALL = ReadFrom(cursor=None, not_before=None, overlap=timedelta(minutes=10))


@dataclass
class Shop:
    """A simulated shop with our connector to it."""

    sim: Simulation
    client: VendorClient
    source: OrderSource
    account: Account
    budget: LocalBudget
    recorder: KeptExchanges

    async def has(self, *orders: dict[str, Any]) -> None:
        await self.sim.load({"orders": list(orders)})

    async def pages(self, start: ReadFrom = ALL, size: int = 100) -> list[OrderPage]:
        page = await self.source.list_orders(start, None, size)
        pages = [page]
        while page.next_page:
            page = await self.source.list_orders(start, page.next_page, size)
            pages.append(page)
        return pages

    async def listed(self, start: ReadFrom = ALL, size: int = 100) -> list[ListedOrder]:
        return [order for page in await self.pages(start, size) for order in page.orders]

    async def calls(self) -> list[str]:
        return [f"{request['method']} {request['target']}" for request in await self.sim.requests()]


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with running("ccvshop") as sim, connected(sim) as found:
        yield found


@contextlib.asynccontextmanager
async def connected(sim: Simulation, secret: str = SECRET) -> AsyncIterator[Shop]:
    """Our connector to a simulation, with another secret if given."""
    settings = CcvConnection(base_url=sim.base_url, public_key=PUBLIC, secret_key=SecretStr(secret))
    budget, recorder = LocalBudget(), KeptExchanges()
    context = ConnectionContext(settings, budget, recorder, bounds=Bounds(read=timedelta(seconds=5)))
    assert CONNECTOR.order_source
    async with CONNECTOR.open_client(context) as client:
        source = CONNECTOR.order_source.open(client, settings, CcvOrderSource())
        yield Shop(sim, client, source, CONNECTOR.open_account(client, settings), budget, recorder)


def order(number: int, at: str = "2026-01-14T10:00:00Z", **changes: Any) -> dict[str, Any]:
    rows = changes.pop("orderrows", [{"product_name": "Mug", "product_number": "MUG", "price": 25, "count": 2}])
    return {"id": 1000 + number, "ordernumber": number, "create_date": at, "orderrows": rows, **changes}


def minutes(count: int) -> str:
    return (datetime(2026, 1, 14, 10, 0, tzinfo=UTC) + timedelta(minutes=count)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_all_orders_are_listed_over_pages_with_the_newest_date_as_cursor(shop: Shop):
    await shop.has(*(order(n, minutes(-n)) for n in range(1, 8)))
    pages = await shop.pages(size=3)

    assert [[item.reference for item in page.orders] for page in pages] == [["1", "2", "3"], ["4", "5", "6"], ["7"]]
    assert pages[-1].cursor == minutes(-1)
    assert pages[-1].next_page is None


async def test_unsorted_pages_change_neither_the_orders_nor_the_cursor(shop: Shop):
    await shop.has(*(order(n, minutes(n)) for n in range(1, 8)))
    await shop.sim.faults([{"fault": "unsorted_page", "when": "always"}])
    pages = await shop.pages(size=3)

    assert {item.reference for page in pages for item in page.orders} == {str(n) for n in range(1, 8)}
    assert pages[-1].cursor == minutes(7)


async def test_a_read_begins_at_the_cursor_less_the_overlap_but_never_before_the_start(shop: Shop):
    await shop.has(*(order(n, minutes(n)) for n in range(0, 60, 5)))
    overlap = timedelta(minutes=10)

    after = await shop.listed(ReadFrom(minutes(30), None, overlap))
    limited = await shop.listed(ReadFrom(minutes(30), datetime(2026, 1, 14, 10, 25, tzinfo=UTC), overlap))
    first = await shop.listed(ReadFrom(None, datetime(2026, 1, 14, 10, 55, tzinfo=UTC), overlap))

    assert [item.reference for item in after] == ["20", "25", "30", "35", "40", "45", "50", "55"]
    assert [item.reference for item in limited] == ["25", "30", "35", "40", "45", "50", "55"]
    assert [item.reference for item in first] == ["55"]


async def test_a_read_can_begin_again_at_any_moment(shop: Shop):
    await shop.has(order(1, minutes(1)), order(2, minutes(2)))
    cursor = shop.source.cursor_at(datetime(2026, 1, 14, 11, 2, tzinfo=timezone(timedelta(hours=1))))

    assert cursor == minutes(2)
    assert [item.reference for item in await shop.listed(ReadFrom(cursor, None, timedelta(0)))] == ["2"]


async def test_an_empty_read_keeps_its_cursor(shop: Shop):
    page = await shop.source.list_orders(ReadFrom(minutes(0), None, timedelta(0)), None, 100)

    assert (page.orders, page.cursor, page.next_page) == ([], minutes(0), None)


async def test_baskets_are_not_listed(shop: Shop):
    await shop.has(order(1), order(2, is_completed=False, status=None))

    assert [item.reference for item in await shop.listed()] == ["1"]


async def test_a_malformed_entry_does_not_stop_its_page(shop: Shop):
    await shop.has(order(1), order(2), order(3))
    await shop.sim.patch("orders", 1002, {"paid": "perhaps"})
    (page,) = await shop.pages()

    assert [item.reference for item in page.orders] == ["1", "3"]
    (refused,) = page.refused
    assert refused.source_id == "1002"
    assert refused.problem_sentence.startswith('Order 2: the shop sent "perhaps" in paid where true or false belongs.')
    assert refused.body["id"] == 1002


async def test_the_listed_form_changes_with_the_order(shop: Shop):
    await shop.has(order(1, paid=False), order(2))
    before = await shop.listed()
    await shop.sim.patch("orders", 1001, {"paid": True})
    after = await shop.listed()

    assert before[0].fingerprint != after[0].fingerprint
    assert before[1].fingerprint == after[1].fingerprint


async def test_an_order_is_read_with_one_call_for_its_lines(shop: Shop):
    await shop.has(order(1))
    (listed,) = await shop.listed()
    read = await shop.source.read_order(listed.source_id, listed.header)

    assert (read.reference, read.total) == ("1", Decimal(50))
    assert await shop.calls() == [
        "GET /api/rest/v1/orders/?is_completed=true&orderby=id&start=0&size=100",
        "GET /api/rest/v1/orders/1001/orderrows/?start=0&size=250",
    ]
    assert {per_minute for _, per_minute in shop.budget.acquired} == {120, None}


async def test_an_order_of_six_hundred_lines_is_read_completely(shop: Shop):
    rows = [{"product_name": "Mug", "product_number": f"MUG-{n}", "price": 1.1, "count": 1} for n in range(600)]
    await shop.has(order(1, orderrows=rows))
    read = await shop.source.read_order("1001", None)

    assert [line.sku for line in read.lines] == [f"MUG-{n}" for n in range(600)]
    assert read.total == Decimal(660)


async def test_an_order_edited_between_list_and_read_is_read_as_it_is_now(shop: Shop):
    await shop.has(order(1))
    (listed,) = await shop.listed()
    stale = {**listed.header, "total_price": 49}
    read = await shop.source.read_order("1001", stale)

    assert read.total == Decimal(50)


async def test_totals_that_stay_different_park_the_order(shop: Shop):
    await shop.has(order(1))
    await shop.sim.patch("orders", 1001, {"total_price": 60})
    (listed,) = await shop.listed()
    with pytest.raises(RecordRefused) as caught:
        await shop.source.read_order("1001", listed.header)

    assert caught.value.problem.code is ProblemCode.TOTALS_DIFFER
    assert caught.value.problem.value == "60.00 / 50.00"


async def test_named_orders_are_listed_and_the_missing_left_out(shop: Shop):
    await shop.has(order(1), order(2), order(3))
    await shop.sim.patch("orders", 1003, {"paid": "perhaps"})
    page = await shop.source.list_orders_by_id(["1002", "999", "no id", "1003"])

    assert [item.source_id for item in page.orders] == ["1002"]
    assert [item.source_id for item in page.refused] == ["1003"]


@pytest.mark.parametrize("source_id", ["999", "../users/1"])
async def test_an_order_that_does_not_exist_is_gone(shop: Shop, source_id: str):
    with pytest.raises(RecordGone) as caught:
        await shop.source.read_order(source_id, None)

    assert (caught.value.kind, caught.value.record_id) == ("order", source_id)


async def test_an_order_deleted_after_it_was_listed_is_gone(shop: Shop):
    await shop.has(order(1))
    (listed,) = await shop.listed()
    await shop.sim.delete("orders", 1001)
    with pytest.raises(RecordGone):
        await shop.source.read_order("1001", listed.header)


@pytest.mark.parametrize(
    "fault",
    [
        "500_before_commit",
        "500_after_commit",
        "reset_before_commit",
        "reset_after_commit",
        "reset_mid_body",
        "truncated_json",
        "html_200",
        "wrong_response_signature",
        "500.20",
    ],
)
async def test_one_failure_is_bridged(shop: Shop, fault: str):
    await shop.has(order(1))
    await shop.sim.faults([{"fault": fault, "when": "once"}])

    assert [item.reference for item in await shop.listed()] == ["1"]


async def test_answers_with_a_wrong_signature_are_never_used(shop: Shop):
    await shop.has(order(1))
    await shop.sim.faults([{"fault": "wrong_response_signature", "when": "always"}])
    with pytest.raises(Temporary):
        await shop.listed()

    assert {exchange.outcome for exchange in shop.recorder.exchanges} == {Outcome.BROKEN}


@pytest.mark.parametrize("fault", ["429", "daily_limit"])
async def test_a_rate_limit_waits_a_minute_without_trying_again(shop: Shop, fault: str):
    await shop.sim.faults([{"fault": fault, "when": "always"}])
    with pytest.raises(RateLimited) as caught:
        await shop.listed()

    assert caught.value.retry_after == timedelta(seconds=60)
    assert len(await shop.sim.requests()) == 1
    assert len(shop.budget.paused) == 1


async def test_a_wrong_secret_parks_the_connection_with_what_to_do():
    async with running("ccvshop") as sim, connected(sim, "another secret") as shop:
        with pytest.raises(ConnectionRefused, match="Check public and secret key") as caught:
            await shop.account.test()

    assert caught.value.problem.code is ProblemCode.CONNECTION_REFUSED
    assert "another secret" not in str(shop.recorder.exchanges)


@pytest.mark.parametrize(("skew", "works"), [(240, True), (-240, True), (400, False), (-400, False)])
async def test_a_clock_may_be_wrong_by_less_than_five_minutes(shop: Shop, skew: int, works: bool):
    await shop.sim.skew(skew)
    if works:
        assert await shop.listed() == []
    else:
        with pytest.raises(ConnectionRefused, match="clock"):
            await shop.listed()


async def test_a_refused_listing_blames_no_order(shop: Shop):
    with pytest.raises(ConnectionRefused, match=r"The shop cannot list orders\..*HTTP 400"):
        await shop.source.list_orders(ALL, '[null, "/api/rest/v1/orders/?colour=blue"]', 100)


async def test_a_host_that_is_no_shop_is_told_so():
    settings = CcvConnection(base_url="shop.example.com", public_key=PUBLIC, secret_key=SecretStr(SECRET))
    elsewhere = httpx.MockTransport(lambda _: httpx.Response(404, json={"error": "not found"}))
    context = ConnectionContext(settings, LocalBudget(), KeptExchanges(), transport=elsewhere)
    async with CONNECTOR.open_client(context) as client:
        with pytest.raises(ConnectionRefused, match="Check that the address of this connection is that of a CCV Shop"):
            await CONNECTOR.open_account(client, settings).test()


async def test_a_connection_is_tested_by_name(shop: Shop):
    await shop.sim.settings({"shop_name": "De Mokkenwinkel"})

    assert await shop.account.test() == 'Connected to the shop "De Mokkenwinkel".'


async def test_a_key_without_the_right_to_orders_is_told_so(shop: Shop):
    await shop.sim.settings({"hidden_resources": ["orders"]})
    with pytest.raises(ConnectionRefused, match="may not read orders"):
        await shop.account.test()
    with pytest.raises(ConnectionRefused, match="right to it"):
        await shop.listed()


async def test_choices_are_those_of_the_shop(shop: Shop):
    statuses = {choice.value: choice.label for choice in await shop.account.choices("statuses")}
    methods = {choice.value: choice.label for choice in await shop.account.choices("payment_methods")}

    assert CONNECTOR.order_source
    assert statuses.keys() == CONNECTOR.order_source.statuses.keys()
    assert statuses["1"] == "Nieuw"
    assert methods["Ideal"] == "iDEAL"
    assert CONNECTOR.choices.keys() >= {"statuses", "payment_methods"}
    with pytest.raises(KeyError):
        await shop.account.choices("colours")


async def status_of(shop: Shop, order_id: int) -> Any:
    return (await shop.sim.record("orders", order_id))["status"]


async def test_an_order_that_was_sent_gets_its_status_once(shop: Shop):
    await shop.has(order(1, status=1))
    await shop.source.mark_sent("1001", "2")
    await shop.source.mark_sent("1001", "2")

    assert await status_of(shop, 1001) == 2
    assert (await shop.calls()).count("PATCH /api/rest/v1/orders/1001/") == 1


@pytest.mark.parametrize(("status", "wanted"), [(8, "2"), (5, "2"), (7, "5")])
async def test_an_order_is_not_set_back_by_having_been_sent(shop: Shop, status: int, wanted: str):
    await shop.has(order(1, status=status))
    await shop.source.mark_sent("1001", wanted)

    assert await status_of(shop, 1001) == status


async def test_a_deleted_order_cannot_be_marked(shop: Shop):
    with pytest.raises(RecordGone):
        await shop.source.mark_sent("999", "2")


@pytest.mark.parametrize("status", ["15", "sent", "0"])
def test_only_statuses_of_the_shop_can_be_set(status: str):
    with pytest.raises(ValidationError):
        CcvOrderSource(status_when_sent=status)

"""Price lists as prices of customer groups, out and in."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from commerce.problems import Problem, ProblemCode
from commerce.record import GroupPrice
from connectors.eaccounting.account import EAccountingAccount
from connectors.eaccounting.article_settings import PriceSourceSettings
from connectors.eaccounting.price_source import UNSUPPORTED, PriceSource
from connectors.eaccounting.price_target import PRICE_TARGET, PriceTarget
from connectors.errors import OutcomeUnknown, RecordRefused
from connectors.protocols import Identifier, ReadFrom
from connectors.records import Change, Existing, Key, RecordPage, Removal, Written
from simulators.eaccounting.account import fixed_id
from tests.connectors.eaccounting.conftest import Office

EVERYTHING = ReadFrom(cursor=None, not_before=None, overlap=timedelta(0))
PRO = 5
DEALERS, SCHOOLS, ABROAD = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
NOWHERE = fixed_id("salespricelists", "nowhere")


@pytest.fixture
async def pro(office: Office) -> Office:
    """A company with price lists."""
    await office.simulation.settings({"product_variant": PRO})
    await office.simulation.load(
        {
            "salespricelists": [
                {
                    "Id": DEALERS,
                    "Name": "Dealers",
                    "prices": [
                        {"ArticleNumber": "MUG", "NetPrice": Decimal("8.00")},
                        {"ArticleNumber": "BOOK", "NetPrice": 0},
                    ],
                },
                {"Id": SCHOOLS, "Name": "Schools", "prices": [{"ArticleNumber": "MUG", "NetPrice": Decimal("7.25")}]},
                {"Id": ABROAD, "Name": "Abroad", "CurrencyCode": "USD", "IsActive": True},
            ]
        }
    )
    return office


async def pages(office: Office, size: int = 1000, **settings: Any) -> list[RecordPage]:
    source = PriceSource(office.client, PriceSourceSettings(**settings))
    found: list[RecordPage] = []
    page: str | None = None
    while True:
        read = await source.list_records(EVERYTHING, page, size)
        found.append(read)
        page = read.next_page
        if page is None:
            return found


def prices(read: list[RecordPage]) -> list[tuple[str, str, Decimal | None]]:
    records = [record for page in read for record in page.records]
    assert all(isinstance(record, GroupPrice) for record in records)
    return sorted((record.group_name, record.sku, record.price_excl) for record in records)  # type: ignore[attr-defined]


ALL = [("Dealers", "BOOK", Decimal(0)), ("Dealers", "MUG", Decimal(8)), ("Schools", "MUG", Decimal("7.25"))]


@pytest.mark.parametrize("size", [1, 1000])
async def test_every_price_of_every_list_is_read(pro: Office, size: int):
    read = await pages(pro, size)
    assert prices(read) == ALL
    assert {page.total for page in read} == {3}
    assert {page.cursor for page in read} == {None}


async def test_a_price_says_what_it_is_of(pro: Office):
    (page,) = await pages(pro, price_lists=(SCHOOLS,))
    (price,) = page.records
    assert isinstance(price, GroupPrice)
    mug = fixed_id("articles", "MUG")
    assert (price.source_id, price.reference) == (f"{SCHOOLS}:{mug}", "MUG (Schools)")
    assert (price.group, price.sku, price.ean, price.currency) == (SCHOOLS, "MUG", "8710000000001", "EUR")
    assert (price.price_incl, price.raw["NetPrice"]) == (Decimal("8.77"), Decimal("7.25"))


async def test_lists_that_were_not_chosen_or_are_inactive_stay_out(pro: Office):
    assert prices(await pages(pro, price_lists=(DEALERS,))) == ALL[:2]
    await pro.simulation.patch("salespricelists", DEALERS, {"IsActive": False})
    assert prices(await pages(pro)) == ALL[2:]
    with pytest.raises(RecordRefused) as refused:
        await pages(pro, price_lists=(NOWHERE,))
    assert (refused.value.problem.field, refused.value.problem.value) == ("price_lists", NOWHERE)


async def test_discount_agreements_are_counted_and_not_sent(pro: Office):
    agreements = [{"Name": "Big customer", "IsActive": True}, {"Name": "Ended", "IsActive": False}]
    await pro.simulation.load({"discountagreements": agreements})
    read = await pages(pro, 1)
    assert [page.unsupported for page in read] == [{UNSUPPORTED: 1}, {}, {}]
    assert prices(read) == ALL


async def test_without_pro_the_subscription_is_named(office: Office):
    with pytest.raises(RecordRefused) as refused:
        await pages(office)
    assert refused.value.problem.code is ProblemCode.REFUSED_BY_SOURCE
    assert "eAccounting Pro" in refused.value.problem.sentence
    problem = (await PriceTarget(office.client).find([key("MUG")], Identifier.SKU))["MUG"]
    assert isinstance(problem, Problem)
    assert problem.code is ProblemCode.REFUSED_BY_TARGET
    assert await EAccountingAccount(office.client).choices("price_lists") == []


async def test_the_lists_can_be_chosen_from(pro: Office):
    labels = [choice.label for choice in await EAccountingAccount(pro.client).choices("price_lists")]
    assert labels == ["Dealers (EUR)", "Schools (EUR)", "Abroad (USD)"]


async def test_named_prices_are_read_and_removed_ones_named(pro: Office):
    mug, book = fixed_id("articles", "MUG"), fixed_id("articles", "BOOK")
    source = PriceSource(pro.client, PriceSourceSettings())
    page = await source.read_records([f"{DEALERS}:{mug}", f"{SCHOOLS}:{book}"])
    assert ([record.reference for record in page.records], page.removed) == (["MUG (Dealers)"], [f"{SCHOOLS}:{book}"])


async def test_names_of_many_articles_take_few_calls(pro: Office):
    names = [f"SKU-{number:04d}" for number in range(300)]
    await pro.simulation.load({"articles": [{"Number": name} for name in names]})
    rows = [{"price_list": "Schools", "ArticleNumber": name, "NetPrice": 1} for name in names]
    await pro.simulation.load({"salespricelistrows": rows})
    await pro.simulation.forget_requests()
    assert len(prices(await pages(pro, 100))) == 303
    asked = [exchange.url for exchange in pro.exchanges.exchanges if "/v2/articles?" in exchange.url]
    assert len(asked) <= 3


def key(sku: str, group: str = DEALERS, **changes: Any) -> Key:
    details = {"sku": sku, "ean": "", "group": group, "currency": "EUR", **changes.pop("details", {})}
    return Key(source_id=sku, text=f"{group}/{sku}", details=details, **changes)


async def find(office: Office, wanted: Key, by: Identifier = Identifier.SKU) -> Existing | Problem | None:
    return (await PriceTarget(office.client).find([wanted], by)).get(wanted.source_id)


async def write(office: Office, *wanted: tuple[Key, dict[str, Any]]) -> list[Written]:
    target = PriceTarget(office.client)
    held = await target.find([each for each, _ in wanted], Identifier.SKU)
    changes = []
    for each, values in wanted:
        existing = held.get(each.source_id)
        assert not isinstance(existing, Problem)
        changes.append(Change(each.source_id, each.text, existing, values, each))
    return list(await target.write(changes))


async def held(office: Office) -> dict[tuple[str, str], Decimal]:
    state = await office.simulation.state("salespricelistrows", "articles")
    numbers = {article["Id"]: article["Number"] for article in state["articles"]}
    return {
        (row["SalesPriceListId"], numbers[row["ArticleId"]]): Decimal(row["NetPrice"])
        for row in state["salespricelistrows"]
    }


async def test_a_price_that_exists_is_found_with_what_it_is(pro: Office):
    existing = await find(pro, key("MUG"))
    assert isinstance(existing, Existing)
    assert existing.values == {"NetPrice": Decimal(8), "GrossPrice": Decimal("9.68")}
    by_id = await find(pro, Key("again", "", target_id=existing.target_id))
    by_code = await find(pro, key("", details={"ean": "8710000000001"}), Identifier.EAN)
    assert by_id == by_code == existing
    assert await find(pro, key("MUG", SCHOOLS)) != existing
    assert await find(pro, key("BOOK", SCHOOLS)) is None
    assert await find(pro, Key("gone", "", target_id=f"{NOWHERE}:{fixed_id('articles', 'MUG')}")) is None


async def test_prices_are_found_where_the_server_cannot_filter(pro: Office):
    await pro.simulation.settings({"unfilterable": ["ArticleId", "Number"]})
    assert isinstance(await find(pro, key("MUG")), Existing)


@pytest.mark.parametrize(
    ("wanted", "code", "value"),
    [
        (key("MUG", NOWHERE), ProblemCode.INVALID_VALUE, NOWHERE),
        (key("NEW"), ProblemCode.UNKNOWN_PRODUCT, "NEW"),
        (key("MUG", ABROAD), ProblemCode.UNKNOWN_CURRENCY, "EUR"),
    ],
)
async def test_a_price_that_can_stand_nowhere_is_a_problem(pro: Office, wanted: Key, code: ProblemCode, value: str):
    problem = await find(pro, wanted)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.value) == (code, value)


async def test_prices_are_set_with_one_call_for_each_list(pro: Office):
    await pro.simulation.forget_requests()
    written = await write(
        pro,
        (key("MUG"), {"NetPrice": Decimal("6.4050")}),
        (key("BOOK", SCHOOLS), {"GrossPrice": Decimal("10.90")}),
        (key("SHIP21", SCHOOLS), {"NetPrice": Decimal(0)}),
    )
    assert [entry.problem for entry in written] == [None] * 3
    prices_ = await held(pro)
    assert prices_[DEALERS, "MUG"] == Decimal("6.405")
    assert (prices_[SCHOOLS, "BOOK"], prices_[SCHOOLS, "SHIP21"]) == (Decimal(10), Decimal(0))
    puts = [entry for entry in await pro.simulation.requests() if entry["method"] == "PUT"]
    assert len(puts) == 2


async def test_a_restarted_target_writes_what_another_one_found(pro: Office):
    wanted = key("BOOK", SCHOOLS)
    change = Change("BOOK", "BOOK", None, {"NetPrice": Decimal(3)}, wanted)
    (written,) = await PriceTarget(pro.client).write([change])
    assert (written.problem, written.number, (await held(pro))[SCHOOLS, "BOOK"]) == (None, "BOOK", Decimal(3))


async def test_one_refused_price_of_many_leaves_the_others_alone(pro: Office):
    target = PriceTarget(pro.client)
    keys = [key(name, SCHOOLS) for name in ("MUG", "BOOK", "SHIP21", "FEE21", "DISC21")]
    await target.find(keys, Identifier.SKU)
    gone = fixed_id("articles", "SHIP21")
    await pro.simulation.delete("articles", gone)
    values = {"NetPrice": Decimal(2)}
    written = await target.write([Change(each.source_id, each.source_id, None, values, each) for each in keys])
    refused = [entry.source_id for entry in written if entry.problem is not None]
    assert refused == ["SHIP21"]
    assert {sku: net for (group, sku), net in (await held(pro)).items() if group == SCHOOLS} == {
        name: Decimal(2) for name in ("MUG", "BOOK", "FEE21", "DISC21")
    }


async def test_a_price_without_an_amount_is_a_problem(pro: Office):
    (written,) = await write(pro, (key("MUG"), {}))
    assert written.problem is not None
    assert written.problem.code is ProblemCode.MISSING_FIELD


async def test_a_lost_answer_is_looked_up(pro: Office):
    await pro.simulation.faults([{"fault": "reset_after_commit", "when": "once", "method": "PUT"}])
    with pytest.raises(OutcomeUnknown):
        await write(pro, (key("MUG"), {"NetPrice": Decimal(5)}))
    existing = await find(pro, key("MUG"))
    assert isinstance(existing, Existing)
    assert existing.values["NetPrice"] == 5


async def test_a_price_is_reset_to_the_articles_own(pro: Office):
    await pro.simulation.patch(
        "articles", fixed_id("articles", "MUG"), {"NetPrice": Decimal(10), "GrossPrice": Decimal("12.10")}
    )
    existing = await find(pro, key("MUG"))
    assert isinstance(existing, Existing)
    await PriceTarget(pro.client).remove(existing, Removal.RESET)
    assert (await held(pro))[DEALERS, "MUG"] == 10
    assert PRICE_TARGET.removals == {Removal.LEAVE, Removal.RESET}


async def test_a_price_in_another_currency_cannot_be_reset(pro: Office):
    await pro.simulation.load({"salespricelistrows": [{"price_list": "Abroad", "ArticleNumber": "MUG", "NetPrice": 9}]})
    existing = await find(pro, key("MUG", ABROAD, details={"currency": "USD"}))
    assert isinstance(existing, Existing)
    with pytest.raises(RecordRefused) as refused:
        await PriceTarget(pro.client).remove(existing, Removal.RESET)
    assert refused.value.problem.value == "USD"

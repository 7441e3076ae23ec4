"""Prices of customer groups, written to a running shop."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from commerce.problems import ProblemCode
from commerce.record import GroupPrice
from connectors.ccvshop import CONNECTOR
from connectors.default_mapping import known_fields
from connectors.errors import OutcomeUnknown, RecordRefused
from connectors.protocols import Identifier
from connectors.records import Key, RecordKind, RecordTarget, Removal
from mapping.rules import RuleSet
from simulators.ccvshop import CcvShop
from tests.connectors.ccvshop.shops import EVERYTHING, RecordShop, found, problem, record_shop, sentence, written

TEN, TWELVE_TEN = Decimal("10.00"), Decimal("12.10")


@pytest.fixture
async def shop() -> AsyncIterator[RecordShop]:
    async with record_shop() as opened:
        await opened.sim.load(
            {
                "usergroups": [{"id": 4, "groupname": "Dealer"}, {"id": 5, "groupname": "Staff"}],
                "products": [
                    {"id": 900, "productnumber": "MUG", "eannumber": "8712345678906", "name": "Mug", "price": 25},
                    {"id": 901, "productnumber": "PEN", "name": "Pen", "price": 2, "taxtariff": "low a", "vatrate": 9},
                ],
            }
        )
        yield opened


def key(sku: str = "MUG", group: str = "4", **more: str) -> Key:
    return Key(f"{group}/{sku}", f"{group}/{sku}", more.pop("target_id", ""), {"sku": sku, "group": group, **more})


async def stored(shop: RecordShop) -> list[tuple[int, int, Any, Any]]:
    records = (await shop.sim.state("usergroupproductadjustments"))["usergroupproductadjustments"]
    return [(one["usergroup_id"], one["product_id"], one["price"], one["discount"]) for one in records]


def mapped(price: GroupPrice, *, include: bool) -> dict[str, Any]:
    target = CONNECTOR.record_targets[RecordKind.PRICES]
    assert target.mapping_for
    rules = target.mapping_for(target.settings.model_validate({"prices_include_tax": include}))
    fields = known_fields(RecordKind.PRICES, CONNECTOR.record_sources[RecordKind.CUSTOMERS])
    names = (*fields, *CONNECTOR.record_targets[RecordKind.PRICES].fields)
    compiled = RuleSet.compile(rules, source_fields=names, target_fields=target.fields)
    return compiled.apply(price.model_dump(), lambda _table, _value: None, creating=True).values


def price_of(**amounts: Any) -> GroupPrice:
    return GroupPrice(source_id="1", reference="MUG", group="PL", sku="MUG", **amounts)


@pytest.mark.parametrize("include", [True, False])
async def test_a_price_arrives_in_the_direction_of_the_shop(shop: RecordShop, include: bool):
    target = shop.target(RecordKind.PRICES, prices_include_tax=include)
    excluding = mapped(price_of(price_excl=TEN), include=include)
    including = mapped(price_of(price_incl=TWELVE_TEN), include=include)
    await written(target, key(), None, excluding)
    await written(target, key(group="5"), None, including)
    wanted = TWELVE_TEN if include else TEN

    assert await stored(shop) == [(4, 900, wanted, 0), (5, 900, wanted, 0)]
    for values, group in ((excluding, "4"), (including, "5")):
        existing = await found(target, key(group=group))
        assert existing is not None
        assert {name: existing.values[name] for name in values} == values


async def test_a_changed_price_is_changed_and_an_equal_one_is_not_sent(shop: RecordShop):
    target = shop.target(RecordKind.PRICES)
    end = await written(target, key(), None, {"price": Decimal("19.95"), "discount": Decimal(0)})
    bound = key(target_id=end.target_id)
    await shop.calls()
    await written(target, bound, await found(target, bound), {"price": Decimal("18.95")})
    assert await stored(shop) == [(4, 900, Decimal("18.95"), 0)]

    existing = await found(target, bound)
    await shop.calls()
    await written(target, bound, existing, {"price_without_tax": Decimal("15.6612")})
    assert await shop.calls() == []


async def test_a_product_is_found_by_ean_as_well(shop: RecordShop):
    target = shop.target(RecordKind.PRICES)
    wanted = Key("1", "4/8712345678906", details={"ean": "8712345678906", "sku": "", "group": "4"})
    assert await found(target, wanted, Identifier.EAN) is None
    await written(target, wanted, None, {"price": TEN})

    assert await stored(shop) == [(4, 900, TEN, None)]


async def test_a_price_of_zero_is_a_price_and_none_is_not(shop: RecordShop):
    target = shop.target(RecordKind.PRICES)
    end = await written(target, key("PEN"), None, {"discount": Decimal(0)}, "Dealer / PEN")
    assert "states no price" in sentence(end, ProblemCode.MISSING_FIELD)
    assert await stored(shop) == []

    await written(target, key("PEN"), None, {"price": Decimal(0)})
    assert await stored(shop) == [(4, 901, 0, None)]


async def test_a_removed_price_is_gone_and_may_be_removed_again(shop: RecordShop):
    target = shop.target(RecordKind.PRICES)
    await written(target, key(), None, {"price": TEN})
    existing = await found(target, key())
    assert existing is not None
    await target.remove(existing, Removal.DELETE)
    await target.remove(existing, Removal.DELETE)

    assert await stored(shop) == []
    assert await found(target, key()) is None


async def test_a_price_to_be_removed_is_known_by_its_id_alone(shop: RecordShop):
    target = shop.target(RecordKind.PRICES)
    end = await written(target, key(), None, {"price": TEN})
    # Its row of the table of customer groups may be another one by now.
    bound = Key("4/MUG", "MUG (Dealer)", end.target_id)
    existing = await found(target, bound)
    assert existing is not None
    await target.remove(existing, Removal.DELETE)

    assert await stored(shop) == []
    assert await found(target, bound) is None


@pytest.mark.parametrize(
    ("wanted", "code", "said"),
    [
        (key(group="9"), ProblemCode.UNMAPPED_VALUE, 'customer group "9" does not exist'),
        (key(group=""), ProblemCode.UNMAPPED_VALUE, "no customer group is named"),
        (key("CUP"), ProblemCode.UNKNOWN_PRODUCT, 'no product with the SKU "CUP"'),
        (key(""), ProblemCode.UNKNOWN_PRODUCT, "names no SKU"),
        (key(currency="USD"), ProblemCode.UNKNOWN_CURRENCY, "it is in USD, and the shop sells in EUR"),
    ],
)
async def test_what_cannot_be_priced_is_named(shop: RecordShop, wanted: Key, code: ProblemCode, said: str):
    target = shop.target(RecordKind.PRICES)
    page = [key("PEN", currency="EUR"), wanted]
    assert set(await target.find(page, Identifier.SKU)) == {wanted.source_id}

    assert said in sentence(await problem(target, wanted), code)


async def test_a_sku_on_two_products_is_a_problem(shop: RecordShop):
    await shop.sim.load({"products": [{"id": 902, "productnumber": "MUG", "name": "Mug", "price": 25}]})

    assert "MUG" in sentence(await problem(shop.target(RecordKind.PRICES), key()), ProblemCode.AMBIGUOUS_MATCH)


async def test_a_rate_that_nobody_knows_is_named_only_when_it_is_needed(shop: RecordShop):
    assert isinstance(shop.sim.simulator, CcvShop)
    products = shop.sim.simulator.shop.products
    # The vendor calls the rate deprecated, so one day a product comes without it; the simulator always gives it.
    products[900] = {**products[900], "taxtariff": "low b", "vatrate": None}
    target = shop.target(RecordKind.PRICES)
    end = await written(target, key(), None, {"price_without_tax": TEN}, "Dealer / MUG")
    assert 'tariff "low b" is not known' in sentence(end, ProblemCode.UNKNOWN_TAX_RATE)

    assert (await written(target, key(), None, {"price": TEN})).problem is None
    rated = shop.target(RecordKind.PRICES, rates={"low b": "6"})
    await written(rated, key(), await found(rated, key()), {"price_without_tax": TEN})
    assert await stored(shop) == [(4, 900, Decimal("10.60"), None)]


@pytest.mark.parametrize("hidden", [True, False])
async def test_a_shop_without_groups_is_one_problem_for_all_and_no_writing(shop: RecordShop, hidden: bool):
    await shop.sim.settings({"hidden_resources": ["usergroups"]} if hidden else {"b2b_installed": False})
    target: RecordTarget = shop.target(RecordKind.PRICES)
    result = await target.find([key(), key("PEN")], Identifier.SKU)
    (cause,) = {why.cause() for why in result.values() if not hasattr(why, "target_id")}

    assert len(result) == 2
    assert len(await shop.calls()) == 1
    assert "B2B" in sentence(await problem(target, key()), ProblemCode(cause.partition("\x1f")[0]))
    assert await shop.account.choices("user_groups") == []


async def test_a_price_made_without_an_answer_is_found(shop: RecordShop):
    await shop.sim.settings({"post_answers_204": True})
    target = shop.target(RecordKind.PRICES)
    end = await written(target, key(), None, {"price": TEN})
    existing = await found(target, key())

    assert existing is not None
    assert existing.target_id == end.target_id


async def test_a_price_that_was_entered_meanwhile_is_changed(shop: RecordShop):
    target = shop.target(RecordKind.PRICES)
    many = [key("MUG"), key("PEN"), key("MUG", "5"), key("PEN", "5")]
    assert await target.find(many, Identifier.SKU) == {}
    entered = {"id": 7, "usergroup_id": 4, "product_id": 900, "price": 20}
    await shop.sim.load({"usergroupproductadjustments": [entered]})
    end = await written(target, key(), None, {"price": TEN})

    assert end.target_id == "7"
    assert await stored(shop) == [(4, 900, TEN, None)]


async def test_a_lost_answer_is_looked_up_and_no_price_made_twice(shop: RecordShop):
    target = shop.target(RecordKind.PRICES)
    assert await found(target, key()) is None
    await shop.sim.faults([{"fault": "reset_after_commit", "when": "once", "method": "POST"}])
    with pytest.raises(OutcomeUnknown):
        await written(target, key(), None, {"price": TEN})

    assert await found(target, key()) is not None


async def test_prices_of_a_page_are_looked_up_with_few_calls(shop: RecordShop):
    products = [{"id": n, "productnumber": f"P{n}", "name": f"Product {n}", "price": 2} for n in range(1000, 1200)]
    prices = [{"id": n, "usergroup_id": 4, "product_id": n, "price": 1} for n in range(1000, 1200)]
    await shop.sim.load({"products": products, "usergroupproductadjustments": prices})
    target = shop.target(RecordKind.PRICES)
    keys = [key(f"P{n}") for n in range(1000, 1200)]
    await shop.calls()

    assert len(await target.find(keys, Identifier.SKU)) == 200
    calls = await shop.calls()
    assert [call.partition("?")[0] for call in calls] == [
        "GET /usergroups/",
        "GET /products/",
        "GET /products/",
        "GET /usergroupproductadjustments/",
    ]
    assert len(await target.find(keys, Identifier.SKU)) == 200
    # What is written is never compared with an older look: another worker may have written since.
    assert [call.partition("?")[0] for call in await shop.calls()] == ["GET /usergroupproductadjustments/"]


async def test_prices_are_read_group_by_group_in_parts(shop: RecordShop):
    prices = [
        {"id": 1, "usergroup_id": 4, "product_id": 900, "price": 12.1, "discount": 1},
        {"id": 2, "usergroup_id": 4, "product_id": 901, "price": 1.5},
        {"id": 3, "usergroup_id": 5, "product_id": 900, "price": 10},
        {"id": 4, "usergroup_id": 5, "product_id": 901, "hidden": True},
    ]
    await shop.sim.load({"usergroupproductadjustments": prices})
    source = shop.source(RecordKind.PRICES)
    pages = [await source.list_records(EVERYTHING, None, 1)]
    while pages[-1].next_page:
        pages.append(await source.list_records(EVERYTHING, pages[-1].next_page, 1))
    records = [record for page in pages for record in page.records if isinstance(record, GroupPrice)]

    assert [(record.source_id, record.group_name, record.sku, record.price_incl) for record in records] == [
        ("1", "Dealer", "MUG", Decimal("11.1")),
        ("2", "Dealer", "PEN", Decimal("1.5")),
        ("3", "Staff", "MUG", Decimal(10)),
    ]
    assert {(record.currency, record.price_excl) for record in records} == {("EUR", None)}
    assert (records[0].ean, records[0].raw["discount"], pages[-1].cursor) == ("8712345678906", 1, None)
    assert sum(sum(page.unsupported.values()) for page in pages) == 1
    calls = [call.partition("?")[0] for call in await shop.calls()]
    assert calls.count("GET /usergroupproductadjustments/") == 2


async def test_named_prices_are_read_and_those_without_a_price_are_gone(shop: RecordShop):
    prices = [
        {"id": 1, "usergroup_id": 4, "product_id": 900, "price": 12.1},
        {"id": 2, "usergroup_id": 4, "product_id": 901, "hidden": True},
    ]
    await shop.sim.load({"usergroupproductadjustments": prices})
    page = await shop.source(RecordKind.PRICES, prices_include_tax=False).read_records(["1", "2", "9", "../users/1"])

    assert [record.model_dump()["price_excl"] for record in page.records] == [TWELVE_TEN]
    assert page.removed == ["2", "9", "../users/1"]


async def test_a_price_that_makes_no_sense_does_not_stop_its_page(shop: RecordShop):
    prices = [{"id": n, "usergroup_id": 4, "product_id": product, "price": 1} for n, product in ((1, 900), (2, 901))]
    await shop.sim.load({"usergroupproductadjustments": prices})
    await shop.sim.patch("usergroupproductadjustments", 2, {"price": "much"})
    source = shop.source(RecordKind.PRICES)
    page = await source.list_records(EVERYTHING, None, 100)

    assert [record.source_id for record in page.records] == ["1"]
    assert [refused.source_id for refused in page.refused] == ["2"]


async def test_a_shop_without_groups_stops_the_flow_with_what_to_do(shop: RecordShop):
    await shop.sim.settings({"b2b_installed": False})
    with pytest.raises(RecordRefused) as caught:
        await shop.source(RecordKind.PRICES).list_records(EVERYTHING, None, 100)

    assert "B2B" in caught.value.problem.sentence

"""Prices of customer groups: price lists of the books become group prices of the shop, and back."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.records import RecordKind
from connectors.registry import CONNECTORS
from simulators.eaccounting.account import fixed_id
from tests.records.goods import article, problem_of, product
from tests.records.registers import debtor
from tests.world import World

PRO = 5
NUMBERS = ("MUG", "BOOK", "LAMP", *(f"P{number}" for number in range(20)))
DEALERS, STAFF, EXPORT = (fixed_id("salespricelists", name) for name in ("Dealers", "Staff", "Export"))

Prices = dict[tuple[int, str], Decimal]


async def trade(world: World, **lists: dict[str, Any]) -> None:
    """Articles at 10.00 without VAT on both sides, groups 4 and 5 in the shop, and price lists by name in the books."""
    await world.connect()
    await world.books.settings({"product_variant": PRO})
    named = [
        {"Name": name, "prices": [{"ArticleNumber": number, "NetPrice": price} for number, price in prices.items()]}
        for name, prices in lists.items()
    ]
    await world.books.load({"articles": [article(number) for number in NUMBERS], "salespricelists": named})
    await world.shop.load(
        {
            "products": [product(900 + place, number) for place, number in enumerate(NUMBERS)],
            "usergroups": [{"id": 4, "groupname": "Dealer"}, {"id": 5, "groupname": "Personnel"}],
        }
    )


async def agree(world: World, name: str, **prices: Any) -> None:
    """Change prices of a list of the books; None takes an article out of it."""
    rows = [
        {"price_list": name, "ArticleNumber": number, "NetPrice": Decimal(price) if price else None}
        for number, price in prices.items()
    ]
    await world.books.load({"salespricelistrows": rows})


async def in_shop(world: World) -> Prices:
    """What products cost customer groups of the shop; no two prices may be of one product and group."""
    state = await world.shop.state("products", "usergroupproductadjustments")
    numbers = {one["id"]: one["productnumber"] for one in state["products"]}
    held = state["usergroupproductadjustments"]
    prices = {(one["usergroup_id"], numbers[one["product_id"]]): one["price"] for one in held}
    assert len(prices) == len(held), held
    return prices


async def in_books(world: World) -> dict[tuple[str, str], Decimal]:
    """What articles cost without VAT by the price lists of the books."""
    state = await world.books.state("articles", "salespricelistrows")
    numbers = {one["Id"]: one["Number"] for one in state["articles"]}
    return {
        (row["SalesPriceListId"], numbers[row["ArticleId"]]): row["NetPrice"] for row in state["salespricelistrows"]
    }


async def assign(world: World, flow: str, price_list: str, group: str) -> int:
    """Save the row that says which customer group a price list is; returns how many prices that released."""
    row = {"source_value": price_list, "target_value": group}
    return int((await world.api("PUT", f"/flows/{flow}/values/customer_group", row))["released"])


async def prices_to_books(world: World) -> str:
    """Three prices of the shop's two customer groups, each a price list of the books by now; returns the flow's id."""
    prices = [
        {"id": 1, "usergroup_id": 4, "product_id": 900, "price": Decimal("9.68")},
        {"id": 2, "usergroup_id": 4, "product_id": 901, "price": Decimal("6.05")},
        {"id": 3, "usergroup_id": 5, "product_id": 900, "price": Decimal("7.26")},
    ]
    await world.shop.load({"groupprices": prices})
    flow = await world.add_flow("prices", source="shop", common={"gone": "reset"})
    await assign(world, flow, "4", DEALERS)
    await assign(world, flow, "5", STAFF)
    await world.start()
    assert (await world.settled(flow))["done"] == 3
    return flow


@pytest.mark.feature("B2B-01", "B2B-02", "B2B-04")
async def test_a_price_list_is_what_its_customer_group_pays(small_world: World):
    world = small_world
    twenty = {f"P{number}": 5 for number in range(20)}
    await trade(world, Dealers={"MUG": 8, "BOOK": Decimal("7.5"), **twenty}, Staff={"MUG": 6})
    agreements = [{"Name": "Ten percent", "IsActive": True}, {"Name": "Of old", "IsActive": False}]
    await world.books.load(
        {"discountagreements": agreements, "customers": [debtor("1", "jan@example.nl", price_list="Dealers")]}
    )
    flow = await world.add_flow("prices")
    assert (await world.api("GET", f"/flows/{flow}"))["schedule"] == "0 0 1 1 *"
    await world.start()
    standing = await world.settled(flow)
    assert (standing["parked"], await in_shop(world)) == (23, {})
    code, sentence = await problem_of(world, flow, "MUG (Dealers)")
    assert (code, "price list Dealers" in sentence, "customer_group" in sentence) == ("unmapped_value", True, True)
    # The causes are two, one for each list, and not one for each price.
    assert len(await world.problems()) == 2

    before = (await world.standing(flow))["runs"]
    assert await assign(world, flow, DEALERS, "4") == 22
    await world.settled(flow, after_run=before)
    dealers = {(4, "MUG"): Decimal("9.68"), (4, "BOOK"): Decimal("9.08")}
    rest = {(4, number): Decimal("6.05") for number in twenty}
    assert await in_shop(world) == {**dealers, **rest}
    before = (await world.standing(flow))["runs"]
    assert await assign(world, flow, STAFF, "5") == 1
    await world.settled(flow, after_run=before)
    staff = {(5, "MUG"): Decimal("7.26")}
    assert await in_shop(world) == {**dealers, **rest, **staff}
    assert (await world.standing(flow))["unsupported"] == {"discount agreements of single customers": 1}

    # One is changed, one is new and one is taken out: once two reads have not shown it, the group pays what all pay.
    await world.shop.forget_requests()
    await agree(world, "Dealers", MUG="8.50", LAMP="3", BOOK=None)
    await world.run(flow)
    changed = {(4, "MUG"): Decimal("10.29"), (4, "LAMP"): Decimal("3.63")}
    assert await in_shop(world) == {**changed, (4, "BOOK"): dealers[4, "BOOK"], **rest, **staff}
    await world.run(flow)
    assert await in_shop(world) == {**changed, **rest, **staff}
    await world.change_flow(flow, "prices", gone="leave")
    await agree(world, "Dealers", LAMP=None)
    for _ in range(3):
        await world.run(flow)
    assert await in_shop(world) == {**changed, **rest, **staff}
    calls = [(call["method"], call["target"]) for call in await world.shop.requests() if call["method"] != "GET"]
    assert [(method, "/usergroupproductadjustments/" in target) for method, target in calls] == [
        ("PATCH", True),
        ("POST", True),
        ("DELETE", True),
    ]
    # What everyone pays, and what single customers agreed on, is left alone.
    state = await world.shop.state("products", "userproductadjustments")
    assert {one["price"] for one in state["products"]} == {Decimal("12.10")}
    assert state["userproductadjustments"] == []

    # It comes back.
    await world.change_flow(flow, "prices", gone="delete")
    await agree(world, "Dealers", BOOK="7")
    await world.run(flow)
    assert (await in_shop(world))[4, "BOOK"] == Decimal("8.47")


async def test_a_price_that_cannot_be_sent_waits_with_its_cause(small_world: World):
    world = small_world
    await trade(world, Dealers={"MUG": 8}, Staff={"BOOK": 6})
    await world.books.load({"articles": [article("NEW")]})
    await agree(world, "Dealers", NEW="1")
    await world.books.load({"salespricelists": [{"Name": "Export", "CurrencyCode": "USD"}]})
    await agree(world, "Export", LAMP="9")
    flow = await world.add_flow("prices")
    for price_list, group in ((DEALERS, "4"), (STAFF, "99"), (EXPORT, "5")):
        await assign(world, flow, price_list, group)
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["parked"]) == (1, 3)
    assert await in_shop(world) == {(4, "MUG"): Decimal("9.68")}
    expected = {
        "BOOK (Staff)": ("unmapped_value", ("99", "does not exist")),
        "LAMP (Export)": ("unknown_currency", ("USD", "EUR")),
        "NEW (Dealers)": ("unknown_product", ("NEW", "Create the product")),
    }
    for reference, (code, words) in expected.items():
        found, sentence = await problem_of(world, flow, reference)
        assert (found, [word for word in words if word not in sentence]) == (code, [])

    await world.shop.load({"products": [product(990, "NEW")]})
    before = (await world.standing(flow))["runs"]
    await assign(world, flow, STAFF, "5")
    await world.settled(flow, after_run=before)
    await world.api("POST", f"/integrations/{world.integration_id}/resync", {"flow_id": flow, "everything": True})
    await world.run(flow)
    held = {(4, "MUG"): Decimal("9.68"), (5, "BOOK"): Decimal("7.26"), (4, "NEW"): Decimal("1.21")}
    assert await in_shop(world) == held

    # The wrong group was chosen: it pays what everyone pays again.
    before = (await world.standing(flow))["runs"]
    await assign(world, flow, DEALERS, "5")
    await world.settled(flow, after_run=before)
    await world.run(flow)
    assert await in_shop(world) == {(5, number): price for (_, number), price in held.items()}


@pytest.mark.feature("B2B-01", "B2B-02")
async def test_what_a_customer_group_pays_is_its_price_list(small_world: World):
    world = small_world
    await trade(world, Dealers={"LAMP": 9}, Staff={})
    flow = await prices_to_books(world)
    held = {(DEALERS, "LAMP"): 9, (DEALERS, "MUG"): 8, (DEALERS, "BOOK"): 5, (STAFF, "MUG"): 6}
    assert await in_books(world) == held

    await world.shop.patch("usergroupproductadjustments", 3, {"price": Decimal("8.47")})
    await world.shop.delete("usergroupproductadjustments", 2)
    await world.run(flow)
    assert await in_books(world) == {**held, (STAFF, "MUG"): 7}
    await world.run(flow)
    # The books have no way to take a price out of a list: it is everyone's price again.
    assert await in_books(world) == {**held, (STAFF, "MUG"): 7, (DEALERS, "BOOK"): 10}


@pytest.mark.feature("B2B-05")
async def test_group_prices_are_offered_only_where_both_systems_have_them(
    small_world: World, monkeypatch: pytest.MonkeyPatch
):
    world = small_world
    await world.connect()

    async def offered() -> set[tuple[str, str]]:
        flows = await world.api("GET", "/systems/eaccounting/pairs/ccvshop")
        return {(one["source"], one["target"]) for one in flows if one["kind"] == "prices"}

    assert ("eaccounting", "ccvshop") in await offered()
    shop = CONNECTORS["ccvshop"]
    targets = dict(shop.record_targets)
    del targets[RecordKind.PRICES]
    monkeypatch.setitem(CONNECTORS, "ccvshop", replace(shop, record_targets=targets))
    assert ("eaccounting", "ccvshop") not in await offered()
    ends = {"connection_a_id": world.shop_id, "connection_b_id": world.books_id}
    integration = await world.api("POST", "/integrations", {"name": "Trade", "time_zone": "Europe/Amsterdam", **ends})
    wish = {"kind": "prices", "source_connection_id": world.books_id, "target_connection_id": world.shop_id}
    refusal = await world.api("POST", f"/integrations/{integration['id']}/flows", wish, status=422)
    assert "takes no prices in" in refusal["detail"]


async def saved_while_paused(world: World, flow: str, groups: dict[str, str]) -> None:
    """Save several rows of the table of groups, and let one run see them together."""
    await world.api("POST", f"/integrations/{world.integration_id}/pause")
    for price_list, group in groups.items():
        await assign(world, flow, price_list, group)
    await world.api("POST", f"/integrations/{world.integration_id}/resume")
    await world.run(flow)


async def two_lists(world: World) -> str:
    """A flow whose two price lists share articles and have one each of their own, all of it in the shop."""
    await trade(world, Dealers={"MUG": 8, "BOOK": 5, "P1": 4}, Staff={"MUG": 6, "BOOK": 5, "P2": 3})
    flow = await world.add_flow("prices")
    await assign(world, flow, DEALERS, "4")
    await assign(world, flow, STAFF, "5")
    await world.start()
    assert (await world.settled(flow))["done"] == 6
    assert await in_shop(world) == of_two_lists(dealers=4, staff=5)
    return flow


def of_two_lists(*, dealers: int, staff: int) -> Prices:
    """What the shop holds of `two_lists` when they are these groups."""
    return {
        (dealers, "MUG"): Decimal("9.68"),
        (dealers, "BOOK"): Decimal("6.05"),
        (dealers, "P1"): Decimal("4.84"),
        (staff, "MUG"): Decimal("7.26"),
        (staff, "BOOK"): Decimal("6.05"),
        (staff, "P2"): Decimal("3.63"),
    }


async def test_price_lists_that_swap_their_groups_swap_their_prices(small_world: World):
    world = small_world
    flow = await two_lists(world)
    await saved_while_paused(world, flow, {DEALERS: "5", STAFF: "4"})
    standing = await world.standing(flow)
    assert (standing["done"], standing["parked"]) == (6, 0)
    assert await in_shop(world) == of_two_lists(dealers=5, staff=4)
    assert await world.problems() == []

    # Row by row, two lists are one group for a while: then nobody can say which price counts.
    before = (await world.standing(flow))["runs"]
    await assign(world, flow, DEALERS, "4")
    await world.settled(flow, after_run=before)
    assert (await problem_of(world, flow, "MUG (Dealers)"))[0] == "ambiguous_match"
    assert (await in_shop(world))[4, "MUG"] == Decimal("7.26")
    before = (await world.standing(flow))["runs"]
    await assign(world, flow, STAFF, "5")
    await world.settled(flow, after_run=before)
    await world.run(flow)
    assert await in_shop(world) == of_two_lists(dealers=4, staff=5)
    assert await world.problems() == []


@pytest.mark.parametrize("place", ["bindings.put", "record_pages.write_started", "record_pages.settle"])
async def test_a_swap_that_breaks_off_ends_as_if_it_had_not(
    small_world: World, monkeypatch: pytest.MonkeyPatch, place: str
):
    world = small_world
    flow = await two_lists(world)
    repository, _, name = place.partition(".")
    owner = getattr(world.store, repository)
    step = getattr(owner, name)
    broken: list[str] = []

    async def breaks_off_once(*args: Any, **options: Any) -> Any:
        if not broken:
            broken.append(place)
            raise OSError(place)
        return await step(*args, **options)

    monkeypatch.setattr(owner, name, breaks_off_once)
    await saved_while_paused(world, flow, {DEALERS: "5", STAFF: "4"})
    assert broken == [place]
    assert await in_shop(world) == of_two_lists(dealers=5, staff=4)
    assert (await world.standing(flow))["parked"] == 0


async def test_a_swapped_price_that_is_refused_is_taken_away_when_its_source_loses_it(small_world: World):
    world = small_world
    flow = await two_lists(world)
    state = await world.shop.state("products", "usergroupproductadjustments")
    mug = next(one["id"] for one in state["products"] if one["productnumber"] == "MUG")
    held = {one["usergroup_id"]: one["id"] for one in state["usergroupproductadjustments"] if one["product_id"] == mug}
    fault = {"fault": "500_before_commit", "when": "always", "method": "PATCH"}
    await world.shop.faults([{**fault, "path": f"/usergroupproductadjustments/{held[4]}/"}])
    await saved_while_paused(world, flow, {DEALERS: "5", STAFF: "4"})
    assert (await problem_of(world, flow, "MUG (Staff)"))[0] == "temporary_trouble"
    assert (await in_shop(world))[5, "MUG"] == Decimal("9.68")

    await agree(world, "Staff", MUG=None)
    await world.run(flow)
    await world.run(flow)
    expected = of_two_lists(dealers=5, staff=4)
    del expected[4, "MUG"]
    assert await in_shop(world) == expected


async def test_customer_groups_that_swap_their_lists_swap_their_prices_in_the_books(small_world: World):
    world = small_world
    await trade(world, Dealers={}, Staff={})
    flow = await prices_to_books(world)
    assert await in_books(world) == {(DEALERS, "MUG"): 8, (DEALERS, "BOOK"): 5, (STAFF, "MUG"): 6}

    await saved_while_paused(world, flow, {"4": STAFF, "5": DEALERS})
    assert (await world.standing(flow))["parked"] == 0
    # What left a list is everyone's price there again: the books have no way to take it out.
    assert await in_books(world) == {
        (STAFF, "MUG"): 8,
        (STAFF, "BOOK"): 5,
        (DEALERS, "MUG"): 6,
        (DEALERS, "BOOK"): 10,
    }

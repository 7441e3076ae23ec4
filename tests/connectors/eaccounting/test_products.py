"""Articles as products, out and in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from commerce.problems import Problem, ProblemCode
from commerce.record import Product
from connectors.default_mapping import default_rules, known_fields
from connectors.eaccounting import CONNECTOR
from connectors.eaccounting.article_settings import ProductSourceSettings, ProductTargetSettings
from connectors.eaccounting.article_view import ARTICLE_FIELDS
from connectors.eaccounting.product_source import PRODUCT_SOURCE, ProductSource
from connectors.eaccounting.product_target import PRODUCT_TARGET, ProductTarget
from connectors.protocols import Identifier, ReadFrom
from connectors.records import Change, Existing, Key, RecordKind, Removal, Written
from mapping.fields import Field
from mapping.rules import RuleSet
from simulators.eaccounting.account import fixed_id
from tests.connectors.eaccounting.conftest import Office

EVERYTHING = ReadFrom(cursor=None, not_before=None, overlap=timedelta(minutes=2))
UNIT = fixed_id("units", "PCE")
KILOGRAM = fixed_id("units", "KGM")
SERVICES = fixed_id("articleaccountcodings", "Diensten 21 %")
NEW: dict[str, Any] = {
    "Number": "CUP",
    "Name": "Cup",
    "NetPrice": Decimal("10.00"),
    "VatRatePercent": Decimal(21),
    "IsActive": True,
}


def source(office: Office, **settings: Any) -> ProductSource:
    return ProductSource(office.client, ProductSourceSettings(**settings))


def target(office: Office, **settings: Any) -> ProductTarget:
    return ProductTarget(office.client, ProductTargetSettings.model_validate({"unit": UNIT, **settings}))


def key(text: str, target_id: str = "") -> Key:
    return Key(source_id=text, text=text, target_id=target_id)


def change(values: dict[str, Any], existing: Existing | None = None, *, asked: str = "") -> Change:
    number = str(values.get("Number") or asked or (existing.number if existing else ""))
    return Change(number, number, existing, values, key(asked or number))


async def found(office: Office, text: str, by: Identifier = Identifier.SKU) -> Existing:
    hit = (await target(office).find([key(text)], by))[text]
    assert isinstance(hit, Existing)
    return hit


async def write(office: Office, values: dict[str, Any], existing: Existing | None = None, **settings: Any) -> Written:
    (written,) = await target(office, **settings).write([change(values, existing)])
    return written


async def article(office: Office, number: str) -> dict[str, Any]:
    held = (await office.simulation.state("articles"))["articles"]
    (one,) = [entry for entry in held if entry["Number"] == number]
    return dict(one)


def refusal(written: Written) -> Problem:
    assert written.problem is not None
    return written.problem


async def methods(office: Office) -> list[str]:
    return [entry["method"] for entry in await office.simulation.requests()]


async def everything(office: Office, size: int = 1000, **settings: Any) -> dict[str, Product]:
    reader = source(office, **settings)
    products: dict[str, Product] = {}
    page: str | None = None
    while True:
        read = await reader.list_records(EVERYTHING, page, size)
        for record in read.records:
            assert isinstance(record, Product)
            products[record.sku] = record
        page = read.next_page
        if page is None:
            return products


async def test_an_article_is_read_with_all_it_says(office: Office):
    label = {"Name": "Kitchen", "Id": fixed_id("articlelabels", "Kitchen")}
    await office.simulation.load({"articlelabels": [label]})
    await office.simulation.load(
        {"articles": [{"Number": "MUG", "NetPrice": Decimal("10.00"), "StockBalance": 4, "ArticleLabels": [label]}]}
    )
    mug = (await everything(office))["MUG"]
    assert (mug.sku, mug.ean, mug.name, mug.currency, mug.unit) == ("MUG", "8710000000001", "Mug", "EUR", "Stuk")
    assert (mug.price_excl, mug.price_incl, mug.tax_rate) == (Decimal(10), Decimal("12.10"), Decimal(21))
    assert (mug.quantity, mug.active, mug.features) == (Decimal(4), True, {"Labels": "Kitchen"})
    assert not mug.categories
    assert (mug.raw["NetPrice"], mug.raw["Barcode"], mug.raw["ArticleLabels"]) == (10, "8710000000001", ["Kitchen"])
    assert (await everything(office, labels_as_categories=True))["MUG"].categories == (("Kitchen",),)
    assert not (await everything(office))["OLD"].active


async def test_every_article_is_read_once_whatever_the_size_of_the_page(office: Office):
    products = await everything(office, size=3)
    assert set(products) == {entry["Number"] for entry in (await office.simulation.state("articles"))["articles"]}
    first = await source(office).list_records(EVERYTHING, None, 3)
    assert first.total == len(products)


async def test_what_leaves_its_second_while_it_is_read_hides_nothing(office: Office):
    second = "2026-01-05T09:00:00Z"
    numbers = {f"SAME-{number}" for number in range(8)}
    await office.simulation.load({"articles": [{"Number": number, "ChangedUtc": second} for number in sorted(numbers)]})
    start = ReadFrom(cursor=second, not_before=None, overlap=timedelta(0))
    page = await source(office).list_records(start, None, 3)
    seen = {record.reference for record in page.records}
    mug = await found(office, min(seen & numbers))
    await office.simulation.patch("articles", mug.target_id, {"Name": "Changed meanwhile"})
    while page.next_page is not None:
        page = await source(office).list_records(start, page.next_page, 3)
        seen |= {record.reference for record in page.records}
    assert numbers <= seen


async def test_a_second_read_begins_at_the_server_time_of_the_first(office: Office):
    await office.simulation.set_now("2026-03-02T10:00:00Z")
    first = await source(office).list_records(EVERYTHING, None, 1000)
    await office.simulation.advance(3600)
    mug = await found(office, "MUG")
    await office.simulation.patch("articles", mug.target_id, {"Name": "Big mug"})
    again = await source(office).list_records(
        ReadFrom(cursor=first.cursor, not_before=None, overlap=timedelta(minutes=2)), None, 1000
    )
    assert "Big mug" in [record.name for record in again.records if isinstance(record, Product)]
    assert (str(first.cursor), str(again.cursor)) == ("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z")


async def test_named_articles_are_read_and_missing_ones_named(office: Office):
    mug = await found(office, "MUG")
    nobody = fixed_id("articles", "nobody")
    page = await source(office).read_records([mug.target_id, nobody])
    assert ([record.reference for record in page.records], page.removed) == (["MUG"], [nobody])
    assert source(office).cursor_at(datetime(2026, 3, 2, tzinfo=UTC)) == "2026-03-02T00:00:00Z"


SHOP = replace(PRODUCT_SOURCE, fields=(*PRODUCT_SOURCE.fields, Field("description", "Description")))


def rules(**settings: Any) -> RuleSet:
    chosen = ProductTargetSettings(**settings)
    return RuleSet.compile(
        default_rules(RecordKind.PRODUCTS, SHOP, PRODUCT_TARGET, chosen),
        source_fields=known_fields(RecordKind.PRODUCTS, SHOP),
        target_fields=ARTICLE_FIELDS,
    )


def product(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "source_id": "1",
        "reference": "CUP",
        "sku": "CUP",
        "ean": "8710000000002",
        "name": "Cup &amp; <b>saucer</b>",
        "description": "<p>Long</p>",
        "price_excl": Decimal("10.00"),
        "tax_rate": Decimal(21),
        "currency": "EUR",
        "unit": "Stuk",
        "quantity": Decimal(7),
        **changes,
    }
    return Product(**values).model_dump()


def nowhere(_table: str, _value: str) -> str | None:
    return None


async def test_the_untouched_mapping_makes_a_whole_article(office: Office):
    mapped = rules().apply(product(), nowhere, creating=True)
    written = await write(office, mapped.values)
    cup = await article(office, "CUP")
    assert (written.problem, written.number) == (None, "CUP")
    wanted = {
        "Name": "Cup & saucer",
        "NetPrice": Decimal("10.00"),
        "GrossPrice": Decimal("12.10"),
        "UnitId": UNIT,
        "CodingId": fixed_id("articleaccountcodings", "Goederen 21 %"),
        "IsActive": True,
        "Note": "Long",
        "StockBalance": 7,
        "Barcodes": [{"Barcode": "8710000000002", "BarcodeType": 0}],
    }
    assert {name: cup[name] for name in wanted} == wanted


async def test_an_article_that_was_just_made_shows_no_difference(office: Office):
    await write(office, rules().apply(product(), nowhere, creating=True).values)
    held = (await found(office, "CUP")).values
    for name, value in rules().apply(product(), nowhere, creating=False).values.items():
        assert held[name] == value, name


@pytest.mark.feature("PRD-25")
@pytest.mark.parametrize(
    ("leading", "stated", "net", "gross"),
    [
        ("net", {"price_excl": "10.00"}, "10.00", "12.10"),
        ("net", {"price_excl": None, "price_incl": "12.10"}, "10.00", "12.10"),
        ("gross", {"price_excl": "8.26", "price_incl": "10.00"}, "8.26", "10.00"),
        ("gross", {"price_excl": "10.00"}, "10.00", "12.10"),
        ("net", {"price_excl": "0.00"}, "0", "0"),
    ],
)
async def test_one_price_decides_and_the_other_follows_to_the_cent(office: Office, leading, stated, net, gross):
    mapped = rules(leading_price=leading).apply(
        product(**{name: None if text is None else Decimal(text) for name, text in stated.items()}),
        nowhere,
        creating=True,
    )
    assert (await write(office, mapped.values, leading_price=leading)).problem is None
    cup = await article(office, "CUP")
    assert (cup["NetPrice"], cup["GrossPrice"]) == (Decimal(net), Decimal(gross))


async def test_an_absent_price_changes_none(office: Office):
    mug = await found(office, "MUG")
    await write(office, {"NetPrice": Decimal(10)}, mug)
    mapped = rules().apply(product(price_excl=None), nowhere, creating=False)
    assert "NetPrice" not in mapped.values
    await write(office, {**mapped.values, "Number": "MUG"}, mug)
    assert (await article(office, "MUG"))["NetPrice"] == 10


async def test_an_update_keeps_what_it_does_not_name(office: Office):
    mug = await found(office, "MUG")
    kept = {"Note": "Fragile", "StockBalance": 12, "StockLocationReference": "A3", "NetPrice": Decimal("8.00")}
    await office.simulation.patch("articles", mug.target_id, {**kept, "GrossPrice": Decimal("9.68")})
    await write(office, {"Name": "Big mug", "Barcode": "8710000000009"}, mug)
    held = await article(office, "MUG")
    assert {name: held[name] for name in kept} == kept
    assert (held["Name"], held["Barcodes"][0]["Barcode"]) == ("Big mug", "8710000000009")


async def test_nothing_is_sent_when_nothing_differs(office: Office):
    mug = await found(office, "MUG")
    await office.simulation.forget_requests()
    written = await write(office, {"Name": "Mug", "IsActive": True, "ArticleLabels": [], "Note": ""}, mug)
    assert (written.problem, set(await methods(office))) == (None, {"GET"})


async def test_articles_are_found_by_barcode_and_by_id(office: Office):
    by_code = await found(office, "8710000000001", Identifier.EAN)
    hits = await target(office).find([key("other", by_code.target_id)], Identifier.SKU)
    hit = hits["other"]
    assert isinstance(hit, Existing)
    assert by_code.number == hit.number == "MUG"
    gone = await target(office).find([key("MUG", fixed_id("articles", "nobody"))], Identifier.SKU)
    assert gone == {}


async def test_many_articles_are_found_with_few_calls(office: Office):
    names = [f"SKU-{number:04d}" for number in range(250)]
    await office.simulation.load({"articles": [{"Number": name} for name in names]})
    await office.simulation.forget_requests()
    hits = await target(office).find([key(name) for name in names], Identifier.SKU)
    assert len(hits) == 250
    assert len(await methods(office)) <= 10


async def test_two_articles_with_one_barcode_are_a_problem(office: Office):
    twin = {"Number": "TWIN", "Barcodes": [{"Barcode": "8710000000001"}]}
    await office.simulation.load({"articles": [twin]})
    hits = await target(office).find([key("8710000000001")], Identifier.EAN)
    problem = hits["8710000000001"]
    assert isinstance(problem, Problem)
    assert problem.code is ProblemCode.AMBIGUOUS_MATCH
    assert "MUG, TWIN" in problem.sentence


@pytest.mark.parametrize("member", ["Number", "Id"])
async def test_articles_are_found_where_the_server_cannot_filter(office: Office, member: str):
    mug = await found(office, "MUG")
    await office.simulation.settings({"unfilterable": [member]})
    hits = await target(office).find([key("mug"), key("BOOK", mug.target_id)], Identifier.SKU)
    assert [hit.number for hit in hits.values() if isinstance(hit, Existing)] == ["MUG", "MUG"]


async def test_a_number_that_is_taken_by_now_is_updated(office: Office):
    await office.simulation.load({"articles": [{"Number": "CUP", "Name": "By hand"}]})
    written = await write(office, NEW)
    cup = await article(office, "CUP")
    assert (written.problem, written.target_id, cup["Name"]) == (None, cup["Id"], "Cup")


async def test_a_number_of_another_article_is_not_taken_over(office: Office):
    (written,) = await target(office).write([change({**NEW, "Number": "MUG"}, asked="8710000000077")])
    problem = refusal(written)
    assert (problem.code, problem.value) == (ProblemCode.AMBIGUOUS_MATCH, "MUG")
    renamed = await write(office, {"Number": "BOOK"}, await found(office, "MUG"))
    assert refusal(renamed).value == "BOOK"


@pytest.mark.parametrize(
    ("changes", "settings", "code", "named"),
    [
        ({}, {"unit": ""}, ProblemCode.SETTING_MISSING, "unit"),
        ({"VatRatePercent": Decimal(6)}, {}, ProblemCode.SETTING_MISSING, "coding"),
        ({"VatRatePercent": None}, {}, ProblemCode.MISSING_FIELD, "VatRatePercent"),
        ({"Name": " "}, {}, ProblemCode.MISSING_FIELD, "Name"),
        ({"Number": "N" * 41}, {}, ProblemCode.VALUE_TOO_LONG, "Number"),
        ({"Currency": "USD"}, {}, ProblemCode.UNKNOWN_CURRENCY, "Currency"),
        ({"CodingId": UNIT}, {}, ProblemCode.INVALID_VALUE, "CodingId"),
        ({"NetPrice": Decimal(-1)}, {}, ProblemCode.INVALID_VALUE, "NetPrice"),
    ],
)
async def test_what_an_article_cannot_be_made_of_is_named(office: Office, changes, settings, code, named):
    problem = refusal(await write(office, {**NEW, **changes}, **settings))
    assert (problem.code, problem.field) == (code, named)
    assert len((await office.simulation.state("articles"))["articles"]) == 15


async def test_the_chosen_coding_of_a_percentage_goes_first(office: Office):
    await write(office, NEW, coding={"21": SERVICES})
    assert (await article(office, "CUP"))["CodingId"] == SERVICES
    await write(office, {"UnitId": KILOGRAM, "VatRatePercent": Decimal(9)}, await found(office, "CUP"))
    cup = await article(office, "CUP")
    assert (cup["UnitId"], cup["NetPrice"], cup["GrossPrice"]) == (KILOGRAM, Decimal(10), Decimal("10.90"))


async def test_labels_are_found_or_created_by_name(office: Office):
    await write(office, {**NEW, "ArticleLabels": ["Kitchen", "Sale"]})
    await write(office, {**NEW, "Number": "CUP2", "ArticleLabels": ["sale", "Gift"]})
    labels = (await office.simulation.state("articlelabels"))["articlelabels"]
    assert sorted(label["Name"] for label in labels) == ["Gift", "Kitchen", "Sale"]
    held = await found(office, "CUP2")
    assert target(office).same("ArticleLabels", held.values["ArticleLabels"], ["Gift", "SALE"])
    assert not target(office).same("ArticleLabels", held.values["ArticleLabels"], ["Gift"])


async def test_an_article_is_archived_once(office: Office):
    mug = await found(office, "MUG")
    await target(office).remove(mug, Removal.ARCHIVE)
    assert not (await article(office, "MUG"))["IsActive"]
    await office.simulation.forget_requests()
    await target(office).remove(mug, Removal.ARCHIVE)
    assert await methods(office) == ["GET"]


def test_nothing_is_offered_that_the_vendor_cannot_do():
    declared = CONNECTOR.record_targets[RecordKind.PRODUCTS]
    names = {field.name for field in (*declared.fields, *CONNECTOR.record_sources[RecordKind.PRODUCTS].fields)}
    assert not names & {"images", "photos", "parent_id", "options"}
    assert declared.removals == {Removal.LEAVE, Removal.ARCHIVE}


def numbers(writtens: Sequence[Written]) -> list[str]:
    return [written.number for written in writtens]


async def test_one_refused_change_leaves_the_others_alone(office: Office):
    changes = [change({**NEW, "Number": name, "NetPrice": Decimal(price)}) for name, price in (("A", -1), ("B", 1))]
    writtens = await target(office).write(changes)
    assert (numbers(writtens), writtens[1].problem) == (["", "B"], None)
    assert refusal(writtens[0]).field == "NetPrice"

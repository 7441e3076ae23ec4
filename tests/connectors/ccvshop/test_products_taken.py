"""Products written to a running shop."""

import base64
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from commerce.problems import ProblemCode
from commerce.record import Product
from connectors.ccvshop import CONNECTOR
from connectors.ccvshop.photos import PhotoMarks
from connectors.errors import OutcomeUnknown
from connectors.protocols import Identifier
from connectors.record_flow import compile_rules
from connectors.records import Comparing, Existing, Key, RecordKind, RecordTarget, Removal, Written
from tests.connectors.ccvshop.shops import RecordShop, found, problem, record_shop, sentence, written
from tests.simulation import Simulation, running

MUG = Key("a-1", "MUG")
JPEG = b"\xff\xd8\xff\xe0 a picture"
NEW = {
    "productnumber": "MUG",
    "name": "Mug",
    "price": Decimal("12.10"),
    "taxtariff": "normal",
    "stock": Decimal(4),
    "active": True,
}


@pytest.fixture
async def shop() -> AsyncIterator[RecordShop]:
    async with record_shop() as opened:
        yield opened


def products(shop: RecordShop, **settings: Any) -> RecordTarget:
    return shop.target(RecordKind.PRODUCTS, package="1", **settings)


def mapped(record: Product, *, creating: bool = True, **settings: Any) -> dict[str, Any]:
    """What the untouched mapping makes of a record."""
    source, target = CONNECTOR.record_sources[RecordKind.PRODUCTS], CONNECTOR.record_targets[RecordKind.PRODUCTS]
    rules = compile_rules(RecordKind.PRODUCTS, source, target, target.settings.model_validate(settings), [])
    return rules.apply(record.model_dump(), lambda _table, _value: None, creating=creating).values


def product(**changes: Any) -> Product:
    return Product.model_validate(
        {"source_id": "a-1", "reference": "MUG", "sku": "MUG", "name": "Mug", "price_excl": Decimal("10.00")}
        | {"tax_rate": Decimal(21)}
        | changes
    )


async def stored(shop: RecordShop) -> list[dict[str, Any]]:
    return list((await shop.sim.state("products"))["products"])


async def written_product(shop: RecordShop, target: RecordTarget, values: dict[str, Any]) -> Written:
    """One more round: look the mug up, and write what differs."""
    existing = await found(target, MUG)
    assert isinstance(target, Comparing)
    differing = {
        name: value
        for name, value in values.items()
        if existing is None or not target.same(name, existing.values[name], value)
    }
    await shop.calls()
    if existing is not None and not differing:
        return Written(MUG.source_id, existing.target_id)
    return await written(target, MUG, existing, differing, "MUG")


async def test_the_untouched_mapping_creates_a_complete_product(shop: RecordShop):
    record = product(
        short_description="For coffee",
        description="<p>For <b>coffee</b></p>",
        ean="8712345678906",
        quantity=Decimal("3.0"),
        unit="st",
        weight=Decimal("0.3"),
        brand="Potters",
        name="Mug <b>blue</b>",
    )
    end = await written(products(shop), MUG, None, mapped(record), "MUG")
    (held,) = await stored(shop)

    assert end.problem is None
    assert end.target_id == str(held["id"])
    assert held["price"] == Decimal("12.10")
    expected = {
        "productnumber": "MUG",
        "name": "Mug blue",
        "shortdescription": "For coffee",
        "description": "<p>For <b>coffee</b></p>",
        "eannumber": "8712345678906",
        "taxtariff": "normal",
        "stock": 3,
        "stockenabled": True,
        "unit": "st",
        "weight": Decimal("0.3"),
        "discount": 0,
        "is_active": True,
    }
    assert {name: held[name] for name in expected} == expected
    assert held["brand"]["name"] == "Potters"
    assert held["package"]["id"] == 1


@pytest.mark.feature("PRD-25")
@pytest.mark.parametrize(
    ("include_tax", "stated", "arrives"),
    [
        (True, {"price_excl": "10.00"}, "12.10"),
        (True, {"price_excl": "9.99"}, "12.09"),
        (True, {"price_excl": "10.00", "price_incl": "12.09"}, "12.09"),
        (False, {"price_excl": "10.00"}, "10.00"),
        (False, {"price_excl": None, "price_incl": "12.10"}, "10.00"),
        (True, {"price_excl": "0"}, "0"),
    ],
)
async def test_prices_arrive_with_or_without_vat_as_set(
    shop: RecordShop, include_tax: bool, stated: dict[str, Any], arrives: str
):
    values = mapped(product(**stated), prices_include_tax=include_tax)
    await written(products(shop, prices_include_tax=include_tax), MUG, None, values, "MUG")
    exchange = shop.recorder.exchanges[-1]

    assert (await stored(shop))[0]["price"] == Decimal(arrives)
    assert "12.0999" not in exchange.request_body


async def test_a_rate_without_a_tariff_is_named(shop: RecordShop):
    end = await written(products(shop), MUG, None, mapped(product(tax_rate=Decimal(19))), "MUG")

    assert '"19 %"' in sentence(end, ProblemCode.UNKNOWN_TAX_RATE)
    assert not await stored(shop)
    values = mapped(product(tax_rate=Decimal("19.0")), tariffs={"19": "normal"})
    assert values["taxtariff"] == "normal"


async def test_an_absent_price_changes_nothing_and_a_zero_price_does(shop: RecordShop):
    assert "price" not in mapped(product(price_excl=None), creating=False)
    assert mapped(product(price_excl=Decimal(0)), creating=False)["price"] == 0


async def test_only_what_differs_is_sent_and_an_unchanged_product_costs_no_write(shop: RecordShop):
    target = products(shop)
    await written(target, MUG, None, NEW, "MUG")

    await written_product(shop, target, NEW)
    assert await shop.calls() == []
    await written_product(shop, target, NEW | {"price": Decimal("9.5")})
    assert [call.partition(" ")[0] for call in await shop.calls()] == ["PATCH"]
    assert '"price":9.5' in shop.recorder.exchanges[-1].request_body
    assert "name" not in shop.recorder.exchanges[-1].request_body


async def test_a_creation_without_an_answer_body_is_found_by_its_number(shop: RecordShop):
    await shop.sim.settings({"post_answers_204": True})
    end = await written(products(shop), MUG, None, NEW, "MUG")

    assert end.target_id == str((await stored(shop))[0]["id"])


async def test_a_lost_answer_is_told_and_the_product_is_found_afterwards(shop: RecordShop):
    await shop.sim.faults([{"fault": "reset_after_commit", "when": "once", "method": "POST"}])
    target = products(shop)
    with pytest.raises(OutcomeUnknown):
        await written(target, MUG, None, NEW, "MUG")

    assert await found(target, MUG) is not None
    assert len(await stored(shop)) == 1


async def test_products_are_found_by_sku_ean_or_id_and_doubles_are_named(shop: RecordShop):
    await shop.sim.load(
        {
            "products": [
                {"id": 1, "productnumber": "A", "eannumber": "8712345678906", "name": "A"},
                {"id": 2, "productnumber": "B", "name": "B"},
                {"id": 3, "productnumber": "B", "name": "B again"},
            ]
        }
    )
    target = products(shop)
    by_ean = await found(target, Key("x", "8712345678906"), Identifier.EAN)
    by_id = await found(target, Key("x", "renamed", target_id="1"))

    assert by_ean
    assert by_ean.target_id == "1"
    assert by_id
    assert by_id.number == "A"
    assert await found(target, Key("x", "a")) is None
    assert await found(target, Key("x", "", target_id="99")) is None
    assert "ids 2, 3" in (await problem(target, Key("x", "B"))).sentence


@pytest.mark.parametrize("size", [30, 600])
async def test_many_products_are_found_with_few_calls(shop: RecordShop, size: int):
    await shop.sim.load(
        {"products": [{"id": 1000 + n, "productnumber": f"P{n}", "name": f"P {n}"} for n in range(size)]}
    )
    keys = [Key(str(n), f"P{n}") for n in range(20)] + [Key("new", "NEW"), Key("id", "", target_id="1005")]
    answers = await products(shop).find(keys, Identifier.SKU)

    assert {one for one in answers if isinstance(answers[one], Existing)} == {key.source_id for key in keys} - {"new"}
    assert len(await shop.calls()) <= 7


async def test_a_large_shop_is_asked_product_by_product(shop: RecordShop):
    await shop.sim.load({"products": [{"id": 1000 + n, "productnumber": f"P{n}", "name": "P"} for n in range(600)]})
    answers = await products(shop).find([Key(str(n), f"P{n}") for n in range(10)], Identifier.SKU)

    assert len(answers) == 10
    assert len(await shop.calls()) == 11


async def test_so_many_look_ups_that_a_listing_costs_no_more_end_in_one(shop: RecordShop):
    """Two thousand products are eight pages, which thirty keys are not worth until a hundred were asked for."""
    await shop.sim.load(
        {"products": [{"id": 1000 + n, "productnumber": f"P{n}", "name": f"P {n}"} for n in range(2000)]}
    )
    target = products(shop)
    costs = []
    for start in range(0, 180, 30):
        keys = [Key(str(n), f"P{n}") for n in range(start, start + 30)]
        answers = await target.find([*keys, Key("new", f"NEW{start}")], Identifier.SKU)
        names = {one: found.values["name"] for one, found in answers.items() if isinstance(found, Existing)}
        assert names == {str(n): f"P {n}" for n in range(start, start + 30)}
        costs.append(len(await shop.calls()))
    assert min(costs[:4]) >= 31
    assert costs[4] <= 13
    assert costs[5] <= 3


async def test_the_number_of_a_variant_is_not_written_as_a_product(shop: RecordShop):
    await shop.sim.load(VARIANTS)
    why = await problem(products(shop), Key("x", "MUG-BLUE"))

    assert why.code is ProblemCode.AMBIGUOUS_MATCH
    assert "variant of product MUG" in why.sentence


VARIANTS: dict[str, Any] = {
    "products": [{"id": 900, "productnumber": "MUG", "name": "Mug", "price": 10}],
    "attributes": [{"id": 7, "name": "Colour", "type": "option_menu"}],
    "attributevalues": [{"id": 71, "attribute_id": 7, "name": "Blue", "default_price": 0}],
    "productattributevalues": [{"product_id": 900, "optionvalue": 71, "price": 2}],
    "attributecombinations": [{"product_id": 900, "value_ids": [71], "product_number": "MUG-BLUE", "stock": 5}],
}


async def test_what_the_shop_refuses_is_a_problem_of_the_product(shop: RecordShop):
    await shop.sim.settings({"product_limit": 0})
    end = await written(products(shop), MUG, None, NEW, "MUG")
    assert "Extend it" in sentence(end, ProblemCode.REFUSED_BY_TARGET)

    end = await written(shop.target(RecordKind.PRODUCTS), MUG, None, NEW, "MUG")
    assert '"Package"' in sentence(end, ProblemCode.SETTING_MISSING)


async def test_removals_can_run_twice(shop: RecordShop):
    target = products(shop)
    await written(target, MUG, None, NEW, "MUG")
    existing = await found(target, MUG)
    assert existing
    await target.remove(existing, Removal.ARCHIVE)
    hidden = await found(target, MUG)
    assert hidden
    assert hidden.values["active"] is False
    await shop.calls()
    await target.remove(hidden, Removal.ARCHIVE)
    assert await shop.calls() == []
    await target.remove(hidden, Removal.DELETE)
    await target.remove(hidden, Removal.DELETE)
    assert await stored(shop) == []


async def categories(shop: RecordShop) -> dict[int, str]:
    state = await shop.sim.state("categories")
    return {category["id"]: category["name"] for category in state["categories"]}


@pytest.mark.feature("PRD-18")
async def test_categories_are_created_along_their_path_and_renamed(shop: RecordShop):
    target = products(shop, rename_categories=True)
    values = NEW | {"categories": [["Kitchen", "Mugs"]]}
    await written_product(shop, target, values)
    names = await categories(shop)
    (held,) = await stored(shop)
    assert sorted(names.values()) == ["Kitchen", "Mugs"]
    assert [names[one] for one in held["categories"]] == ["Mugs"]

    await written_product(shop, target, values)
    assert await shop.calls() == []

    await written_product(shop, target, NEW | {"categories": [["Kitchen", "Cups"]]})
    assert sorted((await categories(shop)).values()) == ["Cups", "Kitchen"]
    assert (await stored(shop))[0]["categories"] == held["categories"]


async def test_categories_that_others_chose_stay_unless_they_are_to_be_replaced(shop: RecordShop):
    await shop.sim.load({"categories": [{"id": 5, "name": "Sale"}, {"id": 6, "name": "Mugs"}]})
    await written_product(shop, products(shop), NEW | {"categories": [["Sale"]]})

    await written_product(shop, products(shop), NEW | {"categories": ["mugs"]})
    assert (await stored(shop))[0]["categories"] == [5, 6]
    await written_product(shop, products(shop, replace_categories=True), NEW | {"categories": ["mugs"]})
    assert (await stored(shop))[0]["categories"] == [6]
    assert len(await categories(shop)) == 2


async def pictures(sim: Simulation, *contents: bytes) -> list[str]:
    """Addresses of pictures that another shop serves."""
    await sim.load({"products": [{"id": 1, "name": "Elsewhere"}]})
    photos = [
        {"id": 10 + n, "product_id": 1, "file_type": "jpg", "source": base64.b64encode(content).decode()}
        for n, content in enumerate(contents)
    ]
    await sim.load({"productphotos": photos})
    return [f"{sim.base_url}/photos/{photo['id']}.jpg" for photo in photos]


@pytest.mark.feature("PRD-20")
async def test_photos_arrive_once_and_are_replaced_when_their_address_changes(shop: RecordShop):
    async with running("ccvshop") as elsewhere:
        first, second = await pictures(elsewhere, JPEG + b"1", JPEG + b"2")
        target = products(shop)
        values = NEW | {"memo": "Ask Jan", "photos": [{"url": first, "alt": "Mug"}]}
        assert (await written_product(shop, target, values)).problem is None
        (held,) = await stored(shop)
        assert [(photo["alttext"], photo["is_mainphoto"]) for photo in held["photos"]] == [("Mug", True)]

        await written_product(shop, target, values)
        assert await shop.calls() == []

        await written_product(shop, target, values | {"photos": [second]})
        (changed,) = await stored(shop)
        assert [photo["is_mainphoto"] for photo in changed["photos"]] == [True]
        assert changed["photos"][0]["sha256"] != held["photos"][0]["sha256"]
        existing = await found(target, MUG)
        assert existing
        assert existing.values["memo"] == "Ask Jan"


async def test_photos_that_people_put_in_the_shop_stay(shop: RecordShop):
    async with running("ccvshop") as elsewhere:
        (first,) = await pictures(elsewhere, JPEG)
        target = products(shop)
        await written_product(shop, target, NEW | {"photos": [first]})
        (held,) = await stored(shop)
        own = {"product_id": held["id"], "file_type": "jpg", "source": base64.b64encode(JPEG + b"own").decode()}
        await shop.sim.load({"productphotos": [own]})
        await written_product(shop, target, NEW | {"photos": []})

        assert len((await stored(shop))[0]["photos"]) == 1


async def test_a_missing_or_huge_picture_is_named_and_the_others_arrive(shop: RecordShop):
    async with running("ccvshop") as elsewhere:
        good, huge = await pictures(elsewhere, JPEG, JPEG + bytes(1_200_000))
        missing = f"{elsewhere.base_url}/photos/99.jpg"
        target = products(shop, largest_photo_mb=1)
        end = await written_product(shop, target, NEW | {"photos": [missing, huge, good]})

        assert f"{missing} cannot be fetched (HTTP 404)" in sentence(end, ProblemCode.INVALID_VALUE)
        assert "larger than 1 MB" in end.notes[0]
        assert end.target_id
        assert len((await stored(shop))[0]["photos"]) == 1


async def test_a_photo_whose_answer_was_lost_is_not_uploaded_again(shop: RecordShop):
    async with running("ccvshop") as elsewhere:
        first, second = await pictures(elsewhere, JPEG + b"1", JPEG + b"2")
        target = products(shop)
        await written_product(shop, target, NEW)
        rule = {"fault": "reset_after_commit", "when": "once", "method": "POST", "path": ".*/productphotos/"}
        await shop.sim.faults([rule])
        with pytest.raises(OutcomeUnknown):
            await written_product(shop, target, NEW | {"photos": [first, second]})
        await written_product(shop, target, NEW | {"photos": [first, second]})

        assert len((await stored(shop))[0]["photos"]) == 2


@pytest.mark.parametrize(
    "marks",
    [PhotoMarks(), PhotoMarks({12: "abc123"}), PhotoMarks({12: "abc123", 15: "d4"}, ("ff00", "aa11"), 15)],
)
def test_marks_in_the_memo_can_be_read_again(marks: PhotoMarks):
    for memo in ("", "Ask Jan", "Two\nlines"):
        assert PhotoMarks.read(marks.written(memo)) == (marks, memo)

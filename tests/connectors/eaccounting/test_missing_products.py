"""Articles that order lines name and eAccounting does not have."""

from decimal import Decimal

import pytest

from commerce.order import LineKind
from commerce.problems import ProblemCode
from connectors.eaccounting.target import EAccountingTarget
from connectors.errors import OutcomeUnknown, RecordRefused
from connectors.protocols import Identifier, MissingProduct
from tests.connectors.eaccounting.conftest import HOME, Office, line, order

SUBSTITUTES = {"21": "DIV21", "9": "DIV9"}


async def maker(office: Office, **settings: object) -> EAccountingTarget:
    """A target that creates missing articles."""
    unit = (await office.simulation.state())["units"][0]["Id"]
    return office.target(**{"missing_product": "create", "new_article_unit": unit, **settings})


async def test_rows_without_an_article_go_onto_the_substitute_of_their_rate(office: Office):
    await office.simulation.load(
        {"articles": [{"Number": number, "vat_rate": int(rate)} for rate, number in SUBSTITUTES.items()]}
    )
    target = office.target(missing_product="substitute", substitute_article=SUBSTITUTES)
    lines = (line("MUG"), line("NONE", name="Lamp"), line("", "1", "5.45", rate="9", name="Gift wrap"))
    prepared = await office.prepare(order(*lines), target=target)
    document = await target.push_document(prepared, None)
    rows = (await office.record("orders", document.target_id))["Rows"]
    assert [(row["ArticleNumber"], row["Text"]) for row in rows] == [
        ("MUG", "The MUG"),
        ("DIV21", "Lamp (NONE)"),
        ("DIV9", "Gift wrap"),
    ]
    assert document.total == order(*lines).total
    assert any("NONE" in note and "DIV21" in note for note in prepared.notes)

    with pytest.raises(RecordRefused) as refused:
        await office.prepare(order(line("NONE", rate="0")), target=target)
    assert (refused.value.problem.field, refused.value.problem.value) == ("substitute_article", "0")


async def test_rows_can_be_one_per_rate_on_the_substitute_articles(office: Office):
    await office.simulation.load(
        {"articles": [{"Number": number, "vat_rate": int(rate)} for rate, number in SUBSTITUTES.items()]}
    )
    target = office.target(group_rows=True, substitute_article=SUBSTITUTES)
    shipping = line("", "1", "6.05", kind=LineKind.SHIPPING)
    lines = (line("MUG", "3", "12.10"), line("BOOK", "1", "10.90", rate="9"), line("NONE", "2", "1.99"), shipping)
    document = await office.send(order(*lines), target=target)
    rows = (await office.record("orders", document.target_id))["Rows"]
    assert [(row["ArticleNumber"], row["Text"], row["Quantity"], row["UnitPrice"]) for row in rows] == [
        ("DIV21", "Products at 21 %", 1, Decimal("40.28")),
        ("DIV9", "Products at 9 %", 1, Decimal("10.9")),
        ("SHIP21", "Shipping", 1, Decimal("6.05")),
    ]
    assert document.total == order(*lines).total


@pytest.mark.parametrize(
    ("settings", "sku", "wanted"),
    [
        ({}, "NONE", MissingProduct.PARK),
        ({}, "", MissingProduct.PARK),
        ({"missing_product": "create"}, "NONE", MissingProduct.CREATE),
        ({"missing_product": "create"}, "", MissingProduct.PARK),
        ({"missing_product": "create", "substitute_article": SUBSTITUTES}, "", MissingProduct.SUBSTITUTE),
        ({"substitute_article": SUBSTITUTES}, "NONE", MissingProduct.PARK),
        ({"substitute_article": SUBSTITUTES, "missing_product": "substitute"}, "NONE", MissingProduct.SUBSTITUTE),
        ({"product_article": {"NL": "SALES"}}, "NONE", MissingProduct.SUBSTITUTE),
        ({"group_rows": True}, "NONE", MissingProduct.SUBSTITUTE),
    ],
)
async def test_the_settings_say_what_becomes_of_a_line(office: Office, settings, sku, wanted):
    assert await office.target(**settings).when_missing(order(), line(sku)) is wanted


@pytest.mark.feature("R23")
async def test_a_missing_article_is_created_with_price_tax_and_group_of_the_line(office: Office):
    await office.simulation.load({"articlelabels": [{"Id": LABEL, "Name": "Web shop"}]})
    state = await office.simulation.state()
    goods = next(entry["Id"] for entry in state["articleaccountcodings"] if entry["Name"] == "Goederen 21 %")
    target = await maker(office, new_article_coding={"21": goods}, new_article_label=LABEL)
    lamp = line("LAMP", "2", "24.20", name="Lamp " * 20, ean="8710000000002")
    plan = await target.plan_product(order(lamp), lamp, Identifier.SKU)
    assert (plan.target_id, await office.count("articles")) == ("", len(state["articles"]))
    made = await target.push_product(plan)
    article = await office.record("articles", made.target_id)
    assert (article["Number"], article["NetPrice"], article["GrossPrice"]) == ("LAMP", Decimal(20), Decimal("24.2"))
    assert (article["CodingId"], [label["Id"] for label in article["ArticleLabels"]]) == (goods, [LABEL])
    assert article["Name"].endswith("…")
    assert article["Barcodes"][0]["Barcode"] == "8710000000002"
    # A second run, or another order at the same moment, finds it.
    assert (await target.push_product(plan)).target_id == made.target_id
    document = await office.send(order(lamp), target=target)
    assert document.total == Decimal("48.40")


LABEL = "11111111-1111-4111-8111-111111111111"


async def test_a_net_price_and_the_only_coding_of_a_rate_make_an_article(office: Office):
    target = await maker(office)
    book = line("NOVEL", "1", "16.7983", rate="9", gross=False)
    made = await target.push_product(await target.plan_product(order(book), book, Identifier.SKU))
    article = await office.record("articles", made.target_id)
    assert (article["NetPrice"], article["GrossPrice"]) == (Decimal("16.8"), Decimal("18.31"))


async def test_a_lost_answer_makes_one_article(office: Office):
    target = await maker(office)
    book = line("NOVEL", rate="9")
    plan = await target.plan_product(order(book), book, Identifier.SKU)
    await office.simulation.faults(
        [{"fault": "500_after_commit", "when": "once", "method": "POST", "path": "articles"}]
    )
    with pytest.raises(OutcomeUnknown):
        await target.push_product(plan)
    assert (await target.push_product(plan)).number == "NOVEL"
    numbers = [entry["Number"] for entry in (await office.simulation.state())["articles"]]
    assert numbers.count("NOVEL") == 1


@pytest.mark.parametrize(
    ("settings", "members", "code", "field"),
    [
        ({}, {"rate": "21"}, ProblemCode.SETTING_MISSING, "new_article_coding"),
        ({"new_article_unit": ""}, {"rate": "9"}, ProblemCode.SETTING_MISSING, "new_article_unit"),
        ({}, {"rate": "9", "sku": "x" * 41}, ProblemCode.VALUE_TOO_LONG, "Number"),
        ({}, {"rate": "0", "country": "DE"}, ProblemCode.UNKNOWN_TAX_RATE, "NEW"),
    ],
    ids=["two codings", "no unit", "long number", "sold abroad without VAT"],
)
async def test_an_article_that_cannot_be_made_is_named_with_what_to_do(office: Office, settings, members, code, field):
    target = await maker(office, **settings)
    new = line(members.get("sku", "NEW"), rate=members["rate"])
    placed = order(new, shipping=HOME.model_copy(update={"country": members.get("country", "NL")}))
    with pytest.raises(RecordRefused) as refused:
        await target.plan_product(placed, new, Identifier.SKU)
    problem = refused.value.problem
    assert (problem.code, problem.field) == (code, field)
    assert "1001" in problem.sentence
    assert new.sku in problem.sentence

"""Which coding, and so which VAT code and revenue account, the rows of an order are booked with."""

from typing import Any

import pytest
from pydantic import ValidationError

from commerce.customer import Address, Customer, CustomerKind
from commerce.order import LineKind, Order
from commerce.problems import ProblemCode
from connectors.errors import RecordRefused
from tests.connectors.eaccounting.conftest import HOME, Office, line, order, orders_settings

BERLIN = Address(name="Jan", street="Allee", number="5", postcode="10115", city="Berlin", country="DE")
GENT = Address(name="Jan", street="Veldstraat", number="1", postcode="9000", city="Gent", country="BE")


async def codings(office: Office) -> dict[str, str]:
    """The ids of the company's codings, by name."""
    return {entry["Name"]: entry["Id"] for entry in (await office.simulation.state())["articleaccountcodings"]}


async def coding_of_rows(office: Office, placed: Order, **settings: Any) -> list[tuple[str, str]]:
    """Article number and coding of every row of the document an order becomes."""
    document = await office.send(placed, target=office.target(**settings))
    articles = {entry["Number"]: entry["CodingId"] for entry in (await office.simulation.state())["articles"]}
    rows = (await office.record("orders", document.target_id))["Rows"]
    return [(row["ArticleNumber"], articles[row["ArticleNumber"]]) for row in rows if row["ArticleId"]]


@pytest.mark.feature("ORD-23")
async def test_each_rate_has_its_tax_code_and_an_unmapped_rate_is_named(office: Office):
    known = await codings(office)
    office.values = {"tax_code": {"21": known["Goederen 21 %"]}}
    assert await coding_of_rows(office, order(line("MUG"))) == [("MUG", known["Goederen 21 %"])]

    with pytest.raises(RecordRefused) as refused:
        await office.prepare(order(line("MUG"), line("BOOK", rate="9"), reference="1002"))
    problem = refused.value.problem
    assert (problem.code, problem.field, problem.value) == (ProblemCode.UNMAPPED_VALUE, "tax_code", "9")
    assert all(part in problem.sentence for part in ("1002", "BOOK", "9 %"))

    office.values["tax_code"]["9"] = known["Goederen 9 %"]
    rows = await coding_of_rows(office, order(line("MUG"), line("BOOK", rate="9"), reference="1002"))
    assert dict(rows) == {"MUG": known["Goederen 21 %"], "BOOK": known["Goederen 9 %"]}


async def test_an_article_with_another_coding_of_the_same_rate_is_named(office: Office):
    office.values = {"tax_code": {"NL 21": (await codings(office))["Diensten 21 %"]}}
    with pytest.raises(RecordRefused) as refused:
        await office.prepare(order(line("MUG")))
    problem = refused.value.problem
    assert (problem.code, problem.field, problem.value) == (ProblemCode.UNKNOWN_TAX_RATE, "MUG", "NL 21")
    assert all(part in problem.sentence for part in ("MUG", "21 %", "NL", "Goederen"))


@pytest.mark.feature("ORD-24", "ORD-30")
async def test_equal_goods_for_two_countries_carry_the_codes_and_accounts_of_each(office: Office):
    """A coding is both: it holds the VAT and the revenue accounts."""
    known = await codings(office)
    await office.simulation.load(
        {"articles": [{"Number": "MUG-BE", "CodingId": known["Diensten 21 %"]}, {"Number": "SHIPBE", "vat_rate": 21}]}
    )
    settings = {"product_article": {"be 21": "{sku}-BE"}, "shipping_article": {"BE": "SHIPBE", "21": "SHIP21"}}
    office.values = {"tax_code": {"21": known["Goederen 21 %"], "BE": known["Diensten 21 %"]}}
    goods = (line("MUG"),)
    dutch = await coding_of_rows(office, order(*goods), **settings)
    belgian = await coding_of_rows(office, order(*goods, billing=GENT, shipping=GENT, reference="1002"), **settings)
    assert dutch == [("MUG", known["Goederen 21 %"])]
    assert belgian == [("MUG-BE", known["Diensten 21 %"])]

    office.values = {}
    shipped = (*goods, line("", "1", "5.00", kind=LineKind.SHIPPING))
    for country, reference, number in ((HOME, "1003", "SHIP21"), (GENT, "1004", "SHIPBE")):
        placed = order(*shipped, billing=HOME, shipping=country, reference=reference)
        assert (await coding_of_rows(office, placed, **settings))[1][0] == number


async def test_one_article_for_a_whole_country_keeps_the_products_in_its_texts(office: Office):
    await office.simulation.load({"articles": [{"Number": "SALES-DE", "vat_rate": 19}]})
    placed = order(line("MUG", rate="19"), billing=BERLIN, shipping=BERLIN)
    document = await office.send(placed, target=office.target(product_article={"DE 19": "SALES-DE"}))
    (row,) = (await office.record("orders", document.target_id))["Rows"]
    assert (row["ArticleNumber"], row["Text"]) == ("SALES-DE", "The MUG (MUG)")
    assert document.total == placed.total


async def test_a_buyer_free_of_vat_needs_no_tax_code(office: Office):
    office.values = {"tax_code": {"21": (await codings(office))["Goederen 21 %"]}}
    company = Customer(
        kind=CustomerKind.COMPANY, email="buero@example.com", company="Beispiel GmbH", vat_number="DE123456789"
    )
    placed = order(line("MUG", rate="0"), customer=company, billing=BERLIN, shipping=BERLIN)
    assert (await office.send(placed)).total == placed.total


@pytest.mark.parametrize(
    ("table", "says"),
    [({"high": "A"}, "high"), ({"121": "A"}, "more than all"), ({"21": " "}, "21 %"), ({"": "A"}, "percentage")],
)
def test_a_row_that_is_no_percentage_or_country_is_refused(table, says):
    with pytest.raises(ValidationError, match=says):
        orders_settings(shipping_article=table)


def test_rows_are_kept_in_one_spelling():
    settings = orders_settings(shipping_article={"21.0": " SHIP ", "be  9.00": "SHIPBE", "de": "SHIPDE"})
    assert settings.shipping_article == {"21": "SHIP", "BE 9": "SHIPBE", "DE": "SHIPDE"}

"""Paging, filters, order, chosen members and date styles."""

from __future__ import annotations

import pytest

from tests.simulators.eaccounting.conftest import Company


async def numbers(company: Company, expression: str) -> list[str]:
    listed = await company.send("GET", "customers", q_filter=expression)
    return [record["CustomerNumber"] for record in listed["Data"]]


async def test_pages_of_50_by_default(company: Company) -> None:
    company.simulator.load({"customers": [{"CustomerNumber": f"N{number}"} for number in range(116)]})
    first = await company.send("GET", "customers")
    assert first["Meta"]["ServerTimeUtc"].endswith("Z")
    assert {name: first["Meta"][name] for name in first["Meta"] if name != "ServerTimeUtc"} == {
        "CurrentPage": 1,
        "PageSize": 50,
        "TotalNumberOfPages": 3,
        "TotalNumberOfResults": 121,
    }
    third = await company.send("GET", "customers", q_page="3")
    assert len(third["Data"]) == 21


@pytest.mark.parametrize(
    ("parameter", "value"), [("q_pagesize", "1001"), ("q_page", "0"), ("q_page", "x"), ("q_top", "5")]
)
async def test_a_bad_page_or_option_is_6000(company: Company, parameter: str, value: str) -> None:
    assert await company.refused("GET", "customers", **{parameter: value}) == (400, 6000)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("CustomerNumber eq 'person'", ["PERSON"]),
        ("EmailAddress eq 'OFFICE@example.nl'", ["COMPANY"]),
        ("EmailAddress ne null and IsPrivatePerson eq false", ["COMPANY"]),
        ("IsPrivatePerson eq true", ["PERSON", "FRENCH"]),
        ("CustomerNumber eq 'FRENCH' or CustomerNumber eq 'GERMAN'", ["GERMAN", "FRENCH"]),
        ("IsPrivatePerson eq true and (CustomerNumber eq 'FRENCH' or CustomerNumber eq 'GERMAN')", ["FRENCH"]),
        ("not (CurrencyCode eq 'EUR')", ["BRITISH"]),
        ("contains(Name,'PERS')", ["PERSON"]),
        ("startswith(CustomerNumber,'GER')", ["GERMAN"]),
        ("endswith(CustomerNumber,'ISH')", ["BRITISH"]),
        ("DiscountPercentage ge 0.5", []),
        ("ChangedUtc gt 2999-01-01T00:00:00Z", []),
        ("Name eq 'O''Neil'", []),
    ],
)
async def test_filters(company: Company, expression: str, found: list[str]) -> None:
    assert await numbers(company, expression) == found


async def test_a_quote_in_a_text_is_doubled(company: Company) -> None:
    company.simulator.load({"customers": [{"CustomerNumber": "ON", "Name": "O'Neil"}]})
    assert await numbers(company, "Name eq 'O''Neil'") == ["ON"]


async def test_guids_are_bare(company: Company) -> None:
    assert await numbers(company, f"Id eq {company.ids['PERSON'].upper()}") == ["PERSON"]
    assert await company.refused("GET", "customers", q_filter=f"Id eq '{company.ids['PERSON']}'") == (400, 6000)


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("Nonsense eq 'x'", 6000),
        ("EmailAddresses eq 'x'", 6000),
        ("Name eq", 6000),
        ("Name like 'x'", 6000),
        ("Name eq x", 6000),
        ("(Name eq 'x'", 6000),
        ("Name eq 'x' Name", 6000),
        ("Name eq 'x", 6000),
        ("IsActive eq 1", 6000),
        ("Name gt null", 6000),
        ("ChangedUtc gt yesterday", 6001),
        ("ChangedUtc gt 2026-13-01", 6001),
    ],
)
async def test_bad_filters(company: Company, expression: str, code: int) -> None:
    assert await company.refused("GET", "customers", q_filter=expression) == (400, code)


async def test_a_member_can_be_made_unfilterable(company: Company) -> None:
    expression = "BuyersOrderReference eq 'WEB-1'"
    assert (await company.exchange("GET", "orders", q_filter=expression))[0] == 200
    company.simulator.change_settings({"unfilterable": ["BuyersOrderReference"]})
    assert await company.refused("GET", "orders", q_filter=expression) == (400, 6000)


async def test_rows_can_be_searched(company: Company) -> None:
    await company.made("customerinvoices", company.invoice(company.plain_row(Text="Blue mug")))
    for text, count in (("blue", 1), ("red", 0)):
        expression = f"Rows/any(c: contains(c/Text,'{text}'))"
        assert len((await company.send("GET", "customerinvoices", q_filter=expression))["Data"]) == count


async def test_order_and_choice_of_members(company: Company) -> None:
    listed = await company.send("GET", "articles", q_orderby="Number desc", q_select="Id,Number")
    assert [record["Number"] for record in listed["Data"]] == ["A9", "A21", "A19", "A0"]
    assert set(listed["Data"][0]) == {"Id", "Number"}
    assert await company.refused("GET", "articles", q_select="Weight") == (400, 6000)
    assert await company.refused("GET", "articles", q_orderby="Number sideways") == (400, 6000)


async def test_changed_since(company: Company) -> None:
    cursor = (await company.send("GET", "orders"))["Meta"]["ServerTimeUtc"]
    company.simulator.clock.advance(5)
    await company.made("orders", company.order())
    since = f"ModifiedUtc gt {cursor}"
    assert (await company.send("GET", "orders", q_filter=since))["Meta"]["TotalNumberOfResults"] == 1
    company.simulator.clock.advance(5)
    later = (await company.send("GET", "orders"))["Meta"]["ServerTimeUtc"]
    assert (await company.send("GET", "orders", q_filter=f"ModifiedUtc gt {later}"))["Data"] == []


async def test_invoices_have_their_own_changed_since(company: Company) -> None:
    await company.made("customerinvoices", company.invoice())
    for moment, count in (("2020-01-01", 1), ("2999-01-01T00:00:00Z", 0)):
        assert len((await company.send("GET", "customerinvoices", modifiedSinceUtc=moment))["Data"]) == count
    assert await company.refused("GET", "customerinvoices", modifiedSinceUtc="soon") == (400, 6001)


async def test_dates_come_back_in_two_styles(company: Company) -> None:
    order = await company.made("orders", company.order(OrderDate="2026-03-02", DeliveryDate="2026-03-04T10:00:00Z"))
    assert (order["OrderDate"], order["DeliveryDate"]) == ("2026-03-02T00:00:00Z", "2026-03-04T00:00:00Z")
    invoice = await company.made("customerinvoices", company.invoice(InvoiceDate="2026-03-02"))
    assert invoice["InvoiceDate"] == "2026-03-02"


async def test_a_record_can_be_hidden_from_lists(company: Company) -> None:
    company.simulator.change_settings({"hidden_from_list": [company.ids["PERSON"]]})
    assert "PERSON" not in await numbers(company, "IsActive eq true")
    assert (await company.exchange("GET", f"customers/{company.ids['PERSON']}"))[0] == 200


async def test_a_page_can_come_unsorted(company: Company) -> None:
    await company.client.put("/_sim/faults", json=[{"fault": "unsorted_page", "when": "once"}])
    shuffled = await company.send("GET", "articles", q_orderby="Number")
    straight = await company.send("GET", "articles", q_orderby="Number")
    assert shuffled["Data"] != straight["Data"]
    assert sorted(record["Id"] for record in shuffled["Data"]) == sorted(record["Id"] for record in straight["Data"])

"""Customers apart from orders: what arrives in the books, what is found there, and what is left alone."""

from decimal import Decimal
from typing import Any

import pytest

from commerce.customer import Address
from commerce.problems import Problem, ProblemCode
from connectors.eaccounting import CONNECTOR
from connectors.eaccounting.addresses import joined_street, split_street
from connectors.eaccounting.customer_fields import EAccountingCustomers
from connectors.eaccounting.customer_source import read_customer
from connectors.errors import OutcomeUnknown
from connectors.layers import missing_settings
from connectors.protocols import Identifier
from connectors.records import Existing, RecordKind, Removal
from mapping.rules import Rule
from simulators.eaccounting.account import fixed_id
from tests.connectors.eaccounting.conftest import HOME, JAN, Office, connection_settings, order
from tests.connectors.eaccounting.registers import COMPANY, TERMS, WORK, CustomerFlow, registered

LONG_STREET = "Burgemeester van Nispen tot Sevenaerstraat achter de grote markt"


def shown(held: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: held[name] for name in names}


@pytest.mark.feature("CUS-01", "CUS-11")
async def test_an_untouched_mapping_sends_name_and_both_addresses(office: Office):
    written = await CustomerFlow(office).send(registered(COMPANY, WORK, HOME))
    held = await office.only("customers")
    assert (written.target_id, written.number, written.problem) == (held["Id"], held["CustomerNumber"], None)
    golden = {
        "Name": "Voorbeeld B.V.",
        "IsPrivatePerson": False,
        "IsActive": True,
        "EmailAddress": "inkoop@example.nl",
        "Telephone": "010-7654321",
        "InvoiceAddress1": "Kade 8",
        "InvoiceAddress2": None,
        "InvoicePostalCode": "3011 AA",
        "InvoiceCity": "Rotterdam",
        "InvoiceCountryCode": "NL",
        "DeliveryCustomerName": "Jan Jansen",
        "DeliveryAddress1": "Dorpsstraat 12 a",
        "DeliveryAddress2": None,
        "DeliveryPostalCode": "3511 AB",
        "DeliveryCity": "Utrecht",
        "DeliveryCountryCode": "NL",
        "ContactPersonName": "An de Wit",
        "ContactPersonEmail": "inkoop@example.nl",
        "ContactPersonPhone": "010-7654321",
        "CorporateIdentityNumber": "12345678",
        "VatNumber": "NL004495445B01",
        "CurrencyCode": "EUR",
        "TermsOfPaymentId": TERMS,
        "SalesPriceListId": None,
        "Note": None,
    }
    assert shown(held, *golden) == golden


@pytest.mark.feature("CUS-10")
async def test_a_company_gets_a_contact_and_a_person_gets_none(office: Office):
    flow = CustomerFlow(office)
    company = await flow.send(registered(COMPANY, WORK))
    person = await flow.send(registered(JAN.model_copy(update={"vat_number": "NL004495445B01"})))
    names = ("Name", "IsPrivatePerson", "ContactPersonName", "VatNumber")
    assert shown(await office.record("customers", company.target_id), *names) == {
        "Name": "Voorbeeld B.V.",
        "IsPrivatePerson": False,
        "ContactPersonName": "An de Wit",
        "VatNumber": "NL004495445B01",
    }
    assert shown(await office.record("customers", person.target_id), *names) == {
        "Name": "Jan Jansen",
        "IsPrivatePerson": True,
        "ContactPersonName": None,
        "VatNumber": None,
    }


async def test_a_customer_is_found_without_regard_to_capitals_and_sent_again_only_where_it_differs(office: Office):
    flow = CustomerFlow(office)
    made = await flow.send(registered())
    await office.simulation.patch("customers", made.target_id, {"EmailAddress": "Jan@Example.NL", "Note": "Pays late"})
    called = registered(JAN.model_copy(update={"email": " JAN@example.nl ", "phone": "06-11111111"}))
    again = await flow.send(called)
    held = await office.only("customers")
    assert again.target_id == made.target_id
    assert shown(held, "Telephone", "Note", "InvoiceCity", "EmailAddress") == {
        "Telephone": "06-11111111",
        "Note": "Pays late",
        "InvoiceCity": "Utrecht",
        "EmailAddress": "jan@example.nl",
    }


@pytest.mark.parametrize("street", ["Kade", LONG_STREET, "x" * 80, f"{'y' * 50} hoek"])
async def test_an_unchanged_customer_shows_no_difference_and_is_not_written(office: Office, street: str):
    flow = CustomerFlow(office)
    record = registered(COMPANY, WORK.model_copy(update={"street": street}), HOME)
    made = await flow.send(record)
    existing = await flow.find(record, made.target_id)
    assert isinstance(existing, Existing)
    assert flow.differing(record, existing) == {}
    await office.simulation.forget_requests()
    await flow.send(record)
    assert {entry["method"] for entry in await office.simulation.requests()} <= {"GET"}


async def test_a_long_street_goes_over_two_lines_and_comes_back_as_one(office: Office):
    flow = CustomerFlow(office)
    made = await flow.send(registered(billing=HOME.model_copy(update={"street": LONG_STREET})))
    held = await office.record("customers", made.target_id)
    assert held["InvoiceAddress1"] == "Burgemeester van Nispen tot Sevenaerstraat achter"
    assert held["InvoiceAddress2"] == "de grote markt 12 a"
    back = read_customer(held, "EUR").billing
    assert (back.street, back.number, back.addition) == (LONG_STREET, "12", "a")
    await flow.send(registered())
    held = await office.only("customers")
    assert (held["InvoiceAddress1"], held["InvoiceAddress2"]) == ("Dorpsstraat 12 a", None)


async def test_a_second_line_that_a_person_wrote_stays(office: Office):
    flow = CustomerFlow(office)
    made = await flow.send(registered())
    await office.simulation.patch("customers", made.target_id, {"InvoiceAddress2": "Building B"})
    moved = await flow.send(registered(billing=HOME.model_copy(update={"street": LONG_STREET})))
    held = await office.only("customers")
    assert held["InvoiceAddress2"] == "Building B"
    assert held["InvoiceAddress1"].endswith("…")
    assert any("cut" in note for note in moved.notes)


@pytest.mark.parametrize("text", ["", "Kade 8", "a" * 50, "a" * 99, LONG_STREET, f"{'b' * 49} {'c' * 50}"])
def test_streets_survive_being_split(text: str):
    assert joined_street(*split_street(text)) == text
    assert all(len(line) <= 50 for line in split_street(text))


async def test_one_buyer_is_one_customer_per_currency(office: Office):
    flow = CustomerFlow(office)
    euros = await flow.send(registered(currency="EUR"))
    dollars = await flow.send(registered(currency="USD"))
    assert euros.target_id != dollars.target_id
    assert (await flow.send(registered(currency="USD"))).target_id == dollars.target_id


async def test_many_customers_are_found_with_one_call(office: Office):
    flow = CustomerFlow(office)
    records = [
        registered(JAN.model_copy(update={"source_id": str(number), "email": f"buyer{number}@example.nl"}))
        for number in range(40)
    ]
    for record in records[:3]:
        await flow.send(record)
    await office.simulation.forget_requests()
    found = await flow.target.find([flow.key(record) for record in records], Identifier.SKU)
    assert sorted(found) == ["0", "1", "2"]
    assert len(await office.simulation.requests()) <= 2


async def test_where_e_mail_cannot_be_filtered_the_register_is_read_once(office: Office):
    flow = CustomerFlow(office)
    made = await flow.send(registered())
    await office.simulation.settings({"unfilterable": ["EmailAddress", "Id"]})
    found = await flow.find(registered(), made.target_id)
    other = await flow.find(registered())
    assert isinstance(found, Existing)
    assert isinstance(other, Existing)
    assert found.target_id == other.target_id == made.target_id


async def test_a_deleted_customer_is_not_found_by_its_id(office: Office):
    flow = CustomerFlow(office)
    made = await flow.send(registered())
    await office.simulation.delete("customers", made.target_id)
    assert await flow.find(registered(), made.target_id) is None


async def test_a_lost_answer_is_found_again(office: Office):
    flow = CustomerFlow(office)
    await office.simulation.faults([{"fault": "500_after_commit", "when": "once", "method": "POST"}])
    with pytest.raises(OutcomeUnknown):
        await flow.send(registered())
    again = await flow.send(registered())
    assert again.target_id == (await office.only("customers"))["Id"]


@pytest.mark.parametrize(
    ("record", "code", "field"),
    [
        (registered(billing=HOME.model_copy(update={"city": ""})), ProblemCode.MISSING_FIELD, "city"),
        (registered(billing=HOME.model_copy(update={"postcode": ""})), ProblemCode.MISSING_FIELD, "postcode"),
        (
            registered(COMPANY.model_copy(update={"vat_number": "DE136695976"}), WORK),
            ProblemCode.INVALID_VALUE,
            "VatNumber",
        ),
    ],
)
async def test_what_the_books_cannot_take_is_a_problem_of_that_customer(
    office: Office, record: Any, code: ProblemCode, field: str
):
    problem = await CustomerFlow(office).refused(record)
    assert (problem.code, problem.field) == (code, field)
    assert record.reference in problem.sentence
    assert "retry" in problem.sentence
    assert await office.count("customers") == 0


async def test_a_customer_without_e_mail_waits_for_a_person(office: Office):
    problem = await CustomerFlow(office).find(registered(JAN.model_copy(update={"email": " "})))
    assert isinstance(problem, Problem)
    assert (problem.code, problem.field) == (ProblemCode.MISSING_FIELD, "email")


async def test_settings_stand_in_for_what_is_missing(office: Office):
    nowhere = Address(name="Jan Jansen")
    await CustomerFlow(office, {"default_city": "Onbekend", "default_postcode": "0000 AA"}).send(
        registered(billing=nowhere)
    )
    held = await office.only("customers")
    assert (held["InvoiceCity"], held["InvoicePostalCode"], held["InvoiceCountryCode"]) == ("Onbekend", "0000 AA", "NL")


async def test_a_new_debtor_has_the_terms_and_the_label_that_are_set(office: Office):
    await office.client.write("POST", "/v2/customerlabels", {"Name": "Web shop"}, operation="create a label")
    cash = fixed_id("termsofpayments", "Cash")
    flow = CustomerFlow(office, {"terms_of_payment": cash, "label": "web shop"})
    await flow.send(registered())
    held = await office.only("customers")
    assert (held["TermsOfPaymentId"], [label["Name"] for label in held["CustomerLabels"]]) == (cash, ["Web shop"])
    await flow.send(registered(JAN.model_copy(update={"phone": "1"})))
    assert [label["Name"] for label in (await office.only("customers"))["CustomerLabels"]] == ["Web shop"]
    account = CONNECTOR.open_account(office.client, connection_settings("https://example.com"))
    assert [choice.value for choice in await account.choices("customer_labels")] == ["Web shop"]


async def test_a_label_that_does_not_exist_is_named(office: Office):
    problem = await CustomerFlow(office, {"label": "Dealers"}).refused(registered())
    assert (problem.code, problem.value) == (ProblemCode.INVALID_VALUE, "Dealers")


def test_terms_of_payment_must_be_chosen():
    assert missing_settings(EAccountingCustomers()) == ("Terms of payment",)
    assert missing_settings(EAccountingCustomers(terms_of_payment=TERMS)) == ()


@pytest.mark.parametrize(
    ("country", "treatment", "flags"),
    [
        ("BE", "delivery", {"DeliveryBasedVat": True, "ForceBookkeepVat": False}),
        ("CH", "charged", {"DeliveryBasedVat": False, "ForceBookkeepVat": True}),
        ("DE", "country", {"DeliveryBasedVat": False, "ForceBookkeepVat": False}),
    ],
)
async def test_a_new_debtor_is_taxed_as_its_country_is_set(
    office: Office, country: str, treatment: str, flags: dict[str, bool]
):
    flow = CustomerFlow(office, {"vat_treatment": {"be": "delivery", country: treatment}})
    await flow.send(registered(billing=HOME.model_copy(update={"country": country})))
    assert shown(await office.only("customers"), *flags) == flags


async def test_a_group_of_the_shop_becomes_a_price_list(office: Office):
    await office.simulation.settings({"product_variant": 5})
    await office.simulation.load({"salespricelists": [{"Name": "Dealers"}]})
    [dealers] = [one for one in (await office.simulation.state())["salespricelists"] if one["Name"] == "Dealers"]
    flow = CustomerFlow(office, values={"customer_group": {"3": dealers["Id"]}})
    await flow.send(registered(group="3"))
    assert (await office.only("customers"))["SalesPriceListId"] == dealers["Id"]
    await flow.send(registered(JAN.model_copy(update={"source_id": "9", "email": "b@example.nl"}), group="4"))
    assert await office.count("customers") == 2


async def test_any_member_can_be_mapped(office: Office):
    rules = [
        Rule(target="Note", expression='"From the shop: " ~ reference'),
        Rule(target="InvoiceAddress2", expression='"Room 3"'),
        Rule(target="DiscountPercentage", expression="0.15"),
    ]
    flow = CustomerFlow(office, mapping=rules)
    record = registered()
    made = await flow.send(record)
    held = await office.only("customers")
    assert (held["Note"], held["InvoiceAddress2"]) == ("From the shop: 7", "Room 3")
    assert held["DiscountPercentage"] == Decimal("0.15")
    existing = await flow.find(record, made.target_id)
    assert isinstance(existing, Existing)
    assert flow.differing(record, existing) == {}


async def test_archiving_and_deleting_are_done_once_and_documents_keep_their_customer(office: Office):
    flow = CustomerFlow(office)
    plain = await flow.send(registered())
    found = await flow.find(registered())
    assert isinstance(found, Existing)
    for _ in range(2):
        await flow.target.remove(found, Removal.ARCHIVE)
        assert not (await office.record("customers", plain.target_id))["IsActive"]
    for _ in range(2):
        await flow.target.remove(found, Removal.DELETE)
        assert await office.count("customers") == 0
    await office.send(order())
    busy = await flow.find(registered())
    assert isinstance(busy, Existing)
    await flow.target.remove(busy, Removal.DELETE)
    assert not (await office.only("customers"))["IsActive"]


def test_the_declaration_names_what_it_has():
    declared = CONNECTOR.record_targets[RecordKind.CUSTOMERS]
    assert declared.shared
    assert {rule.target for rule in declared.mapping} <= {field.name for field in declared.fields}

"""Customers: one per buyer and currency, with what the order says about them."""

from typing import Any

import pytest

from commerce.customer import Address, Customer, CustomerKind
from commerce.order import Order
from commerce.problems import ProblemCode
from connectors.errors import OutcomeUnknown, RecordGone, RecordRefused
from connectors.protocols import CustomerRef, DocumentType
from tests.connectors.eaccounting.conftest import HOME, JAN, Office, line, order

COMPANY = Customer(
    kind=CustomerKind.COMPANY,
    email="inkoop@example.nl",
    company="Voorbeeld B.V.",
    first_name="An",
    last_name="de Wit",
    phone="030-7654321",
    vat_number="NL 0012.34567.B01",
    registration_number="12345678",
)
BERLIN = Address(name="Eva Muster", street="Allee", number="5", postcode="10115", city="Berlin", country="DE")
OSLO = Address(name="Kari Nord", street="Gate", number="8", postcode="0150", city="Oslo", country="NO")


async def push(office: Office, placed: Order, *, update: bool = True, **settings: Any) -> CustomerRef:
    target = office.target(**settings)
    return await target.push_customer(placed, await target.plan_customer(placed, None, update=update))


@pytest.mark.feature("ORD-19")
async def test_a_person_becomes_a_private_customer(office: Office):
    made = await push(office, order())
    held = await office.only("customers")
    assert (made.action, made.target_id, made.number) == ("created", held["Id"], held["CustomerNumber"])
    wanted = {
        "Name": "Jan Jansen",
        "IsPrivatePerson": True,
        "EmailAddress": "jan@example.nl",
        "Telephone": "030-1234567",
        "InvoiceAddress1": "Dorpsstraat 12 a",
        "InvoicePostalCode": "3511 AB",
        "InvoiceCity": "Utrecht",
        "InvoiceCountryCode": "NL",
        "DeliveryCity": "Utrecht",
        "CurrencyCode": "EUR",
        "ContactPersonName": None,
        "VatNumber": None,
        "ForceBookkeepVat": False,
    }
    assert {name: held[name] for name in wanted} == wanted


@pytest.mark.feature("ORD-18")
async def test_a_company_becomes_a_company_with_a_contact_person(office: Office):
    await push(office, order(customer=COMPANY))
    held = await office.only("customers")
    wanted = {
        "Name": "Voorbeeld B.V.",
        "IsPrivatePerson": False,
        "ContactPersonName": "An de Wit",
        "ContactPersonEmail": "inkoop@example.nl",
        "ContactPersonPhone": "030-7654321",
        "VatNumber": "NL001234567B01",
        "CorporateIdentityNumber": "12345678",
    }
    assert {name: held[name] for name in wanted} == wanted


@pytest.mark.feature("ORD-16")
async def test_capitals_and_blanks_in_an_address_make_no_second_customer(office: Office):
    spellings = ["A@Example.nl ", "a@example.nl", " A@EXAMPLE.NL"]
    made = [await push(office, order(customer=JAN.model_copy(update={"email": text}))) for text in spellings]
    assert len({ref.target_id for ref in made}) == 1
    assert await office.count("customers") == 1


@pytest.mark.feature("ORD-14")
async def test_a_new_street_updates_the_customer_and_keeps_what_the_order_does_not_say(office: Office):
    made = await push(office, order())
    await office.simulation.patch("customers", made.target_id, {"Note": "Pays late", "WwwAddress": "www.example.nl"})
    moved = HOME.model_copy(update={"street": "Nieuwstraat", "number": "1", "addition": ""})
    updated = await push(office, order(reference="1002", billing=moved))
    held = await office.only("customers")
    assert (updated.action, updated.target_id, updated.number) == ("updated", made.target_id, made.number)
    assert (held["InvoiceAddress1"], held["Note"], held["WwwAddress"]) == (
        "Nieuwstraat 1",
        "Pays late",
        "www.example.nl",
    )
    assert (held["EmailAddress"], held["Telephone"]) == ("jan@example.nl", "030-1234567")


async def test_nothing_is_written_when_nothing_differs_or_updates_are_off(office: Office):
    made = await push(office, order())
    await office.simulation.forget_requests()
    same = await push(office, order(reference="1002"))
    moved = await push(office, order(billing=HOME.model_copy(update={"city": "Zeist"})), update=False)
    assert {entry["method"] for entry in await office.simulation.requests()} == {"GET"}
    assert (same.action, moved.action) == ("found", "found")
    assert same.target_id == moved.target_id == made.target_id


@pytest.mark.feature("ORD-15")
async def test_the_order_is_attached_to_the_customer_that_exists(office: Office):
    await office.simulation.load(
        {"customers": [{"CustomerNumber": "77", "EmailAddress": "Jan@Example.nl", "IsPrivatePerson": True}]}
    )
    await office.send(order())
    assert (await office.only())["CustomerNumber"] == "77"
    assert await office.count("customers") == 1


async def test_of_several_the_active_one_of_the_same_kind_with_the_lowest_number_is_taken(office: Office):
    entries = [
        {"CustomerNumber": "1", "IsActive": False, "IsPrivatePerson": True},
        {"CustomerNumber": "2", "IsPrivatePerson": False},
        {"CustomerNumber": "10", "IsPrivatePerson": True},
        {"CustomerNumber": "9", "IsPrivatePerson": True},
    ]
    await office.simulation.load({"customers": [{**entry, "EmailAddress": JAN.email} for entry in entries]})
    found = await office.target().plan_customer(order(), None, update=False)
    assert found.number == "9"


async def test_every_currency_has_its_own_customer(office: Office):
    first = await push(office, order())
    second = await push(office, order(currency="USD"))
    assert (first.action, second.action) == ("created", "created")
    assert first.target_id != second.target_id
    document = await office.send(order(reference="1003", currency="USD"), DocumentType.INVOICE)
    assert document.currency == "USD"


async def test_customers_are_found_where_addresses_cannot_be_filtered(office: Office):
    made = await push(office, order())
    await office.simulation.settings({"unfilterable": ["EmailAddress"]})
    found = await office.target().plan_customer(order(), None, update=False)
    assert found.target_id == made.target_id


async def test_a_lost_answer_makes_no_second_customer(office: Office):
    await office.simulation.faults([{"fault": "reset_after_commit", "when": "once", "method": "POST"}])
    target = office.target()
    with pytest.raises(OutcomeUnknown):
        await target.push_customer(order(), await target.plan_customer(order(), None, update=True))
    assert (await target.plan_customer(order(), None, update=True)).action == "found"
    assert await office.count("customers") == 1


async def test_a_deleted_customer_is_reported_so_that_it_can_be_forgotten(office: Office):
    made = await push(office, order())
    await office.simulation.delete("customers", made.target_id)
    with pytest.raises(RecordGone) as gone:
        await office.target().plan_customer(order(), made.target_id, update=True)
    assert (gone.value.kind, gone.value.record_id) == ("customer", made.target_id)


@pytest.mark.feature("ORD-31")
async def test_with_a_default_customer_none_is_created_and_the_buyer_is_on_the_document(office: Office):
    await office.simulation.load({"customers": [{"CustomerNumber": "500", "IsPrivatePerson": True}]})
    target = office.target(default_customer="500")
    for number, kind in enumerate((DocumentType.ORDER, DocumentType.INVOICE_DRAFT, DocumentType.QUOTE)):
        await office.send(order(reference=f"100{number}"), kind, target=target)
    state = await office.simulation.state()
    assert len(state["customers"]) == 1
    for documents in ("orders", "customerinvoicedrafts", "quotes"):
        (shown,) = state[documents]
        assert shown["CustomerId"] == state["customers"][0]["Id"]
        text = " ".join(row["Text"] for row in shown["Rows"])
        assert all(part in text for part in ("Jan Jansen", "Dorpsstraat 12 a", "3511 AB", "jan@example.nl"))
    assert target.customer_key(JAN, "EUR") == ""


@pytest.mark.feature("ORD-32")
async def test_a_default_customer_for_persons_leaves_companies_their_own(office: Office):
    await office.simulation.load({"customers": [{"CustomerNumber": "500", "IsPrivatePerson": True}]})
    settings: dict[str, Any] = {"default_customer": "500", "default_customer_use": "persons"}
    assert (await push(office, order(), **settings)).action == "default"
    assert (await push(office, order(customer=COMPANY), **settings)).action == "created"


async def test_a_guest_without_address_needs_a_default_customer(office: Office):
    guest = order(customer=JAN.model_copy(update={"email": " "}))
    with pytest.raises(RecordRefused) as refused:
        await push(office, guest)
    assert (refused.value.problem.code, refused.value.problem.field) == (ProblemCode.MISSING_FIELD, "email")
    await office.simulation.load({"customers": [{"CustomerNumber": "500"}]})
    settings: dict[str, Any] = {"default_customer": "500", "default_customer_use": "without_email"}
    assert (await push(office, guest, **settings)).action == "default"
    with pytest.raises(RecordRefused) as refused:
        await push(office, guest, default_customer="501")
    assert "501" in refused.value.problem.sentence


@pytest.mark.parametrize("field", ["city", "postcode"])
async def test_a_missing_city_or_postcode_needs_a_default(office: Office, field: str):
    bare = order(billing=HOME.model_copy(update={field: ""}))
    with pytest.raises(RecordRefused) as refused:
        await push(office, bare)
    assert refused.value.problem.field == field
    settings: dict[str, Any] = {f"default_{field}": "onbekend"}
    assert (await push(office, bare, **settings)).action == "created"


async def test_a_refused_vat_number_names_the_field(office: Office):
    with pytest.raises(RecordRefused) as refused:
        await push(office, order(customer=COMPANY.model_copy(update={"vat_number": "NL1"})))
    problem = refused.value.problem
    assert (problem.code, problem.field) == (ProblemCode.INVALID_VALUE, "VatNumber")
    assert "4025" in problem.sentence


async def test_long_names_are_cut_visibly_and_kept_in_the_note(office: Office):
    long = JAN.model_copy(update={"first_name": "J" * 60, "last_name": ""})
    await push(office, order(customer=long))
    held = await office.only("customers")
    assert held["Name"] == "J" * 49 + "…"
    assert "J" * 60 in held["Note"]


def sold(rate: str, customer: Customer, address: Address) -> Order:
    return order(line("MUG", "10", "10.00", rate=rate), customer=customer, billing=address, shipping=address)


GERMAN = COMPANY.model_copy(update={"vat_number": "DE123456789"})


@pytest.mark.parametrize("kind", [DocumentType.ORDER, DocumentType.INVOICE, DocumentType.QUOTE])
@pytest.mark.parametrize(
    ("rate", "customer", "address"),
    [
        ("0", GERMAN, BERLIN),
        ("21", GERMAN, BERLIN),
        ("21", JAN, BERLIN),
        ("0", JAN, OSLO),
        ("21", JAN, OSLO),
        ("21", COMPANY, OSLO),
    ],
    ids=["EU reverse charge", "EU company charged", "EU person", "export", "export charged", "export company charged"],
)
async def test_sales_abroad_carry_the_vat_the_shop_charged(office: Office, rate, customer, address, kind):
    if address is OSLO and customer is COMPANY:
        customer = COMPANY.model_copy(update={"vat_number": ""})
    document = await office.send(sold(rate, customer, address), kind)
    assert document.total == 100
    kinds = {DocumentType.ORDER: "orders", DocumentType.INVOICE: "customerinvoices", DocumentType.QUOTE: "quotes"}
    (shown,) = (await office.simulation.state())[kinds[kind]]
    assert (shown["total_vat"] in {"0", "0.00"}) is (rate == "0")


async def test_a_tax_free_sale_in_the_eu_needs_the_vat_number(office: Office):
    with pytest.raises(RecordRefused) as refused:
        await push(office, sold("0", COMPANY.model_copy(update={"vat_number": ""}), BERLIN))
    assert refused.value.problem.field == "vat_number"


async def test_a_customer_who_is_free_of_vat_is_not_charged_any(office: Office):
    await push(office, sold("0", GERMAN, BERLIN))
    with pytest.raises(RecordRefused) as refused:
        await office.prepare(sold("21", GERMAN, BERLIN))
    assert refused.value.problem.code is ProblemCode.UNKNOWN_TAX_RATE
    assert "free of VAT" in refused.value.problem.sentence


async def test_the_key_of_a_customer_is_the_address_and_the_currency(office: Office):
    target = office.target()
    assert target.customer_key(JAN.model_copy(update={"email": " JAN@example.nl"}), "EUR") == "jan@example.nl|EUR"
    assert target.customer_key(JAN.model_copy(update={"email": ""}), "EUR") == ""

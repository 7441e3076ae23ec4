"""Orders as documents: complete, equal to the cent, and once."""

from decimal import Decimal

import pytest

from commerce.customer import Address, Customer, CustomerKind
from commerce.order import LineKind
from commerce.problems import ProblemCode
from connectors.errors import ConnectionRefused, OutcomeUnknown, RecordGone, RecordRefused
from connectors.protocols import DocumentType, Identifier
from tests.connectors.eaccounting.conftest import HOME, JAN, PLACED, Office, line, order

KINDS = {
    DocumentType.ORDER: "orders",
    DocumentType.INVOICE: "customerinvoices",
    DocumentType.INVOICE_DRAFT: "customerinvoicedrafts",
    DocumentType.QUOTE: "quotes",
}
COMPANY = Customer(
    kind=CustomerKind.COMPANY,
    email="inkoop@example.nl",
    company="Voorbeeld B.V.",
    first_name="An",
    last_name="de Wit",
    registration_number="12345678",
)
MIXED = (
    line("MUG", "3", "12.10"),
    line("BOOK", "2", "10.90", rate="9"),
    line("", "1", "6.95", kind=LineKind.SHIPPING),
    line("", "1", "0.60", kind=LineKind.FEE),
    line("", "1", "-5.00", kind=LineKind.DISCOUNT),
)


@pytest.mark.feature("ORD-02", "ORD-03", "ORD-05")
@pytest.mark.parametrize("include_totals", [False, True], ids=["net totals", "gross totals"])
@pytest.mark.parametrize("private_prices", [True, False], ids=["incl", "excl"])
@pytest.mark.parametrize("customer", [JAN, COMPANY], ids=["person", "company"])
@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_document_has_the_orders_total(
    office: Office, kind, customer, private_prices, include_totals
):
    await office.simulation.settings(
        {"prices_incl_vat_for_private": private_prices, "totals_include_vat": include_totals}
    )
    document = await office.send(order(*MIXED, customer=customer), kind)
    assert (document.total, document.kind, document.complete) == (Decimal("60.65"), kind, True)
    state = await office.simulation.state()
    assert {name: len(state[name]) for name in KINDS.values()} == {
        name: int(name == KINDS[kind]) for name in KINDS.values()
    }
    (shown,) = state[KINDS[kind]]
    assert shown["CurrencyCode"] == "EUR"
    priced = [row for row in shown["Rows"] if row["ArticleId"]]
    assert [row["ArticleNumber"] for row in priced][:5] == ["MUG", "BOOK", "SHIP21", "FEE21", "DISC21"]


@pytest.mark.feature("ORD-21")
async def test_rows_keep_the_sources_quantities_and_prices(office: Office):
    await office.send(order(*MIXED))
    rows = (await office.only())["Rows"]
    assert [(row["ArticleNumber"], row["Quantity"], row["UnitPrice"]) for row in rows] == [
        ("MUG", 3, Decimal("12.1")),
        ("BOOK", 2, Decimal("10.9")),
        ("SHIP21", 1, Decimal("6.95")),
        ("FEE21", 1, Decimal("0.6")),
        ("DISC21", 1, Decimal(-5)),
    ]


async def test_the_second_private_order_knows_the_price_mode(office: Office):
    await office.simulation.settings({"prices_incl_vat_for_private": False})
    target = office.target()
    await office.send(order(line("MUG", "1", "12.10")), target=target)
    await office.simulation.forget_requests()
    await office.send(order(line("MUG", "2", "12.10"), reference="1002"), target=target)
    methods = [entry["method"] for entry in await office.simulation.requests()]
    assert methods.count("POST") == 1
    assert "PUT" not in methods


@pytest.mark.feature("ORD-10", "ORD-28")
async def test_addresses_reference_and_terms_are_on_the_order(office: Office):
    terms = (await office.simulation.state())["termsofpayments"][4]["Id"]
    office.values = {
        "payment_method": {"ideal": terms},
        "shipping_method": {"post": "Pakketpost"},
        "order_status": {"new": "draft"},
    }
    pickup = Address(
        company="Depot B.V.",
        name="An de Wit",
        street="Kade",
        number="1",
        postcode="9711 AA",
        city="Groningen",
        country="NL",
    )
    target = office.target(store_field="our_reference", default_store="STORE-1", reference_prefix="W-")
    await office.send(order(shipping=pickup, shipping_method="post", status="new"), target=target)
    held = await office.only()
    wanted = {
        "BuyersOrderReference": "W-1001",
        "OurReference": "STORE-1",
        "TermsOfPaymentId": terms,
        "DeliveryMethodName": "Pakketpost",
        "Status": 1,
        "OrderDate": "2026-03-02T00:00:00Z",
        "InvoiceCustomerName": "Jan Jansen",
        "InvoiceAddress1": "Dorpsstraat 12 a",
        "InvoicePostalCode": "3511 AB",
        "InvoiceCity": "Utrecht",
        "InvoiceCountryCode": "NL",
        "DeliveryCustomerName": "Depot B.V.",
        "DeliveryAddress1": "Kade 1",
        "DeliveryAddress2": "An de Wit",
        "DeliveryPostalCode": "9711 AA",
        "DeliveryCity": "Groningen",
        "DeliveryCountryCode": "NL",
    }
    assert {name: held[name] for name in wanted} == wanted


@pytest.mark.parametrize("hour", ["2026-03-01T23:30:00+00:00", "2026-03-02T22:30:00+00:00"])
async def test_the_date_is_that_of_the_companys_zone(office: Office, hour: str):
    placed = order()
    await office.send(placed.model_copy(update={"placed_at": PLACED.fromisoformat(hour)}))
    assert (await office.only())["OrderDate"].startswith("2026-03-02")


@pytest.mark.feature("ORD-11")
async def test_a_missing_store_id_comes_from_the_setting_or_is_named(office: Office):
    await office.send(order(), target=office.target(store_field="our_reference", default_store="STORE-1"))
    assert (await office.only())["OurReference"] == "STORE-1"
    with pytest.raises(RecordRefused) as refused:
        await office.prepare(order(), target=office.target(store_field="our_reference"))
    assert (refused.value.problem.code, refused.value.problem.field) == (ProblemCode.MISSING_FIELD, "store_id")


async def test_an_order_number_too_long_for_its_field_is_refused(office: Office):
    with pytest.raises(RecordRefused) as refused:
        await office.prepare(order(reference="X" * 36))
    assert refused.value.problem.code is ProblemCode.VALUE_TOO_LONG
    longer = office.target(reference_field="YourReference")
    assert await office.prepare(order(reference="X" * 36), target=longer)


async def test_long_and_nasty_texts_are_cut_visibly_and_kept_in_a_text_row(office: Office):
    name = "Jan\x00 " + "😀" * 40
    street = "Lange " * 20
    nasty = JAN.model_copy(update={"first_name": name, "last_name": ""})
    address = HOME.model_copy(update={"street": street, "number": "1", "addition": ""})
    prepared = await office.prepare(order(customer=nasty, billing=address, shipping=HOME))
    document = await office.target().push_document(prepared, None)
    held = await office.record("orders", document.target_id)
    assert held["InvoiceCustomerName"].endswith("…")
    assert len(held["InvoiceCustomerName"].encode("utf-16-le")) <= 100
    texts = [row["Text"] for row in held["Rows"] if row["IsTextRow"]]
    assert any("😀" * 40 in text and "\x00" not in text for text in texts)
    assert any(street.strip() in text for text in texts)
    assert prepared.notes


async def test_six_hundred_lines_pass(office: Office):
    document = await office.send(order(*[line("MUG", "1", "1.21")] * 600))
    assert document.total == Decimal("726.00")


@pytest.mark.feature("ORD-36")
async def test_ean_finds_the_article_of_a_line_without_sku(office: Office):
    await office.send(order(line("", ean="8710000000001")), identifier=Identifier.EAN)
    assert (await office.only())["Rows"][0]["ArticleNumber"] == "MUG"


async def test_a_true_remainder_goes_onto_the_rounding_row_flagged(office: Office):
    prepared = await office.prepare(order(line("MUG", "12", "11.45"), total="137.37"))
    assert prepared.rounding == Decimal("-0.03")
    document = await office.target().push_document(prepared, None)
    assert document.total == Decimal("137.37")
    assert (await office.only())["Rows"][-1]["ArticleNumber"] == "ROUND0"


async def test_an_unmapped_shipping_method_gets_the_default_and_says_so(office: Office):
    office.values = {"shipping_method": {"post": "Pakketpost"}}
    target = office.target(delivery_method="Afhalen")
    prepared = await office.prepare(order(shipping_method="drone"), target=target)
    assert prepared.body["document"]["DeliveryMethodName"] == "Afhalen"
    assert any("drone" in note for note in prepared.notes)


@pytest.mark.parametrize("kind", KINDS)
async def test_rounding_to_whole_units_does_not_count_as_a_difference(office: Office, kind):
    await office.simulation.settings({"whole_unit_rounding": True})
    assert (await office.send(order(*MIXED), kind)).total == Decimal("60.65")


async def test_prices_abroad_have_four_decimals(office: Office):
    berlin = Address(street="Allee", number="5", postcode="10115", city="Berlin", country="DE")
    german = COMPANY.model_copy(update={"registration_number": ""})
    await office.send(order(line("MUG", "100", "1.26"), customer=german, billing=berlin, shipping=berlin))
    (row,) = (await office.only())["Rows"]
    assert row["UnitPrice"] == Decimal("1.0413")


@pytest.mark.feature("ORD-29")
@pytest.mark.parametrize(("way", "numbers"), [("separate", ["MUG", "BOOK", "DISC21"]), ("spread", ["MUG", "BOOK"])])
async def test_discounts_arrive_as_the_setting_says(office: Office, way: str, numbers: list[str]):
    lines = (
        line("MUG", "2", "10.00", total="18.00"),
        line("BOOK", "1", "5.00", rate="9"),
        line("", "1", "-3.00", kind=LineKind.DISCOUNT),
    )
    document = await office.send(order(*lines), target=office.target(discounts=way))
    assert document.total == Decimal("20.00")
    assert [row["ArticleNumber"] for row in (await office.only())["Rows"]] == numbers


@pytest.mark.feature("ORD-25")
async def test_shipping_goes_on_the_article_of_its_rate_and_free_shipping_needs_no_row(office: Office):
    lines = (line("MUG"), line("", "1", "5.45", rate="9", kind=LineKind.SHIPPING))
    await office.send(order(*lines))
    assert (await office.only())["Rows"][1]["ArticleNumber"] == "SHIP9"
    free = (line("MUG"), line("", "1", "0.00", kind=LineKind.SHIPPING))
    for reference, kept in (("1002", False), ("1003", True)):
        target = office.target(zero_shipping_row=kept)
        document = await office.send(order(*free, reference=reference), target=target)
        rows = (await office.record("orders", document.target_id))["Rows"]
        assert [row["ArticleNumber"] for row in rows] == (["MUG", "SHIP21"] if kept else ["MUG"])


@pytest.mark.parametrize(
    ("articles", "code"),
    [({}, ProblemCode.SETTING_MISSING), ({"9": "SHIP9"}, ProblemCode.UNKNOWN_TAX_RATE)],
    ids=["empty", "other rate"],
)
async def test_a_missing_shipping_article_is_named(office: Office, articles, code):
    shipped = order(line("MUG"), line("", "1", "6.05", kind=LineKind.SHIPPING))
    with pytest.raises(RecordRefused) as refused:
        await office.target(shipping_article=articles).required_products(shipped)
    assert (refused.value.problem.code, refused.value.problem.field) == (code, "shipping_article")
    assert "21 %" in refused.value.problem.sentence


@pytest.mark.feature("ORD-17")
async def test_an_unknown_or_inactive_article_is_named_and_nothing_is_written(office: Office):
    for sku in ("NONE", "OLD"):
        with pytest.raises(RecordRefused) as refused:
            await office.prepare(order(line("MUG"), line(sku)))
        assert refused.value.problem.code is ProblemCode.UNKNOWN_PRODUCT
        assert sku in refused.value.problem.sentence
    assert await office.count("orders") == 0


async def test_another_rate_on_the_article_is_named_with_both(office: Office):
    with pytest.raises(RecordRefused) as refused:
        await office.prepare(order(line("BOOK", rate="21")))
    problem = refused.value.problem
    assert problem.code is ProblemCode.UNKNOWN_TAX_RATE
    assert all(part in problem.sentence for part in ("BOOK", "21 %", "9 %"))


async def test_an_unmapped_payment_method_is_named(office: Office):
    office.values = {"payment_method": {"ideal": "11111111-1111-4111-8111-111111111111"}}
    with pytest.raises(RecordRefused) as refused:
        await office.prepare(order(payment_method="voucher"))
    assert refused.value.problem.code is ProblemCode.UNMAPPED_VALUE
    assert "voucher" in refused.value.problem.sentence


@pytest.mark.parametrize("kind", KINDS)
async def test_a_document_is_found_by_reference_and_made_once(office: Office, kind):
    target = office.target()
    assert await target.find_document("1001", kind, placed_at=PLACED) is None
    prepared = await office.prepare(order(*MIXED), kind, target=target)
    first = await target.push_document(prepared, None)
    found = await target.find_document("1001", kind, placed_at=PLACED)
    assert found == first
    assert await target.push_document(prepared, None) == first
    assert await target.find_document("100", kind, placed_at=PLACED) is None
    assert await office.count(KINDS[kind]) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_document_is_found_where_its_reference_cannot_be_filtered(office: Office, kind):
    target = office.target()
    first = await office.send(order(*MIXED), kind, target=target)
    unfilterable = ["BuyersOrderReference", "CreatedUtc", "ModifiedUtc"]
    await office.simulation.settings({"unfilterable": unfilterable})
    assert await target.find_document("1001", kind, placed_at=PLACED) == first


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("private_prices", [True, False], ids=["incl", "excl"])
@pytest.mark.parametrize("fault", ["reset_after_commit", "500_after_commit", "html_200_after_commit", "truncated_json"])
async def test_a_lost_answer_leads_to_one_document_with_the_right_total(office: Office, fault, private_prices, kind):
    await office.simulation.settings({"prices_incl_vat_for_private": private_prices})
    target = office.target()
    prepared = await office.prepare(order(*MIXED), kind, target=target)
    paths = "orders|customerinvoice|quotes"
    await office.simulation.faults([{"fault": fault, "when": "once", "method": "POST", "path": paths}])
    with pytest.raises(OutcomeUnknown):
        await target.push_document(prepared, None)
    document = await target.push_document(prepared, None)
    assert document.total == Decimal("60.65")
    assert await office.count(KINDS[kind]) == 1


async def test_an_invoice_whose_booking_was_interrupted_is_booked_from_its_draft(office: Office):
    target = office.target()
    prepared = await office.prepare(order(*MIXED), DocumentType.INVOICE, target=target)
    await office.simulation.faults([{"fault": "500_before_commit", "when": "once", "path": "convert"}])
    with pytest.raises(OutcomeUnknown):
        await target.push_document(prepared, None)
    waiting = await target.find_document("1001", DocumentType.INVOICE, placed_at=PLACED)
    assert waiting is not None
    assert not waiting.complete
    booked = await target.push_document(prepared, waiting)
    assert (booked.complete, booked.total) == (True, Decimal("60.65"))
    assert (await office.count("customerinvoicedrafts"), await office.count("customerinvoices")) == (0, 1)


async def test_a_closed_period_stops_the_booking_and_keeps_the_draft(office: Office):
    await office.simulation.settings({"locked_to": "2026-12-31"})
    with pytest.raises(RecordRefused) as refused:
        await office.send(order(), DocumentType.INVOICE)
    assert refused.value.problem.code is ProblemCode.PERIOD_CLOSED
    assert await office.count("customerinvoices") == 0
    await office.simulation.settings({"locked_to": None})
    assert (await office.send(order(), DocumentType.INVOICE)).complete
    assert await office.count("customerinvoices") == 1


async def test_an_order_that_was_changed_in_eaccounting_is_left_alone(office: Office):
    target = office.target()
    prepared = await office.prepare(order(*MIXED), target=target)
    first = await target.push_document(prepared, None)
    held = await office.record("orders", first.target_id)
    held["Rows"][0]["Quantity"] = 5
    await office.client.write("PUT", f"/v2/orders/{first.target_id}", held, operation="change it by hand")
    again = await target.push_document(prepared, None)
    assert again.total == Decimal("84.85")
    assert (await office.only())["Rows"][0]["Quantity"] == 5


async def test_a_total_that_comes_out_otherwise_is_withdrawn_and_named(office: Office):
    target = office.target()
    prepared = await office.prepare(order(line("MUG", "1", "12.10")), target=target)
    articles = {entry["Number"]: entry for entry in (await office.simulation.state())["articles"]}
    await office.simulation.settings({"prices_incl_vat_for_private": False})
    await office.simulation.patch("articles", articles["MUG"]["Id"], {"CodingId": articles["BOOK"]["CodingId"]})
    with pytest.raises(RecordRefused) as refused:
        await target.push_document(prepared, None)
    assert refused.value.problem.code is ProblemCode.TOTALS_DIFFER
    assert "12.10" in refused.value.problem.sentence
    assert "10.90" in refused.value.problem.sentence
    assert await office.count("orders") == 0


async def test_a_deleted_customer_or_article_is_named_so_that_it_can_be_forgotten(office: Office):
    target = office.target()
    prepared = await office.prepare(order(), target=target)
    customer_id = prepared.body["document"]["CustomerId"]
    article_id = prepared.body["document"]["Rows"][0]["ArticleId"]
    await office.simulation.delete("customers", customer_id)
    with pytest.raises(RecordGone) as gone:
        await target.push_document(prepared, None)
    assert (gone.value.kind, gone.value.record_id) == ("customer", customer_id)
    fresh = await office.prepare(order(), target=office.target())
    await office.simulation.delete("articles", article_id)
    with pytest.raises(RecordGone) as gone:
        await target.push_document(fresh, None)
    assert (gone.value.kind, gone.value.record_id) == ("article", article_id)


async def test_an_unknown_currency_is_named(office: Office):
    with pytest.raises(RecordRefused) as refused:
        await office.prepare(order(currency="XTS"))
    assert refused.value.problem.code is ProblemCode.UNKNOWN_CURRENCY


async def test_a_missing_right_waits_for_a_person(office: Office):
    grant = {"scope": "ea:api offline_access ea:sales_readonly"}
    loaded = await office.simulation.load({"grants": [grant]})
    prepared = await office.prepare(order())
    office.vault.held = office.vault.held.__class__(
        loaded["grants"][0]["access_token"], "", office.vault.held.expires_at, version=1
    )
    office.client._authentication._tokens = None  # type: ignore[attr-defined]
    with pytest.raises(ConnectionRefused) as refused:
        await office.target().push_document(prepared, None)
    assert "4006" in refused.value.problem.sentence

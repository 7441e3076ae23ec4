"""Orders written to a running shop."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from commerce.customer import Address, Customer, CustomerKind
from commerce.money import cents
from commerce.order import Line, LineKind, Order, PaymentStatus
from commerce.problems import ProblemCode
from connectors.ccvshop import CONNECTOR
from connectors.ccvshop.order_settings import FIELDS, ROW_FIELDS, order_rules
from connectors.errors import OutcomeUnknown, RecordGone, RecordRefused
from connectors.order_flow import missing_order_settings, parse_order_flow
from connectors.order_mapping import compile_order_rules
from connectors.protocols import (
    CustomerRef,
    Document,
    DocumentRequest,
    DocumentType,
    Identifier,
    MissingProduct,
    OrderTarget,
    ProductRef,
)
from mapping.rules import Rule, merged
from tests.connectors.ccvshop.shops import RecordShop, record_shop

PLACED = datetime(2026, 1, 14, 10, 0, tzinfo=UTC)
GUEST = CustomerRef("", "", "default")
MUG, PEN = ProductRef("900", "MUG"), ProductRef("901", "PEN")


@pytest.fixture
async def shop() -> AsyncIterator[RecordShop]:
    async with record_shop() as opened:
        products = [
            {"id": 900, "productnumber": "MUG", "name": "Mug", "price": 25, "discount": 5, "stock": 10},
            {"id": 901, "productnumber": "PEN", "eannumber": "8712345678906", "name": "Pen", "price": 2},
        ]
        await opened.sim.load({"products": products})
        yield opened


def target(shop: RecordShop, **settings: Any) -> OrderTarget:
    side = CONNECTOR.order_target
    assert side
    return side.open(shop.client, shop.connection, side.settings.model_validate(settings))


def line(sku: str, quantity: str, price: str, kind: LineKind = LineKind.PRODUCT, **more: Any) -> Line:
    given = {"name": sku.title(), "tax_rate": Decimal(21), "includes_tax": True, **more}
    total = cents(Decimal(quantity) * Decimal(price))
    return Line(kind=kind, sku=sku, quantity=Decimal(quantity), unit_price=Decimal(price), total=total, **given)


def order(*lines: Line, **changes: Any) -> Order:
    made = Order(
        source_id="o1",
        reference="S-100",
        placed_at=PLACED,
        currency="EUR",
        total=Decimal(0),
        tax=Decimal(0),
        lines=lines or (line("MUG", "2", "20.00"), line("PEN", "3", "1.50")),
        customer=Customer(
            kind=CustomerKind.PERSON, email="jan@example.nl", first_name="Jan", last_name="Jansen", phone="0301234567"
        ),
        billing=Address(street="Dorpsstraat", number="3 bis", postcode="1234AB", city="Utrecht", country="nl"),
        shipping=Address(name="J. Jansen", street="Kade", number="9", postcode="1234AC", city="Utrecht", country="NL"),
        payment_status=PaymentStatus.PAID,
    )
    return made.model_copy(update={"total": made.computed_total(), **changes})


def request(wanted: Order, customer: CustomerRef = GUEST, **more: Any) -> DocumentRequest:
    given = {"products": {"MUG": MUG, "PEN": PEN}, "rounding_limit": Decimal("0.05"), **more}
    return DocumentRequest(
        order=wanted, kind=DocumentType.ORDER, customer=customer, identifier=Identifier.SKU, values={}, **given
    )


async def sent(opened: OrderTarget, wanted: Order, **more: Any) -> Document:
    return await opened.push_document(await opened.prepare_document(request(wanted, **more)), None)


async def only_order(shop: RecordShop) -> dict[str, Any]:
    (stored,) = (await shop.sim.state("orders"))["orders"]
    assert isinstance(stored, dict)
    return stored


@pytest.mark.feature("ORD-07")
async def test_an_order_appears_as_one_order_with_all_lines(shop: RecordShop):
    extra = (line("", "1", "4.95", LineKind.SHIPPING), line("", "1", "-5.00", LineKind.DISCOUNT, name="Spring sale"))
    wanted = order(line("MUG", "2", "20.00"), line("PEN", "3", "1.50"), *extra)
    document = await sent(target(shop, order_status="2"), wanted)
    stored = await only_order(shop)

    assert (document.target_id, document.number) == (str(stored["id"]), stored["ordernumber_full"])
    assert (document.total, document.currency, document.complete) == (Decimal("44.45"), "EUR", True)
    rows = [(row["product_id"], row["count"], row["price"], row["tax"], row["discount"]) for row in stored["orderrows"]]
    assert rows == [(900, 2, Decimal(20), 21, 0), (901, 3, Decimal("1.5"), 21, 0)]
    assert (stored["total_shipping"], stored["extra_costs"]) == (Decimal("4.95"), -5)
    assert (stored["reservationnumber"], stored["status"], stored["paid"]) == ("S-100", 2, True)
    assert stored["extra_costs_description"] == "Spring sale"


async def test_the_buyer_goes_along_with_both_addresses(shop: RecordShop):
    await sent(target(shop), order())
    customer = (await only_order(shop))["customer"]
    billing, delivery = customer["billingaddress"], customer["deliveryaddress"]

    assert (customer["email"], customer["customertype"]) == ("jan@example.nl", "b2c")
    assert (billing["first_name"], billing["last_name"], billing["telephone"]) == ("Jan", "Jansen", "0301234567")
    parts = ("street", "housenumber", "housenumber_suffix", "zipcode", "city", "country_code")
    assert [billing[part] for part in parts] == ["Dorpsstraat", 3, "bis", "1234AB", "Utrecht", "NL"]
    assert [delivery[part] for part in parts] == ["Kade", 9, "", "1234AC", "Utrecht", "NL"]
    assert delivery["full_name"] == "J. Jansen"


async def test_a_mapping_fills_other_members(shop: RecordShop):
    changes = [Rule(target="customer.reference", expression="reference"), Rule(target="memo", expression="line.sku")]
    opened = target(shop)
    defaults = order_rules(CONNECTOR.order_target.settings()) if CONNECTOR.order_target else ()
    rules = compile_order_rules(merged(defaults, changes), FIELDS, ROW_FIELDS)
    await sent(opened, order(), rules=rules)
    stored = await only_order(shop)

    assert stored["customer"]["reference"] == "S-100"
    assert [row["memo"] for row in stored["orderrows"]] == ["MUG", "PEN"]


async def test_an_order_without_tax_in_its_prices_keeps_them(shop: RecordShop):
    lines = (line("MUG", "3", "8.26", includes_tax=False), line("PEN", "7", "1.13", includes_tax=False))
    wanted = order(*lines, line("", "1", "5.00", LineKind.SHIPPING, includes_tax=False))
    document = await sent(target(shop), wanted)
    stored = await only_order(shop)

    assert stored["order_row_taxes_included"] is False
    assert [row["price"] for row in stored["orderrows"]] == [Decimal("8.26"), Decimal("1.13")]
    assert document.total == wanted.total == stored["total_price"]


def any_order(seed: int) -> Order:
    chance = random.Random(seed)
    net = chance.random() < 0.5

    def some(kind: LineKind, sku: str, sign: int = 1) -> Line:
        price = f"{chance.randint(1, 20000) / 100:.2f}"
        quantity = str(chance.randint(1, 12)) if kind is LineKind.PRODUCT else "1"
        rate = Decimal(chance.choice((0, 9, 21)))
        mixed = net if chance.random() < 0.9 else not net
        made = line(sku, quantity, price, kind, tax_rate=rate, includes_tax=not mixed)
        return made if sign > 0 else made.model_copy(update={"total": -made.total, "unit_price": -made.unit_price})

    goods = [some(LineKind.PRODUCT, chance.choice(("MUG", "PEN"))) for _ in range(chance.randint(1, 6))]
    others = [some(kind, "") for kind in (LineKind.SHIPPING, LineKind.FEE) if chance.random() < 0.5]
    discounts = [some(LineKind.DISCOUNT, "", -1)] if chance.random() < 0.3 else []
    return order(*goods, *others, *discounts, reference=f"S-{seed}")


async def test_totals_are_equal_to_the_cent_whatever_the_lines(shop: RecordShop):
    await shop.sim.settings({"limits": {}})
    opened = target(shop)
    for seed in range(60):
        wanted = any_order(seed)
        assert (await sent(opened, wanted)).total == wanted.total, seed


async def test_a_small_remainder_is_booked_and_a_large_one_is_refused(shop: RecordShop):
    opened = target(shop)
    wanted = order(line("MUG", "2", "20.00"), total=Decimal("40.03"))
    prepared = await opened.prepare_document(request(wanted))
    assert prepared.rounding == Decimal("0.03")
    assert (await opened.push_document(prepared, None)).total == Decimal("40.03")

    with pytest.raises(RecordRefused) as caught:
        await opened.prepare_document(request(order(line("MUG", "2", "20.00"), total=Decimal("40.06"))))
    assert caught.value.problem.code is ProblemCode.TOTALS_DIFFER


async def test_returned_pieces_cannot_be_ordered(shop: RecordShop):
    with pytest.raises(RecordRefused, match="count"):
        await target(shop).prepare_document(request(order(line("MUG", "-1", "20.00"))))


async def test_products_and_variants_are_found(shop: RecordShop):
    opened = target(shop)

    assert await opened.find_products(["MUG", "CUP"], Identifier.SKU) == {"MUG": MUG}
    assert await opened.find_products(["8712345678906"], Identifier.EAN) == {"8712345678906": PEN}
    await shop.sim.load({"products": [{"id": 902, "productnumber": "MUG", "name": "Mug", "price": 25}]})
    with pytest.raises(RecordRefused) as caught:
        await opened.find_products(["MUG"], Identifier.SKU)
    assert caught.value.problem.code is ProblemCode.AMBIGUOUS_MATCH


async def test_a_line_without_a_product_waits_or_describes_itself(shop: RecordShop):
    wanted = order(line("CUP", "2", "3.00"))
    assert await target(shop).when_missing(wanted, wanted.lines[0]) is MissingProduct.PARK
    free = target(shop, missing_product="free_row", package="1")
    assert await free.when_missing(wanted, wanted.lines[0]) is MissingProduct.SUBSTITUTE
    assert (await sent(free, wanted)).total == Decimal("6.00")
    (row,) = (await only_order(shop))["orderrows"]
    assert (row["product_id"], row["product_name"], row["product_number"]) == (None, "Cup", "CUP")

    with pytest.raises(RecordRefused) as caught:
        await target(shop, missing_product="free_row").prepare_document(request(wanted))
    assert caught.value.problem.code is ProblemCode.SETTING_MISSING


def test_a_flow_that_describes_lines_itself_needs_a_package():
    flow = parse_order_flow(CONNECTOR, CONNECTOR, {"target": {"missing_product": "free_row"}})

    assert missing_order_settings(flow) == ("Package",)
    assert missing_order_settings(parse_order_flow(CONNECTOR, CONNECTOR, {})) == ()


async def test_an_order_goes_to_the_registered_customer_of_its_address(shop: RecordShop):
    await shop.sim.load({"users": [{"id": 7, "username": "Jan@Example.nl"}]})
    opened, wanted = target(shop), order()
    plan = await opened.plan_customer(wanted, None, update=True)
    assert await opened.push_customer(wanted, plan) == CustomerRef("7", "7", "found")
    await sent(opened, wanted, customer=plan)
    assert (await only_order(shop))["user"]["id"] == 7

    assert await target(shop, link_customers=False).plan_customer(wanted, None, update=True) == GUEST
    stranger = wanted.model_copy(update={"customer": Customer(kind=CustomerKind.PERSON, email="b@example.nl")})
    assert await opened.plan_customer(stranger, None, update=True) == GUEST


async def test_an_order_is_found_by_our_reference_and_only_once_read(shop: RecordShop):
    opened = target(shop)
    assert await opened.find_document("S-100", DocumentType.ORDER, placed_at=PLACED) is None
    await sent(opened, order())
    await shop.calls()
    found = await opened.find_document("S-100", DocumentType.ORDER, placed_at=PLACED)

    assert found is not None
    assert found.total == order().total
    assert len(await shop.calls()) == 2
    assert await opened.find_document("S-10", DocumentType.ORDER, placed_at=PLACED) is None
    assert await opened.push_document(await opened.prepare_document(request(order())), found) == found
    assert len((await shop.sim.state("orders"))["orders"]) == 1


async def test_older_orders_are_searched_when_an_older_one_is_asked_for(shop: RecordShop):
    rows = [{"product_name": "Mug", "price": 25, "count": 2}]
    old = {"id": 5, "create_date": "2025-06-01T10:00:00Z", "reservationnumber": "S-1", "orderrows": rows}
    await shop.sim.load({"orders": [old]})
    opened = target(shop)
    assert await opened.find_document("S-1", DocumentType.ORDER, placed_at=PLACED) is None

    placed_at = datetime(2025, 6, 1, tzinfo=UTC)
    found = await opened.find_document("S-1", DocumentType.ORDER, placed_at=placed_at)
    assert found is not None
    assert found.target_id == "5"


async def test_a_lost_answer_is_looked_up_and_no_order_made_twice(shop: RecordShop):
    opened = target(shop)
    await shop.sim.faults([{"fault": "reset_after_commit", "when": "once", "method": "POST"}])
    with pytest.raises(OutcomeUnknown):
        await sent(opened, order())

    future = PLACED + timedelta(days=3)
    assert await opened.find_document("S-100", DocumentType.ORDER, placed_at=future) is not None


async def test_an_order_made_without_an_answer_is_found(shop: RecordShop):
    await shop.sim.settings({"post_answers_204": True})
    document = await sent(target(shop), order())

    assert document.target_id == str((await only_order(shop))["id"])


async def test_two_orders_with_our_reference_are_a_problem(shop: RecordShop):
    opened = target(shop)
    await sent(opened, order())
    await sent(opened, order())
    with pytest.raises(RecordRefused) as caught:
        await opened.find_document("S-100", DocumentType.ORDER, placed_at=PLACED)

    assert caught.value.problem.code is ProblemCode.AMBIGUOUS_MATCH


async def test_a_product_that_went_meanwhile_is_told_apart(shop: RecordShop):
    opened = target(shop)
    prepared = await opened.prepare_document(
        request(order(line("MUG", "1", "20.00")), products={"MUG": ProductRef("77", "X")})
    )
    with pytest.raises(RecordGone, match="create order S-100"):
        await opened.push_document(prepared, None)

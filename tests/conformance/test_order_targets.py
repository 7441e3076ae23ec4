"""Every connector that takes orders in, for every type of document it offers."""

from datetime import timedelta
from decimal import Decimal

import pytest

from commerce.order import LineKind, Order
from connectors.errors import OutcomeUnknown
from connectors.protocols import (
    CustomerRef,
    Document,
    DocumentRequest,
    DocumentType,
    Identifier,
    MissingProduct,
    OrderTarget,
    PreparedDocument,
)
from connectors.registry import CONNECTORS
from tests.conformance.facts import ARTICLES, sent_order
from tests.conformance.stand import Place, opened

SYSTEMS = [system for system, one in sorted(CONNECTORS.items()) if one.order_target is not None]
DOCUMENTS = [
    (system, kind)
    for system, one in sorted(CONNECTORS.items())
    if one.order_target is not None
    for kind in sorted(one.order_target.document_types)
]
_MOST_ATTEMPTS = 8

every_target = pytest.mark.parametrize("system", SYSTEMS)
every_document = pytest.mark.parametrize(("system", "kind"), DOCUMENTS)


async def customer_of(target: OrderTarget, order: Order) -> CustomerRef:
    return await target.push_customer(order, await target.plan_customer(order, None, update=True))


async def prepared(
    target: OrderTarget, order: Order, kind: DocumentType, customer: CustomerRef | None = None
) -> PreparedDocument:
    names = [line.sku for line in order.lines if line.kind is LineKind.PRODUCT]
    products = await target.find_products([*names, *await target.required_products(order)], Identifier.SKU)
    request = DocumentRequest(
        order=order,
        kind=kind,
        customer=customer or await customer_of(target, order),
        products=products,
        identifier=Identifier.SKU,
        values={},
        rounding_limit=Decimal(0),
    )
    return await target.prepare_document(request)


async def documents(place: Place) -> dict[DocumentType, int]:
    """How many documents of every type the target has."""
    names = place.stand.targets["orders"].documents
    state = await place.sim.state(*names.values())
    return {kind: len(state[name]) for kind, name in names.items()}


async def found(target: OrderTarget, order: Order, kind: DocumentType) -> Document | None:
    return await target.find_document(order.reference, kind, placed_at=order.placed_at)


@every_document
async def test_an_order_becomes_its_document_once_and_is_found_by_its_reference(system: str, kind: DocumentType):
    async with opened(system) as place:
        order, target = sent_order(), place.order_target()
        before = await documents(place)
        assert await found(target, order, kind) is None
        ready = await prepared(target, order, kind)
        made = await target.push_document(ready, None)
        assert (made.kind, made.complete, made.total, made.currency) == (kind, True, order.total, "EUR")
        assert (ready.reference, ready.expected_total, ready.rounding) == (order.reference, order.total, Decimal(0))
        assert (await documents(place))[kind] == before[kind] + 1
        for using in (target, place.order_target()):
            assert await found(using, order, kind) == made
            assert await using.push_document(ready, made) == made
        assert (await documents(place))[kind] == before[kind] + 1
        other = order.model_copy(update={"reference": "CF2002"})
        assert await found(place.order_target(), other, kind) is None
        assert (
            await target.find_document(order.reference, kind, placed_at=order.placed_at - timedelta(seconds=1)) == made
        )


@every_document
async def test_lost_answers_make_no_second_document_or_customer(system: str, kind: DocumentType):
    async with opened(system) as place:
        order, target = sent_order(), place.order_target()
        before = await documents(place)
        people = await place.stored("customers")
        await place.lose_answers()
        document: Document | None = None
        for _ in range(_MOST_ATTEMPTS):
            try:
                ready = await prepared(target, order, kind)
                document = await found(target, order, kind)
                document = await target.push_document(ready, document)
                break
            except OutcomeUnknown:
                continue
        assert document is not None
        assert document.complete
        assert (await documents(place))[kind] == before[kind] + 1
        assert await place.stored("customers") - people in {0, 1}


@every_document
async def test_preparing_and_planning_write_nothing(system: str, kind: DocumentType):
    async with opened(system) as place:
        order, target = sent_order(), place.order_target()
        planned = await target.plan_customer(order, None, update=True)
        ready = await prepared(target, order, kind, planned)
        assert ready.expected_total == order.total
        assert await place.writes() == []


@every_target
async def test_articles_of_lines_are_found_by_every_identifier(system: str):
    async with opened(system) as place:
        target = place.order_target()
        for by, names in (
            (Identifier.SKU, [one.sku for one in ARTICLES]),
            (Identifier.EAN, [one.ean for one in ARTICLES]),
        ):
            refs = await target.find_products([*names, "CF-NOWHERE"], by)
            assert set(refs) == set(names)
            assert len({ref.target_id for ref in refs.values()}) == len(names)
            assert [refs[name].number for name in names] == [one.sku for one in ARTICLES]
        order = sent_order()
        assert await target.when_missing(order, order.lines[0]) is MissingProduct.PARK


@every_target
async def test_a_buyer_is_one_customer_however_often_they_order(system: str):
    async with opened(system) as place:
        first, order = place.order_target(), sent_order()
        made = await customer_of(first, order)
        people = await place.stored("customers")
        await place.writes()
        again = await customer_of(place.order_target(), order.model_copy(update={"reference": "CF2002"}))
        assert (again.target_id, again.number) == (made.target_id, made.number)
        assert await place.stored("customers") == people
        assert await place.writes() == []
        assert first.customer_key(order.customer, "EUR") == place.order_target().customer_key(order.customer, "EUR")

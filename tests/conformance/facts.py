"""What every vendor holds when a test begins, and the records that are sent to it. No vendor is named here."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from commerce.customer import Address, Customer, CustomerKind
from commerce.order import Line, LineKind, Order, PaymentStatus
from commerce.record import CustomerRecord, GroupPrice, Product, Record, Shipment, StockLevel
from connectors.protocols import Identifier
from connectors.records import Key, RecordKind

LONG_AGO = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
"""When everything was entered at the vendor."""
GROUP = "Dealers"
CARRIER, TRACKING_CODE = "PostNL", "3SCF0001"
RATE = Decimal(21)


@dataclass(frozen=True)
class Article:
    """An article at 21 % VAT, of which there are five."""

    sku: str
    ean: str
    net: Decimal = Decimal("10.00")
    gross: Decimal = Decimal("12.10")
    group_net: Decimal | None = Decimal("8.00")
    """What it costs the group; None for an article without a price there."""
    group_gross: Decimal | None = Decimal("9.68")
    stock: int = 5

    @property
    def name(self) -> str:
        return f"Article {self.sku}"


ARTICLES = (
    Article("CF-1", "8710000000011"),
    Article("CF-2", "8710000000028"),
    Article("CF-3", "8710000000035"),
    Article("CF-4", "8710000000042", group_net=None, group_gross=None),
)
PRICED = ARTICLES[:3]
EMAILS = ("one@example.com", "two@example.com", "three@example.com")
ORDER_NUMBERS = (1001, 1002, 1003)
"""Of orders by the first customer for one piece of the first article: 12.10 with VAT."""
ORDER_TOTAL = Decimal("12.10")
HOME = Address(
    name="Eva Bakker", street="Kade", number="8", addition="a", postcode="3511 AA", city="Utrecht", country="NL"
)
EVA = Customer(
    kind=CustomerKind.PERSON,
    source_id="700",
    email="eva@example.com",
    first_name="Eva",
    last_name="Bakker",
    phone="030-1234567",
)

Pair = tuple[Record, Record]


def sent_record(kind: RecordKind, group: str) -> Pair:
    """A record from another system, and the same one after one fact of it changed there."""
    source: dict[str, Any] = {"source_id": "s-1", "reference": "CF-NEW"}
    article: dict[str, Any] = {"sku": "CF-1", "ean": ARTICLES[0].ean}
    match kind:
        case RecordKind.PRODUCTS:
            made: Record = Product(
                **source,
                sku="CF-NEW",
                ean="8710000000059",
                name="New article",
                description="Made for sending.",
                price_excl=Decimal("20.00"),
                price_incl=Decimal("24.20"),
                tax_rate=RATE,
                currency="EUR",
                quantity=Decimal(3),
                categories=(("Kitchen", "Mugs"),),
            )
            change: dict[str, Any] = {"name": "New article, renamed"}
        case RecordKind.STOCK:
            made = StockLevel(**source, **article, figures={"any": Decimal(7)})
            change = {"figures": {"any": Decimal(6)}}
        case RecordKind.CUSTOMERS:
            register: dict[str, Any] = {"number": "D-9", "group": group, "currency": "EUR"}
            made = CustomerRecord(**source, **register, customer=EVA, billing=HOME, shipping=HOME)
            change = {"customer": EVA.model_copy(update={"phone": "030-7654321"})}
        case RecordKind.PRICES:
            unpriced: dict[str, Any] = {"sku": ARTICLES[3].sku, "ean": ARTICLES[3].ean}
            amounts: dict[str, Any] = {"price_excl": Decimal("7.00"), "price_incl": Decimal("8.47")}
            made = GroupPrice(**source, **unpriced, **amounts, group=group, currency="EUR")
            change = {"price_excl": Decimal("6.00"), "price_incl": Decimal("7.26")}
        case RecordKind.SHIPMENTS:
            # A part of it, and then all of it: what left as a whole may be closed for other changes.
            made = shipment(ORDER_NUMBERS[0]).model_copy(update={"complete": False})
            change = {"complete": True}
    return made, made.model_copy(update=change)


def shipment(order_number: int) -> Shipment:
    """An order that left the house."""
    return Shipment(
        source_id=f"s-{order_number}",
        reference=str(order_number),
        order_id=f"s-{order_number}",
        order_reference=str(order_number),
        shipped_at=LONG_AGO + timedelta(days=1),
        carrier=CARRIER,
        tracking_code=TRACKING_CODE,
    )


def readable(record: Record) -> dict[str, Any]:
    """What a mapping reads of a record, with what the engine adds to it."""
    fields = record.model_dump()
    if isinstance(record, StockLevel):
        fields["quantity"] = record.figures["any"]
    return fields


def key_of(record: Record, group: str, by: Identifier = Identifier.SKU, target_id: str = "") -> Key:
    """What a record is looked for by; ``group`` is the target's."""
    match record:
        case Product() | StockLevel() | GroupPrice():
            details = {"sku": record.sku, "ean": record.ean}
            text = details[by]
            if isinstance(record, GroupPrice):
                details |= {"group": group, "currency": record.currency}
                text = f"{group}/{text}"
        case CustomerRecord():
            details, text = {"currency": record.currency}, record.customer.email_key()
        case Shipment():
            details = {"order_reference": record.order_reference, "order_id": record.order_id}
            text = record.order_reference
        case _:
            raise TypeError(f"{type(record).__name__} travels in no flow")
    return Key(record.source_id, text, target_id, details)


def standing(kind: RecordKind, group: str) -> list[Record]:
    """The records of a kind that every vendor has from the start, as another system would send them."""
    model: dict[RecordKind, type[Record]] = {
        RecordKind.PRODUCTS: Product,
        RecordKind.STOCK: StockLevel,
        RecordKind.PRICES: GroupPrice,
    }
    match kind:
        case RecordKind.CUSTOMERS:
            people = [EVA.model_copy(update={"email": email}) for email in EMAILS]
            return [
                CustomerRecord(
                    source_id=one.email, reference=one.email, customer=one, billing=HOME, shipping=HOME, currency="EUR"
                )
                for one in people
            ]
        case RecordKind.SHIPMENTS:
            return [shipment(number) for number in ORDER_NUMBERS]
    more = {"group": group, "currency": "EUR"} if kind is RecordKind.PRICES else {}
    articles = PRICED if kind is RecordKind.PRICES else ARTICLES
    return [
        model[kind].model_validate({"source_id": one.sku, "reference": one.sku, "sku": one.sku, "ean": one.ean, **more})
        for one in articles
    ]


def missing(kind: RecordKind, group: str) -> Record:
    """A record that no vendor has."""
    nobody = EVA.model_copy(update={"email": "nobody@example.com"})
    changes: dict[RecordKind, dict[str, Any]] = {
        RecordKind.CUSTOMERS: {"customer": nobody},
        RecordKind.SHIPMENTS: {"order_reference": "9099"},
        # An article without a price: an article that does not exist would be a problem of another kind.
        RecordKind.PRICES: {},
    }
    other = {"sku": "CF-NOWHERE", "ean": "8710000000998"}
    return sent_record(kind, group)[0].model_copy(update={"source_id": "s-missing", **changes.get(kind, other)})


def sent_order() -> Order:
    """Two pieces of the first article and shipping, placed a moment ago: 30.25 with VAT."""

    def line(kind: LineKind, total: str, **more: Any) -> Line:
        quantity = more.pop("quantity", Decimal(1))
        amount = Decimal(total)
        more |= {"quantity": quantity, "unit_price": amount / quantity, "total": amount}
        return Line(kind=kind, tax_rate=RATE, includes_tax=True, **more)

    article = ARTICLES[0]
    return Order(
        source_id="s-1",
        reference="CF2001",
        placed_at=datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1),
        currency="EUR",
        total=Decimal("30.25"),
        tax=Decimal("5.25"),
        lines=(
            line(LineKind.PRODUCT, "24.20", quantity=Decimal(2), name=article.name, sku=article.sku, ean=article.ean),
            line(LineKind.SHIPPING, "6.05", name="Shipping"),
        ),
        customer=EVA,
        billing=HOME,
        shipping=HOME,
        status="1",
        payment_status=PaymentStatus.PAID,
        payment_method="ideal",
    )

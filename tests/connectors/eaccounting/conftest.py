"""A company at the simulator, with what a shop's orders need, and a target that is connected to it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from commerce.customer import Address, Customer, CustomerKind
from commerce.money import cents
from commerce.order import Line, LineKind, Order, PaymentStatus
from connectors.client import Bounds, VendorClient
from connectors.declaration import ConnectionContext
from connectors.eaccounting import CONNECTOR
from connectors.eaccounting.settings import EAccountingConnection, EAccountingOrders
from connectors.eaccounting.target import EAccountingTarget
from connectors.oauth import Tokens
from connectors.protocols import CustomerRef, Document, DocumentRequest, DocumentType, Identifier, PreparedDocument
from tests.connectors.support import KeptExchanges, LocalBudget, MemoryVault
from tests.simulation import Simulation, running

PLACED = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
RATES = (21, 9, 0)
KINDS = {"SHIP": "Shipping", "FEE": "Payment fee", "DISC": "Discount", "ROUND": "Rounding"}

HOME = Address(
    name="Jan Jansen", street="Dorpsstraat", number="12", addition="a", postcode="3511 AB", city="Utrecht", country="NL"
)
JAN = Customer(
    kind=CustomerKind.PERSON,
    source_id="7",
    email="jan@example.nl",
    first_name="Jan",
    last_name="Jansen",
    phone="030-1234567",
)


def line(
    sku: str = "MUG",
    quantity: str = "1",
    price: str = "12.10",
    *,
    rate: str = "21",
    total: str | None = None,
    gross: bool = True,
    kind: LineKind = LineKind.PRODUCT,
    ean: str = "",
    name: str = "",
) -> Line:
    amount = cents(Decimal(quantity) * Decimal(price)) if total is None else Decimal(total)
    return Line(
        kind=kind,
        name=name or (f"The {sku}" if sku else kind.value.capitalize()),
        sku=sku if kind is LineKind.PRODUCT else "",
        ean=ean,
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        total=amount,
        tax_rate=Decimal(rate),
        includes_tax=gross,
    )


def order(*lines: Line, total: str | None = None, **changes: Any) -> Order:
    chosen = lines or (line(),)
    values: dict[str, Any] = {
        "source_id": "1",
        "reference": "1001",
        "placed_at": PLACED,
        "currency": "EUR",
        "total": Decimal(0),
        "tax": Decimal(0),
        "lines": chosen,
        "customer": JAN,
        "billing": HOME,
        "shipping": HOME,
        "payment_status": PaymentStatus.PAID,
        "payment_method": "ideal",
        **changes,
    }
    made = Order(**values)
    return made.model_copy(update={"total": made.computed_total() if total is None else Decimal(total)})


def orders_settings(**changes: Any) -> EAccountingOrders:
    per_rate = {
        f"{kind}_article": {str(rate): f"{prefix}{rate}" for rate in RATES}
        for prefix, kind in zip(KINDS, ("shipping", "fee", "discount", "rounding"), strict=True)
    }
    return EAccountingOrders.model_validate({**per_rate, **changes})


@dataclass
class Office:
    """A company at the simulator and everything that speaks to it."""

    simulation: Simulation
    vault: MemoryVault
    client: VendorClient
    exchanges: KeptExchanges
    budget: LocalBudget
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def target(self, **settings: Any) -> EAccountingTarget:
        return EAccountingTarget(self.client, orders_settings(**settings))

    async def prepare(
        self,
        placed: Order,
        kind: DocumentType = DocumentType.ORDER,
        *,
        target: EAccountingTarget | None = None,
        identifier: Identifier = Identifier.SKU,
        customer: CustomerRef | None = None,
        limit: str = "0.05",
    ) -> PreparedDocument:
        """Take an order through look-ups as the engine does, up to the prepared body."""
        using = target or self.target()
        if customer is None:
            customer = await using.push_customer(placed, await using.plan_customer(placed, None, update=True))
        names = [
            each.sku if identifier is Identifier.SKU else each.ean
            for each in placed.lines
            if each.kind is LineKind.PRODUCT
        ]
        products = {
            **await using.find_products(names, identifier),
            **await using.find_products(await using.required_products(placed), Identifier.SKU),
        }
        request = DocumentRequest(
            order=placed,
            kind=kind,
            customer=customer,
            products=products,
            identifier=identifier,
            values=self.values,
            rounding_limit=Decimal(limit),
        )
        return await using.prepare_document(request)

    async def send(self, placed: Order, kind: DocumentType = DocumentType.ORDER, **options: Any) -> Document:
        using = options.pop("target", None) or self.target()
        prepared = await self.prepare(placed, kind, target=using, **options)
        return await using.push_document(prepared, None)

    async def only(self, kind: str = "orders") -> Any:
        """The one record of a kind, in full."""
        state = await self.simulation.state()
        assert len(state[kind]) == 1, [entry["Id"] for entry in state[kind]]
        return await self.record(kind, state[kind][0]["Id"])

    async def record(self, kind: str, record_id: str) -> Any:
        answer = await self.client.read("GET", f"/v2/{kind}/{record_id}", operation="read a record")
        return answer.body

    async def count(self, kind: str) -> int:
        return len((await self.simulation.state())[kind])


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with running("eaccounting") as simulation:
        loaded = await simulation.load(
            {
                "articles": [
                    {"Number": "MUG", "Name": "Mug", "vat_rate": 21, "Barcodes": [{"Barcode": "8710000000001"}]},
                    {"Number": "BOOK", "Name": "Book", "vat_rate": 9},
                    {"Number": "OLD", "Name": "Old", "vat_rate": 21, "IsActive": False},
                    *(
                        {"Number": f"{prefix}{rate}", "Name": f"{name} {rate} %", "vat_rate": rate}
                        for prefix, name in KINDS.items()
                        for rate in RATES
                    ),
                ],
                "grants": [{}],
            }
        )
        grant = loaded["grants"][0]
        vault = MemoryVault(
            Tokens(grant["access_token"], grant["refresh_token"], datetime.now(UTC) + timedelta(hours=1))
        )
        exchanges, budget = KeptExchanges(), LocalBudget()
        client = CONNECTOR.open_client(
            ConnectionContext(
                settings=connection_settings(simulation.base_url),
                budget=budget,
                recorder=exchanges,
                vault=vault,
                bounds=Bounds(read=timedelta(seconds=2)),
            )
        )
        async with client:
            yield Office(simulation, vault, client, exchanges, budget)


def connection_settings(base_url: str) -> EAccountingConnection:
    return EAccountingConnection(
        client_id="sandbox-client",
        client_secret=SecretStr("sandbox-secret"),
        api_url=base_url,
        identity_url=base_url,
    )

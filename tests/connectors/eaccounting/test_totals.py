"""What the vendor itself makes of planned documents: the order's total, whatever the order."""

from decimal import Decimal
from random import Random

import pytest

from commerce.customer import Customer, CustomerKind
from commerce.order import LineKind, Order
from connectors.protocols import DocumentType
from tests.connectors.eaccounting.conftest import JAN, Office, line, order
from tests.connectors.eaccounting.test_lines import GOLDEN

RATES = ("21", "19", "9", "0")
COMPANY = Customer(kind=CustomerKind.COMPANY, email="inkoop@example.nl", company="Voorbeeld B.V.")
PREFIXES = {"shipping": "SHIP", "fee": "FEE", "discount": "DISC", "rounding": "ROUND"}


async def articles_for_every_rate(office: Office) -> dict[str, dict[str, str]]:
    """Load products and settings' articles that are not there yet; returns the settings."""
    await office.simulation.load(
        {
            "articles": [
                *({"Number": f"P{rate}", "vat_rate": int(rate)} for rate in RATES),
                *({"Number": f"{prefix}19", "vat_rate": 19} for prefix in PREFIXES.values()),
            ]
        }
    )
    return {f"{kind}_article": {rate: f"{prefix}{rate}" for rate in RATES} for kind, prefix in PREFIXES.items()}


@pytest.mark.parametrize("customer", [JAN, COMPANY], ids=["person", "company"])
async def test_golden_orders_have_their_totals_at_the_vendor(office: Office, customer: Customer):
    target = office.target(**await articles_for_every_rate(office))
    for number, (charges, total) in enumerate(GOLDEN.values()):
        lines = [
            each.line.model_copy(update={"sku": f"P{each.rate}" if each.line.kind is LineKind.PRODUCT else ""})
            for each in charges
        ]
        golden = order(*lines, total=total, reference=f"golden-{number}", customer=customer)
        await office.send(golden, target=target)
    shown = (await office.simulation.state())["orders"]
    assert [Decimal(entry["total_incl_vat"]) for entry in shown] == [Decimal(total) for _, total in GOLDEN.values()]


@pytest.mark.parametrize("private_prices", [True, False], ids=["incl", "excl"])
@pytest.mark.parametrize("kind", [DocumentType.ORDER, DocumentType.INVOICE_DRAFT, DocumentType.QUOTE])
async def test_random_orders_have_their_totals_at_the_vendor(office: Office, kind, private_prices):
    await office.simulation.settings({"prices_incl_vat_for_private": private_prices})
    target = office.target(**await articles_for_every_rate(office))
    random = Random(f"{kind} {private_prices}")
    made = [random_order(random, number) for number in range(25)]
    documents = [await office.send(each, kind, target=target) for each in made]
    assert [document.total for document in documents] == [each.total for each in made]


def random_order(random: Random, number: int) -> Order:
    gross = random.random() < 0.7
    lines = [
        line(
            f"P{rate}",
            str(random.choice([1, 2, 3, 12, 100])),
            str(Decimal(random.randint(1, 30_000)) / random.choice([100, 100, 1000])),
            rate=rate,
            gross=gross,
        )
        for rate in random.choices(RATES, k=random.randint(1, 6))
    ]
    lines.append(line("", "1", str(Decimal(random.randint(0, 999)) / 100), kind=LineKind.SHIPPING, gross=gross))
    return order(*lines, reference=f"random-{number}", customer=random.choice([JAN, COMPANY]))

"""The promise about money, for financial transactions: debit and credit are the order's total, or the order waits."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import httpx
import pytest

from commerce.order import Order
from connectors.ccvshop.order_body import read_order
from connectors.declaration import ConnectionContext
from connectors.eaccounting import CONNECTOR
from connectors.eaccounting.settings import EAccountingOrders
from connectors.eaccounting.target import EAccountingTarget
from connectors.errors import RecordRefused
from connectors.oauth import Tokens
from connectors.protocols import CustomerRef, DocumentRequest, DocumentType, Identifier
from tests.connectors.eaccounting.conftest import connection_settings
from tests.connectors.generated_orders import generated
from tests.connectors.support import KeptExchanges, LocalBudget, MemoryVault

COUNT = 500
MOST_PARKED = 0.02
LIMIT = Decimal("0.05")
RATES = ("21", "9", "0")
SETTINGS = EAccountingOrders.model_validate(
    {
        "voucher_account": "1100",
        "voucher_revenue_account": {rate: f"80{rate:>02}" for rate in RATES},
        "voucher_vat_account": {"21": "1500", "9": "1510"},
        "voucher_shipping_account": {"21": "8500"},
        "voucher_rounding_account": "4950",
    }
)
NUMBERS = ["1100", "1500", "1510", "4950", "8000", "8009", "8021", "8500"]
ANSWERS: dict[str, Any] = {
    "companysettings": {"Name": "Company", "CountryCode": "NL", "CurrencyCode": "EUR"},
    "fiscalyears": [{"Id": "Y", "StartDate": "2026-01-01T00:00:00Z", "EndDate": "2026-12-31T00:00:00Z"}],
    "Y": [{"Number": number, "Name": number, "IsActive": True} for number in NUMBERS],
}


@pytest.fixture
async def target() -> AsyncIterator[EAccountingTarget]:
    def answer(request: httpx.Request) -> httpx.Response:
        found = ANSWERS[request.url.path.rpartition("/")[2]]
        body = {"Meta": {"TotalNumberOfPages": 1}, "Data": found} if isinstance(found, list) else found
        return httpx.Response(200, json=body)

    client = CONNECTOR.open_client(
        ConnectionContext(
            settings=connection_settings("http://127.0.0.1"),
            budget=LocalBudget(),
            recorder=KeptExchanges(),
            vault=MemoryVault(Tokens("access", "refresh", datetime.now(UTC) + timedelta(hours=1))),
            transport=httpx.MockTransport(answer),
        )
    )
    async with client:
        yield EAccountingTarget(client, SETTINGS, books_vouchers=True)


async def rows_of(target: EAccountingTarget, order: Order) -> list[dict[str, Any]]:
    request = DocumentRequest(
        order=order,
        kind=DocumentType.TRANSACTION,
        customer=CustomerRef("", "", "none"),
        products={},
        identifier=Identifier.SKU,
        values={},
        rounding_limit=LIMIT,
    )
    prepared = await target.prepare_document(request)
    assert abs(prepared.rounding) <= LIMIT
    rows: list[dict[str, Any]] = prepared.body["document"]["Rows"]
    return rows


async def test_every_voucher_balances_at_the_total_of_its_order_or_the_order_waits(target: EAccountingTarget):
    random = Random(20261122)
    parked: Counter[str] = Counter()
    for number in range(COUNT):
        made = generated(random, number)
        try:
            order = read_order({**made.header, "currency": "EUR"}, made.rows, None)
            rows = await rows_of(target, order)
        except RecordRefused as refused:
            parked[f"{refused.problem.code} {refused.problem.field}"] += 1
            continue
        amounts = [(row.get("DebitAmount"), row.get("CreditAmount")) for row in rows]
        assert all((debit is None) is not (credit is None) for debit, credit in amounts)
        assert all(
            amount > 0 and amount == round(amount, 2) for pair in amounts for amount in pair if amount is not None
        )
        debit, credit = (sum((pair[side] or Decimal(0) for pair in amounts), Decimal(0)) for side in (0, 1))
        assert debit == credit == order.total, (order.reference, rows)
    assert parked.total() <= COUNT * MOST_PARKED, parked
    assert set(parked) <= {"totals_differ total_price", "totals_differ total", "invalid_value discount"}, parked

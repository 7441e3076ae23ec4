"""The promise about money: the document comes to what the customer was asked to pay, to the cent, or the order waits.

Orders go through everything that decides about money: the shop's body is read, the document is prepared, and the
simulated books' own arithmetic adds it up, in both price modes that eAccounting may choose.
"""

import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import httpx
import pytest

from commerce.order import LineKind, Order
from connectors.ccvshop.order_body import read_order
from connectors.declaration import ConnectionContext
from connectors.eaccounting import CONNECTOR
from connectors.eaccounting.api import Api
from connectors.eaccounting.company import Company
from connectors.eaccounting.customer_body import customer_body
from connectors.eaccounting.document_fields import FIELDS, ROW_FIELDS, default_rules
from connectors.eaccounting.settings import EAccountingOrders
from connectors.eaccounting.target import EAccountingTarget
from connectors.errors import RecordRefused
from connectors.oauth import Tokens
from connectors.order_mapping import compile_order_rules
from connectors.protocols import CustomerRef, DocumentRequest, DocumentType, Identifier, PreparedDocument, ProductRef
from simulators.ccvshop.totals import order_totals
from simulators.eaccounting.totals import Line, document_totals
from tests.connectors.eaccounting.conftest import connection_settings
from tests.connectors.generated_orders import BUYERS, Body, Generated, generated
from tests.connectors.support import KeptExchanges, LocalBudget, MemoryVault
from tests.orders.test_golden_totals import GOLDEN
from tests.shop_orders import shop_order

COUNT = 10_000
MOST_PARKED = 0.01
"""Of legal orders, so many may be too far from what books can hold."""
RATES = ("21", "19", "9", "0")
SPECIAL = {"shipping": "SHIP", "fee": "FEE", "discount": "DISC", "rounding": "ROUND"}
SETTINGS = EAccountingOrders.model_validate(
    {f"{use}_article": {rate: f"{prefix}{rate}" for rate in RATES} for use, prefix in SPECIAL.items()}
)
LIMIT = Decimal("0.05")
ARTICLES = {
    number: ProductRef(number, number, {"vat_rate": rate, "active": True, "coding_id": f"coding {rate}"})
    for rate in RATES
    for number in (f"P{rate}", *(f"{prefix}{rate}" for prefix in SPECIAL.values()))
} | {"MUG": ProductRef("MUG", "MUG", {"vat_rate": "21"}), "LAMP": ProductRef("LAMP", "LAMP", {"vat_rate": "19"})}
RULES = compile_order_rules(default_rules(SETTINGS), FIELDS, ROW_FIELDS)
KINDS = (DocumentType.ORDER, DocumentType.ORDER, DocumentType.INVOICE_DRAFT, DocumentType.QUOTE)


class Books:
    """An eAccounting target that was told about its company and is never told anything more."""

    def __init__(self, target: EAccountingTarget, company: Company) -> None:
        self._target = target
        self._company = company

    async def prepare(self, order: Order, kind: DocumentType) -> PreparedDocument:
        """The document of an order whose buyer is still to be created."""
        planned = await customer_body(order, SETTINGS, self._company)
        customer = CustomerRef("", "", "created", {**planned, "CurrencyCode": order.currency})
        request = DocumentRequest(
            order=order,
            kind=kind,
            customer=customer,
            products=ARTICLES,
            identifier=Identifier.SKU,
            values={},
            rounding_limit=LIMIT,
            rules=RULES,
        )
        return await self._target.prepare_document(request)


@pytest.fixture
async def books() -> AsyncIterator[Books]:
    countries = [{"Code": code, "IsEuMember": code in {"NL", "DE"}} for code in ("NL", "DE", "US")]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/companysettings"):
            return httpx.Response(200, json={"Name": "Company", "CountryCode": "NL", "CurrencyCode": "EUR"})
        assert request.url.path.endswith("/countries"), request.url
        return httpx.Response(200, json={"Meta": {"TotalNumberOfPages": 1}, "Data": countries})

    vault = MemoryVault(Tokens("access", "refresh", datetime.now(UTC) + timedelta(hours=1)))
    client = CONNECTOR.open_client(
        ConnectionContext(
            settings=connection_settings("http://127.0.0.1"),
            budget=LocalBudget(),
            recorder=KeptExchanges(),
            vault=vault,
            transport=httpx.MockTransport(answer),
        )
    )
    async with client:
        yield Books(EAccountingTarget(client, SETTINGS), Company(Api(client)))


async def outcome(books: Books, made: Generated, kind: DocumentType) -> str:
    """Why an order is parked, or nothing; fails when a document would come to another amount."""
    try:
        order = read_order(made.header, made.rows, None)
    except RecordRefused as refused:
        return f"{refused.problem.code} when read"
    assert order.total == made.header["total_price"]
    try:
        prepared = await books.prepare(order, kind)
    except RecordRefused as refused:
        return f"{refused.problem.code} {refused.problem.field}"
    buyer = next(
        buyer
        for buyer in BUYERS
        if (buyer.country, buyer.vat_number) == (order.billing.country, order.customer.vat_number)
    )
    body = prepared.body
    modes = [(body["document"]["Rows"], body["includes_vat"]), (body["other_rows"], not body["includes_vat"])]
    for rows, includes_vat in modes:
        if rows is not None:
            domestic = order.billing.country == "NL" and order.currency == "EUR"
            assert added_up(rows, untaxed=buyer.untaxed, includes_vat=includes_vat, domestic=domestic) == order.total
    assert abs(prepared.rounding) <= LIMIT
    return ""


def added_up(rows: list[Body], *, untaxed: bool, includes_vat: bool, domestic: bool) -> Decimal:
    """What the simulated books make of a document's rows."""
    lines = []
    for row in rows:
        if row.get("ArticleId") is None:
            continue
        rate = Decimal(0) if untaxed else Decimal(ARTICLES[row["ArticleId"]].details["vat_rate"]) / 100
        price, discount = row["UnitPrice"], row["DiscountPercentage"]
        assert price == round(price, 2 if domestic else 4)
        assert 0 <= discount <= 1
        assert discount == round(discount, 4)
        lines.append(Line(row["Quantity"], price, discount, rate))
    return document_totals(lines, includes_vat=includes_vat).to_pay


@pytest.mark.feature("ORD-21", "ORD-29")
async def test_every_document_comes_to_what_the_shop_asked_for_or_the_order_waits(
    books: Books, capsys: pytest.CaptureFixture[str]
):
    random = Random(20261120)
    parked: Counter[str] = Counter()
    ways: Counter[str] = Counter()
    for number in range(COUNT):
        made = generated(random, number)
        why = await outcome(books, made, random.choice(KINDS))
        ways[made.rounding] += 1
        if why:
            parked[f"{why}, rounded per {made.rounding}"] += 1
    figures = [f"{COUNT} orders ({dict(ways)}): {COUNT - parked.total()} equal to the cent, {parked.total()} parked"]
    figures += [f"  {count:5} {why}" for why, count in parked.most_common()]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(figures) + "\n")
    assert parked.total() <= COUNT * MOST_PARKED


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.what)
@pytest.mark.parametrize("company", ["", "Voorbeeld B.V."], ids=["person", "company"])
async def test_golden_orders_come_to_their_totals(books: Books, golden: Any, company: str):
    header = {**shop_order(1, rows=golden.rows, address={"company": company}, **golden.members)}
    rows = header.pop("orderrows")
    if "total_tax" not in golden.members:
        header["total_tax"] = order_totals({**header, "total_discounts": header.get("total_discounts", 0)}, rows).tax
    made = Generated({**header, "total_price": Decimal(golden.total)}, rows, "golden")
    assert await outcome(books, made, DocumentType.ORDER) == ""


async def test_an_order_whose_lines_do_not_add_up_waits(books: Books):
    made = generated(Random(1), 1)
    wrong = Generated({**made.header, "total_price": made.header["total_price"] + 5}, made.rows, made.rounding)
    assert await outcome(books, wrong, DocumentType.ORDER) == "totals_differ when read"
    order = read_order(made.header, made.rows, None)
    assert any(line.kind is LineKind.PRODUCT for line in order.lines)
    with pytest.raises(RecordRefused):
        await books.prepare(order.model_copy(update={"total": order.total + 5}), DocumentType.ORDER)

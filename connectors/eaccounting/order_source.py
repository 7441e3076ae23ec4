"""Hand out orders that were typed in the books.

Source: Visma eAccounting API documentation, orders (September 2026).
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from commerce.order import Order, PaymentStatus
from commerce.problems import Problem, ProblemCode
from connectors import exact_json
from connectors.answers import Action
from connectors.client import VendorClient
from connectors.declaration import OrderSourceDeclaration
from connectors.eaccounting.api import Api, Record, moment
from connectors.eaccounting.changes import ChangeFeed
from connectors.eaccounting.company import Company
from connectors.eaccounting.errors import ANSWERS
from connectors.eaccounting.lookups import records_by_id
from connectors.eaccounting.order_reading import STATUSES, placed_at, read_order, reference_of, stated_amount, status_of
from connectors.eaccounting.time_zone import TimeZone
from connectors.eaccounting.vat import treatment_of
from connectors.errors import RecordGone, RecordRefused
from connectors.protocols import ListedOrder, OrderPage, ReadDeclaration, ReadFrom, RefusedListing

_PATH: Final = "/orders"
_STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "draft": ("ongoing", "converteddrafttoorder"),
    "ongoing": ("shipped", "completed"),
}
"""Status → the next one that involves no booking, and the action that leads there."""


class EAccountingOrderSource(BaseModel):
    """How orders of the books are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    leave_shop_orders: bool = Field(
        default=True,
        title="Leave the shop's orders alone",
        description=(
            "Orders that carry an order number of the shop came from there: those whose number has the prefix, or all"
            " that have one while there is no prefix."
        ),
    )
    reference_field: Literal["BuyersOrderReference", "YourReference"] = Field(
        default="BuyersOrderReference",
        title="Field for the order number",
        description="Where the shop's order number stands, as set for the orders flow to the books.",
    )
    reference_prefix: str = Field(
        default="",
        max_length=15,
        title="Prefix of the order number",
        description="As set for the orders flow to the books.",
    )
    shipping_articles: tuple[str, ...] = Field(
        default=(),
        title="Shipping articles",
        description="Numbers of articles whose rows are shipping costs.",
        json_schema_extra={"choices": "articles"},
    )
    fee_articles: tuple[str, ...] = Field(
        default=(),
        title="Payment fee articles",
        description="Numbers of articles whose rows are payment fees.",
        json_schema_extra={"choices": "articles"},
    )
    discount_articles: tuple[str, ...] = Field(
        default=(),
        title="Discount articles",
        description="Numbers of articles whose rows are discounts.",
        json_schema_extra={"choices": "articles"},
    )
    time_zone: TimeZone = Field(
        default="Europe/Amsterdam", title="Time zone", description="Of the company; its order dates have no time."
    )


class EAccountingOrderRegister:
    """`OrderSource` of one company, oldest change first. Deleted orders show in no list."""

    def __init__(self, client: VendorClient, settings: EAccountingOrderSource) -> None:
        self._api = Api(client)
        self._company = Company(self._api)
        self._settings = settings
        self._feed = ChangeFeed(self._api, _PATH, "ModifiedUtc", "list orders")

    async def list_orders(self, start: ReadFrom, page: str | None, size: int) -> OrderPage:
        """One page, without the orders that came from the shop."""
        read = await self._feed.read(start, page, size)
        orders, refusals = self._listed(read.records)
        return OrderPage(orders, read.cursor, read.next_page, refusals)

    async def list_orders_by_id(self, source_ids: Sequence[str]) -> OrderPage:
        """The named orders, many with one call."""
        found = await records_by_id(self._api, _PATH, source_ids, "read orders")
        orders, refusals = self._listed(list(found.values()))
        return OrderPage(orders, None, None, refusals)

    def cursor_at(self, moment_: datetime) -> str:
        """A time of change, as the vendor writes it."""
        return moment(moment_)

    async def read_order(self, source_id: str, header: Mapping[str, Any] | None) -> Order:
        """The order with its customer and articles.

        Raises:
            RecordGone: It was deleted.
            RecordRefused: It is malformed, empty or negative, or its rows do not add up to its total.
        """
        body = dict(header) if header is not None and header.get("Rows") is not None else await self._order(source_id)
        customer = await self._customer(body)
        article_ids = {str(row["ArticleId"]) for row in body.get("Rows") or () if row.get("ArticleId")}
        articles = await records_by_id(self._api, "/articles", sorted(article_ids), "read the articles of an order")
        treatment = await treatment_of(self._company, customer, str(body.get("CurrencyCode") or ""))
        rates = {
            article_id: None if treatment.exempt else await self._company.vat_rate(str(article.get("CodingId") or ""))
            for article_id, article in articles.items()
        }
        kinds = (self._settings.shipping_articles, self._settings.fee_articles, self._settings.discount_articles)
        return read_order(body, customer, articles, rates, kinds, ZoneInfo(self._settings.time_zone))

    async def mark_sent(self, source_id: str, status: str) -> None:
        """Take the order on to a status step by step; one that is there or past it stays as it is.

        Raises:
            RecordGone: It was deleted.
            RecordRefused: ``INVALID_VALUE`` for a status that would book an invoice, or the vendor refuses a step.
            OutcomeUnknown: An answer was lost; a second run looks first.
        """
        order = await self._order(source_id)
        states = list(STATUSES)
        if status not in states or status == states[-1]:
            raise RecordRefused(_status_impossible(order, status))
        current = status_of(order)
        while states.index(current) < states.index(status):
            current, action = _STEPS[current]
            operation = f"make order {reference_of(order)} {current}"
            answer = await self._api.post(f"{_PATH}/{source_id}/{action}", operation, {}, accept={Action.GONE})
            if ANSWERS.classify(answer) is Action.GONE:
                raise RecordGone("order", source_id)

    def _listed(self, records: Sequence[Record]) -> tuple[list[ListedOrder], list[RefusedListing]]:
        orders: list[ListedOrder] = []
        refusals: list[RefusedListing] = []
        for record in records:
            if self._is_from_shop(record):
                continue
            try:
                orders.append(self._entry(record))
            except RecordRefused as refusal:
                refusals.append(RefusedListing(str(record.get("Id") or ""), refusal.problem.sentence, record))
        return orders, refusals

    def _entry(self, record: Record) -> ListedOrder:
        return ListedOrder(
            source_id=str(record["Id"]),
            reference=reference_of(record),
            placed_at=placed_at(record, ZoneInfo(self._settings.time_zone)),
            fingerprint=hashlib.sha256(exact_json.dumps(record).encode()).hexdigest(),
            status=status_of(record),
            payment_status=PaymentStatus.UNKNOWN,
            currency=str(record.get("CurrencyCode") or ""),
            total=stated_amount(record),
            header=record,
        )

    def _is_from_shop(self, record: Record) -> bool:
        if not self._settings.leave_shop_orders:
            return False
        stated = str(record.get(self._settings.reference_field) or "").strip()
        return bool(stated) and stated.startswith(self._settings.reference_prefix)

    async def _order(self, source_id: str) -> Record:
        try:
            return await self._api.get(f"{_PATH}/{source_id}", "read the order")
        except RecordGone as error:
            raise RecordGone("order", source_id) from error

    async def _customer(self, order: Record) -> Record:
        customer_id = str(order.get("CustomerId") or "")
        try:
            return await self._api.get(f"/customers/{customer_id}", "read the customer of an order")
        except RecordGone:
            raise RecordRefused(_customer_gone(order, customer_id)) from None


def _customer_gone(order: Record, customer_id: str) -> Problem:
    number = str(order.get("CustomerNumber") or customer_id)
    return Problem(
        code=ProblemCode.RECORD_GONE,
        field="CustomerId",
        value=number,
        sentence=(
            f"Order {reference_of(order)}: its customer {number} does not exist in eAccounting any more. Give the order"
            " another customer there, and retry."
        ),
    )


def _status_impossible(order: Record, status: str) -> Problem:
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field="status_when_sent",
        value=status,
        sentence=(
            f"Order {reference_of(order)} cannot be given status “{status}” in eAccounting after it was sent. Choose"
            " ongoing or shipped in the flow's settings, and retry."
        ),
    )


def open_order_source(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> EAccountingOrderRegister:
    """The source for one flow; ``settings`` is an `EAccountingOrderSource`."""
    return EAccountingOrderRegister(client, EAccountingOrderSource.model_validate(settings))


ORDER_SOURCE: Final = OrderSourceDeclaration(
    open=open_order_source,
    settings=EAccountingOrderSource,
    read=ReadDeclaration(cursor_field="ModifiedUtc", lag=timedelta(minutes=2), sees_changes=True),
    statuses=STATUSES,
    value_tables={"payment_method": "terms_of_payment", "shipping_method": "delivery_methods"},
)

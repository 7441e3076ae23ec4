"""What a connector can do, as small protocols; a system implements those its vendor allows.

Every read declares how it finds changes (`ReadDeclaration`), every target can say whether a write already happened.
The engine never knows a vendor: it sees these types and the declaration in ``connectors/declaration.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from commerce.customer import Customer
from commerce.order import Line, Order, PaymentStatus
from mapping.rules import RuleSet


class DocumentType(StrEnum):
    """What an order becomes at the target."""

    ORDER = "order"
    INVOICE = "invoice"
    INVOICE_DRAFT = "invoice_draft"
    QUOTE = "quote"
    TRANSACTION = "transaction"

    @property
    def is_entry(self) -> bool:
        """Whether it is an entry in the ledger: it names accounts, and neither a customer nor articles."""
        return self is DocumentType.TRANSACTION


class Identifier(StrEnum):
    """What names a product on an order line."""

    SKU = "sku"
    EAN = "ean"


class MissingProduct(StrEnum):
    """What becomes of an order line whose article the target does not have."""

    PARK = "park"
    """The order waits until the article exists."""
    CREATE = "create"
    SUBSTITUTE = "substitute"
    """The target puts the line on an article that its settings name."""


@dataclass(frozen=True)
class ReadDeclaration:
    """How a source shows what is new or changed.

    ``lag`` is read again on every run because records appear late; ``sweep_every`` re-reads ``sweep_window`` for what
    even that misses (None: the source's cursor sees every change).
    """

    cursor_field: str
    lag: timedelta
    sees_changes: bool
    sweep_every: timedelta | None = None
    sweep_window: timedelta = timedelta(0)

    def sweep_is_due(self, cursor: str | None, last: datetime | None, now: datetime) -> bool:
        """Whether it is time for a sweep; a flow that has no cursor yet reads everything anyway."""
        if self.sweep_every is None or cursor is None:
            return False
        return last is None or now - last >= self.sweep_every


@dataclass(frozen=True)
class ListedOrder:
    """An order as the source's list shows it: enough to decide whether to read it."""

    source_id: str
    reference: str
    placed_at: datetime
    fingerprint: str
    """Changes whenever the listed form changes; computed by the connector from the listed body."""
    status: str
    payment_status: PaymentStatus
    currency: str
    total: Decimal | None
    header: dict[str, Any]
    """The listed body as it came, so that reading the order need not fetch it again."""


@dataclass(frozen=True)
class OrderPage:
    """One page of a read. ``cursor`` covers this page and all before it; it is only kept once the read is complete."""

    orders: Sequence[ListedOrder]
    cursor: str | None
    next_page: str | None
    """Opaque position of the next page; None ends the read."""
    refused: Sequence["RefusedListing"] = ()
    """Entries that could not be understood; they must not stop the page."""


@dataclass(frozen=True)
class RefusedListing:
    """A list entry that is malformed: an id if there is one, and why."""

    source_id: str
    problem_sentence: str
    body: dict[str, Any]


@dataclass(frozen=True)
class ReadFrom:
    """Where a read begins: after ``cursor`` (None: from the start), never before ``not_before``, minus ``overlap``."""

    cursor: str | None
    not_before: datetime | None
    overlap: timedelta


class OrderSource(Protocol):
    """Hands out orders."""

    async def list_orders(self, start: ReadFrom, page: str | None, size: int) -> OrderPage:
        """One page of orders, oldest first. Raises `Temporary` or `ConnectionRefused`."""

    async def list_orders_by_id(self, source_ids: Sequence[str]) -> OrderPage:
        """The listed form of named orders, on one page without a cursor; those that no longer exist are left out."""

    def cursor_at(self, moment: datetime) -> str:
        """The cursor of a read that begins at a moment, for reading again."""

    async def read_order(self, source_id: str, header: Mapping[str, Any] | None) -> Order:
        """The complete order; ``header`` saves the call for what the list already told.

        Raises `RecordGone`, or `RecordRefused` when the body cannot be understood.
        """

    async def mark_sent(self, source_id: str, status: str) -> None:
        """Give an order that arrived at the target another status; nothing is written when it is there or past it.

        Raises `RecordGone`, `RecordRefused`, or `OutcomeUnknown`, after which it is simply done again.
        """


@dataclass(frozen=True)
class CustomerRef:
    """A customer at the target. ``action`` is ``found``, ``created``, ``updated``, ``default`` or ``none``.

    Of a customer that is still to be created, id and number are empty.
    """

    target_id: str
    number: str
    action: str
    planned: Mapping[str, Any] | None = None
    """The record as it will be once it is pushed; None when nothing has to be written."""


@dataclass(frozen=True)
class ProductRef:
    """A product at the target, with what the document needs of it."""

    target_id: str
    number: str
    details: Mapping[str, Any] = field(default_factory=dict)
    planned: Mapping[str, Any] | None = None
    """The record as it will be once it is pushed, and ``target_id`` is empty; None when it exists."""


@dataclass(frozen=True)
class Document:
    """A document at the target."""

    target_id: str
    number: str
    kind: DocumentType
    total: Decimal
    """Including tax, as the target states it."""
    currency: str
    complete: bool
    """False when a further step is needed, such as booking a draft."""


@dataclass(frozen=True)
class OrderRules:
    """The compiled mapping of an orders flow: what stands on a document beside its money."""

    header: RuleSet
    rows: RuleSet


@dataclass(frozen=True)
class DocumentRequest:
    """All that a target needs to prepare one document; ``values`` are the flow's value tables."""

    order: Order
    kind: DocumentType
    customer: CustomerRef
    """One that is only planned is good for finding out what would be refused, not for pushing the document."""
    products: Mapping[str, ProductRef]
    """By the identifier the flow uses (SKU or EAN), exactly as written on the lines."""
    identifier: Identifier
    values: Mapping[str, Mapping[str, str]]
    """Table name → source value → target value, for instance ``payment_method``."""
    rounding_limit: Decimal
    rules: OrderRules | None = None
    """The flow's mapping; None: the target's default."""


@dataclass(frozen=True)
class PreparedDocument:
    """A body that passed every check that needs no write. Nothing has been sent."""

    reference: str
    kind: DocumentType
    body: dict[str, Any]
    expected_total: Decimal
    rounding: Decimal = Decimal(0)
    """What the rounding line carries, flagged on the item when not zero."""
    notes: Sequence[str] = ()
    """Visible truncations and other things a person may want to know."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """The vendor's own form of the document as it will be sent, for people to look at."""


class CustomerTarget(Protocol):
    """Keeps the buyers of orders."""

    async def plan_customer(self, order: Order, known: str | None, *, update: bool) -> CustomerRef:
        """What has to be done for the order's customer; writes nothing.

        Customer ``known``, else the one found by e-mail (and currency where the vendor ties it to the customer), is
        updated when it differs and ``update`` is set; where there is none, one is created.

        Raises `RecordGone` when ``known`` was deleted, `RecordRefused` when the order lacks what a customer needs.
        """

    async def push_customer(self, order: Order, plan: CustomerRef) -> CustomerRef:
        """Do what was planned just before; planning looks up first, so a second run of both confirms."""

    def customer_key(self, customer: Customer, currency: str) -> str:
        """The text under which a binding remembers the customer (hashed by the store); empty: cannot be remembered."""


class ProductTarget(Protocol):
    """Knows the products that order lines name."""

    async def find_products(self, identifiers: Sequence[str], by: Identifier) -> Mapping[str, ProductRef]:
        """Those that exist, keyed as asked; list look-ups where the vendor answers lists."""

    async def when_missing(self, order: Order, line: Line) -> MissingProduct:
        """What to do about a product line whose article does not exist, or that names none."""

    async def plan_product(self, order: Order, line: Line, by: Identifier) -> ProductRef:
        """The article that would be created for a line; writes nothing. Only asked for after ``CREATE``.

        Raises `RecordRefused` when the line or a setting lacks what an article needs.
        """

    async def push_product(self, plan: ProductRef) -> ProductRef:
        """Create the planned article; one that was created meanwhile is found, so a second run confirms.

        Raises `OutcomeUnknown` when an answer was lost.
        """


class OrderTarget(CustomerTarget, ProductTarget, Protocol):
    """Takes orders in as documents."""

    async def required_products(self, order: Order) -> Sequence[str]:
        """Article numbers the document needs beside the product lines: shipping, fees, discount, rounding.

        Raises `RecordRefused` when a setting that this order needs is empty.
        """

    async def find_document(self, reference: str, kind: DocumentType, *, placed_at: datetime) -> Document | None:
        """By our reference; None when the target has none. A found one may be incomplete."""

    async def prepare_document(self, request: DocumentRequest) -> PreparedDocument:
        """Map and check. Writes nothing. Raises `RecordRefused`."""

    async def push_document(self, prepared: PreparedDocument, found: Document | None) -> Document:
        """Create the document, or finish what is missing of ``found``.

        Verifies the target's total before anything final. Raises `OutcomeUnknown` when an answer was lost,
        `RecordRefused` when the target refuses or its total differs beyond the limit.
        """


@dataclass(frozen=True)
class Choice:
    """One entry of a live list of a connected account, for a drop-down."""

    value: str
    label: str


@dataclass(frozen=True)
class AccountIdentity:
    """Which of a vendor's accounts it is."""

    key: str
    """The vendor's own, the same for as long as the account exists."""
    name: str


class Account(Protocol):
    """What every connected account can do."""

    async def test(self) -> str:
        """Prove the connection with a read; returns one sentence about the account. Raises `VendorError`."""

    async def identify(self) -> AccountIdentity | None:
        """Which account answers, where a consent decides that; None where the settings do. Raises `VendorError`."""

    async def choices(self, name: str) -> Sequence[Choice]:
        """A live list by its declared name; raises KeyError for an undeclared one."""

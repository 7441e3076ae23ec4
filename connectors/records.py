"""Flows whose records move in pages: products, stock, customers, group prices, shipments.

A source hands out records of `commerce.record`; the flow's mapping turns each into the target's own fields; a target
finds what it has, and writes what differs. The engine keeps bindings, compares, guards and counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from commerce.problems import Problem
from commerce.record import CustomerRecord, GroupPrice, Product, Record, Shipment, StockLevel
from connectors.protocols import Identifier, ReadFrom, RefusedListing
from mapping.fields import Field


class RecordKind(StrEnum):
    """The kinds of flow beside orders."""

    PRODUCTS = "products"
    STOCK = "stock"
    CUSTOMERS = "customers"
    PRICES = "prices"
    SHIPMENTS = "shipments"


RECORD_TYPES: Mapping[RecordKind, type[Record]] = {
    RecordKind.PRODUCTS: Product,
    RecordKind.STOCK: StockLevel,
    RecordKind.CUSTOMERS: CustomerRecord,
    RecordKind.PRICES: GroupPrice,
    RecordKind.SHIPMENTS: Shipment,
}


class Removal(StrEnum):
    """What happens at the target to a record that is no longer wanted there."""

    LEAVE = "leave"
    ARCHIVE = "archive"
    """It stays, hidden or inactive."""
    DELETE = "delete"
    ZERO = "zero"
    """Stock: none left."""
    RESET = "reset"
    """A group price: the article's own price again, where rows cannot be taken out."""


@dataclass(frozen=True)
class RecordPage:
    """One page of a read. ``cursor`` covers this page and all before it; it is only kept once the read is complete."""

    records: Sequence[Record]
    cursor: str | None = None
    """None: the source cannot show changes, so every read is of everything."""
    next_page: str | None = None
    refused: Sequence[RefusedListing] = ()
    """Entries that could not be understood; they must not stop the page."""
    total: int | None = None
    """How many records this read has in all, where the vendor says."""
    removed: Sequence[str] = ()
    """Source ids that the vendor says were deleted."""
    unsupported: Mapping[str, int] = field(default_factory=dict)
    """What the source holds beside these records and no flow can carry: what → how many."""


class RecordSource(Protocol):
    """Hands out records of one kind."""

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:
        """One page; ``start.cursor`` None reads everything. Raises `Temporary` or `ConnectionRefused`."""

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """Named records, on one page without a cursor; those that no longer exist are in ``removed``."""

    def cursor_at(self, moment: datetime) -> str | None:
        """The cursor of a read that begins at a moment; None where every read is of everything."""

    async def own_fields(self) -> Sequence[Field]:
        """The fields that this account has beyond the kind's own, as ``raw.…`` names: custom and vendor fields."""


@dataclass(frozen=True)
class Key:
    """What a record is looked for by.

    ``text`` is, by kind: SKU or EAN, e-mail address in small letters, group and SKU, order reference. ``target_id`` is
    set when it is known which record it is: then only that one is read.
    """

    source_id: str
    text: str
    target_id: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    """Parts of the key by name: ``sku``, ``ean``, ``group`` (the target's), ``currency``, ``order_reference``."""


@dataclass(frozen=True)
class Existing:
    """A record that the target has."""

    target_id: str
    number: str
    values: Mapping[str, Any]
    """The target's writable fields as they stand there, in the kinds the declaration gives; absent ones are None."""
    state: Mapping[str, Any] = field(default_factory=dict)
    """What the connector itself wants to see again when it writes: the record as it came."""


@dataclass(frozen=True)
class Change:
    """What to write of one record."""

    source_id: str
    reference: str
    existing: Existing | None
    """None creates."""
    values: Mapping[str, Any]
    """Target field → value: all mapped ones when creating, only those that differ when updating."""
    key: Key


@dataclass(frozen=True)
class Written:
    """How one change ended: with the target's record, or with a problem of this record alone."""

    source_id: str
    target_id: str = ""
    number: str = ""
    problem: Problem | None = None
    notes: Sequence[str] = ()


class RecordTarget(Protocol):
    """Takes records of one kind in."""

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:
        """What the target has, by source id; absent ones are left out, unclear ones are problems.

        A key with a ``target_id`` reads that record; when it no longer exists, it is left out and the engine asks
        again without the id. Lists are asked where the vendor answers lists.
        """

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Create or update; at most the declaration's ``batch`` changes at once.

        What a vendor refuses of one record is its ``problem``. A lost answer raises `OutcomeUnknown`, and the engine
        finds again before it writes again. Nothing is sent but what ``values`` names, except what the vendor would
        erase if it were left out.
        """

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """Archive, delete or empty a record; a second run finds it done. Raises `RecordRefused`."""

    async def own_fields(self) -> Sequence[Field]:
        """Fields that this account can be written beyond the declared ones."""


@runtime_checkable
class Comparing(Protocol):
    """A `RecordTarget` some of whose fields are not held in the form they are mapped in, such as pictures."""

    def same(self, field: str, held: Any, wanted: Any) -> bool:
        """Whether a target field already holds what is wanted; asked instead of comparing, for every mapped field."""

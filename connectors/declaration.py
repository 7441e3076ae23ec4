"""A connector is data first: what a system is called, needs, allows and can do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from connectors.client import VendorClient
from connectors.oauth import OAuthEndpoints
from connectors.protocols import Account, DocumentType, Lookup, OrderSource, OrderTarget, ReadDeclaration


@dataclass(frozen=True)
class RateLimit:
    """So many calls a minute for one bucket of an account."""

    per_minute: int


@dataclass(frozen=True)
class OrderSourceDeclaration:
    """The orders side of a system that hands orders out."""

    open: Callable[[VendorClient, BaseModel, BaseModel], OrderSource]
    """Client, connection settings, flow source settings → source."""
    settings: type[BaseModel]
    read: ReadDeclaration
    statuses: Mapping[str, str]
    """The source's order statuses: value → label."""
    value_tables: Mapping[str, str] = field(default_factory=dict)
    """Table name → name of the live choice list with the source's values."""


@dataclass(frozen=True)
class OrderTargetDeclaration:
    """The orders side of a system that takes orders in."""

    open: Callable[[VendorClient, BaseModel, BaseModel], OrderTarget]
    settings: type[BaseModel]
    document_types: frozenset[DocumentType]
    lookup: Lookup
    settle: timedelta
    """How long after a write was sent its absence in a look-up may be believed, when no answer came."""
    value_tables: Mapping[str, str] = field(default_factory=dict)
    """Table name → name of the live choice list with the target's values."""
    keeps_stock_with_orders: bool = False


@dataclass(frozen=True)
class Connector:
    """One system we can talk to."""

    system: str
    title: str
    versions: str
    connection_settings: type[BaseModel]
    """Fields of type ``SecretStr`` are kept encrypted and never returned."""
    open_client: Callable[["ConnectionContext"], VendorClient]
    open_account: Callable[[VendorClient, BaseModel], Account]
    choices: Mapping[str, str]
    """Live lists the account can give: name → title."""
    prerequisites: tuple[str, ...] = ()
    oauth: OAuthEndpoints | None = None
    order_source: OrderSourceDeclaration | None = None
    order_target: OrderTargetDeclaration | None = None


@dataclass(frozen=True)
class ConnectionContext:
    """What the engine supplies to open a client for one connection; see ``connectors/client.py`` for the parts."""

    connection_id: str
    settings: BaseModel
    parts: Mapping[str, Any]

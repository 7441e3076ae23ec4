"""A connector is data first: what a system is called, needs, allows and can do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from pydantic import BaseModel

from connectors.budget import RateBudget
from connectors.client import Bounds, VendorClient
from connectors.exchange import ExchangeRecorder
from connectors.oauth import OAuthClient, OAuthEndpoints, TokenVault
from connectors.protocols import Account, DocumentType, Identifier, OrderSource, OrderTarget, ReadDeclaration
from connectors.records import RecordKind, RecordSource, RecordTarget, Removal
from mapping.fields import Field
from mapping.rules import Rule


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
    settle: timedelta
    """How long after a write was sent its absence in a look-up may be believed, when no answer came."""
    value_tables: Mapping[str, str] = field(default_factory=dict)
    """Table name → name of the live choice list with the target's values."""
    keyed_like: Mapping[str, str] = field(default_factory=dict)
    """Table name → another table, which sources know, with the same source values."""
    fields: tuple[Field, ...] = ()
    """What of a document the mapping may fill, by the vendor's own names; rows and money are computed."""
    row_fields: tuple[Field, ...] = ()
    """What of each row the mapping may fill."""
    mapping_for: Callable[[BaseModel], tuple[Rule, ...]] = lambda _settings: ()
    """The default mapping, for the flow's target settings."""


@dataclass(frozen=True)
class RecordSourceDeclaration:
    """One kind of record that a system hands out in pages."""

    open: Callable[[VendorClient, BaseModel, BaseModel], RecordSource]
    """Client, connection settings, flow source settings → source."""
    settings: type[BaseModel]
    read: ReadDeclaration
    fields: tuple[Field, ...]
    """What its records hold of the kind's fields, by dotted names; the mapper offers these and ``raw``."""
    calculations: Mapping[str, str] = field(default_factory=dict)
    """Stock: calculation → what it counts."""
    default_calculation: str = ""
    value_tables: Mapping[str, str] = field(default_factory=dict)
    schedule: str = "*/5 * * * *"
    """How often it is read unless a person says otherwise; a source without changes is read more slowly."""


@dataclass(frozen=True)
class RecordTargetDeclaration:
    """One kind of record that a system takes in."""

    open: Callable[[VendorClient, BaseModel, BaseModel], RecordTarget]
    settings: type[BaseModel]
    fields: tuple[Field, ...]
    """What can be written, by the vendor's own names."""
    mapping: tuple[Rule, ...]
    """The default mapping: target field ← expression over the fields of the kind."""
    settle: timedelta
    """How long after a write was sent its absence in a look-up may be believed, when no answer came."""
    mapping_for: Callable[[BaseModel], tuple[Rule, ...]] | None = None
    """Flow target settings → the default mapping, where it depends on them; ``mapping`` is it with untouched ones."""
    creates: bool = True
    """False where the record must exist already, as for stock and shipments."""
    shared: bool = False
    """Whether two source records may be one target record, as customers with one e-mail address are."""
    batch: int = 1
    """How many changes one write may carry."""
    identifiers: frozenset[Identifier] = frozenset({Identifier.SKU})
    removals: frozenset[Removal] = frozenset({Removal.LEAVE})
    value_tables: Mapping[str, str] = field(default_factory=dict)


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
    account_settings: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    """The connection settings that say which account it is → what makes their spellings comparable.

    They stay as they are while flows of the connection have records: another account has others under the same ids.
    """
    oauth: OAuthEndpoints | None = None
    """The vendor's production addresses, for the documentation and the wizard."""
    oauth_client: Callable[[BaseModel], OAuthClient] | None = None
    """Connection settings → our registration, with the addresses these settings name."""
    order_source: OrderSourceDeclaration | None = None
    order_target: OrderTargetDeclaration | None = None
    shared_settings: type[BaseModel] | None = None
    """What an integration can say once for all its flows at this system; flows may say otherwise."""
    record_sources: Mapping[RecordKind, RecordSourceDeclaration] = field(default_factory=dict)
    record_targets: Mapping[RecordKind, RecordTargetDeclaration] = field(default_factory=dict)


@dataclass(frozen=True)
class ConnectionContext:
    """What the engine supplies to open a client for one connection."""

    settings: BaseModel
    """An instance of the connector's ``connection_settings``."""
    budget: RateBudget
    recorder: ExchangeRecorder
    vault: TokenVault | None = None
    """The connection's tokens; needed by systems with ``oauth``."""
    transport: httpx.AsyncBaseTransport | None = None
    """Another way to the vendor than the network, for tests."""
    bounds: Bounds = field(default_factory=Bounds)

"""Our own database: tables, repositories, encryption, migrations."""

from store.budgets import AccountBudget
from store.claims import Claim
from store.database import DATABASE_TROUBLE, Database
from store.keys import KeyRing, KeyRingError, UndecipherableError
from store.ledger import EventKind
from store.migrations import migrate
from store.records import (
    AlreadyBound,
    BindingRecord,
    ConnectionRecord,
    ConnectionState,
    Counts,
    ExchangeEntry,
    FlowRecord,
    FlowRun,
    IntegrationState,
    ItemRecord,
    ItemState,
    NotFoundError,
    PageEntry,
    RecordEntry,
    Settled,
    SkipReason,
)
from store.rehearsing import item_for_rehearsal
from store.store import RehearsalStore, Store
from store.tokens import Vault

__all__ = [
    "DATABASE_TROUBLE",
    "AccountBudget",
    "AlreadyBound",
    "BindingRecord",
    "Claim",
    "ConnectionRecord",
    "ConnectionState",
    "Counts",
    "Database",
    "EventKind",
    "ExchangeEntry",
    "FlowRecord",
    "FlowRun",
    "IntegrationState",
    "ItemRecord",
    "ItemState",
    "KeyRing",
    "KeyRingError",
    "NotFoundError",
    "PageEntry",
    "RecordEntry",
    "RehearsalStore",
    "Settled",
    "SkipReason",
    "Store",
    "UndecipherableError",
    "Vault",
    "item_for_rehearsal",
    "migrate",
]

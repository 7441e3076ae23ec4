"""Our own database: tables, repositories, encryption, migrations."""

from store.budgets import AccountBudget, Reservation
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
    FlowVersionRecord,
    HandOut,
    IntegrationRecord,
    IntegrationState,
    ItemEventRecord,
    ItemPage,
    ItemRecord,
    ItemState,
    NotFoundError,
    PageEntry,
    PageOutcome,
    ProblemRecord,
    ProblemState,
    RecordEntry,
    Settled,
    SkipReason,
    Timeline,
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
    "FlowVersionRecord",
    "HandOut",
    "IntegrationRecord",
    "IntegrationState",
    "ItemEventRecord",
    "ItemPage",
    "ItemRecord",
    "ItemState",
    "KeyRing",
    "KeyRingError",
    "NotFoundError",
    "PageEntry",
    "PageOutcome",
    "ProblemRecord",
    "ProblemState",
    "RecordEntry",
    "RehearsalStore",
    "Reservation",
    "Settled",
    "SkipReason",
    "Store",
    "Timeline",
    "UndecipherableError",
    "Vault",
    "item_for_rehearsal",
    "migrate",
]

"""The ledger while something is only tried out: read as it is, and never written."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from sqlmodel import col, select

from store.bindings import Bindings
from store.claims import Claim, Claims
from store.database import Database
from store.items import Items
from store.ledger import item_record
from store.records import BindingRecord, ItemRecord, ItemState, PageEntry, PageOutcome, SkipReason
from store.repository import KeyedHashes
from store.sealing import Sealer
from store.tables import Item


class ReadingDatabase(Database):
    """A database over the connections of another one that begins no transaction that writes."""

    def __init__(self, database: Database) -> None:
        self.dialect = database.dialect
        self.engine = database.engine

    def writing(self) -> NoReturn:
        """Refuse; raises RuntimeError."""
        raise RuntimeError("A rehearsal writes nothing to the ledger.")

    async def close(self) -> None:
        """Nothing: the connections belong to the other one."""


class RememberedBindings(Bindings):
    """Bindings as they are, with what is put and forgotten remembered by this object alone."""

    def __init__(self, database: Database, sealer: Sealer, keyed_hash: KeyedHashes) -> None:
        super().__init__(database, sealer, keyed_hash)
        self._changed: dict[tuple[str, str, str], BindingRecord | None] = {}

    async def find(self, workspace_id: str, flow_id: str, kind: str, keys: Sequence[str]) -> dict[str, BindingRecord]:
        """See `Bindings.find`."""
        changed = {key: self._changed[flow_id, kind, key] for key in keys if (flow_id, kind, key) in self._changed}
        found = await super().find(workspace_id, flow_id, kind, [key for key in keys if key not in changed])
        return found | {key: binding for key, binding in changed.items() if binding is not None}

    async def put(self, workspace_id: str, flow_id: str, *bindings: BindingRecord) -> None:
        """Remember bindings."""
        del workspace_id
        self._changed |= {(flow_id, binding.kind, binding.source_key): binding for binding in bindings}

    async def forget(self, workspace_id: str, flow_id: str, kind: str, keys: Sequence[str]) -> None:
        """Know these no more."""
        del workspace_id
        self._changed |= {(flow_id, kind, key): None for key in keys}


class FreeClaims(Claims):
    """Whoever tries something out writes nothing, so nobody stands in the way."""

    async def take(self, workspace_id: str, name: str, lease: timedelta) -> Claim:
        """Always ours."""
        del workspace_id, lease
        return Claim(name, "rehearsal", held_for=None)

    async def extend(self, workspace_id: str, claim: Claim, lease: timedelta) -> bool:
        """Still ours."""
        del workspace_id, claim, lease
        return True

    async def free(self, workspace_id: str, claim: Claim) -> None:
        """Nothing was taken."""


class NotedItems(Items):
    """Items as they are. What would be noted on them is kept in ``noted``; what is listed anew is remembered."""

    def __init__(self, database: Database, sealer: Sealer, keyed_hash: KeyedHashes) -> None:
        super().__init__(database, sealer, keyed_hash)
        self.noted: list[str] = []
        self._listed: dict[str, dict[str, ItemRecord]] = {}

    async def note(self, workspace_id: str, item_id: str, kind: str, text: str) -> None:
        """Keep the text."""
        del workspace_id, item_id, kind
        self.noted.append(text)

    async def save_body(self, workspace_id: str, item_id: str, body: bytes) -> None:
        """Nothing: it is read again by who needs it."""

    async def newest(self, workspace_id: str, flow_id: str, limit: int) -> list[ItemRecord]:
        """The newest items of a flow in the ledger, with their bodies decrypted."""
        statement = select(Item).where(col(Item.workspace_id) == workspace_id, col(Item.flow_id) == flow_id)
        async with self._database.reading() as session:
            rows = (await session.exec(statement.order_by(col(Item.id).desc()).limit(limit))).all()
        return [item_record(row, body=self._sealer.of(row, "body")) for row in rows]

    async def save_entries(
        self, workspace_id: str, flow_id: str, entries: Sequence[PageEntry], *, settings_version: int
    ) -> PageOutcome:
        """Remember what is new and passes the flow's filters, as waiting to be worked on."""
        listed = self._listed.setdefault(flow_id, {})
        for entry in entries:
            known = (await self.search(workspace_id, flow_id=flow_id, source_id=entry.source_id, limit=1)).items
            left_out = any(item.state is ItemState.SKIPPED and item.reason == SkipReason.FILTERED for item in known)
            if entry.ready and (not known or left_out):
                listed[entry.source_id] = item_for_rehearsal(
                    flow_id, "", entry.source_id, entry.reference, settings_version, header=entry.header
                )
        return PageOutcome(listed=len(entries), new=len(listed), changed=0, unchanged=0)

    async def unfinished(self, workspace_id: str, flow_id: str, *, or_done_since: datetime) -> list[ItemRecord]:
        """See `ItemQueries.unfinished`; with what was listed anew."""
        known = await super().unfinished(workspace_id, flow_id, or_done_since=or_done_since)
        return [*known, *self._listed.get(flow_id, {}).values()]


def item_for_rehearsal(
    flow_id: str,
    integration_id: str,
    source_id: str,
    reference: str,
    settings_version: int,
    *,
    header: bytes | None = None,
    body: bytes | None = None,
) -> ItemRecord:
    """An item for a record that is only tried out: on its first attempt, and known to the ledger by nothing."""
    now = datetime.now(UTC)
    return ItemRecord(
        id=f"rehearsed/{source_id}",
        flow_id=flow_id,
        integration_id=integration_id,
        source_id=source_id,
        reference=reference,
        fingerprint="",
        state=ItemState.IN_FLIGHT,
        reason=None,
        placed_at=None,
        currency=None,
        total=None,
        problem_id=None,
        attempts=1,
        releases=0,
        next_release_at=None,
        not_before=None,
        changed_meanwhile=False,
        write_started_at=None,
        checked_at=None,
        target_kind=None,
        target_id=None,
        target_number=None,
        target_total=None,
        rounding=None,
        confirmed_by_lookup=False,
        settings_version=settings_version,
        pinned_version=None,
        created_at=now,
        updated_at=now,
        finished_at=None,
        read_at=now,
        header=header,
        body=body,
    )

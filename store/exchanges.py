"""Exchanges: every call to a vendor, with what was sent and what came back."""

import json

from store.ids import new_id
from store.records import ExchangeEntry
from store.repository import Repository
from store.sealing import Sealer
from store.tables import Exchange


class Exchanges(Repository):
    """The calls made for connections and items."""

    async def record(self, workspace_id: str, entry: ExchangeEntry) -> None:
        """Keep one call; address and both bodies are encrypted together."""
        exchange_id = new_id("exc")
        content = json.dumps([entry.url, entry.request, entry.response]).encode()
        row = Exchange(
            id=exchange_id,
            workspace_id=workspace_id,
            connection_id=entry.connection_id,
            flow_id=entry.flow_id,
            item_id=entry.item_id,
            step=entry.step,
            operation=entry.operation,
            method=entry.method,
            attempt=entry.attempt,
            status=entry.status,
            outcome=str(entry.outcome),
            duration_ms=entry.duration_ms,
            started_at=entry.started_at,
            settings_version=entry.settings_version,
            content=self._sealer.seal(Exchange, "content", workspace_id, exchange_id, content),
        )
        async with self._database.writing() as session:
            session.add(row)


def exchange_entry(sealer: Sealer, row: Exchange) -> ExchangeEntry:
    """A row as the record that callers get."""
    url, request, response = json.loads(sealer.text_of(row, "content"))
    return ExchangeEntry(
        connection_id=row.connection_id,
        flow_id=row.flow_id,
        item_id=row.item_id,
        step=row.step,
        operation=row.operation,
        method=row.method,
        url=url,
        request=request,
        response=response,
        attempt=row.attempt,
        status=row.status,
        outcome=row.outcome,
        duration_ms=row.duration_ms,
        started_at=row.started_at,
        settings_version=row.settings_version,
    )

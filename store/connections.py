"""Connections: accounts at systems, with their settings, secrets and tokens."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlmodel import col, or_, select, update

from commerce.problems import Problem
from store.ids import new_id
from store.records import ConnectionRecord, ConnectionState
from store.repository import Repository, locked, one
from store.tables import Binding, Connection, Flow, Item
from store.tokens import MakeTokens, TokensT, Vault


class Connections(Repository):
    """The accounts of a workspace."""

    async def create(
        self, workspace_id: str, *, system: str, name: str, settings: Mapping[str, Any], secrets: Mapping[str, str]
    ) -> str:
        """A new connection in state ``new``; returns its id."""
        connection_id = new_id("con")
        row = Connection(
            id=connection_id,
            workspace_id=workspace_id,
            system=system,
            name=name,
            settings=dict(settings),
            secrets=self._sealed_secrets(workspace_id, connection_id, secrets),
            state=ConnectionState.NEW,
            created_at=datetime.now(UTC),
        )
        async with self._database.writing() as session:
            session.add(row)
        return connection_id

    async def get(self, workspace_id: str, connection_id: str) -> ConnectionRecord:
        """One connection with its secrets decrypted; raises `NotFoundError`."""
        async with self._database.reading() as session:
            row = await one(session, Connection, workspace_id, connection_id, "connection")
        return self._record(row, secrets=json.loads(self._sealer.text_of(row, "secrets")))

    async def list(self, workspace_id: str) -> tuple[ConnectionRecord, ...]:
        """All connections, oldest first, without their secrets."""
        async with self._database.reading() as session:
            statement = select(Connection).where(col(Connection.workspace_id) == workspace_id)
            rows = (await session.exec(statement.order_by(col(Connection.id)))).all()
        return tuple(self._record(row, secrets={}) for row in rows)

    async def update(
        self,
        workspace_id: str,
        connection_id: str,
        *,
        name: str | None = None,
        settings: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        """Replace what is given, as a whole; new secrets get the next version."""
        async with self._database.writing() as session:
            row = await locked(session, Connection, workspace_id, connection_id, "connection")
            if name is not None:
                row.name = name
            if settings is not None:
                row.settings = dict(settings)
            if secrets is not None:
                row.secrets = self._sealed_secrets(workspace_id, connection_id, secrets)
                row.secrets_version += 1

    async def remember_account(self, workspace_id: str, connection_id: str, *, key: str, name: str) -> None:
        """Keep which of the vendor's accounts this is; what was kept before is replaced."""
        plain = json.dumps([key, name]).encode()
        sealed = self._sealer.seal(Connection, "account", workspace_id, connection_id, plain)
        async with self._database.writing() as session:
            (await locked(session, Connection, workspace_id, connection_id, "connection")).account = sealed

    async def carries_records(self, workspace_id: str, connection_id: str) -> bool:
        """Whether a flow from or to this connection has records in its ledger, or knows some at its target."""
        ledger = select(Item.id).where(col(Item.workspace_id) == workspace_id, col(Item.flow_id) == col(Flow.id))
        known = select(Binding.id).where(col(Binding.flow_id) == col(Flow.id))
        statement = select(Flow.id).where(
            col(Flow.workspace_id) == workspace_id,
            or_(col(Flow.source_connection_id) == connection_id, col(Flow.target_connection_id) == connection_id),
            or_(ledger.exists(), known.exists()),
        )
        async with self._database.reading() as session:
            return (await session.exec(statement.limit(1))).first() is not None

    async def mark_broken(self, workspace_id: str, connection_id: str, problem: Problem) -> bool:
        """Park the connection. True only for the one call that changed it, so that one alert is sent."""
        sentence = problem.model_dump_json().encode()
        sealed = self._sealer.seal(Connection, "problem", workspace_id, connection_id, sentence)
        async with self._database.writing() as session:
            done = await session.exec(
                update(Connection)
                .where(
                    col(Connection.id) == connection_id,
                    col(Connection.workspace_id) == workspace_id,
                    col(Connection.state) != ConnectionState.BROKEN,
                )
                .values(state=ConnectionState.BROKEN, problem=sealed, problem_code=problem.code)
            )
            return done.rowcount == 1

    async def mark_connected(self, workspace_id: str, connection_id: str) -> bool:
        """The account answered. True when it was broken before, so that its items may be released."""
        async with self._database.writing() as session:
            row = await locked(session, Connection, workspace_id, connection_id, "connection")
            was_broken = row.state == ConnectionState.BROKEN
            row.state = ConnectionState.CONNECTED
            row.problem = None
            row.problem_code = None
            row.connected_at = datetime.now(UTC)
            return was_broken

    def vault(self, workspace_id: str, connection_id: str, make: Callable[..., TokensT]) -> Vault[TokensT]:
        """The tokens of a connection; ``make`` is the class they are returned as."""
        return Vault(self._database, self._sealer, workspace_id, connection_id, MakeTokens(make))

    def _sealed_secrets(self, workspace_id: str, connection_id: str, secrets: Mapping[str, str]) -> bytes:
        plain = json.dumps(dict(secrets)).encode()
        return self._sealer.seal(Connection, "secrets", workspace_id, connection_id, plain)

    def _record(self, row: Connection, *, secrets: dict[str, str]) -> ConnectionRecord:
        problem = self._sealer.of(row, "problem")
        account = self._sealer.of(row, "account")
        key, account_name = ("", "") if account is None else json.loads(account)
        return ConnectionRecord(
            id=row.id,
            system=row.system,
            name=row.name,
            settings=row.settings,
            secrets_version=row.secrets_version,
            state=ConnectionState(row.state),
            problem=None if problem is None else Problem.model_validate_json(problem),
            connected_at=row.connected_at,
            created_at=row.created_at,
            has_tokens=row.tokens is not None,
            secrets=secrets,
            account_key=key,
            account_name=account_name,
        )

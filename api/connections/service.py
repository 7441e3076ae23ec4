"""What the endpoints for connections do."""

from collections.abc import Mapping
from typing import Any

from api.connections.schemas import (
    Choice,
    Connection,
    ConnectionChange,
    ConnectionProblem,
    NewConnection,
    Reconnect,
    Reconnected,
    TestResult,
)
from api.connections.secret_settings import NOT_SET, SET, merged, parse_connection_settings, secret_names
from api.engine import Heard
from api.problem_documents import Conflict, FieldError, NotFound, VendorUnavailable, vendor_sentence
from api.services import Services
from api.systems import connector_of
from api.workspace_service import WorkspaceService
from commerce.problems import Problem, ProblemCode
from connectors.accounts import settings_of_another_account
from connectors.declaration import Connector
from connectors.errors import ConnectionRefused, RateLimited, Temporary, VendorError
from connectors.oauth import OAuthClient, Tokens, TokensInHand, authorization_url, exchange_code
from connectors.protocols import Account, AccountIdentity
from store.records import ConnectionRecord

_ANOTHER_ACCOUNT = "another_account"
CONNECTION_CODES = (ProblemCode.CONNECTION_REFUSED, ProblemCode.CONNECTION_EXPIRED)


def redirect_uri(services: Services) -> str:
    """Where vendors send the owner back to; registered with them as it stands."""
    return f"{services.settings.resolved_public_url()}/oauth/callback"


def shown(record: ConnectionRecord) -> Connection:
    """A connection without its secrets; which of them are set is known only of a record with secrets."""
    hidden = secret_names(connector_of(record.system))
    problem = record.problem
    return Connection(
        id=record.id,
        system=record.system,
        name=record.name,
        settings=record.settings,
        secrets={name: SET if record.secrets.get(name) else NOT_SET for name in sorted(hidden)},
        state=record.state,
        problem=ConnectionProblem(code=problem.code, sentence=problem.sentence) if problem else None,
        has_consent=record.has_tokens,
        connected_at=record.connected_at,
        created_at=record.created_at,
    )


class ConnectionService(WorkspaceService):
    """Connections of one workspace."""

    async def create(self, wish: NewConnection) -> Connection:
        """Keep a new account; nothing is called yet."""
        parsed = parse_connection_settings(connector_of(wish.system), merged({}, wish.settings))
        connection_id = await self._store.connections.create(
            self._workspace_id, system=wish.system, name=wish.name, settings=parsed.shown, secrets=parsed.secrets
        )
        return await self.get(connection_id)

    async def get(self, connection_id: str) -> Connection:
        """One connection."""
        return shown(await self._store.connections.get(self._workspace_id, connection_id))

    async def all(self) -> list[Connection]:
        """All connections, oldest first."""
        listed = await self._store.connections.list(self._workspace_id)
        return [await self.get(record.id) for record in listed]

    async def change(self, connection_id: str, wish: ConnectionChange) -> Connection:
        """Replace what is named; the rest stays."""
        record = await self._store.connections.get(self._workspace_id, connection_id)
        if wish.settings:
            await self._replace_settings(record, wish.settings)
        if wish.name is not None:
            await self._store.connections.update(self._workspace_id, connection_id, name=wish.name)
        return await self.get(connection_id)

    async def test(self, connection_id: str) -> TestResult:
        """Call the system with a read; when it answers, the connection counts as connected and what waited goes on."""
        record = await self._store.connections.get(self._workspace_id, connection_id)
        result = await self._try(record)
        if result.ok:
            await self.connected(connection_id)
        return result

    async def authorize(self, connection_id: str) -> str:
        """The vendor's consent page, for the owner's browser."""
        record = await self._store.connections.get(self._workspace_id, connection_id)
        client = self._oauth_client(record)
        state = await self._store.oauth_states.begin(self._workspace_id, connection_id)
        return authorization_url(client, redirect_uri=redirect_uri(self._services), state=state)

    async def finish_consent(self, connection_id: str, code: str) -> Connection:
        """Exchange the code of the consent page for tokens, keep them, and let everything that waited go on.

        Raises:
            Conflict: They open another account than the one whose records the connection carries; nothing is kept.
        """
        record = await self._store.connections.get(self._workspace_id, connection_id)
        client = self._oauth_client(record)
        tokens = await exchange_code(client, code=code, redirect_uri=redirect_uri(self._services))
        in_hand = TokensInHand(tokens)
        async with self._services.open_account(self._workspace_id, connection_id, vault=in_hand) as account:
            identity = await self._identified(account)
        if sentence := await self._mistaken(record, identity):
            raise Conflict(sentence)
        await self._store.connections.vault(self._workspace_id, connection_id, Tokens).save(in_hand.tokens)
        await self._remember(record, identity)
        await self.connected(connection_id)
        return await self.get(connection_id)

    async def reconnect(self, connection_id: str, wish: Reconnect) -> Reconnected:
        """Take new settings, then test; a system with consent asks for that instead."""
        record = await self._store.connections.get(self._workspace_id, connection_id)
        if wish.settings:
            await self._replace_settings(record, wish.settings)
        if connector_of(record.system).oauth_client is not None:
            return Reconnected(authorize_url=await self.authorize(connection_id))
        result = await self._try(record)
        poked = await self.connected(connection_id) if result.ok else {}
        return Reconnected(test=result, poked=poked)

    async def choices(self, connection_id: str, name: str) -> list[Choice]:
        """A live list of the account. Raises `VendorError`."""
        record = await self._store.connections.get(self._workspace_id, connection_id)
        connector = connector_of(record.system)
        if name not in connector.choices:
            offered = ", ".join(sorted(connector.choices)) or "none"
            raise NotFound(f"{connector.title} has no list of this name. It has: {offered}.")
        async with self._services.open_account(self._workspace_id, connection_id) as account:
            listed = await account.choices(name)
        return [Choice(value=choice.value, label=choice.label) for choice in listed]

    async def connected(self, connection_id: str) -> dict[str, Heard]:
        """Mark the account as answering, release what was parked for it, and poke the integrations that use it."""
        await self._store.connections.mark_connected(self._workspace_id, connection_id)
        poked: dict[str, Heard] = {}
        for integration in await self._store.integrations.list(self._workspace_id):
            if connection_id not in {integration.connection_a_id, integration.connection_b_id}:
                continue
            for flow in await self._store.flows.list(self._workspace_id, integration.id):
                for problem in await self._store.problems.open(
                    self._workspace_id, flow_id=flow.id, codes=CONNECTION_CODES
                ):
                    await self._store.items.release(
                        self._workspace_id, problem_id=problem.id, by="the connection works again"
                    )
            poked[integration.id] = await self._engine.poke(integration.id)
        return poked

    async def _try(self, record: ConnectionRecord) -> TestResult:
        try:
            async with self._services.open_account(self._workspace_id, record.id) as account:
                passed = TestResult(ok=True, code="", sentence=await account.test())
                identity = await account.identify()
        except VendorError as error:
            return TestResult(ok=False, code=_code(error), sentence=vendor_sentence(error))
        if sentence := await self._mistaken(record, identity):
            problem = Problem(
                code=ProblemCode.CONNECTION_EXPIRED, field="connection", value=record.name, sentence=sentence
            )
            await self._store.connections.mark_broken(self._workspace_id, record.id, problem)
            return TestResult(ok=False, code=_ANOTHER_ACCOUNT, sentence=sentence)
        await self._remember(record, identity)
        return passed

    async def _identified(self, account: Account) -> AccountIdentity | None:
        try:
            return await account.identify()
        except VendorError as error:
            sentence = (
                f"{vendor_sentence(error)} The consent was not kept: ask for it again from the connection's page."
            )
            raise VendorUnavailable(sentence) from error

    async def _mistaken(self, record: ConnectionRecord, identity: AccountIdentity | None) -> str:
        """Why this account cannot be the connection's; empty when it can."""
        if identity is None or record.account_key in {"", identity.key}:
            return ""
        if not await self._store.connections.carries_records(self._workspace_id, record.id):
            return ""
        before, now = _told_apart(record, identity)
        return (
            f"The connection “{record.name}” carries records of {before}, but the consent is for {now}, which has"
            f" others under the same ids. Give consent again and choose {before}, or make a new connection for {now}."
        )

    async def _remember(self, record: ConnectionRecord, identity: AccountIdentity | None) -> None:
        if identity is not None and (identity.key, identity.name) != (record.account_key, record.account_name):
            await self._store.connections.remember_account(
                self._workspace_id, record.id, key=identity.key, name=identity.name
            )

    async def _replace_settings(self, record: ConnectionRecord, changes: Mapping[str, Any]) -> None:
        stored = {**record.settings, **record.secrets}
        system = connector_of(record.system)
        parsed = parse_connection_settings(system, merged(stored, changes))
        moved = settings_of_another_account(system, record.settings, parsed.model)
        if moved and await self._store.connections.carries_records(self._workspace_id, record.id):
            raise _another_account(system, record, moved)
        await self._store.connections.update(
            self._workspace_id,
            record.id,
            settings=parsed.shown,
            secrets=None if parsed.secrets == record.secrets else parsed.secrets,
        )

    def _oauth_client(self, record: ConnectionRecord) -> OAuthClient:
        connector = connector_of(record.system)
        if connector.oauth_client is None:
            raise Conflict(f"{connector.title} asks for no consent: it is connected with the secrets in its settings.")
        settings = parse_connection_settings(connector, {**record.settings, **record.secrets})
        return connector.oauth_client(settings.model)


def _another_account(system: Connector, record: ConnectionRecord, moved: list[str]) -> Conflict:
    titles = {name: system.connection_settings.model_fields[name].title or name for name in moved}
    named = " and ".join(f"“{title}”" for title in titles.values())
    detail = (
        f"The connection “{record.name}” carries records of the account that {named} says, and another account has"
        " others under the same ids. Make a new connection for the other account, and an integration with it."
    )
    errors = [FieldError(field=name, detail=f"“{title}” stays as it is.") for name, title in titles.items()]
    return Conflict(detail, errors=errors)


def _told_apart(record: ConnectionRecord, identity: AccountIdentity) -> tuple[str, str]:
    """The names of two accounts, with what tells them apart where they have the same."""
    if record.account_name != identity.name:
        return f"“{record.account_name}”", f"“{identity.name}”"
    return f"“{record.account_name}” ({record.account_key})", f"“{identity.name}” ({identity.key})"


def _code(error: VendorError) -> str:
    if isinstance(error, ConnectionRefused):
        return error.problem.code
    if isinstance(error, RateLimited):
        return "rate_limited"
    return "no_answer" if isinstance(error, Temporary) else "refused"

"""Opens the two sides of a flow: connectors with our database behind them as budget, token vault and record."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from activities.clients import Clients, OpenClient, SharedBudget, SharedVault
from commerce.problems import Problem, ProblemCode
from connectors.client import Bounds, VendorClient
from connectors.declaration import (
    ConnectionContext,
    Connector,
    RecordSourceDeclaration,
    RecordTargetDeclaration,
)
from connectors.errors import ConnectionRefused, Temporary
from connectors.exchange import Exchange
from connectors.oauth import Tokens, TokenVault
from connectors.order_flow import OrderFlow, describe, order_sides, parse_order_flow
from connectors.protocols import Account, OrderSource, OrderTarget, ReadDeclaration
from connectors.record_flow import RecordFlow, parse_record_flow, record_sides
from connectors.records import RecordKind, RecordSource, RecordTarget
from connectors.registry import connector
from store import ConnectionRecord, ConnectionState, ExchangeEntry, FlowRecord, Store

_MOST_FLOWS = 200
"""Flows and earlier versions of flows that one process keeps open; another one is opened anew, which calls nobody."""


class ConnectionBroken(Exception):
    """A connection waits for a person; nothing of its flows can go on."""

    def __init__(self, connection_id: str, problem: Problem) -> None:
        super().__init__(problem.sentence)
        self.connection_id = connection_id
        self.problem = problem


@dataclass(frozen=True)
class Scene:
    """For what record and step calls are being made; names the exchanges that are kept."""

    workspace_id: str
    flow_id: str
    item_id: str | None
    step: str
    attempt: int
    settings_version: int


_scene: ContextVar[Scene | None] = ContextVar("scene", default=None)


@contextlib.contextmanager
def on_scene(scene: Scene) -> Iterator[None]:
    """Keep the calls made inside with this record and step."""
    token = _scene.set(scene)
    try:
        yield
    finally:
        _scene.reset(token)


@contextlib.contextmanager
def on_item(item_id: str | None) -> Iterator[None]:
    """Keep the calls made inside with one record of the page that is worked on; does nothing where none is kept."""
    scene = _scene.get()
    if scene is None or item_id is None:
        yield
        return
    with on_scene(replace(scene, item_id=item_id)):
        yield


class _Recorder:
    """Keeps every exchange of an item, and of a page those that failed: its good answers stand with their items."""

    def __init__(self, store: Store, connection_id: str) -> None:
        self._store = store
        self._connection_id = connection_id

    async def record(self, exchange: Exchange) -> None:
        scene = _scene.get()
        if scene is None or (scene.item_id is None and exchange.outcome == "accepted"):
            return
        await self._store.exchanges.record(
            scene.workspace_id,
            ExchangeEntry(
                connection_id=self._connection_id,
                flow_id=scene.flow_id,
                item_id=scene.item_id,
                step=scene.step,
                operation=exchange.operation,
                method=exchange.method,
                attempt=scene.attempt,
                status=exchange.status,
                outcome=exchange.outcome,
                duration_ms=exchange.duration_ms,
                started_at=exchange.started_at,
                settings_version=scene.settings_version,
                url=exchange.url,
                request=exchange.request_body,
                response=exchange.response_body,
            ),
        )


@dataclass(frozen=True)
class OpenEnds:
    """A flow with the accounts at its ends ready to be called."""

    flow: FlowRecord
    source_connection: ConnectionRecord
    target_connection: ConnectionRecord

    @contextlib.contextmanager
    def calling(self, connection: ConnectionRecord) -> Iterator[None]:
        """Tell whose refusal it is when a whole connection is refused."""
        try:
            yield
        except ConnectionRefused as error:
            raise ConnectionBroken(connection.id, error.problem) from error

    def calling_source(self) -> contextlib.AbstractContextManager[None]:
        """Calls inside go to the source."""
        return self.calling(self.source_connection)

    def calling_target(self) -> contextlib.AbstractContextManager[None]:
        """Calls inside go to the target."""
        return self.calling(self.target_connection)


@dataclass(frozen=True)
class OpenFlow(OpenEnds):
    """An orders flow with both sides ready to be called."""

    settings: OrderFlow
    source: OrderSource
    target: OrderTarget
    read: ReadDeclaration
    settle: timedelta
    values: Mapping[str, Mapping[str, str]] | None = None
    """The value tables of an earlier version; None: those of today."""


@dataclass(frozen=True)
class OpenRecordFlow(OpenEnds):
    """A flow that moves in pages, with both sides ready to be called."""

    settings: RecordFlow
    source_side: RecordSourceDeclaration
    target_side: RecordTargetDeclaration
    source: RecordSource
    target: RecordTarget
    values: Mapping[str, Mapping[str, str]] | None = None
    """The value tables of an earlier version; None: those of today."""

    @property
    def kind(self) -> RecordKind:
        """What moves."""
        return self.settings.kind


@dataclass(frozen=True)
class _End:
    connection: ConnectionRecord
    system: Connector
    client: VendorClient
    settings: BaseModel


class Recording(Protocol):
    """Stands before an account's client while a flow is rehearsed: reads go through, writes are only written down."""

    def before(self, client: VendorClient) -> VendorClient:
        """The client to call instead of this one."""


class Vendors:
    """All connectors of this process; clients and sides are kept open while their settings stay the same."""

    def __init__(self, store: Store, *, call_timeout: timedelta) -> None:
        self._store = store
        self._bounds = Bounds(read=call_timeout)
        self._clients = Clients()
        self._flows: dict[str, tuple[object, OpenFlow | OpenRecordFlow]] = {}
        """Those used last are at the end."""

    async def aclose(self) -> None:
        """Close every connection to every vendor."""
        self._flows.clear()
        await self._clients.aclose()

    async def open_flow(
        self, workspace_id: str, flow_id: str, *, version: int | None = None, recording: Recording | None = None
    ) -> OpenFlow:
        """Both sides of an orders flow, with today's settings or those of an earlier version.

        Raises:
            ConnectionBroken: One of the connections waits for a person.
            SettingsRefused: The flow's settings do not fit (any more).
        """
        name, flow, values = await self._flow(workspace_id, flow_id, version)
        source, target = await self._ends(workspace_id, flow, recording)
        state = _state(flow, source, target)
        if recording is None and isinstance(known := self._known(name, state), OpenFlow):
            return _as_now(known, flow, source, target)
        settings = parse_order_flow(source.system, target.system, flow.settings | {"shared": flow.shared})
        source_side, target_side = order_sides(source.system, target.system)
        opened = OpenFlow(
            flow=flow,
            source_connection=source.connection,
            target_connection=target.connection,
            settings=settings,
            source=source_side.open(source.client, source.settings, settings.source),
            target=target_side.open(target.client, target.settings, settings.target),
            read=source_side.read,
            settle=target_side.settle,
            values=values,
        )
        if recording is None:
            self._keep(name, state, opened)
        return opened

    async def open_record_flow(
        self, workspace_id: str, flow_id: str, *, version: int | None = None, recording: Recording | None = None
    ) -> OpenRecordFlow:
        """Both sides of a flow that moves in pages; like `open_flow`."""
        name, flow, values = await self._flow(workspace_id, flow_id, version)
        source, target = await self._ends(workspace_id, flow, recording)
        state = _state(flow, source, target)
        if recording is None and isinstance(known := self._known(name, state), OpenRecordFlow):
            return _as_now(known, flow, source, target)
        kind = RecordKind(flow.kind)
        settings = parse_record_flow(source.system, target.system, kind, flow.settings | {"shared": flow.shared})
        source_side, target_side = record_sides(source.system, target.system, kind)
        opened = OpenRecordFlow(
            flow=flow,
            source_connection=source.connection,
            target_connection=target.connection,
            settings=settings,
            source_side=source_side,
            target_side=target_side,
            source=source_side.open(source.client, source.settings, settings.source),
            target=target_side.open(target.client, target.settings, settings.target),
            values=values,
        )
        if recording is None:
            self._keep(name, state, opened)
        return opened

    @contextlib.asynccontextmanager
    async def open_account(
        self, workspace_id: str, connection_id: str, *, vault: TokenVault | None = None
    ) -> AsyncIterator[Account]:
        """The account behind a connection, for tests and live lists; also while the connection is broken or new.

        With a ``vault`` it is the account that its tokens open, whatever the connection's own do.
        """
        connection = await self._store.connections.get(workspace_id, connection_id)
        system = connector(connection.system)
        if vault is None:
            account = self._client(workspace_id, system, connection)
            yield system.open_account(account.client, account.settings)
            return
        account = self._opened(workspace_id, system, connection, vault)
        async with contextlib.aclosing(account.client):
            yield system.open_account(account.client, account.settings)

    async def test_refused(self, workspace_id: str, flow_id: str) -> None:
        """Ask accounts of a flow that refused us whether they still do; one that answers is connected again.

        An ended consent is not asked about: only its owner can give it again.
        """
        flow = await self._store.flows.get(workspace_id, flow_id)
        for connection_id in (flow.source_connection_id, flow.target_connection_id):
            connection = await self._store.connections.get(workspace_id, connection_id)
            problem = connection.problem
            if problem is None or problem.code is not ProblemCode.CONNECTION_REFUSED:
                continue
            with contextlib.suppress(ConnectionRefused, ConnectionBroken, Temporary):
                async with self.open_account(workspace_id, connection_id) as account:
                    await account.test()
                await self._store.connections.mark_connected(workspace_id, connection_id)

    async def _flow(
        self, workspace_id: str, flow_id: str, version: int | None
    ) -> tuple[str, FlowRecord, Mapping[str, Mapping[str, str]] | None]:
        """What a flow is kept open under, the flow, and the value tables of an earlier version."""
        flow = await self._store.flows.get(workspace_id, flow_id)
        if version is None or version == flow.settings_version:
            return flow_id, flow, None
        then = await self._store.flows.version(workspace_id, flow.id, version)
        settings = {name: group for name, group in then.settings.items() if name != "shared"}
        shared = then.settings.get("shared", {})
        earlier = replace(flow, settings=settings, shared=shared, settings_version=version)
        return f"{flow_id} as of version {version}", earlier, then.value_tables

    async def _ends(self, workspace_id: str, flow: FlowRecord, recording: Recording | None) -> tuple[_End, _End]:
        source = await self._end(workspace_id, flow.source_connection_id, recording)
        return source, await self._end(workspace_id, flow.target_connection_id, recording)

    async def _end(self, workspace_id: str, connection_id: str, recording: Recording | None) -> _End:
        connection = await self._working(workspace_id, connection_id)
        system = connector(connection.system)
        account = self._client(workspace_id, system, connection)
        client = recording.before(account.client) if recording else account.client
        return _End(connection, system, client, account.settings)

    async def _working(self, workspace_id: str, connection_id: str) -> ConnectionRecord:
        connection = await self._store.connections.get(workspace_id, connection_id)
        if connection.state is ConnectionState.BROKEN and connection.problem is not None:
            raise ConnectionBroken(connection_id, connection.problem)
        return connection

    def _client(self, workspace_id: str, system: Connector, connection: ConnectionRecord) -> OpenClient:
        return self._clients.get(
            connection.id, _version(connection), lambda: self._opened(workspace_id, system, connection)
        )

    def _opened(
        self, workspace_id: str, system: Connector, connection: ConnectionRecord, vault: TokenVault | None = None
    ) -> OpenClient:
        try:
            settings = system.connection_settings.model_validate({**connection.settings, **connection.secrets})
        except ValidationError as error:
            sentence = f"The connection “{connection.name}” cannot be used: {describe(error)} Correct it and reconnect."
            problem = Problem(code=ProblemCode.SETTING_MISSING, field="connection", value="", sentence=sentence)
            raise ConnectionBroken(connection.id, problem) from error
        if system.oauth is not None and vault is None:
            vault = SharedVault(self._store.connections.vault(workspace_id, connection.id, Tokens), connection.name)
        context = ConnectionContext(
            settings=settings,
            budget=SharedBudget(self._store.budget(workspace_id, connection.id)),
            recorder=_Recorder(self._store, connection.id),
            vault=vault,
            bounds=self._bounds,
        )
        return OpenClient(system.open_client(context), settings)

    def _known(self, name: str, state: object) -> OpenFlow | OpenRecordFlow | None:
        """What is kept under a name, unless it was opened for another state."""
        known = self._flows.get(name)
        if known is None or known[0] != state:
            return None
        self._flows[name] = self._flows.pop(name)
        return known[1]

    def _keep(self, name: str, state: object, opened: OpenFlow | OpenRecordFlow) -> None:
        """Keep a flow open, in the place of the one that was not used for longest when there are many."""
        self._flows.pop(name, None)
        self._flows[name] = (state, opened)
        while len(self._flows) > _MOST_FLOWS:
            del self._flows[next(iter(self._flows))]


OpenT = TypeVar("OpenT", OpenFlow, OpenRecordFlow)


def _as_now(known: OpenT, flow: FlowRecord, source: _End, target: _End) -> OpenT:
    """A flow that is open already, with its place and its connections as they are now."""
    return replace(known, flow=flow, source_connection=source.connection, target_connection=target.connection)


def _state(flow: FlowRecord, source: _End, target: _End) -> object:
    """What an open flow depends on; a connection that was changed has another client."""
    return (flow.settings_version, source.client, target.client)


def _version(connection: ConnectionRecord) -> object:
    # A new consent may allow more than the tokens do that an open client still holds.
    return (connection.secrets_version, connection.connected_at, tuple(sorted(map(str, connection.settings.items()))))

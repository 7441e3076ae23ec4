"""What a vendor contributes to the suite, and the place where a test stands: its simulator, filled and connected."""

import contextlib
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from connectors.client import Bounds, VendorClient
from connectors.declaration import ConnectionContext, Connector, RecordTargetDeclaration
from connectors.oauth import TokenVault
from connectors.protocols import Account, DocumentType, OrderSource, OrderTarget
from connectors.records import RecordKind, RecordSource, RecordTarget
from connectors.registry import CONNECTORS
from mapping.fields import Field
from mapping.rules import RuleSet
from tests.conformance.facts import LONG_AGO, readable, sent_record
from tests.connectors.support import KeptExchanges, LocalBudget
from tests.simulation import Simulation, running

Act = Callable[[Simulation, str], Awaitable[object]]
"""Something that happens at the vendor to the record with this source id."""
WRITES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class SourceStand:
    """How one kind of record is kept at the vendor."""

    unknown: str
    """An id that no record has."""
    change: Act
    """Change a record as people there do, so that it reads differently."""
    spoil: Act | None = None
    """Make a record malformed; None where the vendor cannot send such a thing."""
    settings: tuple[Mapping[str, Any], ...] = ({},)
    """Settings of the source; the first are for all tests, and all together every declared field is stated."""
    prepare: Callable[[Simulation], Awaitable[object]] | None = None
    """What beyond the common facts must have happened long ago."""
    status_when_sent: str = ""
    """Orders: a status they can be given once they were sent."""


@dataclass(frozen=True)
class TargetStand:
    """How one kind of record is taken in by the vendor."""

    stored: tuple[str, ...]
    """What the simulator calls these records."""
    unknown: str
    """An id that no record has."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    follows: frozenset[str] = frozenset()
    """Members that the vendor itself changes along with others."""
    documents: Mapping[DocumentType, str] = field(default_factory=dict)
    """Orders: what the simulator calls each type of document."""


@dataclass(frozen=True)
class Stand:
    """One vendor."""

    sources: Mapping[str, SourceStand]
    """By kind of flow."""
    targets: Mapping[str, TargetStand]
    group: str
    """The vendor's id of the group of customers."""
    secrets: tuple[str, ...]
    """What must stand in no recorded exchange."""

    fill: Callable[[Simulation], Awaitable[object]]
    """Enter the common facts at the vendor."""
    connect: Callable[[Simulation, bool], Awaitable[tuple[BaseModel, TokenVault | None]]]
    """The settings and tokens of a connection; with True, credentials that the vendor does not accept."""


def stand_of(system: str) -> Stand:
    """The stand of a connector; every one in the registry must have it."""
    module = importlib.import_module(f"tests.conformance.stands.{system}")
    stand: Stand = module.STAND
    return stand


@dataclass
class Place:
    """A filled simulator with our connector to it."""

    connector: Connector
    stand: Stand
    sim: Simulation
    client: VendorClient
    connection: BaseModel
    exchanges: KeptExchanges

    @property
    def account(self) -> Account:
        return self.connector.open_account(self.client, self.connection)

    def source(self, kind: RecordKind, variant: int = 0) -> RecordSource:
        side = self.connector.record_sources[kind]
        chosen = self.stand.sources[kind].settings[variant]
        return side.open(self.client, self.connection, side.settings.model_validate(chosen))

    def order_source(self) -> OrderSource:
        side = self.connector.order_source
        assert side is not None
        chosen = self.stand.sources["orders"].settings[0]
        return side.open(self.client, self.connection, side.settings.model_validate(chosen))

    def target(self, kind: RecordKind) -> RecordTarget:
        side = self.connector.record_targets[kind]
        return side.open(self.client, self.connection, self._target_settings(kind))

    def order_target(self) -> OrderTarget:
        side = self.connector.order_target
        assert side is not None
        chosen = side.settings.model_validate(self.stand.targets["orders"].settings)
        return side.open(self.client, self.connection, chosen)

    def rules(self, kind: RecordKind) -> RuleSet:
        """The default mapping, for a source that states everything."""
        side = self.connector.record_targets[kind]
        return compiled(side, self._target_settings(kind), everything_of(kind))

    async def stored(self, kind: str) -> int:
        """How many records of a kind the vendor has."""
        names = self.stand.targets[kind].stored
        state = await self.sim.state(*names)
        return sum(len(state[name]) for name in names)

    async def writes(self) -> list[str]:
        """What was written since the last question."""
        requests = await self.sim.requests()
        await self.sim.forget_requests()
        return [f"{one['method']} {one['target']}" for one in requests if one["method"] in WRITES]

    async def lose_answers(self) -> None:
        """From now on every write is done, and the connection breaks before its answer."""
        await self.sim.faults([{"fault": "reset_after_commit", "when": "always", "method": one} for one in WRITES])

    def _target_settings(self, kind: RecordKind) -> BaseModel:
        return self.connector.record_targets[kind].settings.model_validate(self.stand.targets[kind].settings)


def compiled(side: RecordTargetDeclaration, settings: BaseModel, fields: tuple[Field, ...]) -> RuleSet:
    """A target's default mapping."""
    rules = side.mapping if side.mapping_for is None else side.mapping_for(settings)
    return RuleSet.compile(rules, source_fields=fields, target_fields=side.fields)


def everything_of(kind: RecordKind) -> tuple[Field, ...]:
    """Every field that a record of the kind can state, and what the engine adds."""
    return tuple(Field(name, name) for name in readable(sent_record(kind, "")[0]))


@contextlib.asynccontextmanager
async def opened(system: str, source: str = "", *, refused: bool = False) -> AsyncIterator[Place]:
    """A fresh place; ``source`` names the kind whose source is tested."""
    connector, stand = CONNECTORS[system], stand_of(system)
    async with running(system) as sim:
        await sim.set_now(LONG_AGO.isoformat())
        await stand.fill(sim)
        if source and (prepare := stand.sources[source].prepare):
            await prepare(sim)
        await sim.skew(0)
        connection, vault = await stand.connect(sim, refused)
        exchanges = KeptExchanges()
        context = ConnectionContext(
            connection, LocalBudget(), exchanges, vault=vault, bounds=Bounds(read=timedelta(seconds=5))
        )
        async with connector.open_client(context) as client:
            yield Place(connector, stand, sim, client, connection, exchanges)

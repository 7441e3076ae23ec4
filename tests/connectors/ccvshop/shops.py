"""A running simulated shop with our client to it, for the flows that move in pages."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from commerce.problems import Problem, ProblemCode
from connectors.ccvshop import CONNECTOR
from connectors.ccvshop.settings import CcvConnection
from connectors.client import Bounds, VendorClient
from connectors.declaration import ConnectionContext
from connectors.protocols import Account, Identifier, ReadFrom
from connectors.records import Change, Existing, Key, RecordKind, RecordSource, RecordTarget, Written
from tests.connectors.support import KeptExchanges, LocalBudget
from tests.simulation import Simulation, running

EVERYTHING = ReadFrom(cursor=None, not_before=None, overlap=timedelta(0))


@dataclass
class RecordShop:
    """A simulated shop with our connector to it."""

    sim: Simulation
    client: VendorClient
    connection: CcvConnection
    account: Account
    recorder: KeptExchanges

    def source(self, kind: RecordKind, **settings: Any) -> RecordSource:
        side = CONNECTOR.record_sources[kind]
        return side.open(self.client, self.connection, side.settings.model_validate(settings))

    def target(self, kind: RecordKind, **settings: Any) -> RecordTarget:
        side = CONNECTOR.record_targets[kind]
        return side.open(self.client, self.connection, side.settings.model_validate(settings))

    async def calls(self) -> list[str]:
        """What was called since the last question, in the order of the calls."""
        calls = [f"{one['method']} {one['target'].removeprefix('/api/rest/v1')}" for one in await self.sim.requests()]
        await self.sim.forget_requests()
        return calls


@contextlib.asynccontextmanager
async def record_shop() -> AsyncIterator[RecordShop]:
    """A fresh shop."""
    async with running("ccvshop") as sim:
        connection = CcvConnection(
            base_url=sim.base_url, public_key="k3y-public-0001", secret_key=SecretStr("s3cret-0001-not-real")
        )
        recorder = KeptExchanges()
        context = ConnectionContext(connection, LocalBudget(), recorder, bounds=Bounds(read=timedelta(seconds=5)))
        async with CONNECTOR.open_client(context) as client:
            yield RecordShop(sim, client, connection, CONNECTOR.open_account(client, connection), recorder)


async def found(target: RecordTarget, key: Key, by: Identifier = Identifier.SKU) -> Existing | None:
    """What the target has of one key; fails on a problem."""
    result = (await target.find([key], by)).get(key.source_id)
    assert not isinstance(result, Problem), result
    return result


async def problem(target: RecordTarget, key: Key, by: Identifier = Identifier.SKU) -> Problem:
    """What stands in the way of looking one key up."""
    result = (await target.find([key], by)).get(key.source_id)
    assert isinstance(result, Problem), result
    return result


async def written(
    target: RecordTarget, key: Key, existing: Existing | None, values: Mapping[str, Any], reference: str = "10023"
) -> Written:
    """The end of one change."""
    (end,) = await target.write([Change(key.source_id, reference, existing, values, key)])
    return end


def sentence(end: Written | Problem, code: ProblemCode) -> str:
    """Why it ended so, when it ended for this cause."""
    why = end if isinstance(end, Problem) else end.problem
    assert why is not None
    assert why.code is code
    return why.sentence

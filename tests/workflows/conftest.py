"""An integration whose clock the test moves."""

from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from tests.workflows.rig import Rig, time_skipping_rig


@pytest_asyncio.fixture
async def rig(time_skipping: WorkflowEnvironment) -> AsyncIterator[Rig]:
    """A server that skips time, a worker with the real workflows, and scripted activities."""
    async with time_skipping_rig(time_skipping) as made:
        yield made

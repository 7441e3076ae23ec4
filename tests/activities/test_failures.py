"""What an error in a step becomes: the one place where that is decided."""

import dataclasses

import pytest
from sqlalchemy.exc import OperationalError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.failures import order_failures
from store import Store
from tests.activities.ledger import make_ends
from workflows.messages import PROBLEM, WAIT, OrderInput

MANY = 50


async def failed(store: Store, error: Exception, attempt: int) -> ApplicationError:
    """What a step's error becomes on its so many-th attempt."""
    ends = await make_ends(store)
    workspace_id, integration, flow_id = ends.workspace_id, ends.integration_id, await ends.add_flow("orders")
    await store.items.add_ids(workspace_id, flow_id, ["1001"])
    [item] = (await store.items.search(workspace_id, flow_id=flow_id)).items
    order = OrderInput(
        workspace_id=workspace_id, integration_id=integration, flow_id=flow_id, item_id=item.id, source_id="1001"
    )
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, attempt=attempt, activity_type="create_document")

    async def step() -> None:
        async with order_failures(store, order):
            raise error

    with pytest.raises(ApplicationError) as became:
        await environment.run(step)
    return became.value


async def test_a_busy_database_never_parks_an_order(store: Store):
    became = await failed(store, OperationalError("UPDATE items", {}, Exception("database is locked")), MANY)
    assert (became.type, became.non_retryable) == (WAIT, False)
    assert "locked" not in str(became)


@pytest.mark.parametrize(("attempt", "kind"), [(1, WAIT), (5, PROBLEM)])
async def test_a_fault_of_our_own_is_tried_again_and_then_parks_the_order(store: Store, attempt: int, kind: str):
    became = await failed(store, KeyError("a customer's name"), attempt)
    assert became.type == kind
    assert "customer's name" not in str(became)

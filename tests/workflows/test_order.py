"""One order's way: how it can end, and what Temporal shows of it."""

from datetime import timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from tests.waiting import eventually
from tests.workflows.edge import STEPS, problem, refused, silent_for_a_day
from tests.workflows.rig import FLOW, INTEGRATION, WORKSPACE, Rig, plan
from workflows import names
from workflows.messages import ORDER_WORKFLOW, PROBLEM, OrderInput, OrderResult, OrderStep, order_workflow_id
from workflows.policies import ORDERS_FIRST


async def send(rig: Rig, source_id: str = "1") -> OrderResult:
    """Take one order through, and give its result."""
    order = OrderInput(
        workspace_id=WORKSPACE,
        integration_id=INTEGRATION,
        flow_id=FLOW,
        item_id=f"item-{source_id}",
        source_id=source_id,
    )
    result: OrderResult = await rig.client.execute_workflow(
        ORDER_WORKFLOW,
        order,
        id=order_workflow_id(INTEGRATION, source_id),
        task_queue=rig.queue,
        result_type=OrderResult,
        retry_policy=RetryPolicy(maximum_attempts=1),
    )
    return result


async def failure(rig: Rig) -> ApplicationError:
    """What the order's execution fails with."""
    with pytest.raises(WorkflowFailureError) as failed:
        await send(rig)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause


async def test_an_order_goes_through_four_steps(rig: Rig):
    assert await send(rig) == OrderResult(outcome="done", target_id="doc-1")
    assert rig.edge.steps == [(step, "1") for step in STEPS]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("outcome", ["skipped", "done", "postponed"])
async def test_a_step_can_end_the_way(rig: Rig, step: str, outcome: str):
    rig.edge.script[step, "1"] = OrderStep(outcome=outcome, target_id="doc-7", detail="exists")
    assert await send(rig) == OrderResult(outcome=outcome, target_id="doc-7", detail="exists")
    assert rig.edge.steps[-1] == (step, "1")
    assert not rig.edge.parked


@pytest.mark.parametrize("step", STEPS)
async def test_a_problem_parks_the_order_and_fails_the_execution_with_its_sentence(rig: Rig, step: str):
    rig.edge.script[step, "1"] = problem("unknown_product")
    error = await failure(rig)
    assert (error.message, error.type) == ("Article MUG is unknown.", PROBLEM)
    assert list(error.details) == ["problem-unknown_product", "unknown_product"]
    [parked] = rig.edge.parked
    assert (parked.item_id, parked.problem_id, parked.code) == ("item-1", "problem-unknown_product", "unknown_product")
    described = await rig.order("1").describe()
    assert described.status is WorkflowExecutionStatus.FAILED
    assert described.typed_search_attributes[names.PROBLEM_KEY] == "unknown_product"
    assert rig.edge.steps[-1] == (step, "1")


async def test_a_refused_connection_postpones_the_order_and_parks_nothing(rig: Rig):
    rig.edge.script[names.ENSURE_CUSTOMER, "1"] = refused()
    assert await send(rig) == OrderResult(outcome="postponed", detail="connection")
    assert not rig.edge.parked


async def test_a_step_that_fails_for_a_moment_is_tried_again(rig: Rig):
    rig.edge.script[names.ENSURE_CUSTOMER, "1"] = ApplicationError(
        "Busy.", type="wait", next_retry_delay=timedelta(milliseconds=20)
    )
    started = await rig.client.start_workflow(
        ORDER_WORKFLOW,
        OrderInput(workspace_id=WORKSPACE, integration_id=INTEGRATION, flow_id=FLOW, item_id="item-1", source_id="1"),
        id=order_workflow_id(INTEGRATION, "1"),
        task_queue=rig.queue,
        result_type=OrderResult,
    )
    await rig.until(lambda: rig.edge.steps.count((names.ENSURE_CUSTOMER, "1")) >= 3)
    rig.edge.script.clear()
    assert (await started.result()).outcome == "done"


async def test_trouble_of_a_day_parks_the_order_as_temporary_trouble(rig: Rig):
    rig.edge.script[names.CREATE_DOCUMENT, "1"] = silent_for_a_day()
    error = await failure(rig)
    assert list(error.details) == ["", "temporary_trouble"]
    assert "a day" in error.message
    [parked] = rig.edge.parked
    assert (parked.problem_id, parked.code) == ("", "temporary_trouble")
    described = await rig.order("1").describe()
    assert described.typed_search_attributes[names.PROBLEM_KEY] == "temporary_trouble"


async def test_orders_go_first_and_each_shop_gets_its_share(rig: Rig):
    rig.edge.pages.append(["1"])
    await rig.start(plan())
    await rig.idle()
    [integration] = await rig.chain()
    read = next(e for e in integration if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    child = next(
        e for e in integration if e.event_type == EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
    )
    order = [event async for event in rig.order("1").fetch_history_events()]
    for priority in (
        read.activity_task_scheduled_event_attributes.priority,
        child.start_child_workflow_execution_initiated_event_attributes.priority,
        order[0].workflow_execution_started_event_attributes.priority,
    ):
        assert (priority.priority_key, priority.fairness_key) == (ORDERS_FIRST, "shop-1")


async def test_an_order_cancelled_by_hand_is_not_parked(rig: Rig):
    rig.edge.hold("1")
    order = OrderInput(
        workspace_id=WORKSPACE, integration_id=INTEGRATION, flow_id=FLOW, item_id="item-1", source_id="1"
    )
    handle = await rig.client.start_workflow(
        ORDER_WORKFLOW, order, id=order_workflow_id(INTEGRATION, "1"), task_queue=rig.queue, result_type=OrderResult
    )

    async def begun() -> bool:
        return bool(rig.edge.steps)

    await eventually(begun)
    await handle.cancel()
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    rig.edge.let_go("1")

    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
    assert not rig.edge.parked

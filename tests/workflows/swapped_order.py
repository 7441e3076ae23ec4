"""The order workflow as a careless change would leave it: two steps have changed places."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows import names
    from workflows.messages import ORDER_WORKFLOW, OrderInput, OrderResult, OrderStep
    from workflows.policies import RECORD

_STEPS = (names.FIND_ORDER, names.ENSURE_PRODUCTS, names.ENSURE_CUSTOMER, names.CREATE_DOCUMENT)


@workflow.defn(name=ORDER_WORKFLOW)
class SwappedOrderWorkflow:
    """Looks for the articles before the customer."""

    @workflow.run
    async def run(self, order: OrderInput) -> OrderResult:
        """Go through the steps."""
        step = OrderStep(outcome="go")
        for activity in _STEPS:
            step = await workflow.execute_activity(activity, order, result_type=OrderStep, summary="Step", **RECORD)
        return OrderResult(outcome=step.outcome, target_id=step.target_id, detail=step.detail)

"""One order on its way from the shop to the books: four steps, each safe to run twice."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from workflows import names
    from workflows.messages import (
        CONNECTION,
        ORDER_WORKFLOW,
        PROBLEM,
        OrderInput,
        OrderResult,
        OrderStep,
        ParkInput,
    )
    from workflows.policies import LEDGER, RECORD

_STEPS = (
    (names.FIND_ORDER, "Read the order, look for it at the target"),
    (names.ENSURE_CUSTOMER, "Find, create or update the customer"),
    (names.ENSURE_PRODUCTS, "Find every article of the order"),
    (names.CREATE_DOCUMENT, "Look once more, then create the document"),
)


@workflow.defn(name=ORDER_WORKFLOW)
class OrderWorkflow:
    """Takes one order through; ends as failed, with the problem's sentence, when a person must act.

    The ledger keeps a parked order's place, so nothing waits here: a release starts a new run under the same id, and
    look-ups make going through the steps again harmless.
    """

    @workflow.run
    async def run(self, order: OrderInput) -> OrderResult:
        """Go through the steps until one of them ends the order's way."""
        step = OrderStep(outcome="go")
        for activity, summary in _STEPS:
            try:
                step = await workflow.execute_activity(
                    activity, order, result_type=OrderStep, summary=summary, **RECORD
                )
            except ActivityError as error:
                if is_cancelled_exception(error):
                    # Cancelled by hand: the ledger still holds the order as under way and hands it out again later.
                    raise
                if _kind(error) == CONNECTION:
                    return OrderResult(outcome="postponed", detail="connection")
                raise await self._park(order, error) from None
            if step.outcome != "go":
                break
        return OrderResult(outcome=step.outcome, target_id=step.target_id, detail=step.detail)

    async def _park(self, order: OrderInput, error: ActivityError) -> ApplicationError:
        cause = error.cause
        problem_id, code, sentence = "", "temporary_trouble", "The order could not be sent for a day."
        if isinstance(cause, ApplicationError) and cause.type == PROBLEM:
            problem_id, code = str(cause.details[0]), str(cause.details[1])
            sentence = cause.message
        await workflow.execute_activity(
            names.PARK_ORDER,
            ParkInput(**order.model_dump(), problem_id=problem_id, code=code),
            summary=f"Park the order: {code}",
            **LEDGER,
        )
        workflow.upsert_search_attributes([names.PROBLEM_KEY.value_set(code)])
        return ApplicationError(sentence, problem_id, code, type=PROBLEM, non_retryable=True)


def _kind(error: ActivityError) -> str:
    cause = error.cause
    return (cause.type or "") if isinstance(cause, ApplicationError) else ""

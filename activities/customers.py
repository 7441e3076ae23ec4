"""Who an order is from, at the target: its customer, remembered in bindings."""

from datetime import timedelta

from activities.claiming import claimed
from activities.customer_turns import turn_name
from activities.failures import Wait
from activities.preparing import prepared_for
from activities.stage import Stage, content_hash
from commerce.order import Order
from connectors.errors import RecordGone
from connectors.protocols import CustomerRef
from store import BindingRecord
from store.bindings import CUSTOMER

_NEXT_LOOK = timedelta(seconds=1)
_NOBODY = CustomerRef("", "", "none")


async def customer_of(stage: Stage, order: Order) -> CustomerRef:
    """The order's customer at the target: remembered, found, updated or created.

    Two orders of one buyer take turns by a claim, so they make one customer; flows of customers and of other shops into
    the same account take turns with them. A claim outlives a lost request as long as that request can still be at work,
    so what is not found then does not exist. An order that becomes an entry in the ledger has none.

    Raises:
        Wait: Another order of this buyer is here at the moment.
        RecordRefused: The order could not be sent, so nothing of its customer was written either.
    """
    if stage.flow.settings.orders.document_type.is_entry:
        return _NOBODY
    target, workspace_id, flow_id = stage.flow.target, stage.workspace_id, stage.flow_id
    key = target.customer_key(order.customer, order.currency)
    if not key:
        return await _pushed(stage, order, None)
    state = content_hash(order.customer.model_dump_json(), order.billing.model_dump_json())
    known = (await stage.store.bindings.find(workspace_id, flow_id, CUSTOMER, [key])).get(key)
    if known is not None and (known.content_hash == state or not stage.flow.settings.orders.update_customers):
        return CustomerRef(known.target_id, known.target_number, "found")
    name = turn_name(stage.flow.target_connection.id, order.customer.email_key() or key)
    async with claimed(stage.store, workspace_id, name, stage.flow.settle) as claim:
        if claim.held_for is not None:
            raise Wait(
                "This customer is being written for another order, or by a flow of customers.",
                min(claim.held_for, _NEXT_LOOK),
            )
        try:
            customer = await _pushed(stage, order, known.target_id if known else None)
        except RecordGone as error:
            await stage.store.bindings.forget(workspace_id, flow_id, CUSTOMER, [key])
            raise Wait("The customer is no longer at the target and is looked up again.", _NEXT_LOOK) from error
        binding = BindingRecord(CUSTOMER, key, customer.target_id, customer.number, state)
        await stage.store.bindings.put(workspace_id, flow_id, binding)
        return customer


async def forget_customer(stage: Stage, order: Order) -> None:
    """Forget which customer the order's buyer is, so that it is looked up again."""
    key = stage.flow.target.customer_key(order.customer, order.currency)
    await stage.store.bindings.forget(stage.workspace_id, stage.flow_id, CUSTOMER, [key])


async def _pushed(stage: Stage, order: Order, known: str | None) -> CustomerRef:
    """The customer after what has to be written of it, which is nothing while the order itself would be refused."""
    update = stage.flow.settings.orders.update_customers
    with stage.flow.calling_target():
        plan = await stage.flow.target.plan_customer(order, known, update=update)
    if plan.planned is not None:
        await prepared_for(stage, order, plan)
    with stage.flow.calling_target():
        return await stage.flow.target.push_customer(order, plan)

"""The steps of an order. Each loads what it needs by item id and is safe to run twice."""

from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.claiming import claimed, keep
from activities.coming_back import is_coming_back
from activities.customers import customer_of, forget_customer
from activities.failures import Wait
from activities.preparing import prepared_for
from activities.products import products_of
from activities.stage import Stage, Stages
from activities.vendors import ConnectionBroken
from commerce.order import Order
from commerce.problems import Problem, ProblemCode
from connectors.errors import RecordGone, RecordRefused, Temporary
from connectors.protocols import Document, PreparedDocument
from store import Claim, EventKind, ItemState, SkipReason, Store
from workflows import names
from workflows.messages import OrderInput, OrderStep, ParkInput

_NEVER_BY_ITSELF = frozenset({ProblemCode.CREDIT_NOTE, ProblemCode.EMPTY_ORDER})
"""Problems that time does not heal: they wait for a person or for a change at the source."""
_STALE_ATTEMPTS = 3
_NEXT_TELLING = timedelta(minutes=1)
_ALREADY = {ItemState.DONE: "done", ItemState.SKIPPED: "skipped", ItemState.PARKED: "postponed"}
"""How a run ends whose item needs no work (any more)."""


class OrderActivities:
    """The steps, composed with what they work on."""

    def __init__(self, store: Store, stages: Stages) -> None:
        self._store = store
        self._stages = stages

    @activity.defn(name=names.FIND_ORDER)
    async def find_order(self, order: OrderInput) -> OrderStep:
        """Read the order from its source, keep it, and look whether the target has it already.

        A second run reads afresh and decides again; nothing is written at either vendor.
        """
        async with self._stages.set(order, begin=True) as stage:
            if (ended := _already(stage)) is not None:
                return await _told(stage, ended)
            if await is_coming_back(stage):
                await self._finish(stage, state=ItemState.SKIPPED, reason=SkipReason.ECHO)
                return OrderStep(outcome="skipped", detail="echo")
            with stage.flow.calling_source():
                read = await stage.flow.source.read_order(order.source_id, stage.listed())
            await self._store.items.save_body(order.workspace_id, order.item_id, read.model_dump_json().encode())
            if not passes(stage, read):
                await self._finish(stage, state=ItemState.SKIPPED, reason=SkipReason.FILTERED)
                return OrderStep(outcome="skipped", detail="filtered")
            found = await look_up(stage, read)
            if found is not None and is_right(stage, read, found):
                return await _told(stage, await self._confirm(stage, found))
            return OrderStep(outcome="go")

    @activity.defn(name=names.ENSURE_CUSTOMER)
    async def ensure_customer(self, order: OrderInput) -> OrderStep:
        """Make sure the buyer exists at the target, with today's data; a second run finds what the first made.

        Nothing is written for an order that would be refused.
        """
        async with self._stages.set(order) as stage:
            customer = await customer_of(stage, stage.order())
            return OrderStep(outcome="go", target_id=customer.target_id, detail=customer.action)

    @activity.defn(name=names.ENSURE_PRODUCTS)
    async def ensure_products(self, order: OrderInput) -> OrderStep:
        """Make sure every article the document needs exists; missing ones are created where the settings want that.

        Nothing is created for an order that would be refused. A second run finds all of them.
        """
        async with self._stages.set(order) as stage:
            order_read = stage.order()
            products = await products_of(stage, order_read)
            if any(product.planned is not None for product in products.values()):
                await prepared_for(stage, order_read, await customer_of(stage, order_read))
                products = await products_of(stage, order_read, create=True)
            return OrderStep(outcome="go", detail=f"{len(products)} articles")

    @activity.defn(name=names.CREATE_DOCUMENT)
    async def create_document(self, order: OrderInput) -> OrderStep:
        """Look once more, then create the document and check its total.

        A claim on the order lasts as long as a lost request can still be at work at the vendor, so "not found" is only
        believed when no earlier attempt can still succeed. A second run finds the document and confirms it; one after
        the order's end changes nothing.
        """
        async with self._stages.set(order) as stage:
            if (ended := _already(stage)) is not None:
                return await _told(stage, ended)
            key = f"document/{order.item_id}"
            async with claimed(self._store, order.workspace_id, key, stage.flow.settle) as claim:
                found = await look_up(stage, stage.order())
                if found is not None and is_right(stage, stage.order(), found):
                    step = await self._confirm(stage, found)
                elif claim.held_for is not None:
                    raise Wait("An earlier request may still be at work at the target.", claim.held_for)
                else:
                    step = await self._create(stage, claim, found)
            return await _told(stage, step)

    @activity.defn(name=names.PARK_ORDER)
    async def park_order(self, park: ParkInput) -> None:
        """Let the order wait in the ledger for its problem; a second run changes nothing."""
        problem_id = park.problem_id
        if not problem_id:
            problem_id = await self._store.problems.raise_(park.workspace_id, park.flow_id, _exhausted())
        await self._store.items.park(
            park.workspace_id,
            park.item_id,
            problem_id,
            datetime.now(UTC),
            heals_by_time=park.code not in _NEVER_BY_ITSELF,
        )

    async def _create(self, stage: Stage, claim: Claim, found: Document | None) -> OrderStep:
        order = stage.order()
        try:
            customer = await customer_of(stage, order)
            prepared = await prepared_for(stage, order, customer, create_products=True)
            await keep(self._store, stage.workspace_id, claim, stage.flow.settle, of="order")
            await self._store.items.write_started(stage.workspace_id, stage.item.id, datetime.now(UTC))
            with stage.flow.calling_target():
                document = await stage.flow.target.push_document(prepared, found)
        except RecordGone as error:
            await forget_customer(stage, order)
            await products_of(stage, order, fresh=True)
            if activity.info().attempt >= _STALE_ATTEMPTS:
                raise
            raise Wait(
                "Something this order refers to is gone; it is looked up again.", timedelta(seconds=1)
            ) from error
        if not _agrees(stage, order, document):
            raise RecordRefused(_differs(order, document))
        confirmed = found is not None
        await self._finish(stage, state=ItemState.DONE, document=document, prepared=prepared, confirmed=confirmed)
        return OrderStep(
            outcome="done", target_id=document.target_id, detail="confirmed_by_lookup" if confirmed else "created"
        )

    async def _confirm(self, stage: Stage, found: Document) -> OrderStep:
        """The document is there: by an attempt of ours whose answer was lost, or since before we came."""
        if stage.item.write_started_at is not None:
            await self._finish(stage, state=ItemState.DONE, document=found, confirmed=True)
            return OrderStep(outcome="done", target_id=found.target_id, detail="confirmed_by_lookup")
        await self._finish(stage, state=ItemState.SKIPPED, reason=SkipReason.EXISTS, document=found)
        return OrderStep(outcome="skipped", target_id=found.target_id, detail="exists")

    async def _finish(
        self,
        stage: Stage,
        *,
        state: ItemState,
        reason: str = "",
        document: Document | None = None,
        prepared: PreparedDocument | None = None,
        confirmed: bool = False,
    ) -> None:
        await self._store.items.finish(
            stage.workspace_id,
            stage.item.id,
            state=state,
            reason=reason or None,
            target_kind=document.kind if document else None,
            target_id=document.target_id if document else None,
            target_number=document.number if document else None,
            target_total=document.total if document else None,
            rounding=prepared.rounding if prepared else None,
            confirmed_by_lookup=confirmed,
            settings_version=stage.flow.flow.settings_version,
            notes=list(prepared.notes) if prepared else [],
        )


def passes(stage: Stage, order: Order) -> bool:
    """Whether the flow's filters let an order through."""
    return stage.flow.settings.orders.passes(
        reference=order.reference,
        status=order.status,
        payment=order.payment_status,
        payment_method=order.payment_method,
    )


def _already(stage: Stage) -> OrderStep | None:
    """How the step ends for an item that needs no work (any more)."""
    if stage.item.state in _ALREADY:
        outcome, reason = _ALREADY[stage.item.state], stage.item.reason or ""
        return OrderStep(outcome=outcome, target_id=stage.item.target_id or "", detail=reason)
    return None


async def _told(stage: Stage, step: OrderStep) -> OrderStep:
    """Give an order that is at the target the status it shall have at its source; the order is done either way.

    A second run finds the status there. A refusal is written down; trouble that passes is met by trying again.
    """
    status = stage.flow.settings.status_when_sent
    if not status or (step.outcome != "done" and step.detail != SkipReason.EXISTS):
        return step
    sentence = f"The order was sent, but could not be given status {status} at its source"
    note = stage.store.items.note
    try:
        with stage.flow.calling_source():
            await stage.flow.source.mark_sent(stage.input.source_id, status)
    except RecordRefused as error:
        await note(stage.workspace_id, stage.item.id, EventKind.NOTE, f"{sentence}: {error.problem.sentence}")
    except RecordGone:
        await note(stage.workspace_id, stage.item.id, EventKind.NOTE, f"{sentence}: it no longer exists there.")
    except (Temporary, ConnectionBroken) as error:
        if activity.info().attempt == 1:
            await note(stage.workspace_id, stage.item.id, EventKind.NOTE, f"{sentence} yet: {error} It is tried again.")
        later = error.retry_after if isinstance(error, Temporary) else _NEXT_TELLING
        waiting = "The order is sent; its source does not take its new status yet."
        raise Temporary(waiting, retry_after=later) from error
    return step


async def look_up(stage: Stage, order: Order) -> Document | None:
    """The order's document at the target, by its reference."""
    kind = stage.flow.settings.orders.document_type
    with stage.flow.calling_target():
        return await stage.flow.target.find_document(order.reference, kind, placed_at=order.placed_at)


def _agrees(stage: Stage, order: Order, document: Document) -> bool:
    return abs(document.total - order.total) <= stage.flow.settings.orders.rounding_limit


def is_right(stage: Stage, order: Order, found: Document) -> bool:
    """Whether a found document needs nothing more: one that an attempt of ours left behind may have to be repaired."""
    return found.complete and (stage.item.write_started_at is None or _agrees(stage, order, found))


def _differs(order: Order, document: Document) -> Problem:
    return Problem(
        code=ProblemCode.TOTALS_DIFFER,
        field="total",
        value=f"{document.total}",
        sentence=(
            f"Order {order.reference}: the target states a total of {document.total} {document.currency} on "
            f"{document.kind} {document.number}, the shop {order.total} {order.currency}. Somebody may have edited it; "
            "correct or remove it there, then retry."
        ),
    )


def _exhausted() -> Problem:
    return Problem(
        code=ProblemCode.TEMPORARY_TROUBLE,
        field="order",
        value="",
        sentence=(
            "The systems did not let orders through for a whole day. The attempts stand in each order's time line. "
            "They are tried again by themselves; release them when the trouble is over."
        ),
    )

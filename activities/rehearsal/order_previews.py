"""What a run would do with orders: the steps of an order one after the other, with writes written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from activities.coming_back import is_coming_back
from activities.customers import customer_of
from activities.failures import Wait, problem_of
from activities.orders import is_right, look_up, passes
from activities.preparing import prepared_for
from activities.rehearsal.choosing import chosen_orders, item_of
from activities.stage import Stage
from activities.vendors import ConnectionBroken, OpenFlow
from commerce.order import Order
from commerce.problems import Problem, ProblemCode
from connectors.errors import RecordGone, RecordRefused, VendorError
from connectors.protocols import Document, ListedOrder, PreparedDocument
from connectors.rehearsal import RehearsalLog
from connectors.rehearsed import Difference, Expected, Preview, PreviewWish, RehearsedRecord, WriteCall
from store import RehearsalStore, SkipReason
from workflows.messages import OrderInput

_log = structlog.get_logger()


@dataclass(frozen=True)
class OrderPreview:
    """One rehearsal of one orders flow."""

    store: RehearsalStore
    workspace_id: str
    flow: OpenFlow
    log: RehearsalLog

    async def of(self, wish: PreviewWish) -> Preview:
        """Rehearse the orders that are asked for, oldest first."""
        chosen = await chosen_orders(self.store, self.workspace_id, self.flow, wish)
        records = [await self._rehearsed(listed) for listed in chosen.entries]
        return Preview([*records, *chosen.refused], chosen.next_page)

    def stage(self, source_id: str, reference: str) -> Stage:
        """The stage for an order that is only rehearsed."""
        item = item_of(self.flow.flow, source_id, reference)
        order = OrderInput(
            workspace_id=self.workspace_id,
            integration_id=self.flow.flow.integration_id,
            flow_id=self.flow.flow.id,
            item_id=item.id,
            source_id=source_id,
        )
        return Stage(self.store, self.flow, order, item)

    async def read(self, source_id: str, header: Mapping[str, Any] | None = None) -> Order:
        """The order as its source has it now; raises `RecordRefused` or `RecordGone`."""
        with self.flow.calling_source():
            return await self.flow.source.read_order(source_id, header)

    async def prepared(self, stage: Stage, order: Order) -> PreparedDocument:
        """The document, after the customer and the articles that it needs were rehearsed."""
        customer = await customer_of(stage, order)
        if customer.action != "found":
            self.store.items.noted.append(f"Customer: {customer.action}.")
        return await prepared_for(stage, order, customer, create_products=True)

    async def pushed(
        self, prepared: PreparedDocument, found: Document | None
    ) -> tuple[Mapping[str, Any], Sequence[WriteCall]]:
        """The document in its vendor's own form, and the first write that sends it."""
        with self.log.until_written(), self.flow.calling_target():
            await self.flow.target.push_document(prepared, found)
        calls = self.log.take()
        body = calls[0].body if calls else None
        return prepared.document or (body if isinstance(body, Mapping) else {}), calls

    async def _rehearsed(self, listed: ListedOrder) -> RehearsedRecord:
        self.store.items.noted.clear()
        source_id, reference = listed.source_id, listed.reference
        try:
            return await self._steps(listed)
        except (RecordRefused, RecordGone) as error:
            problem = problem_of(error, source_id)
        except Wait as wait:
            return RehearsedRecord(source_id, reference, Expected.WAITS, reason=str(wait), calls=self.log.take())
        except (VendorError, ConnectionBroken):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, one order must not hide the others
            _log.error("rehearsal_failed", flow=self.flow.flow.id, error=type(error).__name__)
            problem = _broken(reference, error)
        return RehearsedRecord(
            source_id, reference, Expected.PROBLEM, calls=self.log.take(), problems=[problem], notes=self._notes()
        )

    async def _steps(self, listed: ListedOrder) -> RehearsedRecord:
        stage = self.stage(listed.source_id, listed.reference)
        filtered = RehearsedRecord(
            listed.source_id, listed.reference, Expected.SKIPPED, reason=str(SkipReason.FILTERED)
        )
        wanted = self.flow.settings.orders
        if not wanted.passes(
            reference=listed.reference,
            status=listed.status,
            payment=listed.payment_status,
            payment_method=None,
        ):
            return filtered
        if await is_coming_back(stage):
            return RehearsedRecord(listed.source_id, listed.reference, Expected.SKIPPED, reason=str(SkipReason.ECHO))
        order = await self.read(listed.source_id, listed.header)
        if not passes(stage, order):
            return filtered
        found = await look_up(stage, order)
        if found is not None and is_right(stage, order, found):
            return await self._told(order, found)
        prepared = await self.prepared(stage, order)
        before = self.log.take()
        document, calls = await self.pushed(prepared, found)
        await self._tell(order)
        return RehearsedRecord(
            source_id=order.source_id,
            reference=order.reference,
            action=Expected.CREATE if found is None else Expected.UPDATE,
            target_id=found.target_id if found else "",
            number=found.number if found else "",
            body=document,
            differences={name: Difference(None, value) for name, value in document.items()} if found is None else {},
            calls=[*before, *calls, *self.log.take()],
            notes=[*self._notes(), *prepared.notes],
        )

    async def _told(self, order: Order, found: Document) -> RehearsedRecord:
        await self._tell(order)
        return RehearsedRecord(
            source_id=order.source_id,
            reference=order.reference,
            action=Expected.SKIPPED,
            reason=str(SkipReason.EXISTS),
            target_id=found.target_id,
            number=found.number,
            calls=self.log.take(),
            notes=self._notes(),
        )

    async def _tell(self, order: Order) -> None:
        """Give the order the status it shall have at its source; a refusal would only be written down."""
        status = self.flow.settings.status_when_sent
        if not status:
            return
        try:
            with self.flow.calling_source():
                await self.flow.source.mark_sent(order.source_id, status)
        except (RecordRefused, RecordGone) as error:
            self.store.items.noted.append(problem_of(error, order.source_id).sentence)

    def _notes(self) -> Sequence[str]:
        return tuple(self.store.items.noted)


def _broken(reference: str, error: Exception) -> Problem:
    return Problem(
        code=ProblemCode.INTERNAL_ERROR,
        field="order",
        value=type(error).__name__,
        sentence=(
            f"Order {reference} could not be rehearsed because Longshore itself failed ({type(error).__name__}). "
            "Report it."
        ),
    )

"""What the endpoints for items do."""

from collections.abc import Iterable
from typing import Any

from api.engine import Heard, execution_url
from api.items.schemas import (
    Event,
    Exchange,
    Item,
    ItemProblem,
    Released,
    RetryFilter,
    RetryOneWish,
    RetryWish,
    Settings,
    Timeline,
)
from api.problem_documents import Conflict, Refused
from api.systems import FlowKind
from api.workspace_service import WorkspaceService
from connectors import exact_json
from store.records import ExchangeEntry, ItemRecord, ItemState
from store.records import Timeline as TimelineRecord
from workflows.messages import integration_workflow_id, order_workflow_id

BY_PERSON = "a person asked for it"


def shown(record: ItemRecord) -> Item:
    """An item as the API gives it, without bodies."""
    return Item.model_validate(record, from_attributes=True)


class ItemService(WorkspaceService):
    """Items of one workspace."""

    async def timeline(self, item_id: str) -> str:
        """All that is known of an item, as JSON whose numbers have the digits that travelled."""
        record = await self._store.items.timeline(self._workspace_id, item_id)
        item = record.item
        document = Timeline(
            item=shown(item),
            problem=_problem(record),
            source=None,
            events=[Event.model_validate(event, from_attributes=True) for event in record.events],
            exchanges=[_exchange(entry) for entry in record.exchanges],
            execution_url=execution_url(self._services.settings, await self._execution(item)),
        ).model_dump(mode="json")
        document["source"] = _body(item.body if item.body is not None else item.header)
        for shown_exchange, entry in zip(document["exchanges"], record.exchanges, strict=True):
            shown_exchange["request"] = _body(entry.request)
            shown_exchange["response"] = _body(entry.response)
        return exact(document)

    async def retry(self, item_id: str, wish: RetryOneWish) -> Released:
        """Release one parked item and ask for a run; on any other the answer says why nothing was to be done."""
        item = await self._store.items.get(self._workspace_id, item_id)
        version = None
        if wish.settings is Settings.AS_IT_WAS:
            version = await self._store.items.version_before_today(self._workspace_id, item_id)
        released = await self._store.items.release(
            self._workspace_id, item_ids=[item_id], as_version=version, by=BY_PERSON
        )
        if not released:
            item = await self._store.items.get(self._workspace_id, item_id)
        return Released(
            released=released,
            engine={item.integration_id: await self._engine.poke(item.integration_id, item.flow_id)},
            note="" if released else f"Nothing was waiting: the item is {item.state.replace('_', ' ')}.",
        )

    async def retry_many(self, wish: RetryWish) -> Released:
        """Release named items, or all that a filter fits."""
        if bool(wish.item_ids) == (wish.filter is not None):
            raise Refused("Say which items with either item_ids or filter.")
        if wish.filter is not None:
            return await self._retry_filtered(wish.filter)
        flows = await self._flows_of(wish.item_ids)
        released = await self._store.items.release(self._workspace_id, item_ids=wish.item_ids, by=BY_PERSON)
        return Released(released=released, engine=await self._poke(flows))

    async def release_problem(self, problem_id: str) -> Released:
        """Release all that waits for one cause and ask for a run."""
        problem = await self._store.problems.get(self._workspace_id, problem_id)
        flow = await self._store.flows.get(self._workspace_id, problem.flow_id)
        released = await self._store.items.release(self._workspace_id, problem_id=problem_id, by=BY_PERSON)
        return Released(released=released, engine=await self._poke([(flow.integration_id, flow.id)]))

    async def skip(self, item_id: str, reason: str) -> Item:
        """Let an item go, with a reason that stays on its time line."""
        if not await self._store.items.skip(self._workspace_id, item_id, reason):
            item = await self._store.items.get(self._workspace_id, item_id)
            raise Conflict(
                "Only an item that is ready or parked can be skipped; this one is "
                f"{'in flight: wait until it is through' if item.state is ItemState.IN_FLIGHT else item.state}."
            )
        return shown(await self._store.items.get(self._workspace_id, item_id))

    async def _execution(self, item: ItemRecord) -> str:
        """Where the item is worked on: orders have executions of their own, other records move in pages."""
        flow = await self._store.flows.get(self._workspace_id, item.flow_id)
        if flow.kind == FlowKind.ORDERS:
            return order_workflow_id(item.integration_id, item.source_id)
        return integration_workflow_id(item.integration_id)

    async def _retry_filtered(self, wish: RetryFilter) -> Released:
        flows = await self._store.flows.list(self._workspace_id, wish.integration_id)
        if wish.flow_id is not None:
            flows = tuple(flow for flow in flows if flow.id == wish.flow_id)
        if wish.problem_id is not None:
            problem = await self._store.problems.get(self._workspace_id, wish.problem_id)
            flows = tuple(flow for flow in flows if flow.id == problem.flow_id)
        if not any((wish.integration_id, wish.flow_id, wish.problem_id)):
            raise Refused("Name an integration, a flow or a problem in the filter.")
        released = 0
        for flow in flows:
            released += await self._store.items.release(
                self._workspace_id, flow_id=flow.id, problem_id=wish.problem_id, by=BY_PERSON
            )
        return Released(released=released, engine=await self._poke((flow.integration_id, flow.id) for flow in flows))

    async def _flows_of(self, item_ids: Iterable[str]) -> set[tuple[str, str]]:
        items = [await self._store.items.get(self._workspace_id, item_id) for item_id in dict.fromkeys(item_ids)]
        return {(item.integration_id, item.flow_id) for item in items}

    async def _poke(self, flows: Iterable[tuple[str, str]]) -> dict[str, Heard]:
        heard: dict[str, Heard] = {}
        for integration_id, flow_id in flows:
            heard[integration_id] = await self._engine.poke(integration_id, flow_id)
        return heard


def _problem(record: TimelineRecord) -> ItemProblem | None:
    if record.problem is None or record.item.problem_id is None:
        return None
    return ItemProblem(id=record.item.problem_id, **record.problem.model_dump())


def _exchange(entry: ExchangeEntry) -> Exchange:
    return Exchange(
        connection_id=entry.connection_id,
        step=entry.step,
        operation=entry.operation,
        method=entry.method,
        url=entry.url,
        request=None,
        response=None,
        attempt=entry.attempt,
        status=entry.status,
        outcome=entry.outcome,
        duration_ms=entry.duration_ms,
        started_at=entry.started_at,
        settings_version=entry.settings_version,
    )


def _body(stored: bytes | str | None) -> Any:
    """A stored body as JSON, or as the text it is."""
    if stored is None or not stored:
        return None
    try:
        return exact_json.loads(stored)
    except ValueError:
        return stored if isinstance(stored, str) else stored.decode("utf-8", "replace")


def exact(document: dict[str, Any]) -> str:
    """JSON with every number as it travelled, those beyond any real amount as text."""
    try:
        return exact_json.dumps(document)
    except ValueError:
        return exact_json.dumps(_readable(document))


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    try:
        exact_json.dumps(value)
    except ValueError:
        return str(value)
    return value

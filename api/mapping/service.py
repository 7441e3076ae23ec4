"""What the endpoints for mappings do."""

from collections.abc import Callable, Mapping
from typing import Any

from api.field_descriptions import described
from api.flows.checks import check_settings, effective, pair_of_flow
from api.mapping import schemas
from api.problem_documents import Conflict, FieldError, NotFound, Refused, vendor_sentence
from api.systems import FlowKind
from api.workspace_service import WorkspaceService
from connectors.errors import VendorError
from connectors.flow_mapping import (
    AccountFields,
    MappingRow,
    documented_functions,
    mapping_rows,
    with_row,
    without_row,
)
from connectors.offers import offered_source_fields, offered_target_fields
from connectors.order_flow import SettingsRefused
from connectors.pairs import Pair
from store.records import ChangedMeanwhileError

_ATTEMPTS = 10

Change = Callable[[Pair, Mapping[str, Any]], dict[str, Any]]
"""The flow's settings, those of its integration under ``shared`` → the settings to save."""


def functions() -> list[schemas.FunctionDescription]:
    """Every function, in the order they are documented."""
    return [
        schemas.FunctionDescription(
            name=function.name,
            signature=function.signature,
            description=function.description,
            example=function.example,
            example_result=function.example_result,
        )
        for function in documented_functions()
    ]


class MappingService(WorkspaceService):
    """Mappings of the flows of one workspace."""

    async def get(self, flow_id: str, *, account: bool) -> schemas.Mapping:
        """The table in force; with the fields that the connected accounts have themselves, read now, when asked for."""
        flow = await self._store.flows.get(self._workspace_id, flow_id)
        pair = await pair_of_flow(self._store, self._workspace_id, flow)
        own, unavailable = AccountFields(), []
        if account:
            try:
                own = await self._services.read_account_fields(self._workspace_id, flow_id)
            except VendorError as error:
                unavailable = [vendor_sentence(error)]
        source = {field.name: field for field in (*own.source, *offered_source_fields(pair))}
        target = {field.name: field for field in (*own.target, *offered_target_fields(pair))}
        return schemas.Mapping(
            settings_version=flow.settings_version,
            rows=_shown(mapping_rows(pair, effective(flow))),
            source_fields=described(source.values()),
            target_fields=described(target.values()),
            functions=functions(),
            unavailable=unavailable,
        )

    async def save(self, flow_id: str, target: str, wish: schemas.RowWish) -> schemas.MappingSaved:
        """Change, add or switch off the row of a target field."""

        def change(pair: Pair, settings: Mapping[str, Any]) -> dict[str, Any]:
            return with_row(pair, settings, target, expression=wish.expression, when=wish.when, active=wish.active)

        try:
            return await self._change(flow_id, change)
        except SettingsRefused as error:
            detail = str(error)
            raise Refused(detail, errors=[FieldError(field="expression", detail=detail)]) from None

    async def reset(self, flow_id: str, target: str | None) -> schemas.MappingSaved:
        """Bring back the default of one row, or of all."""

        def change(_pair: Pair, settings: Mapping[str, Any]) -> dict[str, Any]:
            kept = without_row(settings, target)
            if kept is None:
                raise NotFound("The row was not changed, so there is nothing to reset.")
            return kept

        return await self._change(flow_id, change)

    async def _change(self, flow_id: str, change: Change) -> schemas.MappingSaved:
        """Save a changed table as a new version; rows that others save at the same time stay."""
        for _ in range(_ATTEMPTS):
            try:
                return await self._change_once(flow_id, change)
            except ChangedMeanwhileError:
                continue
        raise Conflict("The flow's settings are being changed by others all the time. Try again.")

    async def _change_once(self, flow_id: str, change: Change) -> schemas.MappingSaved:
        flow = await self._store.flows.get(self._workspace_id, flow_id)
        pair = await pair_of_flow(self._store, self._workspace_id, flow)
        settings = {name: group for name, group in change(pair, effective(flow)).items() if name != "shared"}
        check_settings(pair, settings, flow.shared, enabled=False)
        released = await self._store.flows.update_settings(
            self._workspace_id,
            flow_id,
            settings,
            read_again=flow.kind != FlowKind.ORDERS,
            at_version=flow.settings_version,
        )
        saved = await self._store.flows.get(self._workspace_id, flow_id)
        heard = await self._engine.poke(flow.integration_id, flow_id)
        return schemas.MappingSaved(
            settings_version=saved.settings_version,
            rows=_shown(mapping_rows(pair, effective(saved))),
            released=released,
            engine=heard,
        )


def _shown(rows: tuple[MappingRow, ...]) -> list[schemas.Row]:
    return [
        schemas.Row(
            target=row.rule.target,
            expression=row.rule.expression,
            when=row.rule.when,
            active=row.rule.active,
            origin=row.origin,
            default=schemas.DefaultRow(expression=row.default.expression, when=row.default.when)
            if row.default
            else None,
        )
        for row in rows
    ]

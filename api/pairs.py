"""What may flow between two systems: only what both declare."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.authentication import CurrentWorkspace
from api.field_descriptions import FieldDescription, described
from api.systems import FlowKind, System, connector_of
from connectors.declaration import OrderTargetDeclaration
from connectors.flow_mapping import mapping_rows
from connectors.offers import offered_common, offered_settings, offered_source_fields, offered_target_fields
from connectors.pairs import Pair, pairs

router = APIRouter(prefix="/api/v1/systems/{system}/pairs/{other}", tags=["systems"])


class PairFlow(BaseModel):
    """A flow that the two systems can have."""

    kind: FlowKind
    source: str = Field(description="The system that hands the records out.")
    target: str
    schedule: str = Field(description="How often the source is read when nothing is said.")
    document_types: list[str] = Field(default_factory=list, description="What an order can become.")
    mandatory: list[str] = Field(description="Titles of the settings without which it cannot be switched on.")


class DefaultRow(BaseModel):
    """A row of the mapping that a new flow has."""

    target: str
    expression: str
    when: str


class PairFlowSchema(BaseModel):
    """What one kind of flow from one system to another can be told."""

    flow: PairFlow
    common_schema: dict[str, Any] = Field(description="JSON schema of the kind's settings, with this pair's choices.")
    source_schema: dict[str, Any] = Field(description="JSON schema of the settings of the source.")
    target_schema: dict[str, Any] = Field(description="JSON schema of the settings of the target.")
    value_tables: dict[str, tuple[str | None, str | None]] = Field(
        description="Value table, and the live lists with the source's and the target's values."
    )
    source_fields: list[FieldDescription] = Field(description="What expressions may read, beside `raw`.")
    target_fields: list[FieldDescription] = Field(description="What may be written.")
    mapping: list[DefaultRow] = Field(description="The mapping of a new flow.")


def _flow(pair: Pair) -> PairFlow:
    target = pair.sides()[1]
    documents = sorted(target.document_types) if isinstance(target, OrderTargetDeclaration) else []
    return PairFlow(
        kind=FlowKind(pair.kind),
        source=pair.source.system,
        target=pair.target.system,
        schedule=pair.schedule(),
        document_types=list(documents),
        mandatory=list(pair.missing({})),
    )


@router.get("")
async def list_pair_flows(system: System, other: System, _workspace: CurrentWorkspace) -> list[PairFlow]:
    """The flows that these two systems can have, in both directions; what one of them lacks is not among them."""
    first, second = connector_of(system), connector_of(other)
    return [_flow(pair) for source, target in ((first, second), (second, first)) for pair in pairs(source, target)]


@router.get("/flow-schema")
async def pair_flow_schema(
    system: System, other: System, kind: Annotated[FlowKind, Query()], _workspace: CurrentWorkspace
) -> PairFlowSchema:
    """What a flow of this kind from the first system to the other can be told."""
    pair = Pair(kind, connector_of(system), connector_of(other))
    source_schema, target_schema = offered_settings(pair)
    rows = [row.rule for row in mapping_rows(pair, {})]
    return PairFlowSchema(
        flow=_flow(pair),
        common_schema=offered_common(pair),
        source_schema=source_schema,
        target_schema=target_schema,
        value_tables=pair.value_tables({}),
        source_fields=described(offered_source_fields(pair)),
        target_fields=described(offered_target_fields(pair)),
        mapping=[DefaultRow(target=rule.target, expression=rule.expression, when=rule.when) for rule in rows],
    )

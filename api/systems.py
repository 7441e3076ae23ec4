"""What can be connected, and what each system asks for; all of it read from the connectors' declarations."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.authentication import CurrentWorkspace
from api.field_descriptions import FieldDescription, described
from api.problem_documents import NotFound, Refused
from connectors.declaration import (
    Connector,
    OrderSourceDeclaration,
    OrderTargetDeclaration,
    RecordSourceDeclaration,
    RecordTargetDeclaration,
)
from connectors.offers import common_schema
from connectors.order_mapping import LINE_FIELDS, ORDER_FIELDS
from connectors.pairs import ORDER_SCHEDULE
from connectors.records import RecordKind
from connectors.registry import CONNECTORS, capability_matrix
from connectors.shared_settings import shared_schema

router = APIRouter(prefix="/api/v1", tags=["systems"])

System = Annotated[str, Path(description="A system's short name.", examples=["ccvshop"])]


class FlowKind(StrEnum):
    """The kinds of record that flow."""

    ORDERS = "orders"
    PRODUCTS = "products"
    STOCK = "stock"
    CUSTOMERS = "customers"
    PRICES = "prices"
    SHIPMENTS = "shipments"


class Side(StrEnum):
    """The two ends of a flow."""

    SOURCE = "source"
    TARGET = "target"


class AuthenticationKind(StrEnum):
    """How an account is connected."""

    SECRETS = "secrets"
    """Keys that are entered with the settings."""
    OAUTH = "oauth"
    """Consent on the vendor's own page, after the settings are saved."""


class FlowOffer(BaseModel):
    """A kind of flow that a system can be one side of."""

    kind: FlowKind
    side: Side
    document_types: list[str] = Field(default_factory=list, description="What an order can become here.")


class SystemDescription(BaseModel):
    """A kind of software that can be connected."""

    system: str
    title: str
    versions: str
    authentication: AuthenticationKind
    prerequisites: list[str] = Field(description="What must be arranged at the vendor first.")
    choices: dict[str, str] = Field(description="Live lists that a connected account gives: name and title.")
    flows: list[FlowOffer]


class FlowSchema(BaseModel):
    """What one side of a flow can be told, and what its records hold there."""

    settings_schema: dict[str, Any] = Field(description="JSON schema of the settings of this side.")
    common_schema: dict[str, Any] = Field(description="JSON schema of the settings that every flow of the kind has.")
    statuses: dict[str, str] = Field(default_factory=dict, description="The source's order statuses: value and label.")
    document_types: list[str] = Field(default_factory=list, description="What an order can become at the target.")
    value_tables: dict[str, str] = Field(description="Value table and the live list with this side's values.")
    calculations: dict[str, str] = Field(
        default_factory=dict, description="Stock figures that the source states: name and what it counts."
    )
    default_calculation: str = ""
    identifiers: list[str] = Field(default_factory=list, description="What the target finds a record by.")
    removals: list[str] = Field(default_factory=list, description="What the target can do to a record that is gone.")
    creates: bool = Field(default=True, description="Whether the target creates records; else they must exist there.")
    schedule: str | None = Field(default=None, description="How often the source is read when nothing is said.")
    fields: list[FieldDescription] = Field(description="What expressions may read, or what may be written.")


def connector_of(system: str) -> Connector:
    """The declaration of a system; raises `NotFound` for one that is not offered."""
    try:
        return CONNECTORS[system]
    except KeyError:
        raise NotFound(f"There is no such system. Offered are: {', '.join(sorted(CONNECTORS))}.") from None


def source_schema(side: OrderSourceDeclaration | RecordSourceDeclaration, kind: str) -> FlowSchema:
    """A source's side as the API gives it."""
    schema = FlowSchema(
        settings_schema=side.settings.model_json_schema(),
        common_schema=common_schema(kind),
        value_tables=dict(side.value_tables),
        schedule=ORDER_SCHEDULE,
        fields=described((*ORDER_FIELDS, *LINE_FIELDS)),
    )
    if isinstance(side, OrderSourceDeclaration):
        return schema.model_copy(update={"statuses": dict(side.statuses)})
    return schema.model_copy(
        update={
            "calculations": dict(side.calculations),
            "default_calculation": side.default_calculation,
            "schedule": side.schedule,
            "fields": described(side.fields),
        }
    )


def target_schema(side: OrderTargetDeclaration | RecordTargetDeclaration, kind: str) -> FlowSchema:
    """A target's side as the API gives it."""
    schema = FlowSchema(
        settings_schema=side.settings.model_json_schema(),
        common_schema=common_schema(kind),
        value_tables=dict(side.value_tables),
        fields=described(side.fields),
    )
    if isinstance(side, OrderTargetDeclaration):
        fields = described((*side.fields, *side.row_fields))
        return schema.model_copy(update={"document_types": sorted(side.document_types), "fields": fields})
    return schema.model_copy(
        update={
            "identifiers": sorted(side.identifiers),
            "removals": sorted(side.removals),
            "creates": side.creates,
        }
    )


def _offers(connector: Connector) -> list[FlowOffer]:
    offers = []
    if connector.order_source is not None:
        offers.append(FlowOffer(kind=FlowKind.ORDERS, side=Side.SOURCE))
    if connector.order_target is not None:
        documents = sorted(connector.order_target.document_types)
        offers.append(FlowOffer(kind=FlowKind.ORDERS, side=Side.TARGET, document_types=list(documents)))
    for kind in RecordKind:
        sides = {Side.SOURCE: connector.record_sources, Side.TARGET: connector.record_targets}
        offers += [FlowOffer(kind=FlowKind(kind), side=side) for side, declared in sides.items() if kind in declared]
    return offers


@router.get("/systems")
async def list_systems(_workspace: CurrentWorkspace) -> list[SystemDescription]:
    """Every system that can be connected, with what must be arranged first."""
    return [
        SystemDescription(
            system=connector.system,
            title=connector.title,
            versions=connector.versions,
            authentication=AuthenticationKind.OAUTH if connector.oauth else AuthenticationKind.SECRETS,
            prerequisites=list(connector.prerequisites),
            choices=dict(connector.choices),
            flows=_offers(connector),
        )
        for connector in sorted(CONNECTORS.values(), key=lambda connector: connector.title)
    ]


@router.get("/systems/{system}/settings-schema")
async def settings_schema(system: System, _workspace: CurrentWorkspace) -> dict[str, Any]:
    """JSON schema of a connection's settings; secrets are marked ``writeOnly``."""
    return connector_of(system).connection_settings.model_json_schema()


@router.get("/systems/{system}/shared-schema")
async def shared_settings_schema(system: System, _workspace: CurrentWorkspace) -> dict[str, Any]:
    """JSON schema of what an integration can say once for all its flows at this system; a flow's own word counts."""
    return shared_schema(connector_of(system))


@router.get("/systems/{system}/flow-schema")
async def flow_schema(
    system: System, kind: Annotated[FlowKind, Query()], side: Annotated[Side, Query()], _workspace: CurrentWorkspace
) -> FlowSchema:
    """What a flow of this kind can be told when the system is its source or its target."""
    connector = connector_of(system)
    if kind is FlowKind.ORDERS:
        source, target = connector.order_source, connector.order_target
        if side is Side.SOURCE and source is not None:
            return source_schema(source, kind)
        if side is Side.TARGET and target is not None:
            return target_schema(target, kind)
    elif side is Side.SOURCE and RecordKind(kind) in connector.record_sources:
        return source_schema(connector.record_sources[RecordKind(kind)], kind)
    elif side is Side.TARGET and RecordKind(kind) in connector.record_targets:
        return target_schema(connector.record_targets[RecordKind(kind)], kind)
    raise Refused(f"{connector.title} cannot be the {side} of a flow of {kind}.")


@router.get("/capabilities")
async def capabilities(_workspace: CurrentWorkspace) -> Any:
    """What every system can do, as one table."""
    return capability_matrix()

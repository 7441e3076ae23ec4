"""What can be connected, and what each system asks for; all of it read from the connectors' declarations."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.authentication import CurrentWorkspace
from api.problem_documents import NotFound, Refused
from connectors.declaration import Connector
from connectors.order_flow import OrderFlowSettings
from connectors.registry import CONNECTORS, capability_matrix

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
    """What one side of a flow can be told."""

    settings_schema: dict[str, Any] = Field(description="JSON schema of the settings of this side.")
    common_schema: dict[str, Any] = Field(description="JSON schema of the settings that every flow of the kind has.")
    statuses: dict[str, str] = Field(description="The source's order statuses: value and label.")
    document_types: list[str] = Field(description="What an order can become at the target.")
    value_tables: dict[str, str] = Field(description="Value table and the live list with this side's values.")


def connector_of(system: str) -> Connector:
    """The declaration of a system; raises `NotFound` for one that is not offered."""
    try:
        return CONNECTORS[system]
    except KeyError:
        raise NotFound(f"There is no such system. Offered are: {', '.join(sorted(CONNECTORS))}.") from None


def _offers(connector: Connector) -> list[FlowOffer]:
    offers = []
    if connector.order_source is not None:
        offers.append(FlowOffer(kind=FlowKind.ORDERS, side=Side.SOURCE))
    if connector.order_target is not None:
        documents = sorted(connector.order_target.document_types)
        offers.append(FlowOffer(kind=FlowKind.ORDERS, side=Side.TARGET, document_types=list(documents)))
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


@router.get("/systems/{system}/flow-schema")
async def flow_schema(
    system: System, kind: Annotated[FlowKind, Query()], side: Annotated[Side, Query()], _workspace: CurrentWorkspace
) -> FlowSchema:
    """What a flow of this kind can be told when the system is its source or its target."""
    connector = connector_of(system)
    source, target = connector.order_source, connector.order_target
    common = OrderFlowSettings.model_json_schema()
    if side is Side.SOURCE and source is not None:
        return FlowSchema(
            settings_schema=source.settings.model_json_schema(),
            common_schema=common,
            statuses=dict(source.statuses),
            document_types=[],
            value_tables=dict(source.value_tables),
        )
    if side is Side.TARGET and target is not None:
        return FlowSchema(
            settings_schema=target.settings.model_json_schema(),
            common_schema=common,
            statuses={},
            document_types=sorted(target.document_types),
            value_tables=dict(target.value_tables),
        )
    raise Refused(f"{connector.title} cannot be the {side} of a flow of {kind}.")


@router.get("/capabilities")
async def capabilities(_workspace: CurrentWorkspace) -> Any:
    """What every system can do, as one table."""
    return capability_matrix()

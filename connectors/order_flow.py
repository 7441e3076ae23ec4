"""The settings of an orders flow: what every pair shares, beside what source and target add."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from connectors.declaration import Connector, OrderSourceDeclaration, OrderTargetDeclaration
from connectors.protocols import DocumentType, Identifier


class OrderFlowSettings(BaseModel):
    """What every orders flow can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document_type: DocumentType = Field(
        default=DocumentType.ORDER, title="Order type", description="What an order becomes at the target."
    )
    statuses: tuple[str, ...] = Field(
        default=(), title="Order statuses", description="Only orders in these statuses are sent; empty means all."
    )
    only_paid: bool = Field(default=False, title="Only paid orders", description="Unpaid orders wait until they are.")
    start_at: AwareDatetime | None = Field(
        default=None, title="Start date", description="Orders placed before this moment are left alone."
    )
    page_size: int = Field(default=100, ge=1, le=250, title="Amount per page")
    identifier: Identifier = Field(
        default=Identifier.SKU, title="Article identifier", description="What finds the article of a line."
    )
    update_customers: bool = Field(
        default=True, title="Update customers", description="Whether an existing customer gets the order's data."
    )
    rounding_limit: Decimal = Field(
        default=Decimal("0.05"),
        ge=0,
        le=1,
        title="Rounding limit",
        description="The largest remainder that may go on a rounding line; more parks the order.",
    )


class SettingsRefused(ValueError):
    """A flow's settings cannot be saved; the text names the setting, the value and what is allowed."""


@dataclass(frozen=True)
class OrderFlow:
    """The parsed settings of one orders flow between two systems."""

    orders: OrderFlowSettings
    source: BaseModel
    target: BaseModel


def order_sides(source: Connector, target: Connector) -> tuple[OrderSourceDeclaration, OrderTargetDeclaration]:
    """The two declarations an orders flow needs; raises `SettingsRefused` when a system lacks its side."""
    if source.order_source is None:
        raise SettingsRefused(f"{source.title} does not hand out orders, so it cannot be the source of an orders flow.")
    if target.order_target is None:
        raise SettingsRefused(f"{target.title} takes no orders in, so it cannot be the target of an orders flow.")
    return source.order_source, target.order_target


def parse_order_flow(source: Connector, target: Connector, raw: Mapping[str, Any]) -> OrderFlow:
    """Check and type a flow's stored settings: ``{"orders": …, "source": …, "target": …}``.

    Raises `SettingsRefused` with one sentence that names every setting at fault.
    """
    source_side, target_side = order_sides(source, target)
    unknown = sorted(set(raw) - {"orders", "source", "target"})
    if unknown:
        raise SettingsRefused(f"Unknown group of settings: {', '.join(unknown)}. Use orders, source and target.")
    try:
        flow = OrderFlow(
            orders=OrderFlowSettings.model_validate(raw.get("orders", {})),
            source=source_side.settings.model_validate(raw.get("source", {})),
            target=target_side.settings.model_validate(raw.get("target", {})),
        )
    except ValidationError as error:
        raise SettingsRefused(describe(error)) from error
    if flow.orders.document_type not in target_side.document_types:
        offered = ", ".join(sorted(target_side.document_types))
        raise SettingsRefused(
            f"document_type: {target.title} cannot make “{flow.orders.document_type}”. It offers: {offered}."
        )
    unlisted = [status for status in flow.orders.statuses if status not in source_side.statuses]
    if unlisted:
        raise SettingsRefused(f"statuses: {source.title} has no order status {', '.join(unlisted)}.")
    return flow


def describe(error: ValidationError) -> str:
    """One sentence per refused setting; values are not repeated, because they can be secrets."""
    parts = (f"{'.'.join(str(step) for step in item['loc'])}: {item['msg']}" for item in error.errors())
    return "; ".join(parts) + "."

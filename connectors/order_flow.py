"""The settings of an orders flow: what every pair shares, beside what source and target add."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from commerce.order import PaymentStatus
from connectors.declaration import Connector, OrderSourceDeclaration, OrderTargetDeclaration
from connectors.layers import layered, missing_settings
from connectors.order_mapping import compile_order_rules
from connectors.protocols import DocumentType, Identifier, OrderRules
from mapping.rules import MappingRefused, Rule, merged

_NUMBER: Final = re.compile(r"\d+")


class ReadMode(StrEnum):
    """What a run reads."""

    DELTA = "delta"
    ALL = "all"
    ONCE = "once"


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
    start_number: int | None = Field(
        default=None, ge=0, title="Start number", description="Orders with a lower number are left alone."
    )
    exclude_payment_methods: tuple[str, ...] = Field(
        default=(),
        title="Payment methods left out",
        description="Orders paid in these ways are not sent.",
    )
    mode: ReadMode = Field(
        default=ReadMode.DELTA,
        title="What is read",
        description=(
            "New and changed orders (delta), all orders on every run (all), or new orders that get another status at"
            " the source once they were sent (once). No order is sent twice in any of them."
        ),
    )
    page_size: int = Field(default=100, ge=1, le=250, title="Amount per page")
    max_orders_per_run: int | None = Field(
        default=None,
        ge=1,
        title="Amount per run",
        description="At most so many orders are read in a run; the next run goes on there. Empty: all.",
    )
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

    def passes(self, *, reference: str, status: str, payment: PaymentStatus, payment_method: str | None) -> bool:
        """Whether an order is to be sent; ``payment_method`` None is not known yet."""
        if self.statuses and status not in self.statuses:
            return False
        if self.only_paid and payment is not PaymentStatus.PAID:
            return False
        if self.start_number is not None and _number_of(reference) < self.start_number:
            return False
        return payment_method is None or payment_method not in self.exclude_payment_methods

    @property
    def amount_per_read(self) -> int:
        """How many orders one page of the source may bring."""
        return min(self.page_size, self.max_orders_per_run or self.page_size)

    @property
    def amount_per_run(self) -> int | None:
        """After how many orders a run ends, in whole pages; None: when the source has no more."""
        if self.max_orders_per_run is None:
            return None
        return self.max_orders_per_run // self.amount_per_read * self.amount_per_read


def _number_of(reference: str) -> int:
    """The number in an order number: its longest run of digits, the last of several; 0 for none."""
    found = _NUMBER.findall(reference)
    return int(max(reversed(found), key=len)) if found else 0


class SettingsRefused(ValueError):
    """A flow's settings cannot be saved; the text names the setting, the value and what is allowed."""


@dataclass(frozen=True)
class OrderFlow:
    """The parsed settings of one orders flow between two systems."""

    orders: OrderFlowSettings
    source: BaseModel
    target: BaseModel
    rules: OrderRules

    @property
    def status_when_sent(self) -> str:
        """What an order's status becomes at its source once it was sent; empty leaves it, or the source has none."""
        return str(getattr(self.source, "status_when_sent", ""))


def missing_order_settings(flow: OrderFlow) -> tuple[str, ...]:
    """The titles of settings without which the flow cannot be switched on, in the order they are asked for."""
    missing = (
        *missing_settings(flow.orders),
        *missing_settings(flow.source),
        *missing_settings(flow.target, flow.orders),
    )
    if flow.orders.mode is ReadMode.ONCE and not flow.status_when_sent:
        missing = (*missing, _title_of(flow.source, "status_when_sent"))
    return missing


def _title_of(settings: BaseModel, name: str) -> str:
    field = type(settings).model_fields.get(name)
    return (field.title if field else None) or name


def order_sides(source: Connector, target: Connector) -> tuple[OrderSourceDeclaration, OrderTargetDeclaration]:
    """The two declarations an orders flow needs; raises `SettingsRefused` when a system lacks its side."""
    if source.order_source is None:
        raise SettingsRefused(f"{source.title} does not hand out orders, so it cannot be the source of an orders flow.")
    if target.order_target is None:
        raise SettingsRefused(f"{target.title} takes no orders in, so it cannot be the target of an orders flow.")
    return source.order_source, target.order_target


def parse_order_flow(source: Connector, target: Connector, raw: Mapping[str, Any]) -> OrderFlow:
    """Check and type a flow's stored settings: ``{"orders": …, "source": …, "target": …, "mapping": […]}``.

    ``mapping`` holds a person's changes to the target's default mapping, row by row; ``shared`` what the integration
    says for each side, which the flow's own settings go before. An empty mandatory setting passes
    here, see `missing_order_settings`.

    Raises `SettingsRefused` with one sentence that names every setting or mapping row at fault.
    """
    source_side, target_side = order_sides(source, target)
    unknown = sorted(set(raw) - {"orders", "source", "target", "mapping", "shared"})
    if unknown:
        raise SettingsRefused(f"Unknown group of settings: {', '.join(unknown)}. Use orders, source, target, mapping.")
    try:
        shared = raw.get("shared", {})
        target_settings = _side(target_side.settings, shared.get("target", {}), raw.get("target", {}))
        changes = [Rule.model_validate(row) for row in raw.get("mapping", [])]
        rules = merged(target_side.mapping_for(target_settings), changes)
        flow = OrderFlow(
            orders=OrderFlowSettings.model_validate(raw.get("orders", {})),
            source=_side(source_side.settings, shared.get("source", {}), raw.get("source", {})),
            target=target_settings,
            rules=compile_order_rules(rules, target_side.fields, target_side.row_fields),
        )
    except MappingRefused as error:
        raise SettingsRefused(" ".join(str(refusal) for refusal in (error, *error.others))) from error
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


def _side(model: type[BaseModel], shared: Mapping[str, Any], own: Mapping[str, Any]) -> BaseModel:
    return model.model_validate(layered(model, shared, own))


def describe(error: ValidationError) -> str:
    """One sentence per refused setting; values are not repeated, because they can be secrets."""
    parts = (f"{'.'.join(str(step) for step in item['loc'])}: {item['msg']}" for item in error.errors())
    return "; ".join(parts) + "."

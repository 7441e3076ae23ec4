"""The settings of the flows that move in pages: what every flow of a kind shares, beside what its two sides add."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from pydantic import Field as Setting

from connectors.declaration import Connector, RecordSourceDeclaration, RecordTargetDeclaration
from connectors.default_mapping import default_rules, known_fields
from connectors.layers import layered, missing_settings
from connectors.order_flow import SettingsRefused, describe
from connectors.protocols import Identifier
from connectors.records import RecordKind, Removal
from mapping.errors import ExpressionRefused
from mapping.fields import Field
from mapping.filters import RecordFilter
from mapping.rules import MappingRefused, Rule, RuleSet, merged


class RecordFlowSettings(BaseModel):
    """What every flow that moves in pages can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filter: str = Setting(
        default="",
        max_length=2000,
        title="Filter",
        description='Only records for which this expression is true are sent, such as raw.Note == "yes"; empty: all.',
    )
    filtered_out: Removal = Setting(
        default=Removal.LEAVE,
        title="When the filter leaves a record out later",
        description="What happens to it at the target.",
    )
    gone: Removal = Setting(
        default=Removal.ARCHIVE,
        title="When a record is gone",
        description="What happens at the target once the source deleted it, or two complete reads did not show it.",
    )
    guard_percent: int = Setting(
        default=10,
        ge=0,
        le=100,
        title="Guard",
        description="When more than this share of the records would go at once, none does and a problem says how many.",
    )
    update: bool = Setting(
        default=True, title="Update", description="Whether records that exist at the target are updated."
    )
    create: bool = Setting(
        default=True, title="Create", description="Whether records that the target does not have are created."
    )
    start_at: AwareDatetime | None = Setting(
        default=None, title="Start date", description="What did not change since then is left alone."
    )
    page_size: int = Setting(default=250, ge=1, le=1000, title="Amount per page")
    amount_per_run: int | None = Setting(
        default=None,
        ge=1,
        title="Amount per run",
        description=(
            "A run reads whole pages up to so many records; the next run goes on there, and what is ready is sent all"
            " the same. Empty: all."
        ),
    )

    @property
    def amount_per_read(self) -> int:
        """How many records one page of the source may bring."""
        return min(self.page_size, self.amount_per_run or self.page_size)

    def ends_run(self, *, read: int, last_page: int) -> bool:
        """Whether a run that has read so many records would go beyond its amount with one more page like its last."""
        return self.amount_per_run is not None and read + last_page > self.amount_per_run


class ArticleFlowSettings(RecordFlowSettings):
    """What flows of records about articles share."""

    identifier: Identifier = Setting(
        default=Identifier.SKU, title="Article identifier", description="What finds an article at the target."
    )
    strip_prefix: str = Setting(
        default="", max_length=20, title="Prefix to take off", description="Of the source's SKU, where it has it."
    )
    strip_suffix: str = Setting(
        default="", max_length=20, title="Suffix to take off", description="Of the source's SKU, where it has it."
    )
    add_prefix: str = Setting(default="", max_length=20, title="Prefix to add", description="To the SKU at the target.")
    add_suffix: str = Setting(default="", max_length=20, title="Suffix to add", description="To the SKU at the target.")

    def target_sku(self, sku: str) -> str:
        """A source's SKU as it is called at the target."""
        bare = sku.removeprefix(self.strip_prefix).removesuffix(self.strip_suffix)
        return f"{self.add_prefix}{bare}{self.add_suffix}" if bare else ""


class ProductFlowSettings(ArticleFlowSettings):
    """What a products flow can be told."""

    accept_renames: bool = Setting(
        default=False,
        title="Follow a changed SKU",
        description="Give the article at the target the new SKU; otherwise a person is asked.",
    )
    variants: str = Setting(
        default="flatten",
        pattern="^(flatten|skip)$",
        title="Variants",
        description="For a target without variants: each becomes a product of its own (flatten), or none does (skip).",
    )


class StockFlowSettings(ArticleFlowSettings):
    """What a stock flow can be told."""

    calculation: str = Setting(
        default="", title="Calculation", description="Which figure of the source is sent; empty takes its default."
    )
    subtract_orders: bool = Setting(
        default=True,
        title="Take off orders on their way",
        description="Pieces in orders of this integration that the source of the stock does not have yet.",
    )
    manage_stock: bool = Setting(
        default=True,
        title="Manage stock",
        description="Whether the target shall keep count; off marks it as unmanaged.",
    )


class CustomerFlowSettings(RecordFlowSettings):
    """What a customers flow can be told."""

    check_vat_number: bool = Setting(
        default=True,
        title="Check VAT numbers",
        description="Whether a customer with a VAT number that cannot be right waits for a person.",
    )


class PriceFlowSettings(ArticleFlowSettings):
    """What a flow of customer-group prices can be told."""

    currency: str = Setting(
        default="",
        max_length=3,
        title="Currency",
        description="Of the shop; price lists in another one wait for a person. Empty takes the target's.",
    )
    gone: Removal = Setting(
        default=Removal.DELETE, title="When a price is gone", description="What happens to it at the target."
    )


class ShipmentFlowSettings(RecordFlowSettings):
    """What a shipments flow can be told."""

    wait_for_tracking_hours: int = Setting(
        default=3,
        ge=0,
        le=720,
        title="Wait for a tracking code",
        description="Hours until a shipment without one is sent without; 0 sends it at once.",
    )
    default_carrier: str = Setting(
        default="", max_length=100, title="Default carrier", description="For shipments that do not name one."
    )

    @property
    def longest_wait(self) -> timedelta:
        """How long a shipment waits for its tracking code."""
        return timedelta(hours=self.wait_for_tracking_hours)


COMMON_SETTINGS: Mapping[RecordKind, type[RecordFlowSettings]] = {
    RecordKind.PRODUCTS: ProductFlowSettings,
    RecordKind.STOCK: StockFlowSettings,
    RecordKind.CUSTOMERS: CustomerFlowSettings,
    RecordKind.PRICES: PriceFlowSettings,
    RecordKind.SHIPMENTS: ShipmentFlowSettings,
}


@dataclass(frozen=True)
class RecordFlow:
    """The parsed settings of one flow between two systems, with its mapping compiled."""

    kind: RecordKind
    common: RecordFlowSettings
    source: BaseModel
    target: BaseModel
    rules: RuleSet
    filter: RecordFilter

    @property
    def identifier(self) -> Identifier:
        """What finds an article; SKU for kinds that have none."""
        return self.common.identifier if isinstance(self.common, ArticleFlowSettings) else Identifier.SKU


def record_sides(
    source: Connector, target: Connector, kind: RecordKind
) -> tuple[RecordSourceDeclaration, RecordTargetDeclaration]:
    """The two declarations a flow needs; raises `SettingsRefused` when a system lacks its side."""
    if kind not in source.record_sources:
        raise SettingsRefused(f"{source.title} does not hand out {kind}, so it cannot be the source of such a flow.")
    if kind not in target.record_targets:
        raise SettingsRefused(f"{target.title} takes no {kind} in, so it cannot be the target of such a flow.")
    return source.record_sources[kind], target.record_targets[kind]


def parse_record_flow(source: Connector, target: Connector, kind: RecordKind, raw: Mapping[str, Any]) -> RecordFlow:
    """Check and type a flow's stored settings: ``{"<kind>": …, "source": …, "target": …, "mapping": […]}``.

    ``"shared"`` holds what the integration says for each side; the flow's own settings go before it.

    Raises `SettingsRefused` with one sentence that names every setting or mapping row at fault.
    """
    source_side, target_side = record_sides(source, target, kind)
    unknown = sorted(set(raw) - {str(kind), "source", "target", "mapping", "shared"})
    if unknown:
        raise SettingsRefused(f"Unknown group of settings: {', '.join(unknown)}. Use {kind}, source, target, mapping.")
    shared = raw.get("shared", {})
    try:
        common = COMMON_SETTINGS[kind].model_validate(default_removals(kind, target_side) | raw.get(kind, {}))
        target_settings = _side(target_side.settings, shared.get("target", {}), raw.get("target", {}))
        changes = [Rule.model_validate(row) for row in raw.get("mapping", [])]
        flow = RecordFlow(
            kind=kind,
            common=common,
            source=_side(source_side.settings, shared.get("source", {}), raw.get("source", {})),
            target=target_settings,
            filter=RecordFilter.compile(common.filter, known_names(known_fields(kind, source_side))),
            rules=compile_rules(kind, source_side, target_side, target_settings, changes),
        )
    except ValidationError as error:
        raise SettingsRefused(describe(error)) from error
    except MappingRefused as error:
        raise SettingsRefused(" ".join(str(refusal) for refusal in (error, *error.others))) from error
    except ExpressionRefused as error:
        raise SettingsRefused(f"filter: {error.reason}") from error
    _check_choices(source, target, flow, source_side, target_side)
    return flow


def default_removals(kind: RecordKind, target: RecordTargetDeclaration) -> dict[str, Removal]:
    """What happens to records that are no longer wanted, before a person sets it.

    A target that lacks the kind's own default does what comes nearest.
    """
    nearest = Removal.RESET if Removal.RESET in target.removals else Removal.LEAVE
    defaults = {name: COMMON_SETTINGS[kind].model_fields[name].default for name in ("filtered_out", "gone")}
    offered = target.removals | {Removal.LEAVE}
    return {name: default if default in offered else nearest for name, default in defaults.items()}


def missing_record_settings(flow: RecordFlow) -> tuple[str, ...]:
    """The titles of settings without which the flow cannot be switched on, in the order they are asked for."""
    return (*missing_settings(flow.common), *missing_settings(flow.source), *missing_settings(flow.target))


def known_names(fields: Sequence[Field]) -> frozenset[str]:
    """The first parts of the names that expressions may use."""
    return frozenset({field.name.partition(".")[0] for field in fields} | {"raw"})


def compile_rules(
    kind: RecordKind,
    source: RecordSourceDeclaration,
    target: RecordTargetDeclaration,
    target_settings: BaseModel,
    changes: Sequence[Rule],
) -> RuleSet:
    """The default mapping with a person's changes; raises `MappingRefused`."""
    rules = merged(default_rules(kind, source, target, target_settings), changes)
    return RuleSet.compile(rules, source_fields=known_fields(kind, source), target_fields=target.fields)


def _side(model: type[BaseModel], shared: Mapping[str, Any], own: Mapping[str, Any]) -> BaseModel:
    return model.model_validate(layered(model, shared, own))


def _check_choices(
    source: Connector,
    target: Connector,
    flow: RecordFlow,
    source_side: RecordSourceDeclaration,
    target_side: RecordTargetDeclaration,
) -> None:
    common = flow.common
    for name in ("filtered_out", "gone"):
        removal = getattr(common, name)
        if removal not in target_side.removals | {Removal.LEAVE}:
            offered = ", ".join(sorted(target_side.removals))
            raise SettingsRefused(f"{name}: {target.title} cannot {removal} {flow.kind}. It offers: {offered}.")
    if flow.identifier not in target_side.identifiers:
        raise SettingsRefused(f"identifier: {target.title} does not find {flow.kind} by {flow.identifier}.")
    if isinstance(common, StockFlowSettings) and common.calculation not in {"", *source_side.calculations}:
        offered = ", ".join(sorted(source_side.calculations))
        raise SettingsRefused(f"calculation: {source.title} has no “{common.calculation}”. It offers: {offered}.")

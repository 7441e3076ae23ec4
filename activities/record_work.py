"""Work on a batch of records: filter, map, find, compare, write what differs, and say how each ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from activities.failures import broken_record
from activities.pending_orders import Sales
from activities.record_ending import Ended, problem_of, refused
from activities.record_matching import (
    SENT,
    SHARES,
    Hasher,
    Opposite,
    binding_of,
    differing,
    identity_problem,
    owner_of,
    plain,
    same_key,
    shared_warning,
    value_hash,
)
from activities.record_view import ValueTables, View, fields_of, fingerprint, read_record, sold_of, view_of
from activities.vendors import OpenRecordFlow
from commerce.problems import Problem, ProblemCode
from commerce.record import Product, Shipment, StockLevel
from connectors.errors import RecordRefused
from connectors.record_flow import ProductFlowSettings, ShipmentFlowSettings
from connectors.records import Change, Existing, Key, Written
from mapping.errors import ExpressionFailed, MappingFailed
from mapping.rules import Mapped
from store import BindingRecord, ItemRecord, ItemState, Settled, SkipReason

WAITS_FOR_CODE = "waits_for_tracking_code"
"""The reason of a shipment that is ready but for its tracking code."""
NEXT_LOOK = timedelta(minutes=5)
"""How long a shipment waits before it is looked at again for its tracking code."""


@dataclass(frozen=True)
class Workbench:
    """What the work on one batch of a flow stands on."""

    flow: OpenRecordFlow
    values: ValueTables
    hasher: Hasher
    bindings: Mapping[str, BindingRecord]
    """By source id: what this flow has bound."""
    opposite: Opposite | None = None
    targets_of_orders: Mapping[str, str] = field(default_factory=dict)
    """Shipments: our source's order id → the same order at the target, which this integration sent either way."""
    doubtful: set[str] = field(default_factory=set)
    """Ids of items that were read with other sales than they are worked on with: the next read brings them again."""

    def lookup(self, table: str, value: str) -> str | None:
        """One row of the flow's value tables."""
        return self.values.get(table, {}).get(value)


@dataclass
class Job:
    """One record on the bench, until it is settled."""

    view: View
    binding: BindingRecord | None
    existing: Existing | None = None
    mapped: Mapped = field(default_factory=Mapped)
    change: Change | None = None
    echoed: frozenset[str] = frozenset()
    left_out: Ended | None = None
    """Set when it is not to be at the target: it is looked for only because a write of it was never answered."""

    @property
    def item(self) -> ItemRecord:
        """Its place in the ledger."""
        return self.view.item


def looked_over(
    bench: Workbench, items: Sequence[ItemRecord], sales: Sales, now: datetime
) -> tuple[list[Job], list[Ended]]:
    """Read, filter and map without asking the target: the records that need it, and those that are at their end."""
    jobs: list[Job] = []
    ended: list[Ended] = []
    keys: dict[str, str] = {}
    for item in items:
        try:
            job = _begun(bench, item, sales, now)
            if isinstance(job, Ended):
                ended.append(job)
                continue
            twin = keys.setdefault(job.view.key.text, item.source_id)
            if twin != item.source_id:
                ended.append(_twin(bench, job, twin, now))
                continue
            jobs.append(job)
        except (RecordRefused, MappingFailed, ExpressionFailed) as refusal:
            ended.append(refused(item, problem_of(item, refusal)))
        except Exception as error:  # noqa: BLE001 - whatever it is, one record must not stop its page
            ended.append(refused(item, broken_record(item, error)))
    return jobs, ended


def _begun(bench: Workbench, item: ItemRecord, sales: Sales, now: datetime) -> Job | Ended:
    flow, binding = bench.flow, bench.bindings.get(item.source_id)
    # What was sent since the binding was made, and never answered, may stand at the target by now.
    answered = item.write_started_at is None
    unbound = binding is None and not answered
    if item.reason == SkipReason.GONE and not unbound:
        return _skipped(item, SkipReason.GONE)
    record = read_record(flow.kind, item.body or b"")
    number = binding.target_number if binding is not None else ""
    sold = sold_of(flow, record, number, sales, item.read_at)
    if isinstance(record, StockLevel) and item.fingerprint != fingerprint(flow, item.body or b"", sold):
        bench.doubtful.add(item.id)
    common, fields = flow.settings.common, fields_of(flow, record, sold.missing)
    passes = flow.settings.filter.passes(fields, bench.lookup)
    if not passes and not unbound:
        # What is left out needs nothing that a record must have to be sent: no SKU, no address, no group.
        return _skipped(item, SkipReason.FILTERED)
    view = view_of(flow, item, record, fields, bench.values)
    left_out = _left_out(bench, view, passes=passes)
    if left_out is not None:
        return Job(view, None, left_out=left_out) if unbound else left_out
    if isinstance(record, Shipment) and isinstance(common, ShipmentFlowSettings) and not record.tracking_code:
        wait_until = (record.shipped_at or item.created_at) + common.longest_wait
        if now < wait_until:
            until = min(wait_until, now + NEXT_LOOK)
            return Ended(Settled(item.id, ItemState.READY, reason=WAITS_FOR_CODE, not_before=until))
    job = Job(view, binding)
    # The target's own sales move its stock: equal to what was sent last is not equal to what stands there.
    still = not isinstance(record, StockLevel)
    if still and binding is not None and answered and not binding.removed and binding.content_hash and common.update:
        mapped = flow.settings.rules.apply(view.fields, bench.lookup, creating=False)
        if binding.content_hash == content_hash(mapped, bench.hasher) and same_key(binding, view, bench.hasher):
            return Ended(Settled(item.id, ItemState.DONE, reason="unchanged"))
    return job


def _left_out(bench: Workbench, view: View, *, passes: bool) -> Ended | None:
    """Why a record is not to be at the target, if it is not; ``passes`` is what the filter says of it."""
    item, record, common = view.item, view.record, bench.flow.settings.common
    if item.reason == SkipReason.GONE:
        return _skipped(item, SkipReason.GONE)
    if not passes:
        return _skipped(item, SkipReason.FILTERED)
    variant = isinstance(record, Product) and bool(record.parent_id)
    if variant and isinstance(common, ProductFlowSettings) and common.variants == "skip":
        return _skipped(item, SkipReason.VARIANT, "Left out: it is a variant, and the settings say to skip those.")
    if isinstance(record, Shipment) and not _has_order(bench, item, record):
        return _skipped(item, SkipReason.NOT_AT_TARGET)
    return None


def _has_order(bench: Workbench, item: ItemRecord, shipment: Shipment) -> bool:
    """Whether the target can have the order of a shipment; an order that was typed at the source may be sent later."""
    known = item.source_id in bench.bindings or shipment.order_id in bench.targets_of_orders
    return known or bool(shipment.order_reference)


def key_of(bench: Workbench, job: Job, *, by_id: bool) -> Key:
    """What a job's record is looked for by: its id at the target when that is known."""
    key, binding = job.view.key, job.binding
    opposite = bench.opposite.bindings.get(key.source_id) if bench.opposite else None
    if binding is not None and binding.details.get(SHARES):
        # Whose it is may have changed, and so may the address that the two had in common.
        binding = None
    known = binding.target_id if binding else opposite.source_key if opposite else ""
    if isinstance(job.view.record, Shipment):
        known = known or bench.targets_of_orders.get(job.view.record.order_id, "")
    return replace(key, target_id=known) if by_id and known else replace(key, target_id="")


def compared(
    bench: Workbench, job: Job, found: Existing | Problem | None, others: tuple[BindingRecord, ...]
) -> Ended | None:
    """Decide what to write of a record that was looked for: sets the job's change, or says how it ended."""
    flow, item = bench.flow, job.item
    common = flow.settings.common
    if isinstance(found, Problem):
        return refused(item, found)
    if job.left_out is not None:
        return job.left_out if found is None or others else _taken_back(bench, job.left_out, job.view, found)
    try:
        if found is None:
            other = bench.opposite.bindings.get(item.source_id) if bench.opposite else None
            if other is not None and other.removed:
                # The target's record ended, and the opposite flow has taken ours away for it.
                return _skipped(item, SkipReason.NOT_AT_TARGET)
            if not (flow.target_side.creates and common.create):
                return _skipped(item, SkipReason.NOT_AT_TARGET)
            _to_create(bench, job)
            return None
        problem = identity_problem(flow, job.view, job.binding, others, bench.hasher)
        if problem is not None:
            return refused(item, problem)
        owner = owner_of(flow, job.view, others)
        return _to_update(bench, job, found, others) if owner is None else _sharing(bench, job, found, owner)
    except MappingFailed as refusal:
        return refused(item, problem_of(item, refusal))


def _taken_back(bench: Workbench, left_out: Ended, view: View, found: Existing) -> Ended:
    """A record that we have created without an answer, and that is not to be there: bound, it can be taken away."""
    settled = replace(left_out.settled, target_id=found.target_id, target_number=found.number, confirmed_by_lookup=True)
    binding = binding_of(bench.flow, view, found.target_id, found.number, content_hash="", sent={}, hasher=bench.hasher)
    return Ended(settled, binding)


def _to_create(bench: Workbench, job: Job) -> None:
    job.mapped = bench.flow.settings.rules.apply(job.view.fields, bench.lookup, creating=True)
    job.change = Change(
        source_id=job.view.record.source_id,
        reference=job.item.reference,
        existing=None,
        values=job.mapped.values,
        key=key_of(bench, job, by_id=False),
    )


def _to_update(bench: Workbench, job: Job, found: Existing, others: tuple[BindingRecord, ...]) -> Ended | None:
    flow = bench.flow
    job.existing = found
    job.mapped = flow.settings.rules.apply(job.view.fields, bench.lookup, creating=False)
    if bench.opposite is not None and not (job.binding is not None and job.binding.removed):
        # What we took away ourselves is nobody's change: it is given back whole.
        job.echoed = bench.opposite.echoes(flow, job.view, bench.hasher)
    left = job.echoed | _replaced(bench, job, found, others)
    wanted = {name: value for name, value in job.mapped.values.items() if name not in left}
    different = differing(flow.target, found, wanted) if flow.settings.common.update else {}
    if not different:
        return equal(bench, job)
    job.change = Change(
        source_id=job.view.record.source_id,
        reference=job.item.reference,
        existing=found,
        values=different,
        key=key_of(bench, job, by_id=True),
    )
    return None


def _replaced(bench: Workbench, job: Job, found: Existing, others: tuple[BindingRecord, ...]) -> frozenset[str]:
    """What was sent of a delivery in whose place the target shows another delivery of the same order by now."""
    mine, values = job.view.record.source_id, job.mapped.values
    if not isinstance(job.view.record, Shipment) or all(other.source_key == mine for other in others):
        return frozenset()
    sent: Mapping[str, str] = job.binding.details.get(SENT, {}) if job.binding else {}
    again = {name: value for name, value in values.items() if sent.get(name) == value_hash(value, bench.hasher)}
    return frozenset(sent) if differing(bench.flow.target, found, again) else frozenset()


def equal(bench: Workbench, job: Job) -> Ended:
    """The target has all that is wanted already: since before we came, or by an attempt whose answer was lost."""
    existing = job.existing
    if existing is None:
        raise ValueError("only a record that exists can be equal")
    confirmed = job.item.write_started_at is not None
    new = job.binding is None
    text = f"Confirmed by look-up: {existing.number or existing.target_id} is at the target." if confirmed else ""
    if not text and new:
        text = f"Found at the target: {existing.number or existing.target_id}; nothing differs."
    settled = Settled(
        job.item.id,
        ItemState.DONE,
        reason=SkipReason.ECHO if job.echoed else SkipReason.EXISTS if new else "unchanged",
        target_id=existing.target_id,
        target_number=existing.number,
        confirmed_by_lookup=confirmed,
        text=text,
    )
    return Ended(settled, _binding(bench, job, existing.target_id, existing.number, written={}))


def _sharing(bench: Workbench, job: Job, found: Existing, owner: BindingRecord) -> Ended:
    settled = Settled(
        job.item.id,
        ItemState.DONE,
        reason=SkipReason.SHARED,
        target_id=found.target_id,
        target_number=found.number,
        notes=[shared_warning(job.item, found, owner)],
    )
    binding = _binding(bench, job, found.target_id, found.number, written={})
    return Ended(settled, replace(binding, details={**binding.details, SENT: {}, SHARES: True}))


def written(bench: Workbench, job: Job, outcome: Written) -> Ended:
    """How a change ended that the target answered."""
    change = job.change
    if change is None:
        raise ValueError("only a change can be written")
    if outcome.problem is not None:
        # What was written before the refusal is remembered, but without a hash: it is compared again.
        half = _binding(bench, job, outcome.target_id, outcome.number, written={}) if outcome.target_id else None
        return replace(refused(job.item, outcome.problem), binding=replace(half, content_hash="") if half else None)
    name = outcome.number or outcome.target_id
    action = "created" if change.existing is None else "updated"
    fields = "" if change.existing is None else f": {', '.join(sorted(change.values))}"
    settled = Settled(
        job.item.id,
        ItemState.DONE,
        reason=action,
        target_id=outcome.target_id,
        target_number=outcome.number,
        notes=[*job.mapped.notes, *_flattened(job), *outcome.notes],
        text=f"{action.capitalize()}: {name}{fields}.",
    )
    return Ended(settled, _binding(bench, job, outcome.target_id, outcome.number, written=change.values))


def _flattened(job: Job) -> list[str]:
    record = job.view.record
    if job.existing is None and isinstance(record, Product) and record.parent_id:
        return [
            f"It is a variant of the source's product {record.parent_id}; at the target it is a product of its own."
        ]
    return []


def _binding(bench: Workbench, job: Job, target_id: str, number: str, *, written: Mapping[str, Any]) -> BindingRecord:
    before: Mapping[str, str] = job.binding.details.get(SENT, {}) if job.binding else {}
    creating = job.change is not None and job.change.existing is None
    # A field that was left empty at creation is one that we know the value of, too.
    empty = dict.fromkeys(bench.flow.settings.rules.targets, value_hash(None, bench.hasher)) if creating else {}
    sent = {**empty, **before, **{name: value_hash(value, bench.hasher) for name, value in written.items()}}
    updating = bench.flow.settings.rules.apply(job.view.fields, bench.lookup, creating=False)
    # While nothing is updated, people may change the target: once it is again, every record is compared with it.
    stands = content_hash(updating, bench.hasher) if bench.flow.settings.common.update else ""
    return binding_of(
        bench.flow,
        job.view,
        target_id,
        number,
        content_hash=stands,
        sent=sent,
        hasher=bench.hasher,
    )


def content_hash(mapped: Mapped, hasher: Hasher) -> str:
    """A keyed hash of all that an update would want; equal ones need no look at the target."""
    return hasher(plain(mapped.values))


def _skipped(item: ItemRecord, reason: SkipReason, text: str = "") -> Ended:
    return Ended(Settled(item.id, ItemState.SKIPPED, reason=reason, text=text))


def _twin(bench: Workbench, job: Job, twin: str, now: datetime) -> Ended:
    if bench.flow.target_side.shared:
        # The first of them is created or found now; this one finds it then.
        return Ended(Settled(job.item.id, ItemState.READY, not_before=now))
    return refused(
        job.item,
        Problem(
            code=ProblemCode.AMBIGUOUS_MATCH,
            field=str(bench.flow.settings.identifier),
            value=job.view.key.text,
            sentence=(
                f"Record {job.item.reference} (source id {job.item.source_id}) and the one with source id {twin} are "
                f"both called {job.view.key.text} at the source. Give one of them another, then retry."
            ),
        ),
    )

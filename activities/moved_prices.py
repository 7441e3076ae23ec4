"""Prices whose customer group changed: whose place at the target is whose, also while lists swap their groups."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from activities.record_matching import KEY, key_hash, same_key
from activities.record_view import View, fields_of, read_record, view_of
from activities.record_work import Job, Workbench
from commerce.problems import Problem
from connectors.errors import RecordRefused
from connectors.records import Existing, RecordKind
from store import BindingRecord, ItemRecord, ItemState, Store

Found = Mapping[str, Existing | Problem]


@dataclass
class Places:
    """Who owns the target records that a batch is about, and who takes them over."""

    owners: Mapping[str, tuple[BindingRecord, ...]]
    """By target id. A price that belongs to another group by now owns its former place no longer."""
    elsewhere: Mapping[str, BindingRecord] = field(default_factory=dict)
    """Prices of other batches that left their place: what they are found by now → where they are bound still."""
    coming: list[BindingRecord] = field(default_factory=list)
    """Prices of other batches, bound to the place that one of this batch leaves to them."""

    def pass_on(self, bench: Workbench, jobs: Sequence[Job], found: Found) -> None:
        """Let go of former places that another price has or is about to have: nothing is taken away there."""
        wanted = {one.target_id for one in found.values() if isinstance(one, Existing)}
        for job in jobs:
            source_id, before = job.view.record.source_id, job.binding
            now = found.get(source_id)
            if before is None or isinstance(now, Problem) or (now is not None and now.target_id == before.target_id):
                continue
            others = [one for one in self.owners.get(before.target_id, ()) if one.source_key != source_id]
            taken = before.target_id in wanted or any(not other.removed for other in others)
            comes = self.elsewhere.get(before.details.get(KEY, ""))
            if not taken and comes is not None and comes.target_id in wanted:
                self.coming.append(_at(comes, before.target_id, before.target_number, before.details[KEY]))
                taken = True
            if taken:
                job.binding = None if now is None else _moved(bench, job, before, now)


async def places_of(store: Store, workspace_id: str, bench: Workbench, jobs: Sequence[Job], found: Found) -> Places:
    """Who owns what was found for a batch; of prices, also who is on the way to where."""
    flow = bench.flow
    flow_id, kind = flow.flow.id, str(flow.kind)
    ids = {one.target_id for one in found.values() if isinstance(one, Existing)}
    if flow.kind is not RecordKind.PRICES:
        return Places(await store.bindings.of_targets(workspace_id, flow_id, kind, sorted(ids)))
    ids |= {job.binding.target_id for job in jobs if job.binding is not None}
    bound = await store.bindings.of_targets(workspace_id, flow_id, kind, sorted(ids))
    mine = {job.view.record.source_id: job.view for job in jobs}
    bindings = [binding for several in bound.values() for binding in several]
    items = await store.record_queries.named(
        workspace_id, flow_id, sorted({binding.source_key for binding in bindings} - mine.keys())
    )
    others = _views(bench, items)
    views = {**mine, **others}
    places = Places(
        {
            target_id: tuple(binding for binding in several if _stays(bench, binding, views))
            for target_id, several in bound.items()
        }
    )
    left = {binding.source_key: binding for binding in bindings if not _stays(bench, binding, views)}
    on_their_way = [item.source_id for item in items if item.state is not ItemState.SKIPPED]
    places.elsewhere = {
        key_hash(view, bench.hasher): left[source_id]
        for source_id in on_their_way
        if source_id in left and (view := others[source_id]) is not None
    }
    return places


def moved(bench: Workbench, jobs: Iterable[Job]) -> list[BindingRecord]:
    """Bind prices to the places they move to before they are written there, and return what the ledger must keep.

    Without a hash of the content, an attempt after one that broke off compares them with the target again.
    """
    bindings: list[BindingRecord] = []
    for job in jobs:
        before, now = bench.bindings.get(job.view.record.source_id), job.existing
        if before is not None and now is not None and now.target_id != before.target_id:
            job.binding = _moved(bench, job, before, now)
            bindings.append(job.binding)
    return bindings


def _views(bench: Workbench, items: Iterable[ItemRecord]) -> dict[str, View | None]:
    """Prices of other batches as they are now; None: it is of no group."""
    views: dict[str, View | None] = {}
    for item in items:
        try:
            record = read_record(bench.flow.kind, item.body or b"")
            fields = fields_of(bench.flow, record, Decimal(0))
            views[item.source_id] = view_of(bench.flow, item, record, fields, bench.values)
        except RecordRefused:
            views[item.source_id] = None
        except ValueError:
            # It was malformed when it was read last, so nobody knows its group: its place stays its own.
            continue
    return views


def _stays(bench: Workbench, binding: BindingRecord, views: Mapping[str, View | None]) -> bool:
    if binding.source_key not in views:
        return True
    view = views[binding.source_key]
    return view is not None and same_key(binding, view, bench.hasher)


def _moved(bench: Workbench, job: Job, before: BindingRecord, now: Existing) -> BindingRecord:
    return _at(before, now.target_id, now.number, key_hash(job.view, bench.hasher))


def _at(binding: BindingRecord, target_id: str, number: str, key: str) -> BindingRecord:
    return replace(binding, target_id=target_id, target_number=number, content_hash="", details={KEY: key})

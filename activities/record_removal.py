"""What the target has from us and should not have any more: taken away under a guard."""

from datetime import timedelta

from activities.claiming import keep
from activities.failures import broken_record
from activities.vendors import ConnectionBroken, OpenRecordFlow, on_item
from commerce.problems import Problem, ProblemCode
from connectors.errors import RecordGone, RecordRefused, VendorError
from connectors.protocols import Identifier
from connectors.records import Key, RecordKind, Removal
from store import DATABASE_TROUBLE, Claim, ItemRecord, SkipReason, Store

_AT_ONCE = 100
"""Records that one step takes away; the next step goes on."""


async def remove_unwanted(
    store: Store, workspace_id: str, flow: OpenRecordFlow, claim: Claim | None, lease: timedelta
) -> bool:
    """Archive, delete or empty what was filtered out or is gone, as set; returns whether there is more to do.

    When more than the guard's share would go, nothing does, and a problem of the flow says how many. One record alone
    never trips the guard. A second run takes up what is left.

    Args:
        store: The ledger.
        workspace_id: The owner.
        flow: The flow, opened.
        claim: The claim on the flow, kept for ``lease`` from each record on; None when there is none to keep.
        lease: How long a claim runs.

    Raises:
        Wait: Another attempt has taken the flow over.
    """
    flow_id, kind, common = flow.flow.id, str(flow.kind), flow.settings.common
    filtered, gone = common.filtered_out is not Removal.LEAVE, common.gone is not Removal.LEAVE
    if not (filtered or gone):
        return False
    unwanted = await store.removals.due(workspace_id, flow_id, kind, filtered=filtered, gone=gone, limit=_AT_ONCE)
    if unwanted.going > 1 and unwanted.going * 100 > common.guard_percent * unwanted.total:
        await store.problems.raise_(workspace_id, flow_id, _too_many(flow, unwanted.going, unwanted.total))
        return False
    await store.problems.resolve(workspace_id, flow_id, ProblemCode.TOO_MANY_GONE)
    bindings = await store.bindings.find(workspace_id, flow_id, kind, [item.source_id for item in unwanted.first])
    for item in unwanted.first:
        await keep(store, workspace_id, claim, lease, of="flow")
        with on_item(item.id):
            await _remove(store, workspace_id, flow, item, bindings[item.source_id].target_id)
    return unwanted.going > len(unwanted.first)


async def _remove(store: Store, workspace_id: str, flow: OpenRecordFlow, item: ItemRecord, target_id: str) -> None:
    common, kind = flow.settings.common, str(flow.kind)
    removal = common.filtered_out if item.reason == SkipReason.FILTERED else common.gone
    bound = (await store.bindings.of_targets(workspace_id, flow.flow.id, kind, [target_id])).get(target_id, ())
    sharing = [other.source_key for other in bound if other.source_key != item.source_id and not other.removed]
    text, problem = "", None
    try:
        if sharing:
            text = f"Left at the target: {item.target_number or target_id} is source record {sharing[0]} as well."
        else:
            text = await take_away(flow, item, target_id, removal)
    except RecordRefused as refusal:
        problem = refusal.problem
    except (ConnectionBroken, VendorError, OSError, *DATABASE_TROUBLE):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, one record must not keep the others at the target
        problem = broken_record(item, error)
    if problem is not None:
        problem_id = await store.problems.raise_(workspace_id, flow.flow.id, problem)
        await store.removals.refused(workspace_id, item.id, problem.sentence, problem_id)
        return
    if flow.kind is RecordKind.CUSTOMERS and not sharing:
        # Who ordered before and orders again without an account is an active customer again.
        await store.bindings.forget_customer(workspace_id, flow.target_connection.id, target_id)
    if sharing or removal is Removal.DELETE:
        await store.bindings.forget(workspace_id, flow.flow.id, kind, [item.source_id])
    else:
        await store.bindings.mark_removed(workspace_id, flow.flow.id, kind, [item.source_id])
    await store.removals.done(workspace_id, item.id, text)


async def take_away(flow: OpenRecordFlow, item: ItemRecord, target_id: str, removal: Removal) -> str:
    """Take one record away at the target and say what was done; a second run finds it done. Raises `RecordRefused`."""
    key = Key(source_id=item.source_id, text=item.reference, target_id=target_id)
    try:
        with flow.calling_target():
            found = (await flow.target.find([key], Identifier.SKU)).get(item.source_id)
            if isinstance(found, Problem):
                raise RecordRefused(found)
            if found is not None:
                await flow.target.remove(found, removal)
                return f"Taken away at the target ({removal}): {item.target_number or target_id}."
    except RecordGone:
        pass
    return "The target does not have it any more."


def _too_many(flow: OpenRecordFlow, going: int, total: int) -> Problem:
    return Problem(
        code=ProblemCode.TOO_MANY_GONE,
        field="guard_percent",
        value=str(flow.settings.common.guard_percent),
        sentence=(
            f"{going} of {total} records of the flow of {flow.kind} would be taken away at the target at once, more "
            f"than the guard of {flow.settings.common.guard_percent} % allows, so none was. Look whether the source "
            "shows all it has; if it does, raise the guard for one run."
        ),
    )

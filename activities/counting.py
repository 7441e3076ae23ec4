"""How many items of a flow stand where, as a workflow is told."""

from store import Counts
from workflows.messages import FlowCounts


def flow_counts(counts: Counts) -> FlowCounts:
    """The ledger's counts; what is ready counts as in flight, so that they add up."""
    return FlowCounts(
        listed=counts.listed,
        done=counts.done,
        skipped=counts.skipped,
        parked=counts.parked,
        in_flight=counts.ready + counts.in_flight,
        released=counts.released,
        oldest_waiting=counts.oldest_ready_at,
    )

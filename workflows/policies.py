"""The named policies: how long a step may take, how it is retried, and what goes first.

Every activity has a start-to-close limit and a heartbeat limit; a worker that is killed is noticed within the latter.
Temporary trouble is retried for a day before it counts as a problem.
"""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import Priority, RetryPolicy

HEARTBEAT = timedelta(seconds=10)


class Policy(TypedDict):
    """Keyword arguments of ``workflow.execute_activity``."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy


PAGE = Policy(
    start_to_close_timeout=timedelta(minutes=5),
    schedule_to_close_timeout=timedelta(days=1),
    heartbeat_timeout=HEARTBEAT,
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=1)
    ),
)
"""Reading one page of a source: idempotent, because pages are saved with their place."""

RECORD = Policy(
    start_to_close_timeout=timedelta(minutes=3),
    schedule_to_close_timeout=timedelta(days=1),
    heartbeat_timeout=HEARTBEAT,
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(minutes=1)
    ),
)
"""One step of one record at a vendor: looks before it writes, so any number of attempts make one result."""

LEDGER = Policy(
    start_to_close_timeout=timedelta(seconds=30),
    schedule_to_close_timeout=timedelta(days=7),
    heartbeat_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=200), backoff_coefficient=2, maximum_interval=timedelta(seconds=30)
    ),
)
"""Writing to our own database only."""

ORDERS_FIRST = 1
"""Priority key of orders; everything else gets a higher number, which means later."""
AFTER_ORDERS = 3


def orders_first(connection_id: str) -> Priority:
    """Orders before anything else, and each source connection its fair share."""
    return Priority(priority_key=ORDERS_FIRST, fairness_key=connection_id[:64] or None)


def after_orders(connection_id: str) -> Priority:
    """Whole pages of records wait for every order."""
    return Priority(priority_key=AFTER_ORDERS, fairness_key=connection_id[:64] or None)

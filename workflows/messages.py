"""What travels through Temporal: ids, cursors, counts and problem codes, never a record, a name or a secret."""

from datetime import datetime

from pydantic import BaseModel, Field

INTEGRATION_WORKFLOW = "Integration"
ORDER_WORKFLOW = "Order"

PROBLEM = "problem"
"""Type of an application error that parks its item; the problem's id is the first detail."""
CONNECTION = "connection"
"""Type of an application error that parks a whole connection."""
WAIT = "wait"
"""Type of an application error that is retried when its own delay has passed."""


def integration_workflow_id(integration_id: str) -> str:
    """One execution per integration, for as long as it exists."""
    return f"integration/{integration_id}"


def order_workflow_id(integration_id: str, source_id: str) -> str:
    """One execution at a time per order: the engine itself refuses a second."""
    return f"order/{integration_id}/{source_id}"


ORDERS = "orders"
"""The kind of flow whose records have a workflow of their own each; all others move in pages."""


class FlowPlan(BaseModel):
    """What the integration's workflow must know of a flow."""

    flow_id: str
    kind: str
    schedule: str = "*/5 * * * *"
    """A cron expression in the integration's time zone."""
    window: int = Field(default=50, ge=1, le=500)
    """How many items may be on their way at once."""
    paused: bool = False
    source_connection_id: str = ""
    systems: str = ""
    """``source→target``, for summaries and search attributes."""


class FlowCounts(BaseModel):
    """The ledger's figures of one flow: listed = done + skipped + parked + in_flight."""

    listed: int = 0
    done: int = 0
    skipped: int = 0
    parked: int = 0
    in_flight: int = 0
    released: int = 0
    oldest_waiting: datetime | None = None


class FlowState(BaseModel):
    """One flow's place, carried through continue-as-new."""

    last_run: datetime | None = None
    next_run: datetime | None = None
    cursor: str = ""
    page: str = ""
    blocked: str = ""
    """The problem code of a refused connection; empty when all is well."""
    runs: int = 0
    counts: FlowCounts = Field(default_factory=FlowCounts)
    wanted: bool = False
    """A run was asked for and has not begun."""


class IntegrationState(BaseModel):
    """All that a run of the integration's workflow hands to the next."""

    paused: bool = False
    flows: dict[str, FlowState] = Field(default_factory=dict)


class IntegrationInput(BaseModel):
    """How an integration's workflow begins, and continues as new."""

    workspace_id: str
    integration_id: str
    time_zone: str = "UTC"
    flows: list[FlowPlan] = Field(default_factory=list)
    state: IntegrationState = Field(default_factory=IntegrationState)
    history_limit: int = 2_000
    """Events after which the workflow continues as new, if the server has not suggested it before."""


class FlowTarget(BaseModel):
    """Names one flow, or all when empty."""

    flow_id: str = ""


class Resync(BaseModel):
    """Read a flow again: from a moment on, completely, or only the named source ids."""

    flow_id: str
    since: datetime | None = None
    source_ids: list[str] = Field(default_factory=list)
    everything: bool = False


class Retry(BaseModel):
    """Release named items, or all that wait for one problem."""

    item_ids: list[str] = Field(default_factory=list)
    problem_id: str = ""


class Reconfigure(BaseModel):
    """New schedules or flows; cursors stay in the ledger."""

    time_zone: str = "UTC"
    flows: list[FlowPlan]


class FlowProgress(BaseModel):
    """What a person sees of one flow."""

    flow_id: str
    kind: str
    state: str
    """``running``, ``waiting``, ``paused`` or ``blocked``."""
    last_run: datetime | None
    next_run: datetime | None
    cursor: str
    page: str
    blocked: str
    runs: int
    listed: int
    done: int
    skipped: int
    parked: int
    in_flight: int
    released: int
    lag_seconds: float
    """Age of the oldest item that is not yet through."""


class Progress(BaseModel):
    """The answer to the ``progress`` query."""

    integration_id: str
    paused: bool
    flows: list[FlowProgress]


class FlowRef(BaseModel):
    """Names a flow for an activity."""

    workspace_id: str
    integration_id: str
    flow_id: str


class FetchInput(FlowRef):
    """Read the next page of a flow's source and hand out what is ready."""

    begin: bool
    """True for the first page of a run: housekeeping of the ledger happens here."""
    read: bool
    """False only hands out what is ready."""
    window: int
    """How many items may be on their way at once."""
    under_way: int
    """How many of them the workflow awaits already."""


class HandedOut(BaseModel):
    """An item that may go on its way."""

    item_id: str
    source_id: str


class FlowResult(BaseModel):
    """Where a flow stands after one page."""

    more_pages: bool = False
    more_ready: bool = False
    blocked: str = ""
    """The problem code of a connection that refuses, or of settings that do not fit."""
    cursor: str = ""
    page: str = ""
    counts: FlowCounts | None = None
    """None: not counted after this page, so the figures before it stand."""


class FetchResult(FlowResult):
    """What one page of orders brought."""

    ready: list[HandedOut] = Field(default_factory=list)


class SyncInput(FlowRef):
    """Read the next page of a flow that moves in pages, and work on what is ready."""

    begin: bool
    """True for the first page of a run: housekeeping of the ledger happens here."""
    read: bool
    """False only works on what is ready."""
    read_before: int = 0
    """How many records of the source this run has read already."""


class SyncResult(FlowResult):
    """What one page of records brought."""

    read: int = 0
    """How many records of the source this run has read, this page included."""
    pause_seconds: float = 0
    """How long the target asks to wait before it is called again."""


class ResyncInput(FlowRef):
    """`Resync` for the ledger."""

    since: datetime | None = None
    source_ids: list[str] = Field(default_factory=list)
    everything: bool = False


class ReleaseInput(BaseModel):
    """`Retry` for the ledger."""

    workspace_id: str
    integration_id: str
    item_ids: list[str] = Field(default_factory=list)
    problem_id: str = ""


class OrderInput(FlowRef):
    """One order on its way."""

    item_id: str
    source_id: str


class OrderStep(BaseModel):
    """What a step decided: ``go``, ``done``, ``skipped`` or ``postponed``, with the target's id where there is one."""

    outcome: str
    target_id: str = ""
    detail: str = ""
    """A word for the summary: ``created``, ``found``, ``updated``, ``confirmed_by_lookup``, ``exists`` …"""


class ParkInput(OrderInput):
    """Why an order waits for a person; without a problem id, ``code`` names what the engine itself ran into."""

    problem_id: str = ""
    code: str = ""


class OrderResult(BaseModel):
    """How an order's execution ended when it did not fail."""

    outcome: str
    target_id: str = ""
    detail: str = ""

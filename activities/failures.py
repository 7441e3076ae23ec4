"""From what went wrong to what Temporal does about it: the one place where errors become application errors."""

import contextlib
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.vendors import ConnectionBroken
from commerce.problems import Problem, ProblemCode
from connectors.errors import ConnectionRefused, OutcomeUnknown, RecordGone, RecordRefused, Temporary
from connectors.order_flow import SettingsRefused
from store import DATABASE_TROUBLE, EventKind, ItemRecord, Store
from workflows.messages import CONNECTION, PROBLEM, WAIT, FlowRef, OrderInput

_UNEXPECTED_ATTEMPTS = 5
_log = structlog.get_logger()


class Wait(Exception):
    """Not now: look again after ``delay``. The text says what is waited for."""

    def __init__(self, sentence: str, delay: timedelta) -> None:
        super().__init__(sentence)
        self.delay = delay


@contextlib.asynccontextmanager
async def order_failures(store: Store, order: OrderInput) -> AsyncIterator[None]:
    """Turn what a step of an order raises into retry, park the order, or park the connection.

    Raises:
        ApplicationError: Of type ``problem`` (the problem is in the ledger, its id and code are the details),
            ``connection`` (the connection is marked, the order is ready again) or ``wait``.
    """
    try:
        yield
    except (RecordRefused, RecordGone, SettingsRefused) as error:
        raise await _refusal(store, order, problem_of(error, order.source_id)) from error
    except ConnectionBroken as error:
        await store.connections.mark_broken(order.workspace_id, error.connection_id, error.problem)
        await store.items.postpone(order.workspace_id, order.item_id, datetime.now(UTC))
        raise ApplicationError(error.problem.sentence, type=CONNECTION, non_retryable=True) from error
    except Wait as error:
        raise ApplicationError(str(error), type=WAIT, next_retry_delay=error.delay) from error
    except Temporary as error:
        if isinstance(error, OutcomeUnknown):
            await store.items.note(order.workspace_id, order.item_id, "outcome_unknown", str(error))
        raise ApplicationError(str(error), type=WAIT, next_retry_delay=error.retry_after) from error
    except DATABASE_TROUBLE as error:
        raise _database_trouble(error, item=order.item_id) from None
    except (ApplicationError, ConnectionRefused, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, one order must not hide or stop the others
        _log.error("step_failed", step=activity.info().activity_type, item=order.item_id, **_whereabouts(error))
        if activity.info().attempt < _UNEXPECTED_ATTEMPTS:
            raise _unexpected(error) from None
        problem = Problem(
            code=ProblemCode.INTERNAL_ERROR,
            field=activity.info().activity_type,
            value=type(error).__name__,
            sentence=(
                f"Order {order.source_id} could not be processed because Longshore itself failed "
                f"({type(error).__name__} in step {activity.info().activity_type}). Report it, then retry the order."
            ),
        )
        raise await _refusal(store, order, problem) from None


async def _refusal(store: Store, order: OrderInput, problem: Problem) -> ApplicationError:
    problem_id = await store.problems.raise_(order.workspace_id, order.flow_id, problem)
    await store.items.note(order.workspace_id, order.item_id, EventKind.REFUSED, problem.sentence)
    return ApplicationError(problem.sentence, problem_id, str(problem.code), type=PROBLEM, non_retryable=True)


def problem_of(error: RecordRefused | RecordGone | SettingsRefused, source_id: str) -> Problem:
    """Why an order waits that cannot go on."""
    if isinstance(error, RecordRefused):
        return error.problem
    if isinstance(error, SettingsRefused):
        return Problem(
            code=ProblemCode.SETTING_MISSING,
            field="settings",
            value="",
            sentence=f"The settings of this flow cannot be used. {error} Correct them; all orders held by this go on.",
        )
    return Problem(
        code=ProblemCode.RECORD_GONE,
        field=error.kind,
        value=error.record_id,
        sentence=(
            f"Order {source_id}: {error.kind} {error.record_id} no longer exists. Skip the order if that is right."
        ),
    )


class FlowBlocked(Exception):
    """Nothing of a flow can go on; why is written down, and ``code`` names it."""

    def __init__(self, code: ProblemCode) -> None:
        super().__init__(str(code))
        self.code = code


@contextlib.asynccontextmanager
async def flow_failures(store: Store, flow: FlowRef) -> AsyncIterator[None]:
    """Turn what a page of a flow raises into retry, or block the flow.

    Raises:
        FlowBlocked: The connection is marked, or the problem is in the ledger.
        ApplicationError: Of type ``wait``.
    """
    try:
        yield
    except ConnectionBroken as error:
        await store.connections.mark_broken(flow.workspace_id, error.connection_id, error.problem)
        raise FlowBlocked(error.problem.code) from error
    except Wait as error:
        raise ApplicationError(str(error), type=WAIT, next_retry_delay=error.delay) from error
    except Temporary as error:
        raise ApplicationError(str(error), type=WAIT, next_retry_delay=error.retry_after) from error
    except (SettingsRefused, RecordRefused) as error:
        raise await _blocked(store, flow, refused_flow(error)) from error
    except DATABASE_TROUBLE as error:
        raise _database_trouble(error, flow=flow.flow_id) from None
    except (ApplicationError, ConnectionRefused, OSError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the flow says that it stands still
        _log.error("page_failed", step=activity.info().activity_type, flow=flow.flow_id, **_whereabouts(error))
        if activity.info().attempt < _UNEXPECTED_ATTEMPTS:
            raise _unexpected(error) from None
        raise await _blocked(store, flow, _broken_flow(error)) from None


async def _blocked(store: Store, flow: FlowRef, problem: Problem) -> FlowBlocked:
    await store.problems.raise_(flow.workspace_id, flow.flow_id, problem)
    return FlowBlocked(problem.code)


def refused_flow(error: SettingsRefused | RecordRefused) -> Problem:
    """Why a whole flow stands still: its settings do not fit (any more), or an account refuses what it is asked for."""
    if isinstance(error, RecordRefused):
        return error.problem
    return Problem(
        code=ProblemCode.SETTING_MISSING,
        field="settings",
        value="",
        sentence=f"The settings of this flow cannot be used, so nothing is read. {error} Correct them and save.",
    )


def _broken_flow(error: Exception) -> Problem:
    """A failure of Longshore itself at a whole page of a flow."""
    step, kind = activity.info().activity_type, type(error).__name__
    return Problem(
        code=ProblemCode.INTERNAL_ERROR,
        field=step,
        value=kind,
        sentence=(
            f"The flow stands still because Longshore itself failed at a page ({kind} in step {step}). Report it; "
            "the next run tries again."
        ),
    )


def _unexpected(error: Exception) -> ApplicationError:
    """A failure of Longshore itself that another attempt may not have; without its text, which can quote a customer."""
    return ApplicationError(f"{type(error).__name__} in {activity.info().activity_type}", type=WAIT)


def _database_trouble(error: Exception, **where: str) -> ApplicationError:
    """The database is busy or away; without the text of the error, which quotes what was to be written."""
    _log.warning("database_trouble", step=activity.info().activity_type, error=type(error).__name__, **where)
    return ApplicationError("The database of Longshore is busy or away.", type=WAIT)


def _whereabouts(error: BaseException) -> dict[str, str]:
    """Kind and place of an unexpected error for the log, never its text, which can quote a customer."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return {"error": type(error).__name__, "module": Path(frame.filename).name, "line": str(frame.lineno)}


def broken_record(item: ItemRecord, error: Exception) -> Problem:
    """A failure of Longshore itself at one record."""
    _log.error("record_failed", item=item.id, **_whereabouts(error))
    return Problem(
        code=ProblemCode.INTERNAL_ERROR,
        field="record",
        value=type(error).__name__,
        sentence=(
            f"Record {item.reference} could not be processed because Longshore itself failed "
            f"({type(error).__name__}). Report it, then retry the record."
        ),
    )

"""Temporal servers for tests: the same binary the product embeds, with short timers and nothing on disk."""

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from tests.child_server import ServerDidNotStartError, child_server, free_port
from workflows.names import SEARCH_ATTRIBUTES

ATTEMPTS_TO_FIND_A_PORT = 3

SHORT_TIMERS = ("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="10ms"')
"""Without it every timer and back-off under a second takes a second."""

TIME_SKIPPING = tuple(
    f"--dynamic-config-value={setting}"
    for setting in (
        "frontend.WorkflowTimeSkippingEnabled=true",
        "system.workflowTimeSkippingEnabled=true",
        # The server reads its timers 20 times a second only, which is a fifth of a second for every skip.
        "history.timerProcessorMaxPollRPS=10000",
        "history.timerProcessorMaxPollHostRPS=100000",
        # Continuing as new within a real second is put off, and that delay skips to the end of a fast-forward.
        'history.workflowIdReuseMinimalInterval="0s"',
    )
)

UNBOUNDED = TimeSkippingConfig(max_session_skip_count=1_000_000)
"""Without it a workflow's clock stops to skip after 100 times."""


def temporal_binary() -> str:
    """The Temporal command: the one installed beside this interpreter, else the one on the path."""
    beside = Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        msg = "The Temporal server is missing; `python3 dev.py test` installs it."
        raise FileNotFoundError(msg)
    return found


@contextlib.contextmanager
def temporal_server(*extra_arguments: str) -> Iterator[str]:
    """Run a Temporal server in real time, in memory, and give its address (`127.0.0.1:port`).

    The search attributes of the workflows are known to it.
    """
    attributes = [f"--search-attribute={key.name}={key.indexed_value_type.name.title()}" for key in SEARCH_ATTRIBUTES]
    for attempt in range(1, ATTEMPTS_TO_FIND_A_PORT + 1):
        port = free_port()
        command = [temporal_binary(), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port), "--headless"]
        command += ["--log-level", "error", *SHORT_TIMERS, *attributes, *extra_arguments]
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(child_server(command, ready_words="Temporal Metrics:"))
            except ServerDidNotStartError:
                # Another process may have taken the port between the look and the start.
                if attempt == ATTEMPTS_TO_FIND_A_PORT:
                    raise
                continue
            yield f"127.0.0.1:{port}"
            return


async def start_time_skipping(**options: Any) -> WorkflowEnvironment:
    """Start a Temporal server whose workflows sleep in no time; the caller shuts it down.

    Args:
        options: Passed to the SDK's `start_time_skipping_v2`. Unless given, the data converter is the pydantic one,
            the search attributes are those of the workflows, and the number of skips has no bound. Extra server
            arguments (`dev_server_extra_args`) are added to the ones needed here.
    """
    extra_arguments = [*TIME_SKIPPING, *SHORT_TIMERS, *options.pop("dev_server_extra_args", ())]
    options.setdefault("data_converter", pydantic_data_converter)
    options.setdefault("search_attributes", SEARCH_ATTRIBUTES)
    options.setdefault("ts_config", UNBOUNDED)
    return await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=temporal_binary(),
        dev_server_extra_args=extra_arguments,
        dev_server_log_level="error",
        **options,
    )

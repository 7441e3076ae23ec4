"""Composes the worker: workflows and activities on their task queue, and nothing else."""

from datetime import timedelta
from importlib.metadata import version

import structlog
from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import Worker

from activities import Vendors, activities
from settings import Settings
from store import KeyRing, Store
from workflows import WORKFLOWS
from workflows.converter import encrypted_converter

_log = structlog.get_logger()
_GRACE = timedelta(seconds=10)


class MetricsRefused(ValueError):
    """The metrics address is taken or is no address; the text names it."""


async def connect(settings: Settings, keys: KeyRing) -> Client:
    """A client whose payloads and failures are encrypted under the ring; raises RuntimeError when nothing answers."""
    runtime = None
    if settings.metrics_address:
        metrics = PrometheusConfig(bind_address=settings.metrics_address)
        try:
            runtime = Runtime(telemetry=TelemetryConfig(metrics=metrics))
        except ValueError as error:
            raise MetricsRefused(f"Metrics cannot be served at {settings.metrics_address}: {error}.") from error
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        data_converter=encrypted_converter(keys.derive("temporal")),
        runtime=runtime,
    )


def compose_worker(client: Client, store: Store, vendors: Vendors, settings: Settings) -> Worker:
    """The worker of the orders queue; run as many processes of it as needed."""
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=WORKFLOWS,
        activities=activities(store, vendors),
        # Said here because the SDK would otherwise read and hash every loaded module, seconds of work at each start.
        build_id=f"longshore-{version('longshore')}",
        max_concurrent_activities=settings.max_concurrent_activities,
        graceful_shutdown_timeout=_GRACE,
        max_heartbeat_throttle_interval=timedelta(seconds=5),
        default_heartbeat_throttle_interval=timedelta(seconds=5),
    )

"""Records the histories that `tests/workflows/test_replay.py` replays, and the fingerprints of the workflows.

Run it after a change of commands that is meant: ``python -m tests.histories.record``. Histories of released versions
are kept beside the new ones, in a folder of the version, because their executions may still be running. Nothing is
encrypted.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from tests.histories.fingerprint import fingerprint
from tests.temporal_server import temporal_server
from tests.workflows.edge import problem, refused
from tests.workflows.rig import ALL, FLOW, Rig, plan
from workflows.messages import FlowTarget, OrderStep, Reconfigure, Resync, Retry

HERE = Path(__file__).parent


@contextlib.asynccontextmanager
async def fresh_rig(address: str) -> AsyncIterator[Rig]:
    """An integration of its own that ends with the body."""
    rig = Rig(await Client.connect(address, data_converter=pydantic_data_converter))
    async with rig.working():
        yield rig


async def orders(address: str) -> dict[str, str]:
    """An integration with one order of every outcome, and those orders."""
    async with fresh_rig(address) as rig:
        rig.edge.pages.append(["done", "skipped", "parked", "postponed"])
        rig.edge.script["find_order", "skipped"] = OrderStep(outcome="skipped", detail="exists")
        rig.edge.script["ensure_products", "parked"] = problem()
        rig.edge.script["ensure_customer", "postponed"] = refused()
        await rig.start(plan())
        await rig.until(lambda: rig.edge.count("parked") == 1 and rig.edge.count("done") == 1)
        await rig.idle()
        found = {f"order_{name}": await _text(rig, name) for name in ("done", "skipped", "parked", "postponed")}
        await rig.signal("stop")
        await rig.integration.result()
        found["integration_stopped"] = (await rig.integration.fetch_history()).to_json()
        return found


async def pages(address: str) -> dict[str, str]:
    """An integration with a flow that moves in pages: a run of three, and its end."""
    async with fresh_rig(address) as rig:
        rig.edge.record_pages = 3
        await rig.start(plan(kind="products"))
        await rig.idle()
        await rig.signal("stop")
        await rig.integration.result()
        return {"integration_pages": (await rig.integration.fetch_history()).to_json()}


async def messages(address: str) -> dict[str, str]:
    """An integration that ticks, gets every message, and continues as new."""
    async with fresh_rig(address) as rig:
        rig.edge.pages.append(["1", "2", "3"])
        rig.edge.script["create_document", "1"] = problem()
        await rig.start(plan(schedule="* * * * * *", window=2), history_limit=250)
        await rig.until(lambda: rig.edge.count("done") == 2 and len(rig.edge.runs) >= 3)
        await rig.signal("pause", ALL)
        await rig.signal("resume", ALL)
        await rig.signal("pause", FlowTarget(flow_id=FLOW))
        await rig.signal("resume", FlowTarget(flow_id=FLOW))
        rig.edge.script.clear()
        await rig.signal("retry", Retry(item_ids=["item-1"]))
        await rig.until(lambda: rig.edge.count("done") == 3)
        await rig.signal("resync", Resync(flow_id=FLOW, source_ids=["1"]))
        await rig.until(lambda: len(rig.edge.resyncs) == 1)
        flows = [plan(schedule="* * * * * *"), plan("other", "*/2 * * * * *")]
        await rig.signal("reconfigure", Reconfigure(time_zone="Europe/Amsterdam", flows=flows))
        await rig.until(lambda: rig.edge.runs_of("other") >= 2)
        await rig.signal("poke", FlowTarget(flow_id="other"))
        await rig.signal("run_now", ALL)
        await rig.signal("reconfigure", Reconfigure(time_zone="UTC", flows=flows[:1]))
        first = (await rig.integration.describe()).run_id
        while (await rig.integration.describe()).run_id == first:
            await rig.one_more_run()
        await rig.signal("stop")
        await rig.integration.result()
        begun = rig.client.get_workflow_handle(rig.integration.id, run_id=first)
        return {
            "integration_messages": (await begun.fetch_history()).to_json(),
            "integration_continued": (await rig.integration.fetch_history()).to_json(),
        }


async def same_every_time(address: str) -> dict[str, str]:
    """The histories whose commands do not depend on the moment they are recorded at."""
    return {**await orders(address), **await pages(address)}


async def _text(rig: Rig, source_id: str) -> str:
    return (await rig.order(source_id).fetch_history()).to_json()


def _without_machine(part: Any) -> Any:
    """The history without what tells about the machine it was recorded on: identities and paths."""
    if isinstance(part, str) and "@" in part:
        return "worker"
    if isinstance(part, list):
        return [_without_machine(member) for member in part]
    if isinstance(part, dict):
        return {key: _without_machine(value) for key, value in part.items() if key not in {"identity", "stackTrace"}}
    return part


async def record(folder: Path) -> None:
    """Write every history into a folder, and the fingerprints of those that are the same in every recording."""
    with temporal_server() as address:
        settled = await same_every_time(address)
        histories = {**settled, **await messages(address)}
    for name, text in histories.items():
        clean = json.dumps(_without_machine(json.loads(text)), indent=1)
        await asyncio.to_thread((folder / f"{name}.json").write_text, clean + "\n", "utf-8")
    fingerprints = {name: fingerprint(json.loads(text)) for name, text in sorted(settled.items())}
    text = json.dumps(fingerprints, indent=1)
    await asyncio.to_thread((folder / "fingerprints.json").write_text, text + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE))

"""Kill worker and Temporal server at random moments while both vendors fail at random; nothing may be lost or doubled.

    python3 dev.py bench chaos --orders 200 --kills 10 --seed 1 --json build/chaos-1.json

Every part is a process of its own and is killed with SIGKILL. The seed decides the order of kills, their moments and
every fault. What is lost or doubled, and the target's total, are read from the simulators' own state. A consent that a
kill destroyed (a refresh token works once) is given again, as a merchant would; such reconnections are counted.
"""

import argparse
import asyncio
import contextlib
import csv
import io
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench._report import report
from demo import Figures, Merchant, free_port, simulated_vendors
from demo.merchant import ON_ACCOUNT
from embedded import child, temporal_command, web_answering
from settings import Settings
from store import KeyRing, Store, migrate

_ROOT = Path(__file__).parent.parent
_CLI = str(_ROOT / "cli.py")
_DAY = _ROOT / "simulators" / "data" / "2010-12-01.csv"
_CALL_SECONDS = 3
_GIVE_UP_SECONDS = 900
_NOT_SIGN_IN = "^/(v2|api)/"
_ANY = ("429_with_retry_after", "500_before_commit", "reset_before_commit", "truncated_json", "html_200")
_AFTER = ("500_after_commit", "timeout_after_commit", "reset_after_commit", "html_200_after_commit", "reset_mid_body")
_PARAMETERS: dict[str, dict[str, Any]] = {
    "429_with_retry_after": {"seconds": 1},
    "timeout_after_commit": {"seconds": _CALL_SECONDS + 1},
}


@dataclass
class Outcome:
    """What one run came to."""

    seed: int
    ok: bool = False
    seconds: float = 0.0
    kills: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    reconnections: int = 0
    confirmed_by_lookup: int = 0
    lost: int = 0
    duplicated: int = 0
    flow: dict[str, Any] = field(default_factory=dict)


class Killable:
    """A process that is started again whenever it was killed."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._command = command
        self._environment = environment
        self._log = log
        self._stack = contextlib.AsyncExitStack()
        self._process: asyncio.subprocess.Process | None = None
        self.kills = 0

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        if self._process is None:
            raise RuntimeError("it was not started")
        return self._process.pid

    async def start(self) -> None:
        """Start it; returns at once."""
        self._process = await self._stack.enter_async_context(
            child(self._command, log=self._log, environment=self._environment)
        )

    async def kill(self) -> None:
        """SIGKILL, and start again."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
        self.kills += 1
        await self.start()

    async def stop(self) -> None:
        """End it for good."""
        await self._stack.aclose()


def faults(rng: random.Random, *, tokens: bool) -> list[dict[str, Any]]:
    """Rules that strike about every sixth call to a vendor, each with a seed of its own; never the sign-in server."""
    rules: list[dict[str, Any]] = []
    for name in (*_ANY, *_AFTER, *(("token_expired",) if tokens else ())):
        share = Decimal("0.01" if name == "token_expired" else "0.015")
        when = {"random": share, "seed": rng.randrange(1 << 30)}
        rules.append({"fault": name, "when": when, "path": _NOT_SIGN_IN, **_PARAMETERS.get(name, {})})
    # Without a header the vendors mean a whole minute, so this one strikes seldom.
    every = rng.randint(*((900, 1800) if tokens else (80, 200)))
    rules.append({"fault": "429", "when": {"every": every}, "path": _NOT_SIGN_IN})
    return rules


def enough_orders(orders: int) -> str:
    """The bundled day, repeated under other invoice numbers until it holds so many orders."""
    rows = list(csv.DictReader(io.StringIO(_DAY.read_text(encoding="utf-8"))))
    days = 1 + orders // len({row["InvoiceNo"] for row in rows})
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    for day in range(days + 1):
        for row in rows:
            prefix = row["InvoiceNo"].rstrip("0123456789")
            number = int(row["InvoiceNo"].removeprefix(prefix)) + day * 100_000
            writer.writerow({**row, "InvoiceNo": f"{prefix}{number}"})
    return text.getvalue()


@contextlib.asynccontextmanager
async def installation(directory: Path) -> AsyncIterator[tuple[Merchant, dict[str, Killable]]]:
    """Every part as a process: vendors, Temporal server, two workers, API."""
    keys = KeyRing.generate()
    settings = Settings(
        data_dir=directory,
        temporal_address=f"127.0.0.1:{free_port()}",
        temporal_ui_url=f"http://127.0.0.1:{free_port()}",
        api_port=free_port(),
        vendor_timeout_seconds=_CALL_SECONDS,
    )
    environment = {
        **os.environ,
        "LONGSHORE_DATA_DIR": str(directory),
        "LONGSHORE_DATABASE_URL": settings.resolved_database_url(),
        "LONGSHORE_KEYS": keys.to_text(),
        "LONGSHORE_TEMPORAL_ADDRESS": settings.temporal_address,
        "LONGSHORE_API_PORT": str(settings.api_port),
        "LONGSHORE_VENDOR_TIMEOUT_SECONDS": str(_CALL_SECONDS),
    }
    await migrate(settings.resolved_database_url())
    store = await Store.open(settings.resolved_database_url(), keys)
    token = await store.workspaces.issue_token(await store.workspaces.create("Chaos"), "chaos")
    await store.close()
    worker = [sys.executable, _CLI, "worker"]
    parts = {
        "temporal": Killable(temporal_command(settings), environment, directory / "temporal.log"),
        "worker 1": Killable(worker, environment, directory / "worker1.log"),
        "worker 2": Killable(worker, environment, directory / "worker2.log"),
    }
    api = Killable([sys.executable, _CLI, "api"], environment, directory / "api.log")
    async with contextlib.AsyncExitStack() as stack:
        shop, books = await stack.enter_async_context(simulated_vendors())
        for part in (*parts.values(), api):
            await part.start()
            stack.push_async_callback(part.stop)
        await web_answering(f"{settings.resolved_public_url()}/")
        merchant = Merchant(settings.resolved_public_url(), token, shop, books)
        stack.push_async_callback(merchant.aclose)
        yield merchant, parts


async def run(orders: int, kills: int, seed: int) -> Outcome:
    """One run; deterministic in what is done, not in what it meets."""
    rng = random.Random(seed)
    outcome = Outcome(seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="longshore-chaos-") as directory:
        async with installation(Path(directory)) as (merchant, parts):
            await merchant.fill(enough_orders(orders), limit=orders)
            await merchant.set_up()
            await merchant.map_payment("AfterPay", ON_ACCOUNT)
            for simulator in (merchant.shop, merchant.books):
                await simulator.call("PUT", "/faults", faults(rng, tokens=simulator is merchant.books))
            await _kill_at_random(parts, kills, rng)
            outcome.reconnections = await _until_settled(merchant)
            figures = await merchant.figures()
            outcome.confirmed_by_lookup = sum(item["confirmed_by_lookup"] for item in await merchant.items("done"))
            for simulator in (merchant.shop, merchant.books):
                for rule in await simulator.call("GET", "/faults"):
                    outcome.faults[rule["fault"]] = outcome.faults.get(rule["fault"], 0) + rule["fired"]
            excused = await _excused(merchant)
    outcome.kills = {name: part.kills for name, part in parts.items()}
    outcome.flow = asdict(figures)
    outcome.lost = figures.missing + figures.parked - excused
    outcome.duplicated = figures.duplicates
    outcome.ok = not outcome.lost and _adds_up(figures, orders)
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


def _adds_up(figures: Figures, orders: int) -> bool:
    return figures.add_up() and figures.in_flight == 0 and figures.listed == orders


async def _excused(merchant: Merchant) -> int:
    """Parked orders that would be parked without any fault: the day's credit notes and lines without an article."""
    honest = {"credit_note", "missing_field", "empty_order"}
    return sum(problem["items"] for problem in await merchant.api("GET", "/problems") if problem["code"] in honest)


async def _kill_at_random(parts: dict[str, Killable], kills: int, rng: random.Random) -> None:
    for _ in range(kills):
        await asyncio.sleep(rng.uniform(0.3, 3.0))
        await parts[rng.choice(sorted(parts))].kill()


async def _until_settled(merchant: Merchant) -> int:
    """Wait for the end, doing what a merchant does meanwhile; returns how often consent had to be given again."""
    reconnections = 0
    async with asyncio.timeout(_GIVE_UP_SECONDS):
        while True:
            with contextlib.suppress(RuntimeError):
                if await merchant.settled() and not await _release_what_trouble_parked(merchant):
                    return reconnections
                connections = await merchant.api("GET", "/connections")
                if any(entry["system"] == "eaccounting" and entry["state"] == "broken" for entry in connections):
                    await merchant.consent()
                    reconnections += 1
            await asyncio.sleep(0.5)


async def _release_what_trouble_parked(merchant: Merchant) -> bool:
    """Press retry on whatever the vendors' trouble may have parked; True when there was any."""
    released = 0
    for problem in await merchant.api("GET", "/problems"):
        if problem["code"] == "temporary_trouble" and problem["items"]:
            released += (await merchant.api("POST", f"/problems/{problem['id']}/release"))["released"]
    return released > 0


def main() -> None:
    """Read the command line, run, print and write the outcome; exit code 1 when anything was lost or doubled."""
    parser = argparse.ArgumentParser(prog="bench chaos", description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    outcome = asyncio.run(run(arguments.orders, arguments.kills, arguments.seed))
    report(outcome, arguments.json)


if __name__ == "__main__":
    main()

"""Kill worker and Temporal server at random moments while both vendors fail at random; nothing may be lost or doubled.

    python3 dev.py bench chaos --orders 200 --kills 10 --seed 1 --json build/chaos-1.json
    python3 dev.py bench chaos --flows all --orders 60 --kills 12 --seed 1 --json build/chaos-all-1.json

Every part is a process of its own and is killed with SIGKILL. The seed decides the order of kills, their moments and
every fault. What is lost or doubled, and the target's total, are read from the simulators' own state. A consent that a
kill destroyed (a refresh token works once) is given again, as a merchant would; such reconnections are counted.

With all six flows, articles change and orders leave the house while parts are killed and calls fail. Then the faults
end, every flow runs once more, and what both sides hold is compared flow by flow.
"""

import argparse
import asyncio
import contextlib
import csv
import io
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench._installation import CALL_SECONDS, Killable, installation
from bench._report import report
from demo import Figures, Merchant
from demo.merchant import ALL_FLOWS, ON_ACCOUNT
from demo.trade import change_articles, ship, write_codes

_DAY = Path(__file__).parent.parent / "simulators" / "data" / "2010-12-01.csv"
_GIVE_UP_SECONDS = 900
_PAUSES = {"orders": (0.3, 3.0), "all": (2.0, 15.0)}
"""Seconds from kill to kill: six flows must have come somewhere in between, so that there is something to break."""
_SHIPPED, _WITHOUT_CODE = 12, 3
_NOT_SIGN_IN = "^/(v2|api)/"
_ANY = ("429_with_retry_after", "500_before_commit", "reset_before_commit", "truncated_json", "html_200")
_AFTER = ("500_after_commit", "timeout_after_commit", "reset_after_commit", "html_200_after_commit", "reset_mid_body")
_PARAMETERS: dict[str, dict[str, Any]] = {
    "429_with_retry_after": {"seconds": 1},
    "timeout_after_commit": {"seconds": CALL_SECONDS + 1},
}
_HONEST = frozenset({"credit_note", "missing_field", "empty_order"})
"""What is parked without any fault too: the day's credit notes and lines without an article."""


@dataclass
class Outcome:
    """What one run came to."""

    seed: int
    flows: str = "orders"
    ok: bool = False
    seconds: float = 0.0
    kills: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    reconnections: int = 0
    confirmed_by_lookup: int = 0
    lost: int = 0
    duplicated: int = 0
    flow: dict[str, Any] = field(default_factory=dict)
    """The orders flow's figures."""
    by_flow: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Every flow's figures with what is lost of it, when all flows run."""


@dataclass
class Run:
    """One run under way."""

    merchant: Merchant
    parts: Mapping[str, Killable]
    rng: random.Random
    outcome: Outcome

    async def break_calls(self) -> None:
        """From now on both vendors fail at random."""
        rare = self.outcome.flows == "all"
        for simulator in (self.merchant.shop, self.merchant.books):
            books = simulator is self.merchant.books
            await simulator.call("PUT", "/faults", faults(self.rng, tokens=books, many_calls=rare or books))

    async def mend_calls(self) -> None:
        """No call fails any more; what failed is counted."""
        for simulator in (self.merchant.shop, self.merchant.books):
            for rule in await simulator.call("GET", "/faults"):
                self.outcome.faults[rule["fault"]] = self.outcome.faults.get(rule["fault"], 0) + rule["fired"]
            await simulator.call("PUT", "/faults", [])

    async def kill_at_random(self, kills: int) -> None:
        """SIGKILL one part after the other."""
        for _ in range(kills):
            await asyncio.sleep(self.rng.uniform(*_PAUSES[self.outcome.flows]))
            await self.parts[self.rng.choice(sorted(self.parts))].kill()

    async def until_settled(self, after: Mapping[str, int] | None = None) -> None:
        """Wait for the end, doing what a merchant does meanwhile: consent, and retry what trouble has parked."""
        async with asyncio.timeout(_GIVE_UP_SECONDS):
            while True:
                with contextlib.suppress(RuntimeError):
                    if await self.merchant.settled(after=after) and not await self._release_what_trouble_parked():
                        return
                    connections = await self.merchant.api("GET", "/connections")
                    if any(entry["system"] == "eaccounting" and entry["state"] == "broken" for entry in connections):
                        await self.merchant.consent()
                        self.outcome.reconnections += 1
                await asyncio.sleep(0.5)

    async def _release_what_trouble_parked(self) -> bool:
        """Press retry on whatever the vendors' trouble may have parked; True when there was any."""
        released = 0
        for problem in await self.merchant.api("GET", "/problems"):
            if problem["code"] == "temporary_trouble" and problem["items"]:
                released += (await self.merchant.api("POST", f"/problems/{problem['id']}/release"))["released"]
        return released > 0

    async def ask(self, *kinds: str) -> dict[str, int]:
        """Let these flows run, as soon as anybody listens; returns the runs each of them had had by then."""
        async with asyncio.timeout(_GIVE_UP_SECONDS):
            while True:
                with contextlib.suppress(RuntimeError):
                    standings = await self.merchant.standings()
                    for kind in kinds:
                        wish = {"flow_id": self.merchant.flows[kind]}
                        await self.merchant.api("POST", f"/integrations/{self.merchant.integration_id}/run", wish)
                    return {kind: int(standings[kind]["runs"] or 0) for kind in kinds}
                await asyncio.sleep(0.5)

    async def ship_some(self) -> list[int]:
        """Orders leave the house once the books have some; returns those without a tracking code yet."""
        async with asyncio.timeout(_GIVE_UP_SECONDS):
            while True:
                if len((await self.merchant.books.state("orders"))["orders"]) >= _SHIPPED:
                    return (await ship(self.merchant.books, _SHIPPED, _WITHOUT_CODE))[1]
                await asyncio.sleep(0.5)


def faults(rng: random.Random, *, tokens: bool, many_calls: bool) -> list[dict[str, Any]]:
    """Rules that strike about every sixth call to a vendor, each with a seed of its own; never the sign-in server."""
    rules: list[dict[str, Any]] = []
    for name in (*_ANY, *_AFTER, *(("token_expired",) if tokens else ())):
        share = Decimal("0.01" if name == "token_expired" else "0.015")
        when = {"random": share, "seed": rng.randrange(1 << 30)}
        rules.append({"fault": name, "when": when, "path": _NOT_SIGN_IN, **_PARAMETERS.get(name, {})})
    # Without a header the vendors mean a whole minute, so this one strikes seldom.
    every = rng.randint(*((900, 1800) if many_calls else (80, 200)))
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


async def run(orders: int, kills: int, seed: int, flows: str) -> Outcome:
    """One run; deterministic in what is done, not in what it meets."""
    outcome = Outcome(seed, flows)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="longshore-chaos-") as directory:
        async with installation(Path(directory)) as (merchant, parts):
            one = Run(merchant, parts, random.Random(seed), outcome)
            await (_all_flows if flows == "all" else _orders)(one, orders, kills)
            kinds = ALL_FLOWS if flows == "all" else ("orders",)
            await _compare(one, await merchant.all_figures(kinds), orders)
    outcome.kills = {name: part.kills for name, part in parts.items()}
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


async def _orders(one: Run, orders: int, kills: int) -> None:
    merchant = one.merchant
    await merchant.fill(enough_orders(orders), limit=orders)
    await merchant.set_up()
    await merchant.map_payment("AfterPay", ON_ACCOUNT)
    await one.break_calls()
    await one.kill_at_random(kills)
    await one.until_settled()
    await one.mend_calls()


async def _all_flows(one: Run, orders: int, kills: int) -> None:
    merchant, third = one.merchant, kills // 3
    await merchant.fill_all(enough_orders(orders), limit=orders)
    await merchant.set_up_all()
    await merchant.map_payment("AfterPay", ON_ACCOUNT)
    await one.break_calls()
    await one.kill_at_random(third)
    await change_articles(merchant.books)
    await one.kill_at_random(third)
    without_code = await one.ship_some()
    await one.ask("products", "stock", "shipments")
    await one.kill_at_random(kills - 2 * third)
    await write_codes(merchant.books, without_code)
    await one.ask(*ALL_FLOWS)
    await one.mend_calls()
    await one.until_settled()
    await one.until_settled(after=await one.ask(*ALL_FLOWS))


async def _compare(one: Run, flows: Sequence[Figures], orders: int) -> None:
    merchant, outcome = one.merchant, one.outcome
    problems = await merchant.api("GET", "/problems")
    articles = (await merchant.books.state("articles"))["articles"]
    not_for_the_shop = sum(not article["SendToWebshop"] for article in articles)
    outcome.ok = True
    for figures in flows:
        kind = figures.flow
        mine = [problem for problem in problems if problem["flow_id"] == merchant.flows[kind]]
        excused = sum(problem["items"] for problem in mine if problem["code"] in _HONEST)
        left_out = not_for_the_shop if kind in {"products", "stock"} else 0
        lost = figures.missing + figures.parked - excused + max(0, figures.skipped - left_out)
        done = await merchant.items("done", kind)
        outcome.confirmed_by_lookup += sum(item["confirmed_by_lookup"] for item in done)
        outcome.lost += lost
        outcome.duplicated += figures.duplicates
        outcome.ok = outcome.ok and not lost and figures.add_up() and figures.in_flight == 0
        if kind == "orders":
            outcome.ok = outcome.ok and figures.listed == orders
            outcome.flow = asdict(figures)
        if outcome.flows == "all":
            codes = {problem["code"]: problem["items"] for problem in mine if problem["items"]}
            outcome.by_flow[kind] = asdict(figures) | {"lost": lost, "waiting_for": codes}


def main() -> None:
    """Read the command line, run, print and write the outcome; exit code 1 when anything was lost or doubled."""
    parser = argparse.ArgumentParser(prog="bench chaos", description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--flows", choices=tuple(_PAUSES), default="orders")
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    outcome = asyncio.run(run(arguments.orders, arguments.kills, arguments.seed, arguments.flows))
    report(outcome, arguments.json)


if __name__ == "__main__":
    main()

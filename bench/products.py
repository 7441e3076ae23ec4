"""Keep a great catalogue equal: a full scan by hash in which one product in a hundred has changed.

    python3 dev.py bench products --articles 100000 --json build/products.json

Both sides hold the catalogue before the first run, which links the two; then one article in a hundred changes in the
books, and everything is read again. Writes and calls are counted by the simulators, seconds of processor time and
memory are the workers' own. The sizes are run one after another, so the cost per record can be compared within one run.
"""

import os
import tempfile
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench._installation import Killable, installation, number, runs_over
from bench._report import measure
from demo import Merchant

_LOAD = 10_000
_CHANGED_SHARE = 100
_SLOWEST_PER_ARTICLE = 0.05
_MOST_MEGABYTES = 512
_MOST_GROWTH = 1.3
_GROSS = Decimal("12.10")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Scan:
    """What one size came to."""

    articles: int
    changed: int
    linking_seconds: float = 0.0
    seconds: float = 0.0
    """Of the scan by hash, from the signal to the end of the run."""
    writes: int = 0
    """In the scan; linking writes nothing."""
    writes_while_linking: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    cpu_microseconds_per_article: float = 0.0
    """Of both workers, in the scan."""
    megabytes: float = 0.0
    """The most that one worker held in memory."""
    wrong: int = 0
    """Products of the shop that do not have the name of their article, and articles that did not get through."""


@dataclass
class Outcome:
    """All sizes of one run."""

    ok: bool = False
    growth: float = 0.0
    """Processor time per article of the largest size over that of the smallest."""
    scans: list[Scan] = field(default_factory=list)


async def fill(merchant: Merchant, articles: int) -> None:
    """Load both sides with the same catalogue."""
    await merchant.choose_plan()
    for start in range(0, articles, _LOAD):
        positions = range(start, min(start + _LOAD, articles))
        await merchant.books.call(
            "POST",
            "/load",
            {
                "articles": [
                    {"Number": number(at), "Name": f"Article {at}", "NetPrice": 10, "vat_rate": 21} for at in positions
                ]
            },
        )
        await merchant.shop.call(
            "POST",
            "/load",
            {
                "products": [
                    {
                        "id": at + 1,
                        "productnumber": number(at),
                        "name": f"Article {at}",
                        "price": _GROSS,
                        "unit": "Stuk",
                    }
                    for at in positions
                ]
            },
        )


def _cpu(parts: dict[str, Killable]) -> float:
    """Seconds of processor time that the workers have taken so far."""
    total = 0
    for name, part in parts.items():
        if name.startswith("worker"):
            fields = Path(f"/proc/{part.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS


def _megabytes(parts: dict[str, Killable]) -> float:
    """The most memory that one of the workers ever had resident."""
    peaks = []
    for name, part in parts.items():
        if name.startswith("worker"):
            status = Path(f"/proc/{part.pid}/status").read_text(encoding="ascii").splitlines()
            peaks += [int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM")]
    return round(max(peaks), 1)


async def _writes(merchant: Merchant) -> int:
    state = await merchant.shop.call("GET", "/state?only=calls")
    return sum(count for call, count in state["calls"].items() if not call.startswith("GET"))


async def scan(articles: int) -> Scan:
    """Link a catalogue of that size, change one in a hundred, and read all of it again."""
    result = Scan(articles, changed=max(1, articles // _CHANGED_SHARE))
    patience = 120 + articles * _SLOWEST_PER_ARTICLE
    with tempfile.TemporaryDirectory(prefix="longshore-products-") as directory:
        async with installation(Path(directory)) as (merchant, parts):
            await fill(merchant, articles)
            await merchant.connect()
            common = {"page_size": 1000}
            flow_id = await merchant.add_flow("products", schedule="0 0 1 1 *", common=common, target={"package": "1"})
            before, began = await _writes(merchant), time.monotonic()
            await merchant.start()
            await runs_over(merchant, flow_id, 1, patience)
            result.linking_seconds = round(time.monotonic() - began, 1)
            result.writes_while_linking = await _writes(merchant) - before
            every = articles // result.changed
            changes = [{"Number": number(at * every), "Name": f"Renewed {at}"} for at in range(result.changed)]
            await merchant.books.call("POST", "/load", {"articles": changes})
            calls = {"source": await merchant.books.vendor_calls(), "target": await merchant.shop.vendor_calls()}
            before, cpu, began = await _writes(merchant), _cpu(parts), time.monotonic()
            wish = {"flow_id": flow_id, "since": "2000-01-01T00:00:00Z"}
            await merchant.api("POST", f"/integrations/{merchant.integration_id}/resync", wish)
            flow = await runs_over(merchant, flow_id, 2, patience)
            result.seconds = round(time.monotonic() - began, 1)
            result.cpu_microseconds_per_article = round((_cpu(parts) - cpu) / articles * 1_000_000, 1)
            result.writes = await _writes(merchant) - before
            result.calls = {
                "source": await merchant.books.vendor_calls() - calls["source"],
                "target": await merchant.shop.vendor_calls() - calls["target"],
            }
            result.megabytes = _megabytes(parts)
            result.wrong = await _wrong(merchant, changes) + articles - flow["done"]
    return result


async def _wrong(merchant: Merchant, changes: list[dict[str, Any]]) -> int:
    products = (await merchant.shop.call("GET", "/state?only=products"))["products"]
    wanted = {change["Number"]: change["Name"] for change in changes}
    wanted = {number(at): wanted.get(number(at), f"Article {at}") for at in range(len(products))}
    return sum(product["name"] != wanted[product["productnumber"]] for product in products)


async def run(largest: int) -> Outcome:
    """The sizes 1 000, 10 000 … up to the largest."""
    outcome = Outcome()
    sizes = [size for size in (1_000, 10_000) if size < largest]
    for size in [*sizes, largest]:
        outcome.scans.append(await scan(size))
    first, last = outcome.scans[0], outcome.scans[-1]
    outcome.growth = round(last.cpu_microseconds_per_article / first.cpu_microseconds_per_article, 2)
    outcome.ok = (
        outcome.growth <= _MOST_GROWTH
        and all(one.megabytes < _MOST_MEGABYTES and not one.wrong for one in outcome.scans)
        and all(one.writes <= one.changed * 1.1 for one in outcome.scans)
    )
    return outcome


if __name__ == "__main__":
    measure(__doc__, "articles", 100_000, run)

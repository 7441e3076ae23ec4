"""Change the stock of a great many articles at once, and count whether every figure arrives within one run.

    python3 dev.py bench stock --articles 50000 --json build/stock.json

The shop has every article of the books, with other figures. Arrivals, writes and calls are counted by the simulators:
what is missing or wrong is read from the shop's own state.
"""

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench._installation import installation, number, runs_over
from bench._report import measure
from demo import Merchant

_LOAD = 10_000
_SLOWEST_PER_ARTICLE = 0.1
"""Seconds; a run that takes longer than this times the articles is given up."""
_NEVER = "0 0 1 1 *"


@dataclass
class Outcome:
    """What one run came to."""

    articles: int
    ok: bool = False
    runs: int = 0
    seconds: float = 0.0
    """From the start of the integration to the end of its first run."""
    articles_per_minute: float = 0.0
    writes: int = 0
    wrong: int = 0
    """Products of the shop whose stock is not that of the books."""
    calls: dict[str, int] = field(default_factory=dict)


def _figure(position: int) -> int:
    """What the books have of an article: never the shop's 0."""
    return 1 + position % 997


async def fill(merchant: Merchant, articles: int) -> None:
    """Load the books with figures, and the shop with none."""
    await merchant.choose_plan()
    for start in range(0, articles, _LOAD):
        positions = range(start, min(start + _LOAD, articles))
        kept: list[dict[str, Any]] = [
            {"Number": number(at), "vat_rate": 21, "StockBalance": _figure(at)} for at in positions
        ]
        sold: list[dict[str, Any]] = [
            {"id": at + 1, "productnumber": number(at), "name": number(at), "stock": 0} for at in positions
        ]
        await merchant.books.call("POST", "/load", {"articles": kept})
        await merchant.shop.call("POST", "/load", {"products": sold})


async def run(articles: int) -> Outcome:
    """Switch the stock flow on, and wait until its first run is over."""
    outcome = Outcome(articles)
    with tempfile.TemporaryDirectory(prefix="longshore-stock-") as directory:
        async with installation(Path(directory)) as (merchant, _parts):
            await fill(merchant, articles)
            await merchant.connect()
            flow_id = await merchant.add_flow("stock", schedule=_NEVER)
            before = {"source": await merchant.books.vendor_calls(), "target": await merchant.shop.vendor_calls()}
            began = time.monotonic()
            await merchant.start()
            flow = await runs_over(merchant, flow_id, 1, 120 + articles * _SLOWEST_PER_ARTICLE)
            outcome.seconds = round(time.monotonic() - began, 1)
            outcome.runs = flow["runs"]
            outcome.calls = {
                "source": await merchant.books.vendor_calls() - before["source"],
                "target": await merchant.shop.vendor_calls() - before["target"],
            }
            state = await merchant.shop.call("GET", "/state?only=products,calls")
    outcome.writes = sum(count for call, count in state["calls"].items() if not call.startswith("GET"))
    wanted = {number(at): _figure(at) for at in range(articles)}
    outcome.wrong = sum(wanted[product["productnumber"]] != product["stock"] for product in state["products"])
    outcome.articles_per_minute = round(articles / outcome.seconds * 60, 1)
    whole = flow["done"] == flow["listed"] == len(state["products"]) == articles
    outcome.ok = whole and not outcome.wrong and outcome.runs == 1 and outcome.writes == articles
    return outcome


if __name__ == "__main__":
    measure(__doc__, "articles", 50_000, run)

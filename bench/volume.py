"""Let a great many orders be placed in one day, and count how many arrive, how fast and with how many calls.

    python3 dev.py bench volume --orders 10000 --json build/volume.json

All orders stand in the shop before the first run. They are one-line orders made of the bundled day's lines and its
buyers, so buyers come back. What is missing or doubled, and the totals, are read from the simulators' own state.
"""

import csv
import io
import itertools
import tempfile
import time
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench._installation import installation
from bench._report import measure
from demo.merchant import ON_ACCOUNT

_DAY = Path(__file__).parent.parent / "simulators" / "data" / "2010-12-01.csv"
_FIRST_NUMBER = 700_000
_SLOWEST_PER_ORDER = 1.0
"""Seconds; a run that takes longer than this times the orders is given up."""


@dataclass
class Outcome:
    """What one run came to."""

    orders: int
    ok: bool = False
    seconds: float = 0.0
    """From the start of the integration to the last order's end."""
    orders_per_minute: float = 0.0
    calls_per_order: dict[str, float] = field(default_factory=dict)
    flow: dict[str, Any] = field(default_factory=dict)


def one_day(orders: int) -> str:
    """A day's file with so many invoices of one line each."""
    rows = list(csv.DictReader(io.StringIO(_DAY.read_text(encoding="utf-8"))))
    sold = [
        row
        for row in rows
        if row["StockCode"][:5].isdigit() and Decimal(row["Quantity"]) > 0 < Decimal(row["UnitPrice"])
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    for number, row in zip(range(_FIRST_NUMBER, _FIRST_NUMBER + orders), itertools.cycle(sold), strict=False):
        writer.writerow({**row, "InvoiceNo": str(number)})
    return text.getvalue()


async def run(orders: int) -> Outcome:
    """Place the orders, start the integration, and wait until every one of them has an end."""
    outcome = Outcome(orders)
    with tempfile.TemporaryDirectory(prefix="longshore-volume-") as directory:
        async with installation(Path(directory)) as (merchant, _parts):
            await merchant.fill(one_day(orders))
            began = time.monotonic()
            await merchant.set_up(page_size=250)
            await merchant.map_payment("AfterPay", ON_ACCOUNT)
            await merchant.until_settled(60 + orders * _SLOWEST_PER_ORDER)
            outcome.seconds = round(time.monotonic() - began, 1)
            figures = await merchant.figures()
    outcome.flow = asdict(figures)
    outcome.orders_per_minute = round(orders / outcome.seconds * 60, 1)
    outcome.calls_per_order = {side: round(calls / orders, 2) for side, calls in figures.vendor_calls.items()}
    outcome.ok = figures.add_up() and figures.done == figures.listed == orders
    return outcome


if __name__ == "__main__":
    measure(__doc__, "orders", 10_000, run)

"""The demo: a day of real orders from a simulated shop into simulated books, watched live and checked afterwards.

What is counted as duplicate or missing, and the target's total, come from the simulators' own state, not from our
database. One payment method is left unmapped on purpose, so that parking, fixing and releasing can be watched.
"""

import asyncio
import contextlib
import json
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from cli import Running, everything, until_stopped
from demo.merchant import ON_ACCOUNT, Figures, Merchant, Simulated
from embedded import child, web_answering
from logs import configure_logs
from settings import Settings

_DAY = Path(__file__).parent.parent / "simulators" / "data" / "2010-12-01.csv"
_UNMAPPED = "AfterPay"
_WATCH_SECONDS = 15


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    once: bool = False
    json_file: Path | None = None
    data: Path | None = None
    keep: bool = False


def free_port(wanted: int = 0) -> int:
    """The port, or another one when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise OSError("no free port")


@contextlib.asynccontextmanager
async def simulated_vendors(shop_port: int = 0, books_port: int = 0) -> AsyncIterator[tuple[Simulated, Simulated]]:
    """Both vendors in a process of their own, on the ports wished for when they are free."""
    ports = {"ccvshop": free_port(shop_port), "eaccounting": free_port(books_port)}
    flags = [part for name, port in ports.items() for part in (f"--{name}-port", str(port))]
    cli = str(Path(__file__).parent.parent / "cli.py")
    async with child([sys.executable, cli, "simulators", *flags]):
        shop, books = (Simulated(f"http://127.0.0.1:{port}") for port in ports.values())
        for simulator in (shop, books):
            await web_answering(f"{simulator.base_url}/_sim/")
        yield shop, books


async def run_demo(options: Options, console: Console) -> int:
    """Run the demo; the exit code is 0 when every figure adds up."""
    csv = (options.data or _DAY).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="longshore-demo-") as directory:
        settings = Settings(
            data_dir=Path(directory),
            database_url="",
            api_port=free_port(8080),
            temporal_address=f"127.0.0.1:{free_port(7233)}",
            temporal_ui_url=f"http://127.0.0.1:{free_port(8233)}",
        )
        configure_logs(settings.log_level, settings.data_dir / "longshore.log")
        began = time.monotonic()
        async with simulated_vendors(9101, 9102) as (shop, books), everything(settings) as running:
            demo = Merchant(running.url, running.token, shop, books)
            async with contextlib.aclosing(demo):
                await demo.fill(csv)
                await demo.set_up()
                _print_addresses(console, running, demo)
                figures = await _watch(demo, console, options)
                seconds = round(time.monotonic() - began, 1)
                ok = figures.add_up() and figures.in_flight == 0
                if options.json_file is not None:
                    _write(options.json_file, ok=ok, seconds=seconds, figures=figures)
                console.print(f"\n{'All figures add up' if ok else 'The figures do not add up'}, {seconds} s.")
                if options.keep or not options.once:
                    console.print("Everything goes on running; Ctrl-C ends it.")
                    await until_stopped()
    return 0 if ok else 1


async def _watch(demo: Merchant, console: Console, options: Options) -> Figures:
    """Show the flow live; when all has settled, make the repair that releases what is parked for it."""
    with Live(console=console, refresh_per_second=4) as live:
        showing = asyncio.create_task(_show(demo, live))
        try:
            await demo.until_settled()
            if not options.once:
                live.console.print(f"In {_WATCH_SECONDS} s the row for {_UNMAPPED} is saved; or save it yourself.")
                await asyncio.sleep(_WATCH_SECONDS)
            released = await demo.map_payment(_UNMAPPED, ON_ACCOUNT)
            live.console.print(f"Payment method {_UNMAPPED} mapped: {released} parked orders go on.")
            await demo.until_settled()
        finally:
            showing.cancel()
        figures = await demo.figures()
        live.update(_table(asdict(figures), "settled"))
    return figures


async def _show(demo: Merchant, live: Live) -> None:
    while True:
        flow = await demo.standing()
        live.update(_table({**flow, "flow": "orders", "source": "ccvshop", "target": "eaccounting"}, flow["state"]))
        await asyncio.sleep(0.5)


def _table(flow: dict[str, Any], state: str) -> Table:
    table = Table(title=f"{flow['flow']}: {flow['source']} → {flow['target']} ({state})")
    names = ("listed", "done", "skipped", "parked", "in_flight", "released", "duplicates", "missing")
    known = [name for name in names if name in flow]
    for name in known:
        table.add_column(name.replace("_", " "), justify="right", no_wrap=True, min_width=len(name))
    table.add_row(*(str(flow[name]) for name in known))
    table.caption = ", ".join(
        f"{name.partition('_')[0]} {amount} {currency}"
        for name in ("source_total", "target_total")
        for currency, amount in flow.get(name, {}).items()
    )
    return table


def _print_addresses(console: Console, running: Running, demo: Merchant) -> None:
    for name, address in (
        ("Longshore", f"{running.url}/?token={running.token}"),
        ("API docs", f"{running.url}/docs"),
        ("Temporal UI", running.temporal_ui_url),
        ("Shop", f"{demo.shop.base_url}/_sim/"),
        ("Books", f"{demo.books.base_url}/_sim/"),
    ):
        console.print(f"{name:12} {address}", soft_wrap=True)


def _write(file: Path, *, ok: bool, seconds: float, figures: Figures) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"ok": ok, "seconds": seconds, "flows": [asdict(figures)]}
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

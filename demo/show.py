"""The demo: all six flows between a simulated shop and simulated books, watched live and checked afterwards.

What is counted as duplicate or missing, and both totals, come from the simulators' own state, not from our database.
One payment method is left unmapped on purpose, so that parking, fixing and releasing can be watched; articles change
on the way, and orders are shipped in the books, some of them before they have a tracking code.
"""

import asyncio
import contextlib
import json
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from cli import Running, everything, until_stopped
from demo.figures import Figures
from demo.merchant import ALL_FLOWS, ENDS, ON_ACCOUNT, Merchant
from demo.simulated import Simulated
from demo.trade import change_articles, ship, write_codes
from embedded import child, web_answering
from logs import configure_logs
from settings import Settings

_DAY = Path(__file__).parent.parent / "simulators" / "data" / "2010-12-01.csv"
_UNMAPPED = "AfterPay"
_WATCH_SECONDS = 15
_SHIPPED, _WITHOUT_CODE = 12, 3


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
                await demo.fill_all(csv)
                await demo.set_up_all()
                _print_addresses(console, running, demo)
                figures = await _watch(demo, console, options)
                seconds = round(time.monotonic() - began, 1)
                ok = all(flow.add_up() and flow.in_flight == 0 for flow in figures)
                if options.json_file is not None:
                    _write(options.json_file, ok=ok, seconds=seconds, figures=figures)
                console.print(f"\n{'All figures add up' if ok else 'The figures do not add up'}, {seconds} s.")
                if options.keep or not options.once:
                    console.print("Everything goes on running; Ctrl-C ends it.")
                    await until_stopped()
    return 0 if ok else 1


async def _watch(demo: Merchant, console: Console, options: Options) -> list[Figures]:
    """Show the flows live; when all has settled, do what people do meanwhile, until everything has an end."""
    with Live(console=console, refresh_per_second=4) as live:
        showing = asyncio.create_task(_show(demo, live))
        try:
            await demo.until_settled()
            if not options.once:
                live.console.print(f"In {_WATCH_SECONDS} s the row for {_UNMAPPED} is saved; or save it yourself.")
                await asyncio.sleep(_WATCH_SECONDS)
            await _trade(demo, live.console)
        finally:
            showing.cancel()
        figures = await demo.all_figures()
        live.update(_table({one.flow: {**asdict(one), "state": "settled"} for one in figures}))
    console.print()
    console.print(_equality(figures))
    return figures


async def _trade(demo: Merchant, console: Console) -> None:
    """What people do after the first run; every flow has the last word once more when they are done."""
    released = await demo.map_payment(_UNMAPPED, ON_ACCOUNT)
    console.print(f"Payment method {_UNMAPPED} mapped: {released} parked orders go on.")
    changed = await change_articles(demo.books)
    console.print(f"{len(changed)} articles got another price or other stock in the books.")
    await demo.until_settled()
    shipped, without_code = await ship(demo.books, _SHIPPED, _WITHOUT_CODE)
    console.print(f"{shipped} orders left the house; {len(without_code)} of them wait for their tracking codes.")
    await demo.run_flows("products", "stock", "shipments", waiting={"shipments": len(without_code)})
    await write_codes(demo.books, without_code)
    console.print(f"The other {len(without_code)} tracking codes are known now.")
    await demo.run_flows(*ALL_FLOWS)


async def _show(demo: Merchant, live: Live) -> None:
    while True:
        live.update(_table(await demo.standings()))
        await asyncio.sleep(1)


def _table(flows: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(title="Shop (ccvshop) and books (eaccounting)")
    table.add_column("flow", no_wrap=True)
    table.add_column("state", no_wrap=True, min_width=len("disabled"))
    names = ("listed", "done", "skipped", "parked", "in_flight", "released")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right", min_width=max(map(len, name.split("_"))))
    for kind in ALL_FLOWS:
        if kind in flows:
            table.add_row(_way(kind), flows[kind]["state"], *(str(flows[kind][name]) for name in names))
    return table


def _equality(figures: Sequence[Figures]) -> Table:
    table = Table(title="What the two systems hold in the end")
    for name in ("flow", "at the source", "at the target"):
        table.add_column(name)
    for name in ("doubled", "missing"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("adds up", no_wrap=True)
    for one in figures:
        totals = (_readable(total) for total in (one.source_total, one.target_total))
        table.add_row(
            one.flow, *totals, str(one.duplicates), str(one.missing), "yes" if one.add_up() else "[bold red]no[/]"
        )
    return table


def _way(kind: str) -> str:
    return f"{kind} → {ENDS[kind][1]}"


def _readable(totals: Mapping[str, str]) -> str:
    return ", ".join(f"{unit} {amount}" if unit.isupper() else f"{amount} {unit}" for unit, amount in totals.items())


def _print_addresses(console: Console, running: Running, demo: Merchant) -> None:
    for name, address in (
        ("Longshore", f"{running.url}/?token={running.token}"),
        ("API docs", f"{running.url}/docs"),
        ("Temporal UI", running.temporal_ui_url),
        ("Shop", f"{demo.shop.base_url}/_sim/"),
        ("Books", f"{demo.books.base_url}/_sim/"),
    ):
        console.print(f"{name:12} {address}", soft_wrap=True)


def _write(file: Path, *, ok: bool, seconds: float, figures: Sequence[Figures]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"ok": ok, "seconds": seconds, "flows": [asdict(one) for one in figures]}
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

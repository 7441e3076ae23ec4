"""The demo as people and machines start it: its exit code, its file of figures, and another day of orders."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.repository import ROOT

SMALL_DAY = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
700001,22423,REGENCY CAKESTAND 3 TIER,2,2011-06-01 09:00:00,12.75,15001.0,Netherlands
700001,POST,POSTAGE,1,2011-06-01 09:00:00,15.0,15001.0,Netherlands
700002,22423,REGENCY CAKESTAND 3 TIER,1,2011-06-01 09:10:00,12.75,15002.0,United Kingdom
700005,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2011-06-01 09:20:00,2.55,15003.0,Netherlands
700003,84879,ASSORTED COLOUR BIRD ORNAMENT,32,2011-06-01 09:30:00,1.69,,Netherlands
C700004,84879,ASSORTED COLOUR BIRD ORNAMENT,-1,2011-06-01 09:40:00,1.69,15001.0,Netherlands
"""
"""Order 700003 is paid with AfterPay, by the rule of the simulator; the last one is a credit note."""


ALL_FLOWS = ["orders", "customers", "products", "stock", "prices", "shipments"]
Flow = dict[str, Any]


def run_demo(folder: Path, *arguments: str) -> dict[str, Flow]:
    """Run the demo to its end in an empty folder; the flows of its file by their kinds."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LONGSHORE_")}
    file = folder / "out" / "demo.json"
    command = [sys.executable, str(ROOT / "cli.py"), "demo", "--once", "--json", str(file), *arguments]
    finished = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=420
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    outcome = json.loads(file.read_text(encoding="utf-8"))
    assert outcome["ok"] is True
    assert outcome["seconds"] > 0
    assert [flow["flow"] for flow in outcome["flows"]] == ALL_FLOWS
    return {flow["flow"]: flow for flow in outcome["flows"]}


def assert_adds_up(flow: Flow) -> None:
    """Nothing is lost, doubled or different, and something was there to be compared."""
    assert flow["listed"] == flow["done"] + flow["skipped"] + flow["parked"] + flow["in_flight"]
    assert (flow["in_flight"], flow["duplicates"], flow["missing"]) == (0, 0, 0)
    assert flow["done"] > 0
    assert flow["source_total"] == flow["target_total"]
    assert flow["source_total"]
    assert all(Decimal(amount) > 0 for amount in flow["source_total"].values())
    assert min(flow["vendor_calls"].values()) > 0


@pytest.mark.slow
def test_a_real_day_adds_up_in_all_six_flows(tmp_path: Path) -> None:
    flows = run_demo(tmp_path)
    for flow in flows.values():
        assert_adds_up(flow)
    targets = [flow["target"] for flow in flows.values()]
    assert targets == ["eaccounting"] * 2 + ["ccvshop"] * 4
    assert all({flow["source"], flow["target"]} == {"ccvshop", "eaccounting"} for flow in flows.values())
    orders = flows["orders"]
    assert orders["done"] > 100
    assert orders["released"] > 0
    assert min(orders["vendor_calls"].values()) > orders["done"]
    assert flows["products"]["source_total"]["products"] == str(flows["products"]["done"])
    assert flows["shipments"]["source_total"] == {"shipments": "12", "codes": "12"}


@pytest.mark.slow
def test_another_day_adds_up(tmp_path: Path) -> None:
    day = tmp_path / "day.csv"
    day.write_text(SMALL_DAY, encoding="utf-8")
    flows = run_demo(tmp_path, "--data", str(day))
    for flow in flows.values():
        assert_adds_up(flow)
    figures = ("listed", "done", "parked", "released")
    assert {name: flows["orders"][name] for name in figures} == {"listed": 5, "done": 4, "parked": 1, "released": 1}
    assert flows["shipments"]["done"] == 4

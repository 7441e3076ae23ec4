"""How a measurement of some size begins, and how every one ends: printed, written down, told by its exit code."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console


def measure(
    described: str | None, counted: str, usual: int, run: Callable[[int], Coroutine[Any, Any, Any]]
) -> NoReturn:
    """Read from the command line how many there shall be of what is ``counted``, run, and report the outcome."""
    bench = f"bench {Path(sys.argv[0]).stem}"
    parser = argparse.ArgumentParser(prog=bench, description=described.partition("\n")[0] if described else None)
    parser.add_argument(f"--{counted}", type=int, default=usual, dest="many", metavar=counted.upper())
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    report(asyncio.run(run(arguments.many)), arguments.json)


def report(outcome: Any, file: Path | None) -> NoReturn:
    """Print an outcome, a dataclass with ``ok``, as JSON, write it to the file, and leave: 0 when it is ok, else 1."""
    text = json.dumps(asdict(outcome), indent=2)
    Console().print_json(text)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="utf-8")
    sys.stdout.flush()
    # A worker's threads may still be at work in this process: a normal end crashes now and then.
    os._exit(0 if outcome.ok else 1)

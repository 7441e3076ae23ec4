"""How every measurement ends: printed, written down, and told by its exit code."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console


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

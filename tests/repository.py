"""The files that belong to the project, for tests that look at all of them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT_SUFFIXES = frozenset(
    {"", ".cfg", ".css", ".csv", ".example", ".html", ".ini", ".js", ".json", ".lock", ".mako", ".md", ".py", ".sh"}
    | {".svg", ".toml", ".txt", ".xml", ".yaml", ".yml"}
)


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project, committed or about to be, absolute; not what is ignored or built.

    Raises:
        FileNotFoundError: When this is no git checkout.
    """
    if not (ROOT / ".git").exists():
        msg = f"{ROOT} is no git checkout"
        raise FileNotFoundError(msg)
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return tuple(path for name in sorted(filter(None, names)) if (path := ROOT / name).is_file())


def text_of(path: Path) -> str:
    """What a file says; nothing for a file that holds no text."""
    return path.read_text(encoding="utf-8", errors="replace") if path.suffix in TEXT_SUFFIXES else ""

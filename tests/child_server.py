"""A server as a child process of the test run: started, waited for by its own words, and gone with the run."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LAST_LINES = 30


class ServerDidNotStartError(Exception):
    """The server ended, or said nothing of being ready, before its deadline."""


def free_port() -> int:
    """A TCP port on the loopback address that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ends_with_this_process(command: Sequence[str]) -> list[str]:
    """The command, wrapped so that the kernel ends it when this process is killed; unchanged where that is unknown."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "INT", "--", *command] if setpriv else list(command)


@dataclass
class _Output:
    """Reads all the server says, so that its pipe never fills, and notices the words that mean ready."""

    ready_words: str
    heard: threading.Event = field(default_factory=threading.Event)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))
    is_ready: bool = False

    def read(self, stream: IO[str]) -> None:
        for line in stream:
            self.lines.append(line)
            if self.ready_words in line:
                self.is_ready = True
                self.heard.set()
        self.heard.set()


@contextlib.contextmanager
def child_server(
    command: Sequence[str],
    *,
    ready_words: str,
    stop_signal: signal.Signals = signal.SIGINT,
    seconds_to_start: float = 30,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run a server until the block ends.

    Args:
        command: Program and arguments.
        ready_words: The part of a line on either output that says the server answers.
        stop_signal: What asks the server to end; after ten seconds it is killed.
        seconds_to_start: How long it may take until the ready words.
        cwd: Its working folder.
        environment: Its environment; this process's own when left out.

    Raises:
        ServerDidNotStartError: With the last lines it wrote.
    """
    process = subprocess.Popen(
        ends_with_this_process(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=cwd,
        env=dict(os.environ if environment is None else environment),
        start_new_session=True,
    )
    assert process.stdout is not None
    output = _Output(ready_words)
    reader = threading.Thread(target=output.read, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        output.heard.wait(seconds_to_start)
        if not output.is_ready:
            msg = f"{command[0]} was not ready within {seconds_to_start} s. It wrote:\n{''.join(output.lines)}"
            raise ServerDidNotStartError(msg)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop_signal)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(5)
        process.stdout.close()

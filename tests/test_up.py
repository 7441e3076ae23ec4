"""`longshore up` in an empty folder: a link that opens, secrets that only their owner reads, and an end on request."""

import asyncio
import os
import re
import signal
import stat
import sys
from pathlib import Path

import httpx
import pytest

from demo import free_port
from tests.repository import ROOT

LINK = re.compile(r"(http://\S+)/\?token=(\S+)")
SECONDS = 240


@pytest.mark.slow
async def test_up_prints_a_link_that_opens_and_ends_on_request(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LONGSHORE_")} | {
        "LONGSHORE_API_PORT": str(free_port()),
        "LONGSHORE_TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        "LONGSHORE_TEMPORAL_UI_URL": f"http://127.0.0.1:{free_port()}",
        "LONGSHORE_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
    }
    command = [sys.executable, str(ROOT / "cli.py"), "up"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(SECONDS):
            said = await process.stdout.readuntil(b"Log ")
            link = LINK.search(said.decode())
            assert link is not None
            async with httpx.AsyncClient(base_url=link[1]) as browser:
                health = await browser.get("/health", headers={"Authorization": f"Bearer {link[2]}"})
                assert (health.status_code, health.json()["ok"]) == (200, True)
                assert (await browser.get("/health")).status_code == 401
                assert (await browser.get("/", params={"token": link[2]})).has_redirect_location
                assert (await browser.get("/docs")).status_code == 200
                metrics = await browser.get(f"http://{environment['LONGSHORE_METRICS_ADDRESS']}/metrics")
                assert "temporal_" in metrics.text
            process.send_signal(signal.SIGINT)
            await process.communicate()
        assert process.returncode == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    for name in ("keys", "token", "codec-token"):
        assert stat.S_IMODE((tmp_path / "longshore-data" / name).stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR

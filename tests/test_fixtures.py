"""The fixtures and the feature report do what the other tests trust them to do."""

import json
import os
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from temporalio import workflow
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from tests import postgres
from tests.child_server import ServerDidNotStartError, child_server

ROOT = Path(__file__).parents[1]


@workflow.defn(name="sleep-for-a-month")
class SleepForAMonth:
    @workflow.run
    async def run(self) -> str:
        await workflow.sleep(timedelta(days=30))
        return "awake"


async def test_database_is_empty_and_writable(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await connection.execute(text("create table boats (name text)"))
        await connection.execute(text("insert into boats values ('Zeemeeuw')"))
        assert (await connection.scalar(text("select count(*) from boats"))) == 1
    await engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_database_can_be_restricted_to_one_kind(database_url: str) -> None:
    assert database_url.startswith("sqlite+aiosqlite:///")


async def test_postgres_comes_from_the_wheel_when_the_machine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    if postgres.wheel_package() is None:
        pytest.skip("the wheel with PostgreSQL has no build for this platform")
    monkeypatch.delenv(postgres.ADDRESS_VARIABLE, raising=False)
    monkeypatch.setattr(postgres, "installed_binaries", lambda: None)
    with postgres.postgres_server() as server_url, postgres.fresh_database(server_url) as url:
        connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string())
        try:
            assert await connection.fetchval("select current_database()") == make_url(url).database
        finally:
            await connection.close()


async def test_temporal_answers(temporal_address: str) -> None:
    client = await Client.connect(temporal_address)
    assert await client.service_client.check_health()


async def test_time_is_skipped(time_skipping: WorkflowEnvironment) -> None:
    async with Worker(time_skipping.client, task_queue="month", workflows=[SleepForAMonth]):
        result = await time_skipping.client.execute_workflow(
            SleepForAMonth.run, id="month", task_queue="month", execution_timeout=timedelta(days=31)
        )
    assert result == "awake"


def test_a_server_that_ends_at_once_is_reported_with_its_words() -> None:
    command = [sys.executable, "-c", "print('no harbour'); raise SystemExit(3)"]
    with pytest.raises(ServerDidNotStartError, match="no harbour"), child_server(command, ready_words="ready"):
        pytest.fail("a server that ended was given out as running")


def run_sample(folder: Path, *arguments: str) -> None:
    """Run the sample tests of a folder in a pytest of their own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "xdist", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A folder with tests of every outcome, marked with features, and our report."""
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "conftest.py").write_text("from tests.feature_report import register as pytest_configure\n")
    (tests / "test_sample.py").write_text(
        textwrap.dedent(
            """
            import pytest

            @pytest.mark.feature("AA-01")
            def test_right(): pass

            @pytest.mark.feature("AA-01", "AA-02")
            @pytest.mark.parametrize("value", [1, 2, 3])
            def test_wrong_for_one_value(value): assert value != 2

            @pytest.mark.feature("AA-03")
            @pytest.mark.parametrize("value", [1, 2, 3])
            def test_right_for_all(value): pass

            @pytest.mark.feature("AA-04")
            def test_left_out(): pytest.skip("not here")

            @pytest.mark.feature("AA-04")
            def test_beside(): pass

            @pytest.mark.feature("AA-05")
            @pytest.mark.xfail
            def test_known_wrong(): assert False

            @pytest.fixture
            def broken(): raise ValueError

            @pytest.mark.feature("AA-06")
            def test_never_reached(broken): pass
            """
        )
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = feature: ids\npythonpath = .\ntestpaths = tests\n")
    return tmp_path


@pytest.mark.parametrize("processes", ["0", "2"])
def test_feature_report(sample: Path, processes: str) -> None:
    run_sample(sample, "-n", processes)
    assert json.loads((sample / "build" / "features.json").read_text()) == {
        "AA-01": "failed",
        "AA-02": "failed",
        "AA-03": "passed",
        "AA-04": "skipped",
        "AA-05": "skipped",
        "AA-06": "failed",
    }


@pytest.mark.parametrize("part", [["tests/test_sample.py"], ["-k", "right"], ["--collect-only"]])
def test_a_part_of_the_tests_proves_nothing(sample: Path, part: list[str]) -> None:
    run_sample(sample, *part)
    assert not (sample / "build").exists()

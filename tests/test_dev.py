"""dev.py: what it says when a machine lacks something, and that it does no work twice."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dev
from tests.repository import ROOT


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that dev.py takes for the project, with an environment that looks synced."""
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "longshore").touch()
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(dev, "BIN", binaries)
    monkeypatch.setattr(dev, "UV_VENV", tmp_path / ".uv")
    monkeypatch.setattr(dev, "STAMP", tmp_path / ".venv" / "stamp")
    dev.STAMP.write_text(dev.fingerprint())
    return tmp_path


def fail(*_: object, **__: object) -> None:
    pytest.fail("something was installed again")


def test_help_needs_nothing_installed() -> None:
    finished = subprocess.run(
        [sys.executable, "-I", str(ROOT / "dev.py")], capture_output=True, text=True, check=True, cwd="/"
    )
    for command in ("demo", "up", "test", "check", "bench", "docs", "lock"):
        assert f"dev.py {command}" in finished.stdout


def test_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["sail"]) == 2
    assert "'sail'" in capsys.readouterr().err


def test_a_second_run_installs_nothing(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", fail)
    dev.sync()


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_a_changed_lock_or_declaration_is_noticed(clone: Path, changed: str) -> None:
    assert dev.is_synced()
    with (clone / changed).open("a") as file:
        file.write("# changed\n")
    assert not dev.is_synced()


def test_pip_is_tried_when_uv_reaches_nothing(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], purpose: str, env: dict[str, str] | None = None) -> None:
        commands.append(command)
        if "sync" in command:
            raise dev.SetupError(purpose)

    monkeypatch.setattr(dev, "run", run)
    dev.install_locked_packages("uv", {})
    assert [*commands[-1][-3:]] == ["--require-hashes", "-r", str(clone / "requirements.lock")]
    assert "pip" in commands[-1]


def test_python_without_environments_gets_the_fix(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(dev.SetupError, match=r"apt-get install python3\.\d+-venv"):
        dev.find_uv()


def test_windows_gets_the_way_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert dev.main(["demo"]) == 1
    assert "WSL" in capsys.readouterr().err


def test_old_python_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert dev.main(["demo"]) == 1
    assert "3.11" in capsys.readouterr().err


def test_uv_finds_packages_where_pip_would(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in dev.UV_SETTING_OF_PIP.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.com/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://more.example.com/simple")
    monkeypatch.setenv("PIP_CERT", "/etc/ssl/own.pem")
    monkeypatch.setenv("UV_FIND_LINKS", "wheels-of-uv")
    monkeypatch.setenv("PIP_FIND_LINKS", "wheels-of-pip")
    result = dev.uv_environment()
    assert result["UV_DEFAULT_INDEX"] == "https://packages.example.com/simple"
    assert result["UV_INDEX"] == "https://more.example.com/simple"
    assert result["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert result["SSL_CERT_FILE"] == "/etc/ssl/own.pem"
    assert result["UV_FIND_LINKS"] == "wheels-of-uv"
    assert result.items() >= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}.items()


def test_check_fails_when_one_step_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    good = dev.Step("good", (sys.executable, "-c", "print('all well')"))
    bad = dev.Step("bad", (sys.executable, "-c", "print('leak below'); raise SystemExit(1)"))
    monkeypatch.setattr(dev, "CHECKS", (good, bad))
    assert dev.check() == 1
    said = capsys.readouterr().out
    assert "ok     good" in said
    assert "FAILED bad" in said
    assert "leak below" in said
    assert "all well" not in said
    assert said.endswith("check failed: bad\n")


def test_check_passes_when_all_steps_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(dev, "CHECKS", (dev.Step("good", (sys.executable, "-c", "")),))
    assert dev.check() == 0
    assert capsys.readouterr().out.endswith("check passed\n")


def test_bench_lists_measurements_and_names_an_unknown_one(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = clone / "bench"
    folder.mkdir()
    for name in ("__init__.py", "chaos.py", "_shared.py", "load.py"):
        (folder / name).touch()
    assert dev.bench() == 0
    assert capsys.readouterr().out == "chaos\nload\n"
    assert dev.bench("storm") == 2
    assert "chaos, load" in capsys.readouterr().err

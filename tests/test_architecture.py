"""The rules that hold everywhere: who imports whom, what no file may name, how long a module may be."""

import ast
import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import ROOT, project_files, text_of

CONTRACTS = ROOT / ".importlinter"
LINES_PER_MODULE = 400

PRODUCT = ("activities", "api", "commerce", "connectors", "mapping", "store", "workflows")
MAY_NAME_VENDORS = ("connectors.registry",)

# Written in parts, so that this file passes its own test.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("proxy", "golang", "org"),
    )
]
MACHINE_PATH = re.compile(r"(?<![\w.~:/}-])/(?:work|root|home/\w+|Users/\w+|opt/wheels)/[\w.]")

BREACHES = {
    "commerce": ("commerce/breach.py", "import settings"),
    "store": ("store/breach.py", "from connectors import protocols"),
    "mapping": ("mapping/breach.py", "from connectors import protocols"),
    "connectors": ("connectors/breach.py", "import store.items"),
    "vendors": ("connectors/ccvshop/breach.py", "from connectors.eaccounting import target"),
    "vendors-stay-home": ("activities/breach.py", "import connectors.eaccounting.target"),
    "workflows": ("workflows/breach.py", "from activities import orders"),
    "activities": ("activities/breach.py", "from workflows import policies"),
    "api": ("api/breach.py", "from activities import orders"),
    "simulators": ("simulators/breach.py", "from commerce import money"),
    "demo": ("demo/breach.py", "import store.items"),
}

MAY_IMPORT = {
    "bench": {"tests"},
    "cli": {"demo", "bench", "tests"},
    "demo": {"cli", "bench", "tests"},
    "embedded": {"cli", "demo", "bench", "tests"},
    "logs": {"cli", "demo", "bench", "tests"},
    "simulators": {"cli", "bench", "tests"},
    "worker": {"cli", "bench", "tests"},
}
"""What only composes, or only shows: imported by these and by itself."""


def contracts() -> configparser.ConfigParser:
    """The contracts as written."""
    parser = configparser.ConfigParser()
    parser.read_string(CONTRACTS.read_text(encoding="utf-8"))
    return parser


def names(section: str, option: str) -> set[str]:
    """The values of an option that is a list."""
    return set(contracts()[section][option].split())


def lint_imports(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the packages in a folder."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache", *arguments]
    # The width keeps the names of contracts on one line; the path keeps the real packages out of sight.
    environment = os.environ | {"COLUMNS": "300", "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def bare_copy(tmp_path: Path) -> Path:
    """A folder with the contracts and empty packages of the same names."""
    (tmp_path / CONTRACTS.name).write_bytes(CONTRACTS.read_bytes())
    modules = {"activities/orders", "commerce/money", "connectors/protocols", "connectors/eaccounting/target"}
    modules |= {"store/items", "workflows/messages", "workflows/names", "workflows/policies", "settings"}
    packages = [name.replace(".", "/") for name in names("importlinter", "root_packages")]
    packages += [name.replace(".", "/") for name in names("importlinter:contract:vendors", "modules")]
    for package in packages:
        (tmp_path / package).mkdir(parents=True, exist_ok=True)
        (tmp_path / package / "__init__.py").touch()
    for module in modules:
        (tmp_path / module).with_suffix(".py").touch()
    return tmp_path


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, and every name it takes from one, dotted; also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def modules_of(package: str) -> list[Path]:
    """The modules of a package, or the one module of that name."""
    return [path for path in project_files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] == package]


def vendors() -> set[str]:
    """The systems with a folder of their own: those that have a simulator too."""
    return {
        path.parent.name
        for path in (ROOT / "connectors").glob("*/__init__.py")
        if (ROOT / "simulators" / path.parent.name).is_dir()
    }


def starts_with_any(module: str, prefixes: set[str]) -> bool:
    """Whether a module is one of these or lies inside one."""
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)


def test_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_contracts_accept_what_the_design_allows(bare_copy: Path) -> None:
    (bare_copy / "activities" / "allowed.py").write_text(
        "import store.items, commerce.money, connectors.protocols\nfrom workflows import messages, names\n"
    )
    (bare_copy / "mapping" / "allowed.py").write_text("import commerce.money\n")
    (bare_copy / "connectors" / "allowed.py").write_text("import mapping, commerce.money\n")
    (bare_copy / "api" / "allowed.py").write_text("import store.items, settings\nfrom workflows.messages import a\n")
    result = lint_imports(bare_copy)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_contract_has_a_breach_to_catch() -> None:
    sections = {name.split(":")[2] for name in contracts().sections() if ":" in name}
    assert sections == set(BREACHES)


@pytest.mark.parametrize("contract", sorted(BREACHES))
def test_a_breach_is_caught(bare_copy: Path, contract: str) -> None:
    module, line = BREACHES[contract]
    (bare_copy / module).write_text(f"{line}\n")
    result = lint_imports(bare_copy, "--contract", contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contracts()[f'importlinter:contract:{contract}']['name']} BROKEN" in result.stdout


def test_all_packages_are_under_contract() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench", "tests"}
    under_contract: set[str] = set()
    assert names("importlinter", "root_packages") == packages
    for contract in set(BREACHES) - {"vendors"}:
        under_contract |= names(f"importlinter:contract:{contract}", "source_modules")
    assert under_contract == packages


def test_all_vendors_are_under_contract() -> None:
    expected = {f"connectors.{vendor}" for vendor in vendors()}
    assert names("importlinter:contract:vendors", "modules") == expected
    assert names("importlinter:contract:vendors-stay-home", "forbidden_modules") == expected


def test_nothing_outside_a_vendors_folder_imports_it() -> None:
    folders = {f"connectors.{vendor}" for vendor in vendors()}
    breaches = []
    for package in (*PRODUCT, "demo", "worker.py", "cli.py", "embedded.py", "logs.py", "settings.py"):
        for path in modules_of(package):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if module in MAY_NAME_VENDORS or starts_with_any(module, folders):
                continue
            breaches += [f"{module} imports {name}" for name in imports_of(path) if starts_with_any(name, folders)]
    assert not breaches


@pytest.mark.parametrize("module", sorted(MAY_IMPORT))
def test_what_composes_is_imported_by_nothing_below(module: str) -> None:
    breaches = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in project_files()
        if path.suffix == ".py" and path.relative_to(ROOT).with_suffix("").parts[0] not in {module, *MAY_IMPORT[module]}
        for name in imports_of(path)
        if starts_with_any(name, {module})
    ]
    assert not breaches


def test_settings_know_nothing_of_ours() -> None:
    for path in modules_of("settings.py"):
        ours = {name for name in imports_of(path) if starts_with_any(name, {*PRODUCT, *MAY_IMPORT})}
        assert not ours


def test_no_file_names_a_package_registry_or_a_place_on_one_machine() -> None:
    found = []
    for path in project_files():
        for number, line in enumerate(text_of(path).splitlines(), start=1):
            if any(host in line for host in REGISTRY_HOSTS) or MACHINE_PATH.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found


@pytest.mark.parametrize("line", ["data in /" + "work/x.db", "cd /" + "home/someone/longshore", "'/" + "root/.cache'"])
def test_a_place_on_one_machine_is_recognised(line: str) -> None:
    assert MACHINE_PATH.search(line)


def test_lock_has_hashes_and_no_addresses() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    pins = re.split(r"\n(?=\S)", text.strip())
    assert len(pins) > 50
    for pin in pins:
        assert re.match(r"[a-z0-9.\-]+==\S+", pin), pin.splitlines()[0]
        assert "--hash=sha256:" in pin, pin.splitlines()[0]


def test_modules_are_short() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in project_files()
        if path.suffix == ".py"
    }
    assert not {name: length for name, length in lengths.items() if length > LINES_PER_MODULE}

"""What holds the layout: contracts, bare cores, a docstring for every package, sizes, licences."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture import licences

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "overread",
    "feedback",
    "model_registry",
    "monitoring",
    "bootstrap",
    "pipeline",
    "serving",
    "flows",
    "experiments",
    "cli",
)
LONGEST = 400
LEARNING_NEEDS = {"torch", "torchvision", "numpy"}


def sources(*tops: str) -> Iterator[Path]:
    for top in tops:
        yield from sorted((ROOT / top).rglob("*.py"))


def imported_at_start(path: Path) -> Iterator[str]:
    """Yield the top-level names that importing a file imports; not what stands in its functions."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module.split(".")[0]


def third_party_after(modules: list[str], *, away: Sequence[str] = ()) -> set[str]:
    """Return the packages outside the standard library that a fresh interpreter loads for some modules.

    Those `away` are as if they were not installed.
    """
    script = f"""
import json, sys
for name in {sorted(set(away) - {"overread"})!r}:
    sys.modules[name] = None
for name in {modules!r}:
    __import__(name)
print(json.dumps(sorted(name for name, module in sys.modules.items() if module is not None)))
"""
    ran = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    loaded = {name.split(".")[0] for name in json.loads(ran.stdout.splitlines()[-1])}
    return loaded - set(sys.stdlib_module_names)


def modules_of(package: str) -> list[str]:
    paths = (path.relative_to(ROOT).with_suffix("") for path in sources(package.replace(".", "/")))
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


def test_every_import_contract_holds() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    ran = subprocess.run(  # noqa: S603 - the linter of this environment
        [str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_domain_is_the_standard_library_alone() -> None:
    named = {name for path in sources("overread/domain") for name in imported_at_start(path)}
    assert named - set(sys.stdlib_module_names) == {"overread"}
    assert third_party_after(modules_of("overread.domain")) <= {"overread"} | third_party_after([])


def test_learning_names_torch_torchvision_and_numpy_alone() -> None:
    named = {name for path in sources("overread/learning") for name in imported_at_start(path)}
    assert named - set(sys.stdlib_module_names) <= {"overread"} | LEARNING_NEEDS


def test_learning_imports_where_only_torch_torchvision_and_numpy_are_installed() -> None:
    brought = {name for needed in LEARNING_NEEDS for name in licences.installed(needed, ())}
    away = [
        top
        for top, owners in packages_distributions().items()
        if not {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners} & brought
    ]
    assert {"scipy", "safetensors", "onnx", "pydicom"} <= set(away)
    assert "overread" in third_party_after(modules_of("overread.learning"), away=away)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_what_it_is_for(package: str) -> None:
    folders = {path.parent for path in sources(package)}
    for folder in sorted(folders):
        found = folder / "__init__.py"
        assert found.exists(), f"{folder.relative_to(ROOT)} has no __init__.py"
        tree = ast.parse(found.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{found.relative_to(ROOT)} says nothing"
        if folder != ROOT / "overread" / "measures":  # the one that also re-exports its public names
            assert all(isinstance(node, ast.Expr) for node in tree.body), (
                f"{found.relative_to(ROOT)} does things"
            )


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in sources("tests")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_no_file_is_too_long() -> None:
    generated = ROOT / "overread" / "store" / "migrations" / "versions"
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources(*PACKAGES, "tests")
        if path.parent != generated and (lines := path.read_bytes().count(b"\n")) > LONGEST
    }
    assert long == {}


def test_nothing_in_the_default_install_is_under_the_gpl() -> None:
    packages = licences.installed("overread", licences.EXTRAS)
    assert len(packages) > 20
    said = {name: licences.licence_of(package) for name, package in packages.items()}
    assert {name: licence for name, licence in said.items() if licences.is_copyleft(licence)} == {}


@pytest.mark.parametrize(
    ("licence", "copyleft"),
    [
        ("GPL-3.0-or-later", True),
        ("License :: OSI Approved :: GNU Affero General Public License v3", True),
        ("MIT", False),
        ("LGPL-3.0", False),
        ("MPL-2.0 OR GPL-2.0", False),
        ("", False),
    ],
)
def test_a_licence_is_judged_by_what_it_binds(licence: str, copyleft: bool) -> None:
    assert licences.is_copyleft(licence) is copyleft

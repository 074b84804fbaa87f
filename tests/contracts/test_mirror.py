"""Tests mirror the tree: each module has its own test file, which imports it, and no test file grows too long."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE, UNIT = ROOT / "mlstrat_plugin", ROOT / "tests/unit"
MIRRORED = ("core", "tables")  # folders of the package
MOST_LINES = 400
MODULES = [
    path.relative_to(PACKAGE)
    for folder in MIRRORED
    for path in sorted((PACKAGE / folder).rglob("*.py"))
    if path.stem != "__init__"
]


def imported(file: Path) -> set[str]:
    """Return the modules that a file imports from, anywhere in it; ``from a import b`` may import the module a.b."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_each_module_has_its_test_file_which_imports_it(module: Path) -> None:
    file = UNIT / module.parent / f"test_{module.name}"
    assert file.exists(), f"{module} has no {file.relative_to(ROOT)}"
    name = ".".join((PACKAGE.name, *module.with_suffix("").parts))
    assert name in imported(file), f"{file.relative_to(ROOT)} does not import {name}"


def test_test_files_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if path.read_text(encoding="utf-8").count("\n") > MOST_LINES
    }
    assert not long

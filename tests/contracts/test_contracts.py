"""Promises that no single module keeps: docs name everything, examples run, imports go down."""

from __future__ import annotations

import ast
import doctest
import importlib
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

import mlstrat_plugin
from mlstrat_plugin.cli.main import cli

ROOT = Path(__file__).parents[2]
MODULES = [
    info.name
    for info in pkgutil.walk_packages(mlstrat_plugin.__path__, "mlstrat_plugin.")
    if "__main__" not in info.name
]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_public_names_load_and_are_documented() -> None:
    for name in mlstrat_plugin.__all__:
        assert getattr(mlstrat_plugin, name).__doc__
    with pytest.raises(AttributeError):
        mlstrat_plugin.__getattr__("nothing")


def test_every_command_and_option_is_documented() -> None:
    docs = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    context = click.Context(cli)
    for name, command in commands(cli, context):
        assert f"mlstrat {name}" in docs
        for option in command.params:
            if isinstance(option, click.Option):
                assert f"`{option.opts[0]}`" in docs, f"{name} {option.opts[0]}"


def commands(group: click.Group, context: click.Context, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its name, those of groups within groups too."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield before + name, command
        if isinstance(command, click.Group):
            yield from commands(command, context, f"{before}{name} ")


def test_every_stage_has_a_page() -> None:
    stages = {path.stem for path in (ROOT / "mlstrat_plugin/stages").glob("*.py")} - {"__init__"}
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} >= stages


def test_links_in_docs_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.integration
def test_import_rule() -> None:
    done = subprocess.run([str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_modules_are_named_for_one_reason_and_stay_small() -> None:
    for path in (ROOT / "mlstrat_plugin").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), path
        assert text.count("\n") <= 350, path


def stage_params(stage: dict[str, Any]) -> set[str]:
    return {key for key in stage.get("params", []) if isinstance(key, str)}


def test_stages_declare_the_params_blocks_that_exist() -> None:
    data = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for name, stage in yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"].items():
        for key in stage_params(stage):
            value = data
            for part in key.split("."):
                assert part in value, f"{name}: {key}"
                value = value[part]


def test_lock_pins_every_requirement_and_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--find-links" not in text.replace("--no-emit-find-links", "")
    pinned = {line.split("==")[0].lower() for line in text.splitlines() if "==" in line and not line.startswith(" ")}
    needed = re.findall(r'^  "([A-Za-z-]+)[\[>]', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name.lower() for name in needed if name != "License"} <= pinned


def test_plots_template_keeps_the_ladder_order() -> None:
    template = json.loads((ROOT / ".dvc/plots/ladder.json").read_text(encoding="utf-8"))
    assert template["encoding"]["x"]["sort"] == {"field": "order"}
    assert template["layer"][0]["encoding"]["y"]["scale"]["zero"] is True

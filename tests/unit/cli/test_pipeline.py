"""The stages of dvc.yaml, written from what each stage says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mlstrat_plugin.cli.pipeline import dvc_stages, specs
from mlstrat_plugin.params.project import load_project
from tests.conftest import Project

ROOT = Path(__file__).parents[3]
IN_GIT = {"cache": False}


def test_dvc_yaml_holds_what_the_stages_say() -> None:
    written = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    ours = {name: stage for name, stage in written.items() if "mlstrat_plugin" in stage["cmd"]}
    rendered = dvc_stages(load_project(ROOT / "params.yaml", ROOT))
    assert rendered == ours
    assert list(rendered) == list(ours) == ["validate", "split", "diagnose", "report", "track", "gate"]


def test_a_stage_is_rendered_with_what_it_has(project: Project) -> None:
    assert dvc_stages(project.load())["report"] == {
        "cmd": "python -m mlstrat_plugin report",
        "deps": ["reports/diagnosis.json"],
        "params": ["mlstrat.folders"],
        "outs": [{"reports/report.html": IN_GIT}],
    }


def test_blocks_that_are_not_there_contribute_nothing(project: Project) -> None:
    del project.block["human"]
    stages = dvc_stages(project.load(track={"run": None, "tracking_uri": "sqlite:///mlflow.db"}))
    assert list(stages) == ["validate", "split", "diagnose", "report", "track"]
    said = yaml.safe_dump(stages)
    assert not [word for word in ("reviews/", ".review", ".human", ".gate", "models/") if word in said]


def test_blocks_that_are_there_contribute_their_files(project: Project) -> None:
    stages = dvc_stages(
        project.load(
            human={"table": "raters.csv"},
            review={"rows": 5},
            gate={"model": "digits", "conditions": {"error/dev": {"max": 0.5}}},
            track={"model": "models/model.bin"},
        )
    )
    assert "reviews/label_fixes.csv" in stages["split"]["deps"]
    assert {"raters.csv", "reviews/dev_errors.csv", "reviews/label_audit.csv"} <= set(stages["diagnose"]["deps"])
    assert {"raters.csv", "models/model.bin"} <= set(stages["gate"]["deps"])
    assert {"reports/looks.json": {**IN_GIT, "persist": True}} in stages["gate"]["outs"]


def test_two_models_of_one_repository_share_no_file_that_is_written(project: Project) -> None:
    def written(name: str) -> set[Path]:
        loaded = project.load(
            folders={"reports": f"reports/{name}", "reviews": f"reviews/{name}"},
            split={**project.block["split"], "folder": f"data/{name}"},
            gate={"model": name, "conditions": {"error/dev": {"max": 0.5}}},
        )
        return {path for spec in specs(loaded) for files in (spec.outs, spec.metrics, spec.plots) for path in files}

    assert not written("a") & written("b")
    assert len(written("a")) == len(written("b")) == 16


def outs(stage: dict[str, Any]) -> list[str]:
    return [next(iter(out)) if isinstance(out, dict) else out for out in stage["outs"]]


def test_every_report_that_a_stage_reads_is_written_by_one_before_it(project: Project) -> None:
    stages = dvc_stages(project.load(gate={"model": "digits", "conditions": {"error/dev": {"max": 0.5}}}))
    made: set[str] = set()
    for stage in stages.values():
        assert {dep for dep in stage["deps"] if dep.startswith("reports/")} <= made
        made |= set(outs(stage))

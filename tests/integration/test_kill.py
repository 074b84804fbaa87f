"""A stage killed at any point leaves old or new files, and the next run succeeds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.split import split
from tests.conftest import Project, digits

pytestmark = [pytest.mark.integration, pytest.mark.slow]


def outputs(root: Path, names: list[str]) -> dict[str, bytes]:
    return {name: (root / name).read_bytes() for name in names}


@pytest.mark.parametrize("stage", ["split", "diagnose"])
def test_sigkill(project: Project, stage: str) -> None:
    params = project.load()
    run = {"split": split, "diagnose": diagnose}[stage]
    split(params)
    project.predict(lambda rows: rows["id"].str.endswith("3"))
    diagnose(params)
    names = (
        [
            "data/splits/train.parquet",
            "data/splits/train_dev.parquet",
            "data/splits/dev.parquet",
            "data/splits/test.parquet",
        ]
        if stage == "split"
        else ["reports/diagnosis.json", "reports/ladder.png", "reports/ladder.csv"]
    )
    old = outputs(project.root, names)
    if stage == "split":
        project.write("mobile.parquet", digits(6000, "m"))
    else:
        project.predict(lambda rows: rows["id"].str.endswith("7"))
    whole = time.monotonic()
    command = [sys.executable, "-m", "mlstrat_plugin", "-q", stage]
    scratch = subprocess.run(command, cwd=project.root)
    assert scratch.returncode == 0
    whole = time.monotonic() - whole
    new = outputs(project.root, names)
    assert new != old
    rng = random.Random(1)
    for _ in range(6):
        for name, content in old.items():
            (project.root / name).write_bytes(content)
        with subprocess.Popen(command, cwd=project.root) as child:
            time.sleep(whole * rng.uniform(0.3, 1.0))
            if child.poll() is None:
                os.kill(child.pid, signal.SIGKILL)
        for name in names:
            assert (project.root / name).read_bytes() in (old[name], new[name])
    run(params)
    assert outputs(project.root, names) == new
    assert not list(project.root.rglob(".*.part"))

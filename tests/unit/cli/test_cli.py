"""The command line as a user meets it: exit codes, stdout for results only, help for everything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from mlstrat_plugin.cli.main import COMMANDS, cli, main
from tests.unit.core.diagnosis.test_diagnose import SMALL, TEN_THOUSAND, TEXTBOOK, counts, said

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = pytest.mark.usefixtures("here")

EXAMPLE = ["quick", "human=5/500", "train=10000/500000", "train-dev=125/2500", "dev=175/2500", "test=188/2500"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    out = capsys.readouterr()
    return int(stop.value.code or 0), out.out, out.err


def test_quick_prints_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *EXAMPLE)
    assert (code, err) == (0, "")
    assert out.startswith("Unranked. Variance matters: 3.0 points [2.1, 4.1], above your threshold of 1.0.")
    assert "5 /     500" in out


def test_quick_json_has_the_schema_of_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *EXAMPLE, "--json", "--material-gap", "0.01")
    data = json.loads(out)
    assert code == 0
    assert data["problems"] == ["variance"]
    assert data["errors"]["human"]["low"] == pytest.approx(0.004279, abs=1e-6)
    assert data["gaps"]["variance"]["low"] == pytest.approx(0.0211, abs=5e-5)


@pytest.mark.parametrize(("percents", "expected"), TEXTBOOK.items(), ids=str)
def test_textbook_through_quick(
    capsys: pytest.CaptureFixture[str], percents: tuple[float | None, ...], expected: tuple[str, str, str]
) -> None:
    from mlstrat_plugin.records.diagnosis import Diagnosis
    from mlstrat_plugin.records.saving import from_json

    for n, verdict in zip((1_000_000, TEN_THOUSAND, SMALL), expected, strict=True):
        rungs = [f"{rung}={wrong}/{rows}" for rung, (wrong, rows) in counts(percents, n).items()]
        _, out, _ = run(capsys, "quick", *rungs, "--relative", "0.1", "--same-distribution", "--json")
        assert said(from_json(Diagnosis, out, name="stdout", stage="quick")) == verdict


def test_quick_takes_constants(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "quick", "human=7%", "train=0.07", "dev=10/100", "--json")
    errors = json.loads(out)["errors"]
    assert errors["human"]["value"] == errors["train"]["value"] == pytest.approx(0.07)
    assert errors["human"]["method"] == "declared"


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["a=1", "human=x"], ["'a=1'", "'human=x'"]),
        (["trian=1/10", "dev=1/10"], ["did you mean 'train'"]),
        (["dev=1/10"], ["two error rates are needed; found dev"]),
        (["dev=11/10", "test=1/10"], ["11 of 10"]),
        (["dev=1/0", "test=1/10"], ["1 of 0"]),
        (["dev=0/0", "test=1/10"], ["no rows"]),
        (["human=nan", "dev=1/10"], ["nan"]),
        (["human=4", "dev=1/10"], ["0..1"]),
        (["human=-1", "dev=1/10"], ["0..1"]),
        (["dev=1/10", "dev=2/10"], ["twice"]),
        (["dev=1/10", "test=1/10", "--material-gap", "nan"], ["material_gap = nan"]),
        (["dev\x1b[31m=1"], ["\\x1b"]),
    ],
    ids=str,
)
def test_quick_refuses(capsys: pytest.CaptureFixture[str], arguments: list[str], parts: list[str]) -> None:
    code, out, err = run(capsys, "quick", *arguments)
    assert (code, out) == (2, "")
    assert all(part in err for part in parts)
    assert "\x1b[31m=" not in err
    assert "Traceback" not in err


def test_a_misspelt_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "quik")
    assert code == 2
    assert "did you mean 'quick'" in err


def test_every_command_and_option_has_help() -> None:
    context = click.Context(cli)
    for name, line in COMMANDS.items():
        command = cli.get_command(context, name)
        assert command is not None
        assert command.help is not None
        assert command.help.startswith(line)
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.name}"


def test_stages_exit_codes_and_json(capsys: pytest.CaptureFixture[str], project: Project) -> None:
    project.load()
    assert run(capsys, "split", "--json")[0] == 0
    code, out, err = run(capsys, "-q", "split")
    assert (code, out, err) == (0, "", "")
    code, out, _ = run(capsys, "split", "--json")
    assert json.loads(out) == json.loads((project.root / "reports/splits.json").read_text())
    code, _, err = run(capsys, "diagnose")
    assert code == 2
    assert "predictions" in err
    project.suite("web", [{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 10**6}}])
    code, out, _ = run(capsys, "validate")
    assert code == 1
    assert "NOT valid" in out
    assert run(capsys, "split", "--params", "nowhere.yaml")[0] == 2


def test_verbose_twice_shows_the_traceback(project: Project) -> None:
    project.load()
    from mlstrat_plugin.errors import MlstratError

    with pytest.raises(MlstratError):
        main(["-vv", "diagnose"])


HEAVY = ("mlflow", "great_expectations", "sklearn", "pandas", "ibis", "duckdb", "matplotlib", "scipy", "dvc")


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--help"], (*HEAVY, "numpy", "pydantic", "rich", "jinja2")),
        (EXAMPLE, (*HEAVY, "numpy", "pydantic", "jinja2")),
        (["split"], ("mlflow", "great_expectations", "sklearn")),
        (["diagnose"], ("mlflow", "great_expectations", "sklearn")),
        (["review", "serve", "--help"], (*HEAVY, "numpy", "pydantic", "flask", "jinja2")),
    ],
    ids=["help", "quick", "split", "diagnose", "review"],
)
def test_what_a_command_does_not_load(project: Project, arguments: list[str], absent: tuple[str, ...]) -> None:
    project.load()
    if arguments == ["diagnose"]:
        from mlstrat_plugin.stages.split import split

        split(project.load())
        project.predict(lambda rows: rows["id"].str.endswith("3"))
    script = (
        "import sys\nfrom mlstrat_plugin.cli.main import main\n"
        f"try:\n main({arguments!r})\nexcept SystemExit as stop:\n assert not stop.code, stop.code\n"
        f"print([name for name in {absent!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=os.environ, check=True)
    assert done.stderr.strip().splitlines()[-1] == "[]"


def test_the_process_ends_although_a_library_left_idle_threads(tmp_path: Path) -> None:
    """MLflow keeps pools of workers; the process must not wait for workers that wait for work."""
    script = (
        "import sys, threading, time\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "pool = ThreadPoolExecutor(2)\n"
        "pool.submit(int).result()\n"
        "threading.Thread(target=lambda: (time.sleep(0.2), open('done', 'w').close())).start()\n"
        "sys.argv[1:] = ['quick', 'train=1/100', 'dev=9/100']\n"
        "from mlstrat_plugin.cli.main import run\n"
        "run()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, timeout=60, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "done").exists()  # a thread that works is waited for


def test_review_commands(capsys: pytest.CaptureFixture[str], project: Project) -> None:
    import pandas as pd

    from mlstrat_plugin.stages.split import split

    project.write("mobile.parquet", pd.read_parquet("mobile.parquet").assign(user=[f"u{i}" for i in range(600)]))
    params = project.load(review={"rows": 10, "eyeball": 1.0})
    assert run(capsys, "review", "init")[1].splitlines()[0] == "reviews/dev_errors.csv made"
    assert run(capsys, "review", "init")[1] == ""
    split(params)
    project.predict(lambda rows: rows["id"].str.endswith("3"))
    code, out, err = run(capsys, "review", "sample")
    assert (code, err) == (0, "")
    assert out == "reviews/dev_errors.csv: 10 rows added, 10 in all.\n"
    sheet = Path("reviews/dev_errors.csv")
    lines = sheet.read_text(encoding="utf-8").splitlines()
    sheet.write_text("\n".join([lines[0], *(line[:-3] + "dark,,," for line in lines[1:])]) + "\n", encoding="utf-8")
    code, out, err = run(capsys, "review", "sample", "--split", "test")
    assert (code, out) == (2, "")
    assert "test is not looked at" in err
    assert run(capsys, "review", "sample", "--right-rows", "3")[0] == 2
    assert json.loads(run(capsys, "review", "sample", "--audit", "--rows", "4", "--json")[1])["added"] == 16
    code, out, _ = run(capsys, "diagnose")
    assert code == 0
    assert "Causes of mistakes\n  10 of 10 sampled mistakes reviewed; dev has " in out
    code, out, _ = run(capsys, "review", "suggest")
    assert code == 0
    assert "Slices of label" in out
    assert "No labels are ranked" in out
    sheet.write_text(lines[0] + "\n" + "a,m,1,2,x,,,A\na,m,1,2,y,,,B\n", encoding="utf-8")
    code, out, err = run(capsys, "diagnose")
    assert (code, out) == (2, "")
    assert "is there twice" in err


def test_help_cuts_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    for group in ([], ["review"]):
        _, out, _ = run(capsys, *group, "--help")
        assert "..." not in out.replace("[ARGS]...", "")

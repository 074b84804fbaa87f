"""A table in which the same texts come again and again: the cut keeps copies together, and intervals count texts."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from mlstrat_plugin.core.estimates.intervals import t_value, wilson
from mlstrat_plugin.errors import RecordError, SplitError
from mlstrat_plugin.runs.compare import compare
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.split import split
from tests.conftest import digits

if TYPE_CHECKING:
    from mlstrat_plugin.records.diagnosis import Diagnosis
    from tests.conftest import Project

pytestmark = pytest.mark.integration

Z95 = 1.959964
TEXTS, ROWS = 440, 2_000
COLUMNS = {"content": ["text"]}


def copied(rows: int = ROWS, texts: int = TEXTS) -> pd.DataFrame:
    """Return target rows: a few texts are copied often, most of them seldom."""
    shares = 1 / np.arange(1, texts + 1) ** 0.7
    text = np.random.default_rng(3).choice(texts, rows, p=shares / shares.sum())
    return digits(rows, "m").assign(text=[f"t{i}" for i in text], label=text % 3)


@pytest.fixture
def copies(project: Project) -> Project:
    project.write("mobile.parquet", copied())
    project.write("web.parquet", digits(1_000, "w").assign(text=[f"w{i}" for i in range(1_000)]))
    return project


def score(project: Project, every: int, **changes: Any) -> Diagnosis:
    """Predict with every so-many-th text wrong, whichever rows have it, and diagnose."""
    project.predict(lambda rows: rows["text"].str[1:].astype(int) % every == 0)
    return diagnose(project.load(columns=COLUMNS, **changes))


def test_intervals_count_texts(copies: Project) -> None:
    record = split(copies.load(columns=COLUMNS, split={"salt": "s", "dev": 600, "test": 600, "train_dev": 0.2}))
    made = score(copies, 5)
    for name in ("dev", "test"):
        rows = copies.rows(name)
        texts = rows.groupby("text").agg(n=("id", "size"), wrong=("text", lambda t: int(t.iloc[0][1:]) % 5 == 0))
        assert record.contents[name] == len(texts) < len(rows) == record.rows[name]
        assert (rows["unit"].nunique(), made.errors[name].n) == (len(texts), len(rows))
        error = made.errors[name]
        effective = len(rows) ** 2 / (texts["n"] ** 2).sum()
        assert error.groups == pytest.approx(effective)
        naive = wilson(error.value, len(rows), Z95)
        assert error.high - error.low > 1.8 * (naive[1] - naive[0])
        size = texts["n"].mean()  # a pseudo-text of mean size, a quarter of it wrong
        n = np.append(texts["n"], size)
        k = np.append(texts["n"] * texts["wrong"], size / 4)
        p = k.sum() / n.sum()
        variance = len(n) / (len(n) - 1) * ((k - p * n) ** 2).sum() / n.sum() ** 2
        expected = wilson(error.value, p * (1 - p) / variance, t_value(Z95, effective - 1))
        assert (error.low, error.high) == pytest.approx(expected)
    (finding,) = [finding for finding in made.findings if finding.code == "MLS148"]
    assert f"of {record.rows['dev']:,} dev rows are copies; intervals count {record.contents['dev']} contents" in (
        finding.message
    )
    advice = "\n".join(record.advice)
    assert f"dev: asked for 600 rows, got {record.rows['dev']}" in advice
    assert f"rows are copies of {record.contents['test']} contents" in advice


def test_without_a_copy_rows_count_one_by_one(project: Project) -> None:
    for name, prefix, rows in (("web", "w", 1_000), ("mobile", "m", 800)):
        project.write(f"{name}.parquet", digits(rows, prefix).assign(text=[f"{prefix}{i}" for i in range(rows)]))
    record = split(project.load(columns=COLUMNS))
    made = score(project, 5)
    assert "unit" not in project.rows("dev")
    assert record.contents == record.rows
    assert made.errors["dev"].groups is None
    assert "MLS148" in {check.code for check in made.checks if check.outcome == "passed"}


def test_pairs_count_texts_too(copies: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    copies.params(columns=COLUMNS)
    split(copies.load(columns=COLUMNS))
    score(copies, 5)
    for part in ("reports", "data"):
        shutil.copytree(copies.root / part, copies.root / "one" / part)
    shutil.copy(copies.root / "params.yaml", copies.root / "one")
    score(copies, 7)
    monkeypatch.chdir(copies.root)
    told = compare("one", ".")
    assert told.notes == ()
    assert told.errors["dev"].n is not None
    assert told.errors["dev"].method == "paired, grouped bonett-price"


def test_splits_of_an_older_version_are_refused(copies: Project) -> None:
    split(copies.load())
    with pytest.raises(RecordError, match="does not say which rows are copies"):
        score(copies, 5)


def test_a_column_that_mlstrat_writes_is_refused(copies: Project) -> None:
    copies.write("mobile.parquet", copied().assign(unit="kg"))
    with pytest.raises(SplitError, match="a column 'unit', which mlstrat writes"):
        split(copies.load(columns=COLUMNS))
    split(copies.load())
    assert set(copies.rows("dev")["unit"]) == {"kg"}

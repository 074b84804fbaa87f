"""Checks that no setting turns off: broken rows in sources, leaks in splits that were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mlstrat_plugin.errors import ChecksFailed
from mlstrat_plugin.params.data import Columns
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.validate import validate
from mlstrat_plugin.tables.splits.checks import check_sources, check_splits, rows_per_group
from mlstrat_plugin.tables.splits.sources import open_sources
from tests.conftest import Project, digits

if TYPE_CHECKING:
    from collections.abc import Callable

    from ibis.expr.types import Table

    from mlstrat_plugin.records.splits import RuleResult, SourceFacts
    from mlstrat_plugin.tables.engines.duckdb import Engine

SPLITS = ("train", "train-dev", "dev", "test")


def checked(engine: Engine, project: Project, **columns: Any) -> tuple[dict[str, SourceFacts], list[RuleResult]]:
    loaded = project.load(columns=columns)
    return check_sources(engine, open_sources(engine, loaded), loaded.params.columns)


def failed(results: list[RuleResult]) -> list[tuple[str, str, str]]:
    return [(result.source, result.rule, result.detail) for result in results if result.outcome == "failed"]


def duplicated(project: Project) -> None:
    project.write("web.parquet", pd.concat([digits(50, "w"), digits(2, "w")]))


def shared(project: Project) -> None:
    project.write("web.parquet", digits(50, "m"))


def unlabelled(project: Project) -> None:
    web = digits(50, "w").astype({"label": "Int64"})
    web.loc[3, "label"] = pd.NA
    project.write("web.parquet", web)


def nameless(project: Project) -> None:
    web = digits(50, "w")
    web.loc[3, "id"] = None
    project.write("web.parquet", web)


BROKEN: list[tuple[Callable[[Project], None], tuple[str, str, str], str | None]] = [
    (duplicated, ("every source", "ids are unique", "2 rows"), "'w00000'"),
    (shared, ("every source", "ids are unique", "50 rows"), "'m00000'"),
    (unlabelled, ("web", "labels are present", "1 rows"), "'w00003'"),
    (nameless, ("web", "ids are present", "1 rows"), None),
]


@pytest.mark.parametrize(("spoil", "broken", "example"), BROKEN)
def test_rows_that_break_a_built_in_rule(
    engine: Engine, project: Project, spoil: Any, broken: tuple[str, str, str], example: str | None
) -> None:
    spoil(project)
    _, results = checked(engine, project)
    assert failed(results) == [broken]
    found = next(result for result in results if result.outcome == "failed")
    assert found.severity == "critical"
    assert found.why
    assert example is None or example in found.examples


@pytest.mark.parametrize(("spoil", "broken", "example"), BROKEN)
def test_stages_refuse_what_breaks_a_rule(
    project: Project, spoil: Any, broken: tuple[str, str, str], example: str | None
) -> None:
    spoil(project)
    assert not validate(project.load()).passed
    with pytest.raises(ChecksFailed, match=broken[1]) as caught:
        split(project.load())
    assert caught.value.exit_code == 1


def test_sound_sources_pass_and_are_counted(engine: Engine, project: Project) -> None:
    project.write("mobile.parquet", digits(600, "m", per_group=3))
    facts, results = checked(engine, project, group="user", content=["text"])
    assert failed(results) == []
    assert {name: (f.role, f.rows, f.groups) for name, f in facts.items()} == {
        "web": ("auxiliary", 400, 400),
        "mobile": ("target", 600, 200),
    }
    assert facts["web"].bytes == (project.root / "web.parquet").stat().st_size
    assert checked(engine, project)[0]["web"].groups is None


def test_examples_are_five_at_most(engine: Engine, project: Project) -> None:
    project.write("web.parquet", pd.concat([digits(50, "w"), digits(20, "w")]))
    _, results = checked(engine, project)
    found = next(result for result in results if result.outcome == "failed")
    assert found.examples == tuple(f"'w0000{i}'" for i in range(5))


def test_nan_is_not_a_label(engine: Engine, project: Project) -> None:
    for name, prefix in (("web", "w"), ("mobile", "m")):
        project.write(f"{name}.parquet", digits(10, prefix).assign(label=0.5, other=float("nan")))
    assert failed(checked(engine, project)[1]) == []
    assert failed(checked(engine, project, labels=["label", "other"])[1]) == []  # one of its tasks is labelled
    assert failed(checked(engine, project, label="other")[1]) == [
        ("web", "labels are present", "10 rows"),
        ("mobile", "labels are present", "10 rows"),
    ]


def test_split_checks_again_when_a_source_changed_after_validation(project: Project) -> None:
    assert validate(project.load()).passed
    duplicated(project)
    with pytest.raises(ChecksFailed, match="unique"):
        split(project.load())


def test_same_content_with_two_labels_is_reported(engine: Engine, project: Project) -> None:
    web = digits(50, "w")
    web.loc[1, "text"], web.loc[1, "label"] = web.loc[0, "text"], 2
    web.loc[[2, 3], "text"] = None  # no content: nothing to be a duplicate of
    project.write("web.parquet", web)
    _, results = checked(engine, project, content=["text"])
    torn = next(r for r in results if r.rule == "one label per content")
    assert (torn.outcome, torn.severity, torn.examples) == ("failed", "warning", ("'w00000'",))
    assert validate(project.load(columns={"content": ["text"]})).passed


def written(engine: Engine, **changes: dict[str, Any]) -> dict[str, Table]:
    """Return four sound splits of two rows each, with some columns of some of them changed."""
    sound = {
        name: {
            "id": [f"{name}1", f"{name}2"],
            "source": ["mobile"] * 2,
            "user": [f"{name}u", None],
            "text": [name, None],
        }
        for name in SPLITS
    }
    return {name: engine.columns(**{**sound[name], **changes.get(name.replace("-", "_"), {})}) for name in SPLITS}


WITH_BOTH = Columns(group="user", content=("text",))


def test_sound_splits_have_no_leak(engine: Engine) -> None:
    assert check_splits(engine, written(engine), WITH_BOTH, ["mobile"]) == []


@pytest.mark.parametrize("held", ["dev", "test"])
def test_rows_of_another_source_in_dev_or_test(engine: Engine, held: str) -> None:
    leaky = written(engine, **{held: {"source": ["mobile", "web"]}})
    assert check_splits(engine, leaky, Columns(), ["mobile"]) == [
        f"{held} holds 1 rows that are not from a target source"
    ]


@pytest.mark.parametrize(("column", "kind"), [("user", "group"), ("text", "content")])
@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        ("dev", "test", "dev and test"),
        ("train", "dev", "dev or test and train"),
        ("train", "test", "dev or test and train"),
        ("train_dev", "dev", "dev or test and train-dev"),
        ("train_dev", "test", "dev or test and train-dev"),
    ],
)
def test_what_straddles_is_named(engine: Engine, column: str, kind: str, one: str, other: str, where: str) -> None:
    leaky = written(engine, **{one: {column: ["both", None]}, other: {column: [None, "both"]}})
    (problem,) = check_splits(engine, leaky, WITH_BOTH, ["mobile"])
    assert problem.startswith(f"{kind} in both {where}: ")
    assert kind == "content" or problem.endswith("'both'")
    assert check_splits(engine, leaky, Columns(), ["mobile"]) == []


def test_train_and_train_dev_may_share(engine: Engine) -> None:
    alike = written(engine, train={"text": ["both", None]}, train_dev={"text": ["both", None]})
    assert check_splits(engine, alike, WITH_BOTH, ["mobile"]) == []


def test_rows_per_group(engine: Engine) -> None:
    part = engine.columns(user=["a", "a", "a", "b", None])
    assert rows_per_group(engine, part, Columns()) == 1.0
    assert rows_per_group(engine, part, Columns(group="user")) == 2.5
    assert rows_per_group(engine, part.filter(part.user == "nobody"), Columns(group="user")) == 1.0

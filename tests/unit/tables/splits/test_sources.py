"""Bad input: every message names what, where and what to do, and earlier outputs stay as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mlstrat_plugin.errors import ChecksFailed, MlstratError, SourceError
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.validate import validate
from tests.conftest import Project, digits

if TYPE_CHECKING:
    from collections.abc import Callable

CSV = {"web": {"path": "web.csv", "role": "auxiliary"}, "mobile": {"path": "mobile.parquet", "role": "target"}}


def broken_bytes(content: bytes) -> Callable[[Project], dict[str, Any]]:
    def make(project: Project) -> dict[str, Any]:
        (project.root / "web.csv").write_bytes(content)
        return {"sources": CSV}

    return make


def truncated(project: Project) -> dict[str, Any]:
    file = project.root / "web.parquet"
    file.write_bytes(file.read_bytes()[:-200])
    return {}


def gone(project: Project) -> dict[str, Any]:
    (project.root / "web.parquet").unlink()
    return {}


def empty_table(project: Project) -> dict[str, Any]:
    project.write("web.parquet", digits(5, "w").head(0))
    return {}


def empty_file(project: Project) -> dict[str, Any]:
    (project.root / "web.parquet").write_bytes(b"")
    return {}


def other_type(project: Project) -> dict[str, Any]:
    project.write("web.parquet", digits(50, "w").astype({"label": "str"}))
    return {}


def wrong_column(name: str, guess: str) -> Callable[[Project], dict[str, Any]]:
    return lambda _: {"columns": {name: [guess] if name == "content" else guess}}


HEADER = b"id,user,label,text\n"
CASES: dict[str, tuple[Callable[[Project], dict[str, Any]], str]] = {
    "missing": (gone, r"web.*web\.parquet.*does not exist"),
    "empty table": (empty_table, "web.*no rows"),
    "empty file": (empty_file, "web.*empty file"),
    "truncated": (truncated, "cannot read source 'web'"),
    "latin-1": (broken_bytes(HEADER + "w1,u,0,caf\u00e9\n".encode("latin-1")), "cannot read source 'web'"),
    "utf-16": (broken_bytes("id,user,label,text\nw1,u,0,a\n".encode("utf-16")), "web"),
    "stray quote": (broken_bytes(HEADER + b'w1,u,0,"open\nw2,u,1,b\n'), "cannot read source 'web'"),
    "ragged": (broken_bytes(HEADER + b"w1,u,0\n"), "cannot read source 'web'"),
    "no id": (wrong_column("id", "di"), "no column 'di'.*did you mean 'id'"),
    "no label": (wrong_column("label", "lable"), "did you mean 'label'"),
    "no group": (wrong_column("group", "usr"), "did you mean 'user'"),
    "no content": (wrong_column("content", "txt"), "did you mean 'text'"),
    "two types": (other_type, "label.*int64.*string|label.*string.*int64"),
}


@pytest.mark.parametrize(("make", "message"), CASES.values(), ids=CASES)
@pytest.mark.parametrize("stage", [validate, split])
def test_unusable_sources(project: Project, stage: Callable[..., Any], make: Any, message: str) -> None:
    stage(project.load())
    before = {file: file.read_bytes() for file in project.root.rglob("*") if file.parent.name in ("reports", "splits")}
    assert before
    changes = make(project)
    with pytest.raises(SourceError, match=f"(?s){message}") as caught:
        stage(project.load(**changes))
    assert caught.value.hint
    assert caught.value.exit_code == 2
    assert {file: file.read_bytes() for file in before} == before
    assert not list(project.root.rglob(".*.part"))


def test_a_bom_is_no_part_of_the_first_column(project: Project) -> None:
    (project.root / "web.csv").write_bytes(b"\xef\xbb\xbf" + digits(50, "w").to_csv(index=False).encode())
    record = split(project.load(sources=CSV))
    assert record.rows["train"] > 0


def test_leading_zeros_of_ids_survive_csv(project: Project) -> None:
    web = digits(50, "w")
    web["id"] = [f"{i:04d}" for i in range(50)]
    project.write("web.csv", web)
    split(project.load(sources=CSV))
    ids = pd.concat([pd.read_parquet(project.root / f"data/splits/{n}.parquet") for n in ("train", "train_dev")])["id"]
    assert "0007" in set(ids)


def test_problems_of_all_sources_at_once(project: Project) -> None:
    gone(project)
    project.write("mobile.parquet", digits(60, "m").drop(columns="label"))
    with pytest.raises(SourceError, match=r"(?s)web.*does not exist.*mobile.*'label'"):
        validate(project.load())


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


@pytest.mark.parametrize(
    ("spoil", "rule", "example"),
    [
        (duplicated, "ids are unique", "'w00000'"),
        (shared, "ids are unique", "'m00000'"),
        (unlabelled, "labels are present", "'w00003'"),
        (nameless, "ids are present", None),
    ],
)
def test_rows_that_break_a_built_in_rule(project: Project, spoil: Any, rule: str, example: str | None) -> None:
    spoil(project)
    record = validate(project.load())
    broken = [r for r in record.rules if r.outcome == "failed"]
    assert [r.rule for r in broken] == [rule]
    assert not record.passed
    assert example is None or example in broken[0].examples
    with pytest.raises(ChecksFailed, match=rule) as caught:
        split(project.load())
    assert caught.value.exit_code == 1


def test_split_checks_again_when_a_source_changed_after_validation(project: Project) -> None:
    assert validate(project.load()).passed
    duplicated(project)
    with pytest.raises(ChecksFailed, match="unique"):
        split(project.load())


def test_same_content_with_two_labels_is_reported(project: Project) -> None:
    web = digits(50, "w")
    web.loc[1, "text"], web.loc[1, "label"] = web.loc[0, "text"], 2
    project.write("web.parquet", web)
    record = validate(project.load(columns={"content": ["text"]}))
    torn = next(r for r in record.rules if r.rule == "one label per content")
    assert (torn.outcome, torn.severity, torn.examples) == ("failed", "warning", ("'w00000'",))
    assert record.passed


def test_a_column_with_our_prefix(project: Project) -> None:
    project.write("web.parquet", digits(50, "w").rename(columns={"text": "mlstrat_key"}))
    with pytest.raises(MlstratError, match="mlstrat_key"):
        split(project.load())

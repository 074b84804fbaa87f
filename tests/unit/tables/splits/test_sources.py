"""Bad input: every message names what, where and what to do, and earlier outputs stay as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mlstrat_plugin.errors import SourceError
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.validate import validate
from mlstrat_plugin.tables.splits.sources import ROLE, answer, open_sources, together
from tests.conftest import Project, digits

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlstrat_plugin.tables.engines.duckdb import Engine

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
def test_unusable_sources(engine: Engine, project: Project, make: Any, message: str) -> None:
    assert [source.name for source in open_sources(engine, project.load())] == ["web", "mobile"]
    changes = make(project)
    with pytest.raises(SourceError, match=f"(?s){message}") as caught:
        open_sources(engine, project.load(**changes))
    assert caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("case", ["missing", "truncated", "ragged", "no label", "two types"])
@pytest.mark.parametrize("stage", [validate, split])
def test_earlier_outputs_stay_as_they_were(project: Project, stage: Callable[..., Any], case: str) -> None:
    stage(project.load())
    before = {file: file.read_bytes() for file in project.root.rglob("*") if file.parent.name in ("reports", "splits")}
    assert before
    make, message = CASES[case]
    changes = make(project)
    with pytest.raises(SourceError, match=f"(?s){message}"):
        stage(project.load(**changes))
    assert {file: file.read_bytes() for file in before} == before
    assert not list(project.root.rglob(".*.part"))


def test_a_bom_is_no_part_of_the_first_column(engine: Engine, project: Project) -> None:
    (project.root / "web.csv").write_bytes(b"\xef\xbb\xbf" + digits(50, "w").to_csv(index=False).encode())
    web, _ = open_sources(engine, project.load(sources=CSV))
    assert web.table.columns[0] == "id"
    assert engine.count(web.table) == 50


def test_leading_zeros_of_ids_survive_csv(project: Project) -> None:
    web = digits(50, "w")
    web["id"] = [f"{i:04d}" for i in range(50)]
    project.write("web.csv", web)
    split(project.load(sources=CSV))
    ids = pd.concat([pd.read_parquet(project.root / f"data/splits/{n}.parquet") for n in ("train", "train_dev")])["id"]
    assert "0007" in set(ids)


def test_problems_of_all_sources_at_once(engine: Engine, project: Project) -> None:
    gone(project)
    project.write("mobile.parquet", digits(60, "m").drop(columns="label"))
    with pytest.raises(SourceError, match=r"(?s)web.*does not exist.*mobile.*'label'"):
        open_sources(engine, project.load())


def test_a_column_with_our_prefix(engine: Engine, project: Project) -> None:
    project.write("web.parquet", digits(50, "w").rename(columns={"text": "mlstrat_key"}))
    with pytest.raises(SourceError, match="mlstrat_key"):
        open_sources(engine, project.load())


def test_a_folder_is_one_source_and_its_size_is_that_of_its_files(engine: Engine, project: Project) -> None:
    for i in range(3):
        project.write(f"parts/{i}/rows.parquet", digits(10, f"w{i}"))
    sources = {**project.block["sources"], "web": {"path": "parts", "role": "auxiliary"}}
    web, _ = open_sources(engine, project.load(sources=sources))
    assert engine.count(web.table) == 30
    assert len(web.files) == 3
    assert web.bytes == sum(file.stat().st_size for file in (project.root / "parts").rglob("*.parquet"))


def test_together_rows_name_their_source_and_lack_what_it_lacks(engine: Engine, project: Project) -> None:
    project.write("web.parquet", digits(2, "w").drop(columns="text").assign(source="a column of the user's"))
    project.write("mobile.parquet", digits(1, "m").assign(camera="old"))
    rows = engine.rows(together(open_sources(engine, project.load())))
    assert [(row["id"], row["source"], row[ROLE], row["text"], row["camera"]) for row in rows] == [
        ("w00000", "web", "auxiliary", None, None),
        ("w00001", "web", "auxiliary", None, None),
        ("m00000", "mobile", "target", "m text 0", "old"),
    ]


def test_the_answer_of_several_tasks_leaves_empty_cells_out(engine: Engine, project: Project) -> None:
    columns = project.load(columns={"labels": ["car", "sign"]}).params.columns
    rows = engine.columns(car=[1.0, None, 0.0, None], sign=["a", "b", None, None])
    said = [row["said"] for row in engine.rows(rows.select(said=answer(rows, columns)))]
    assert said == ["car=1.0 sign=a", "sign=b", "car=0.0", ""]
    single = project.load().params.columns
    assert (
        engine.rows(rows.mutate(label=rows.sign).select(x=answer(rows.mutate(label=rows.sign), single)))[1]["x"] == "b"
    )

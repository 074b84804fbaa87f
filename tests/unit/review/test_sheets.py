"""Drawing rows, counting what people said, fixing labels, suggesting: on a small project, with planted faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from mlstrat_plugin.adapters.reviews import MISTAKES
from mlstrat_plugin.core.diagnosis.comparison import compare
from mlstrat_plugin.errors import ParamsError, ReviewError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.saving import from_json, to_json
from mlstrat_plugin.records.words import Split
from mlstrat_plugin.review.sheets import audit, open_sheet, sample, suggest
from mlstrat_plugin.stages.diagnose import diagnose
from mlstrat_plugin.stages.report import report
from mlstrat_plugin.stages.split import split
from mlstrat_plugin.stages.track import track
from tests.conftest import Project, digits, migrated_database
from tests.reviewing import REVIEW, audit_sheet, begun, codes, ends, error_sheet, fix_sheet, say

if TYPE_CHECKING:
    from mlstrat_plugin.params.project import Project as MlstratProject


def test_without_a_block_there_are_no_reviews(project: Project) -> None:
    params = project.load()
    split(params)
    project.predict(ends("1"))
    assert diagnose(params).error_analysis is None
    with pytest.raises(ParamsError, match="review"):
        sample(params)


def test_pending_while_empty(project: Project) -> None:
    params = begun(project)
    record = diagnose(params)
    assert record.error_analysis is not None
    assert record.error_analysis.status == "pending"
    report(params)
    assert "No mistakes reviewed yet. To draw some, run mlstrat review sample." in params.places.page.read_text(
        encoding="utf-8"
    )
    assert params.places.causes.read_text(encoding="utf-8").count("\n") == 1


def test_a_sheet_that_is_gone_is_not_an_empty_one(project: Project) -> None:
    params = begun(project)
    error_sheet(params).file.unlink()
    with pytest.raises(ReviewError, match="dev_errors"):
        diagnose(params)
    fix_sheet(params).file.unlink()
    with pytest.raises(ReviewError, match="label_fixes"):
        split(params)


@pytest.mark.parametrize("name", ["test", "train", "train-dev"])
def test_only_dev_is_looked_at(project: Project, name: str) -> None:
    with pytest.raises(ReviewError, match=f"^{name} is not looked at: "):
        sample(begun(project), Split(name))


def test_a_sample_is_random_stable_and_topped_up(project: Project) -> None:
    params = begun(project)
    assert sample(params).added == 20
    first = error_sheet(params).file.read_bytes()
    ids = list(error_sheet(params).read().rows)
    dev = project.rows("dev")["id"]
    assert set(ids) <= set(dev[dev.str[-1].isin(["1", "4", "7"])])
    assert ids != sorted(ids)
    assert sample(params).added == 0
    assert error_sheet(params).file.read_bytes() == first
    say(error_sheet(params), {ids[0]: {"tags": "dog", "reviewer": "Ann"}, ids[3]: {"comment": "=1+1"}})
    typed = {i: cells for i, cells in error_sheet(params).read().rows.items() if cells["tags"] or cells["comment"]}
    assert sample(params, rows=24).added > 0
    assert list(error_sheet(params).read().rows)[:20] == ids
    project.predict(ends("1", "2"))  # another model: 4 and 7 are right by now
    again = sample(params, rows=24)
    after = error_sheet(params).read().rows
    assert again.added > 0
    assert again.now_right == sum(i[-1] in "47" for i in after)
    for i, cells in after.items():
        assert (cells["prediction"] == cells["label"]) is (i[-1] not in "12")
    assert all(after[i][c] == cells[c] for i, cells in typed.items() for c in MISTAKES.typed)
    project.block["split"] = {"dev": 0.25, "test": 0.25, "train_dev": 0.2, "salt": "other"}
    moved = project.load(review=REVIEW)
    split(moved)
    project.predict(ends("1", "2"))
    assert sample(moved, rows=24).gone > 0
    assert set(after) <= set(error_sheet(params).read().rows)


def test_the_other_part_of_dev_stays_unseen(project: Project) -> None:
    project.write("mobile.parquet", digits(2000, "m", per_group=5))
    params = begun(project, columns={"group": "user"}, review={"rows": 1000, "eyeball": 0.4})
    drawn = sample(params)
    assert drawn.notes
    dev = project.rows("dev").set_index("id")
    shown = set(dev.loc[list(error_sheet(params).read().rows), "user"])
    mistakes = dev[dev.index.str[-1].isin(["1", "4", "7"])]
    assert 0.2 < len(shown) / dev["user"].nunique() < 0.6
    assert set(mistakes[mistakes["user"].isin(shown)].index) == set(error_sheet(params).read().rows)  # whole groups


def test_the_tally_counts_what_people_said(project: Project) -> None:
    params = begun(project, review={"rows": 40, "eyeball": 1.0})
    sample(params)
    ids = list(error_sheet(params).read().rows)
    say(
        error_sheet(params),
        {i: {"tags": "Great-Cat" if n % 2 else "great cat; dog", "reviewer": "A"} for n, i in enumerate(ids[:30])},
    )
    record = diagnose(params)
    found = record.error_analysis
    assert found is not None
    assert (found.status, found.reviewed, found.sampled, found.skipped) == ("partly", 30, 40, 0)
    dev_wrong = record.errors["dev"].wrong
    assert found.mistakes == dev_wrong
    assert [(tag.tags, tag.count) for tag in found.tags] == [(("Great-Cat",), 30), (("dog",), 15)]
    assert set(found.merged) == {"great cat"}
    dog = found.tags[1]
    assert dog.share.value == 0.5
    assert dog.ceiling.value == pytest.approx(0.5 * record.errors["dev"].value)
    assert found.best_pair is not None
    assert "MLS161" in codes(record)
    assert found.label_share is None  # nobody answered that for a single row
    assert not codes(record) & {"MLS171", "MLS172", "MLS173"}
    say(error_sheet(params), {ids[0]: {"label_is_wrong": "yes"}})
    answered = diagnose(params).error_analysis
    assert answered is not None
    assert answered.label_share is not None
    assert answered.label_share.value == pytest.approx(1 / 30)
    assert from_json(Diagnosis, to_json(record), name="x", stage="diagnose").error_analysis is not None
    report(params)
    page = params.places.page.read_text(encoding="utf-8")
    assert "Great-Cat" in page
    assert "counts as" in page
    assert params.places.causes.read_text(encoding="utf-8").splitlines()[1].startswith("Great-Cat,30,30,1.0")


def test_rows_of_an_earlier_model_are_not_counted(project: Project) -> None:
    params = begun(project, review={"rows": 20, "eyeball": 1.0})
    sample(params)
    say(error_sheet(params), {i: {"tags": "old", "reviewer": "A"} for i in error_sheet(params).read().rows})
    project.predict(ends("1", "2", "3"))
    record = diagnose(params)
    found = record.error_analysis
    assert found is not None
    assert found.now_right == sum(i[-1] in "47" for i in error_sheet(params).read().rows)
    assert "MLS165" in codes(record)
    assert found.sampled < 20
    sample(params)
    record = diagnose(params)
    assert record.error_analysis is not None
    assert record.error_analysis.sampled >= 20
    assert "MLS165" not in codes(record)


def test_passed_over_rows_and_open_order_are_said(project: Project) -> None:
    params = begun(project, review={"rows": 30, "eyeball": 1.0})
    sample(params)
    ids = list(error_sheet(params).read().rows)
    say(error_sheet(params), {i: {"tags": "dog" if n % 2 else "cat", "reviewer": "A"} for n, i in enumerate(ids[5:25])})
    record = diagnose(params)
    assert {"MLS162", "MLS164"} <= codes(record)
    assert record.error_analysis is not None
    assert record.error_analysis.skipped == 5
    assert record.error_analysis.alike[0].tags == ("cat", "dog")


def test_a_tuned_part_of_dev_is_said(project: Project) -> None:
    project.write("mobile.parquet", digits(4000, "m"))
    params = begun(project, review={"rows": 2000, "eyeball": 0.5})
    sample(params)
    looked = list(error_sheet(params).read().rows)
    project.predict(lambda rows: ends("1", "4", "7")(rows) & ~rows["id"].isin(looked))  # learned what people saw
    record = diagnose(params)
    assert "MLS163" in codes(record)
    assert record.error_analysis is not None
    assert record.error_analysis.drift is not None
    assert record.error_analysis.drift.high < 0


def test_the_audit_is_blind_and_of_both_splits(project: Project) -> None:
    params = begun(project)
    assert audit(params, 10).added == 40
    sheet = audit_sheet(params).read()
    assert "prediction" not in sheet.columns
    splits = [cells["split"] for cells in sheet.rows.values()]
    assert (splits.count("dev"), splits.count("test")) == (20, 20)
    wrong = [i[-1] in "147" for i, cells in sheet.rows.items() if cells["split"] == "dev"]
    assert wrong.count(True) == 10
    assert wrong != sorted(wrong, reverse=True)  # right and wrong rows are mixed
    assert audit(params, 10).added == 0
    project.predict(ends("1"))
    few = audit(params, 400)
    assert few.rows == len(audit_sheet(params).read().rows) == len(project.rows("dev")) + len(project.rows("test"))


def judged(params: MlstratProject, wrong_labels: set[str]) -> Diagnosis:
    say(
        audit_sheet(params),
        {
            i: {"label_is_wrong": "yes" if i in wrong_labels else "no", "reviewer": "A"}
            for i in audit_sheet(params).read().rows
        },
    )
    return diagnose(params)


@pytest.mark.parametrize(("share", "code"), [(0.9, "MLS171"), (0.0, "MLS172"), (0.22, "MLS173")])
def test_the_rule_of_labels(project: Project, share: float, code: str) -> None:
    project.write("mobile.parquet", digits(2000, "m"))
    params = begun(project)
    audit(params, 60)
    rows = [i for i, cells in audit_sheet(params).read().rows.items() if i[-1] in "147" and cells["split"] == "dev"]
    record = judged(params, set(rows[: round(share * len(rows))]))
    assert code in codes(record)
    check = record.label_audit["dev"]
    assert check.status == "done"
    assert check.corrected is not None
    assert check.corrected.low <= record.errors["dev"].value * (1 - share) + 0.05


def test_hidden_mistakes_and_what_they_cost(project: Project) -> None:
    params = begun(project)
    audit(params, 15)
    rows = list(audit_sheet(params).read().rows)
    record = judged(params, {i for i in rows if i[-1] in "3"})
    assert "MLS174" in codes(record)
    hidden = record.label_audit["dev"].hidden
    assert hidden is not None
    assert hidden.value > 0
    assert record.label_audit["dev"].corrected is not None
    report(params)
    page = params.places.page.read_text(encoding="utf-8")
    assert "Label audit" in page
    assert "Dev: checking wrong rows alone would make the error too low by " in page
    closer = diagnose(params)
    notes = compare(record, closer).notes
    assert notes == ()  # no wrong label among wrong rows: nothing to decide by
    record = judged(params, {i for i in rows if i[-1] in "14"})
    assert any("Labels may decide" in note for note in compare(record, record).notes)


def test_an_audit_of_a_sealed_test_says_nothing_of_it(project: Project) -> None:
    params = begun(project, gate={"model": "m", "test": "sealed", "conditions": {"error/dev": {"max": 0.9}}})
    audit(params, 5)
    record = judged(params, set())
    assert set(record.label_audit) == {"dev"}


def test_fixing_only_what_the_model_got_wrong_is_said(project: Project) -> None:
    params = begun(project)
    dev, test = (project.rows(name).set_index("id") for name in ("dev", "test"))

    def fix(frames: list[pd.DataFrame], figures: str) -> set[str]:
        fix_sheet(params).file.write_text(fix_sheet(params).parse(b"").text())
        rows = {i: label for frame in frames for i, label in frame["label"].items() if str(i)[-1] in figures}
        say(
            fix_sheet(params),
            {str(i): {"label_before": str(v), "label": str((int(v) + 1) % 3)} for i, v in rows.items()},
        )
        split(params)
        return codes(diagnose(params))

    assert "MLS175" in fix([dev, test], "1")
    found = fix([dev, test], "12")
    assert not found & {"MLS175", "MLS176"}
    assert "MLS176" in fix([dev], "12")


def test_a_label_that_was_fixed_is_no_longer_at_fault(project: Project) -> None:
    params = begun(project)
    audit(params, 15)
    rows = [i for i, cells in audit_sheet(params).read().rows.items() if i[-1] in "147"]
    first = judged(params, set(rows))
    assert first.label_audit["dev"].wrong.mislabelled == 15
    dev = [i for i in rows if audit_sheet(params).read().rows[i]["split"] == "dev"]
    labels = {i: int(audit_sheet(params).read().rows[i]["label"]) for i in dev}
    say(fix_sheet(params), {i: {"label_before": str(old), "label": str((old + 1) % 3)} for i, old in labels.items()})
    split(params)
    second = diagnose(params)
    assert second.label_audit["dev"].wrong.mislabelled == 0
    assert second.label_audit["dev"].right.mislabelled == 0


def test_doubtful_labels_are_ranked_without_the_models_answer(project: Project) -> None:
    params = begun(project)
    answers = project.table("data/predictions.parquet")
    truth = pd.concat(project.rows(n) for n in ("train", "train_dev", "dev", "test"))
    right = truth.set_index("id")["label"].loc[answers["id"]].to_numpy()
    planted = set(project.rows("dev")["id"][:3])
    for k in range(3):
        likely = pd.Series([0.8 if label == k else 0.1 for label in right])
        odd = answers["id"].isin(planted).to_numpy()
        answers[f"score_{k}"] = likely.where(~odd, [0.02 if label == k else 0.49 for label in right])
    project.write("data/predictions.parquet", answers)
    found = suggest(params, rows=3)
    assert {line.id for line in found.labels if line.split == "dev"} == planted
    assert len([line for line in found.labels if line.split == "test"]) == 3
    answers["score_0"] = 5.0
    project.write("data/predictions.parquet", answers)
    with pytest.raises(ReviewError, match="not probabilities"):
        suggest(params)


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore")  # MLflow's own deprecations
def test_mlflow_shows_the_tally(project: Project) -> None:
    from shutil import copy

    from mlflow import MlflowClient

    copy(migrated_database(), project.root / "mlflow.db")
    params = begun(project, track={"tracking_uri": "sqlite:///mlflow.db", "run": None})
    sample(params)
    say(error_sheet(params), {i: {"tags": "dark | room", "reviewer": "A"} for i in error_sheet(params).read().rows})
    diagnose(params)
    report(params)
    run_id = track(params).run_id
    client = MlflowClient(f"sqlite:///{project.root}/mlflow.db")
    note = client.get_run(run_id).data.tags["mlflow.note.content"]
    assert "Causes of mistakes" in note
    assert "| dark | 20 / 20 |" in note
    names = {item.path for item in client.list_artifacts(run_id, "diagnosis")}
    assert "diagnosis/error_analysis.csv" in names


def test_an_empty_sheet_is_not_opened(project: Project) -> None:
    with pytest.raises(ReviewError, match="has no row"):
        open_sheet(begun(project), audited=False)
    params = begun(project, review={**REVIEW, "image": "picture"})
    sample(params)
    with pytest.raises(ReviewError, match="no column 'picture'"):
        open_sheet(params, audited=False)


def test_saved_records_are_plain(project: Project) -> None:
    params = begun(project)
    assert json.loads(to_json(sample(params)))["added"] == 20

"""A diagnosis as text: heads that fit what is measured, words for statuses, the unit of the metric everywhere."""

from __future__ import annotations

from dataclasses import replace

from mlstrat_plugin.core.diagnosis.diagnose import diagnose, diagnose_ladder
from mlstrat_plugin.core.estimates.losses import LossTally
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.words import Settings
from mlstrat_plugin.report.render import note_markdown, report_html
from mlstrat_plugin.report.tables import Table
from mlstrat_plugin.report.view import view_of

COUNTS = {
    "human": 0.01,
    "train": (100, 10_000),
    "train_dev": (110, 10_000),
    "dev": (900, 10_000),
    "test": (905, 10_000),
}


def cells(table: Table, name: str) -> tuple[str, ...]:
    return next(row.cells for row in table.rows if row.name == name)


def losses(metric: str, unit: str = "") -> Diagnosis:
    ladder = {
        rung: LossTally.of([more + 0.01 * (i % 100) for i in range(400)])
        for rung, more in (("train", 1.0), ("dev", 9.0), ("test", 9.1))
    }
    return diagnose_ladder(ladder, Settings(metric=metric, unit=unit, material_gap=0.5))


def test_errors_are_percentages_and_gaps_points() -> None:
    view = view_of(diagnose(**COUNTS))  # type: ignore[arg-type]
    assert view.ladder.head == ("error", "value", "95% interval", "errors / rows", "method")
    assert cells(view.ladder, "dev") == ("9.00%", "8.45 to 9.58", "900 / 10,000", "wilson")
    assert cells(view.ladder, "human") == ("1.00%", "declared", "", "declared")
    assert view.gaps.head == ("gap", "between", "points", "95% interval", "status", "method")
    assert cells(view.gaps, "mismatch") == ("dev - train-dev", "7.9", "7.2 to 8.6", "matters", "mover")
    assert cells(view.gaps, "bias")[3] == "ruled out"


def test_statuses_of_saved_records_have_words_of_their_own() -> None:
    made = diagnose(human=0.2, train=(100, 1_000), dev=(12, 100), test=(12, 100))
    view = view_of(made)
    assert [made.gaps[row.name].status for row in view.gaps.rows] == ["negative", "unclear", "unclear"]
    assert [row.cells[3] for row in view.gaps.rows] == ["negative", "open", "open"]
    assert view.gaps.rows[1].status == "unclear"  # what colours the row is the record's


def test_groups_are_in_parentheses_and_named_in_the_head() -> None:
    from tests.unit.cli.samples import GOOD, diagnosis

    view = view_of(diagnosis(GOOD))
    assert view.ladder.head[3] == "errors / rows (effective groups)"
    assert cells(view.ladder, "train")[2] == "230 / 2,536 (317)"
    assert view.sources.head[3] == "errors / rows"
    assert cells(view.sources, "dev / mobile")[0] == "25.3%"
    assert view.sources.data == (0,)
    assert [name for name, _ in view.tasks] == ["pedestrian", "pedestrian 2"]
    assert cells(view.task_errors, "pedestrian / dev")[0] == "25.3%"


def test_other_confidences_are_in_the_heads() -> None:
    view = view_of(diagnose(train=(1, 100), dev=(9, 100), settings=Settings(confidence=0.9)))
    assert (view.ladder.head[2], view.gaps.head[3]) == ("90% interval", "90% interval")


def test_a_mean_is_shown_in_its_own_unit() -> None:
    minutes = losses("mean_absolute_error", "minutes")
    view = view_of(minutes)
    assert view.ladder.head[3] == "rows"
    assert cells(view.ladder, "train")[0] == "1.5 minutes"
    assert view.gaps.head[2] == "minutes"
    assert view.in_unit == ", in minutes"
    assert "Your threshold (material gap): 0.5 minutes." in view.footer[0]
    loss = view_of(losses("mean_loss"))
    assert (loss.gaps.head[2], loss.in_unit, cells(loss.ladder, "train")[0]) == ("amount", "", "1.5")
    for made in (minutes, losses("mean_loss")):
        for text in (report_html(made), note_markdown(made, picture="p", report="r")):
            assert "points" not in text.replace("ui-monospace", "")


def test_the_most_likely_largest_gap_is_told_once() -> None:
    dominated = view_of(diagnose(**COUNTS))  # type: ignore[arg-type]
    assert dominated.likeliest == "Most likely largest gap: mismatch (100%)."
    open_ = diagnose(human=0.01, train=(10, 100), dev=(12, 100))
    assert "is the likeliest largest" in open_.summary
    assert view_of(open_).likeliest == ""
    assert view_of(replace(open_, lean=None)).lean == "not drawn"


def test_the_headline_is_a_whole_sentence() -> None:
    view = view_of(diagnose(**COUNTS))  # type: ignore[arg-type]
    assert (view.headline, view.rest) == (
        "Data mismatch dominates: 7.9 points [7.2, 8.6], above your threshold of 1.0.",
        "",
    )
    view = view_of(diagnose(human=0.01, train=(1, 100), dev=(2, 100)))
    assert view.headline == "Inconclusive. There is not enough data to confirm or rule out any gap."
    assert view.rest.startswith("Variance or mismatch is the likeliest largest (")


def test_cells_of_the_distributions_have_interval_and_rows() -> None:
    tallies = {"train": {"web": ErrorTally(wrong=6, n=632)}, "dev": {"mobile": ErrorTally(wrong=588, n=2_328)}}
    ladder = {split: next(iter(of_split.values())) for split, of_split in tallies.items()}
    made = diagnose_ladder(ladder, Settings(), by_source=tallies, roles={"web": "auxiliary", "mobile": "target"})
    table = view_of(made).distributions
    assert cells(table, "trained-on") == ("0.95% (0.44 to 2.06; 6 errors in 632 rows)", "not measured")
    assert cells(table, "not-trained-on")[1] == "25.3% (23.5 to 27.1; 588 errors in 2,328 rows)"

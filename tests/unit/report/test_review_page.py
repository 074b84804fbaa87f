"""What a report says of reviewed rows: progress, a fact a cell, sentences below the tables."""

from __future__ import annotations

from dataclasses import replace

from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.review import ErrorAnalysis
from mlstrat_plugin.report.review_page import ReviewView, review_view
from mlstrat_plugin.report.suggestions import labels_table, slice_sentences, slices_table
from tests.unit.cli.samples import GOOD, diagnosis, suggestions

RECORD = diagnosis(GOOD)


def view(record: Diagnosis) -> ReviewView:
    shown = review_view(record)
    assert shown is not None
    return shown


def with_analysis(**changes: object) -> Diagnosis:
    assert RECORD.error_analysis is not None
    return replace(RECORD, error_analysis=replace(RECORD.error_analysis, **changes))  # type: ignore[arg-type]


def test_progress_says_what_to_run_next() -> None:
    assert view(RECORD).progress == "60 of 100 sampled mistakes reviewed; dev has 588 mistakes."
    assert view(with_analysis(sampled=0, reviewed=0)).progress == (
        "No mistakes reviewed yet. To draw some, run mlstrat review sample."
    )
    assert view(with_analysis(reviewed=0)).progress == (
        "No mistakes reviewed yet. The sheet holds 100; dev has 588 mistakes. Run `mlstrat review serve` to review them."
    )


def test_without_reviews_there_is_no_section() -> None:
    assert review_view(replace(RECORD, error_analysis=None)) is None


def test_each_cell_of_a_cause_has_one_fact() -> None:
    causes = view(RECORD).causes
    assert causes.head == ("cause", "mistakes", "share", "95% interval", "ceiling", "95% interval", "method")
    assert causes.rows[0].name == "dark"
    assert causes.rows[0].cells == (
        "61 / 100", "61.0%", "59.0 to 64.1", "15.2", "13.2 to 18.4", "wilson fpc; mover product",
    )  # fmt: skip
    assert [row.name for row in view(RECORD).unions.rows] == [
        "best pair: dark + blurry",
        "best 3: dark + blurry + cut off",
    ]


def test_sentences_below_the_causes() -> None:
    assert view(RECORD).notes[1:] == (
        "Spellings: 'DARK' counts as 'dark'.",
        "The data cannot rank dark and blurry. About 140 more mistakes would tell.",
        "The data cannot rank blurry and cut off. Dev has too few mistakes.",
        "The label is wrong for 6.00% (4.00 to 9.10; 100 rows) of the mistakes reviewed.",
        "The model gets 3 rows of the sheet right by now. They are kept and not counted.",
        "2 rows of the sheet are not in dev. They are kept and not counted.",
        "Dev error is 25.0% (23.0 to 28.1; 1,200 rows) where people may look and 31.0% (29.0 to 34.1; 1,128 rows) "
        "elsewhere; the difference is -6.0 points [-10.0, -1.0].",
    )
    bare = ErrorAnalysis(status="pending", reviewed=0, sampled=0, mistakes=0, now_right=0, gone=0, skipped=0)
    assert view(replace(RECORD, error_analysis=bare)).notes == ()


def test_the_label_audit() -> None:
    shown = view(RECORD)
    dev, test = shown.audits.rows
    assert dev.cells[:6] == ("12 / 100", "1 / 100", "12.0%", "10.0 to 15.1", "23.0%", "21.0 to 26.1")
    assert dev.cells[6] == "share: wilson fpc, 100 rows; corrected: mover, 200 rows; hidden: wilson fpc, 100 rows"
    assert test.cells == ("12 / 100", "1 / 100", "pending", "", "pending", "", "")
    assert shown.audit_notes[1:] == (
        "Dev: the data cannot tell whether the labels are worth fixing.",
        "Dev: checking wrong rows alone would make the error too low by 1.0 points [0.00, 4.1].",
        "Dev: check 400 right rows to narrow the corrected error.",
        "Test: check labels among wrong and right rows to correct the error.",
    )
    none_wrong = replace(RECORD.label_audit["dev"], label_share=None, hidden=None, right_rows=None, worth_fixing="no")
    shown = view(replace(RECORD, label_audit={"dev": none_wrong}))
    assert shown.audits.rows[0].cells[2:4] == ("none", "")
    assert shown.audit_notes[1:] == (
        "Dev: the labels are not worth fixing; they make up less than a fifth of the error.",
    )
    assert view(replace(RECORD, label_audit={})).audit_notes == ()


def test_suggestions_are_numbered_and_told_below() -> None:
    record = suggestions(GOOD)
    table = slices_table(record)
    assert [row.name for row in table.rows] == ["1", "2"]
    assert table.rows[0].cells == ("12 / 60", "20.0%", "18.0 to 23.1", "11.0", "9.0 to 14.1")
    assert slice_sentences(record) == (
        "1. label = 7, device = mobile: 12.4% of all errors; confirmed on the other half of dev.",
        "2. label = 7, device = mobile: 12.4% of all errors; not confirmed on the other half of dev. "
        "Nearly the same mistakes: 7 0, 7 1, 7 2 and 2 more.",
    )
    assert labels_table(record).rows[0].cells == ("dev", "7", "0.013")

"""What each finding means and what to try next, from the course's knobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlstrat_plugin.records.diagnosis import Finding

if TYPE_CHECKING:
    from mlstrat_plugin.records.words import Severity


@dataclass(frozen=True)
class Advice:
    """The fixed part of a finding."""

    title: str
    severity: Severity
    next_steps: tuple[str, ...]


ADVICE: dict[str, Advice] = {
    "MLS101": Advice(
        "Avoidable bias is material",
        "problem",
        (
            "Train a larger model.",
            "Train longer, or with a better optimizer.",
            "Search the architecture and its hyperparameters; weaken the regularization.",
        ),
    ),
    "MLS102": Advice(
        "Variance is material",
        "problem",
        (
            "Get more training data, or augment what there is.",
            "Regularize more (weight decay, dropout, early stopping).",
            "Search for a simpler or better suited architecture.",
        ),
    ),
    "MLS103": Advice(
        "Data mismatch is material",
        "problem",
        (
            "Look at about 100 wrong dev rows beside train-dev rows and name what differs.",
            "Add training data that looks like the target: collect it, or move target rows into train.",
            "Synthesize what differs, from many seeds: a few seeds look varied to people and are memorized by models.",
        ),
    ),
    "MLS104": Advice(
        "Overfitting to dev is material",
        "problem",
        (
            "Get a larger dev set, or a fresh one.",
            "Try fewer variants against the same dev set.",
        ),
    ),
    "MLS105": Advice(
        "A material gap cannot be attributed",
        "problem",
        ("Measure the missing split: without it two problems show up as one number.",),
    ),
    "MLS111": Advice(
        "No gap is proved material, none is ruled out as a whole",
        "warning",
        (
            "Label more rows of the bottleneck split first; the sizing section says how many.",
            "Until then treat the lean as a hint, not as a result.",
        ),
    ),
    "MLS112": Advice(
        "Material gaps whose order is open",
        "warning",
        ("Work on whichever of them is cheaper, or label more rows to rank them.",),
    ),
    "MLS121": Advice(
        "The model is better than the human level",
        "warning",
        (
            "Set a target error instead: this human level no longer bounds the avoidable bias.",
            "Measure a better group of people, for example a team of experts.",
        ),
    ),
    "MLS122": Advice(
        "Train error is higher than train-dev error",
        "warning",
        (
            "Score train in evaluation mode: dropout or augmentation that is still on makes it look worse.",
            "Check that train-dev was never trained on.",
        ),
    ),
    "MLS123": Advice(
        "Dev is easier than the training distribution",
        "warning",
        (
            "Read bias and variance with care: the easier dev set hides a part of them.",
            "Measure the human level on both distributions.",
        ),
    ),
    "MLS124": Advice(
        "Test is easier than dev",
        "warning",
        ("Check that dev and test are drawn by the same rule from the same source.",),
    ),
    "MLS131": Advice(
        "A split is missing, so neighbouring gaps are merged",
        "warning",
        ("Score the missing split to tell the merged problems apart.",),
    ),
    "MLS132": Advice(
        "The material gap is coarse beside the dev error",
        "warning",
        ("Set mlstrat.diagnose.material_gap to what matters for the product.",),
    ),
    "MLS133": Advice(
        "The human level is declared, not measured",
        "tip",
        ("Let people label a few hundred rows and give the counts as mlstrat.human.errors and n.",),
    ),
    "MLS141": Advice(
        "The model was not trained on every source",
        "tip",
        ("Train on all sources to use what the training mix holds.",),
    ),
    "MLS142": Advice(
        "Rows come in groups",
        "tip",
        ("To narrow an interval, label more groups: more rows of the same groups help little.",),
    ),
    "MLS143": Advice(
        "Train was scored on a sample",
        "tip",
        ("Nothing to do as long as the sample is random.",),
    ),
    "MLS144": Advice(
        "Few groups",
        "warning",
        (
            "Label rows of more groups: with fewer than 50 the intervals cover a few points less than they say.",
            "Check that a few groups do not hold most of the rows.",
        ),
    ),
    "MLS145": Advice(
        "Too few groups for a verdict",
        "warning",
        ("Label rows of more groups (writers, users, patients); more rows of the same ones do not help.",),
    ),
    "MLS146": Advice(
        "A handful of heavy rows decides the metric",
        "warning",
        ("Label more rows of the heavy kind before acting on the weighted error.",),
    ),
    "MLS147": Advice(
        "The slices differ between splits",
        "warning",
        ("Read the gaps between these splits with care, or measure the missing slices.",),
    ),
    "MLS151": Advice(
        "Rater groups cannot be told apart",
        "tip",
        ("Let the groups label more rows, or declare in mlstrat.human.proxy which of them counts.",),
    ),
    "MLS152": Advice(
        "Few raters",
        "warning",
        ("Let more people label; a few hundred rows each are enough.",),
    ),
    "MLS153": Advice(
        "Raters without an answer",
        "warning",
        ("Check the raters' table: empty labels are not counted as answers.",),
    ),
    "MLS161": Advice(
        "One cause stands out",
        "tip",
        ("Work on it first if it can be solved; the ceiling says what that brings at best.",),
    ),
    "MLS162": Advice(
        "The order of causes is open",
        "tip",
        ("Work on whichever of them is cheaper, or look at more mistakes.",),
    ),
    "MLS163": Advice(
        "Eyeball and blackbox dev differ",
        "warning",
        (
            "Read the blackbox error as the dev error: the part that people look at has been tuned to.",
            "Get fresh dev rows, or split with another mlstrat.split.salt.",
        ),
    ),
    "MLS164": Advice(
        "Mistakes were passed over",
        "warning",
        ("Look at the rows in their order, hard ones too; Enter says 'seen, no tag'.",),
    ),
    "MLS165": Advice(
        "The sheet is of an earlier model",
        "tip",
        ("Run `mlstrat review sample`: it adds what is missing and keeps every word.",),
    ),
    "MLS171": Advice(
        "Wrong labels are a large part of the error",
        "warning",
        (
            "Fix labels of dev and test by the same procedure: `mlstrat review sample --audit`, then "
            "reviews/label_fixes.csv.",
            "Check rows that the model got right as well: it has learned some of the wrong labels.",
        ),
    ),
    "MLS172": Advice(
        "Wrong labels are a small part of the error",
        "tip",
        ("Leave them for now and work on the larger causes.",),
    ),
    "MLS173": Advice(
        "How much of the error is labels is open",
        "tip",
        ("Check more labels: `mlstrat review sample --audit --rows N`.",),
    ),
    "MLS174": Advice(
        "Some right answers only look right",
        "tip",
        ("Quote the corrected error, which counts both kinds of rows.",),
    ),
    "MLS175": Advice(
        "Only rows that the model got wrong were fixed",
        "warning",
        ("Check a sample of the rows it got right too: `mlstrat review sample --audit`; else the error is too low.",),
    ),
    "MLS176": Advice(
        "Dev and test are labelled by different rules",
        "warning",
        ("Check both by the same procedure: a gap between them now holds the difference of their labels.",),
    ),
}


def finding(code: str, *, message: str, evidence: str) -> Finding:
    """Return the finding of that code with its evidence."""
    advice = ADVICE[code]
    return Finding(
        code=code,
        severity=advice.severity,
        title=advice.title,
        message=message,
        evidence=evidence,
        next_steps=advice.next_steps,
        docs=f"findings.md#{code.lower()}",
    )

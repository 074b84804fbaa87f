"""Why a gate does not promote, as codes that programs branch on; they never change with the wording."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "above_limit": "The value is above its limit, by its lower bound.",
    "already_champion": "The candidate is the champion already.",
    "bounds_open": "The value is known, but its bounds are on both sides of the limit.",
    "looks_spent": "As many models as the policy allows were judged on this test set.",
    "metric_differs": "Champion and candidate were measured by different metrics, or in different units.",
    "no_champion": "There is no champion, and the policy leaves the first promotion to a person.",
    "no_latency": "The predictions lack the latency of at least one dev row.",
    "no_outcomes": "The champion's run does not hold what a comparison on this test set needs.",
    "not_better": "The challenger misses the goal of the comparison, by its lower bound.",
    "not_measured": "A number, or a bound of it, could not be computed.",
    "nothing_asked": "The policy asked nothing of this model.",
    "promotions_spent": "As many comparisons as the policy allows were won on this test set.",
    "rows_differ": "Champion and challenger were not scored on the same rows, labels, weights and groups.",
    "run_differs": "The tracked run belongs to another split, test set or model.",
    "run_incomplete": "The tracked run does not carry the complete diagnosis.",
    "sealed": "The test set is sealed, so its numbers are hidden until a model passes.",
    "server_down": "The tracking server or registry did not answer.",
    "several_versions": "The candidate's run has more than one registered version.",
    "stale_diagnosis": "The saved diagnosis was not made from these predictions.",
    "too_few_groups": "The rows come in fewer than 10 effective groups: no interval of theirs is to be trusted.",
    "too_few_rows": "There are fewer rows than the statement needs at least.",
    "unknown_slice": "The split has no source or slice of this name.",
}

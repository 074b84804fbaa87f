from mlstrat_plugin.core.findings.needs import COUNTS_ONLY, human_level, not_measured, reviews, tables
from mlstrat_plugin.core.findings.seen import Circumstances, Reviewed
from mlstrat_plugin.records.review import ErrorAnalysis

EMPTY = ErrorAnalysis(status="pending", reviewed=0, sampled=0, mistakes=0, now_right=0, gone=0, skipped=0)


def test_a_human_level_is_given_or_not(seen) -> None:
    assert human_level.missing(seen()) == ""
    assert human_level.missing(seen({"train": 1, "dev": 2})) == "no human level is given"


def test_counts_are_no_tables(seen) -> None:
    assert tables.missing(seen()) == COUNTS_ONLY
    assert tables.missing(seen(circumstances=Circumstances())) == ""


def test_reviews_are_configured_or_not(seen) -> None:
    assert reviews.missing(seen()) == COUNTS_ONLY
    assert (
        reviews.missing(seen(circumstances=Circumstances(), reviewed=Reviewed())) == "mlstrat.review is not configured"
    )
    assert reviews.missing(seen(reviewed=Reviewed(analysis=EMPTY))) == ""


def test_missing_errors_are_named(seen) -> None:
    facts = seen({"train": 1, "dev": 2})
    assert not_measured(("train", "dev"), facts) == ""
    assert not_measured(("human", "train"), facts) == "human error is not measured"
    assert not_measured(("train-dev", "test"), facts) == "train-dev and test error are not measured"

from mlstrat_plugin.core.findings.seen import Circumstances, Reviewed
from mlstrat_plugin.records.words import Settings


def test_counts_alone_tell_nothing_more(seen) -> None:
    facts = seen()
    assert facts.known == Circumstances()
    assert facts.looks == Reviewed()
    assert seen(circumstances=Circumstances(train_rows=3)).known.train_rows == 3
    assert seen(reviewed=Reviewed(wanted=3)).looks.wanted == 3


def test_the_threshold_is_shown_in_the_unit_of_the_metric(seen) -> None:
    assert seen().threshold == "1.0 points"
    assert seen(settings=Settings(metric="mean_loss")).threshold == "0.01"

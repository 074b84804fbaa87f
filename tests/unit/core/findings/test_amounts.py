from mlstrat_plugin.core.findings.amounts import points, rate
from mlstrat_plugin.core.wording import percent
from mlstrat_plugin.records.review import Amount

AMOUNT = Amount(value=0.05, low=0.02, high=0.083, n=40, method="made")


def test_every_number_has_its_interval() -> None:
    assert points(AMOUNT) == "5.0 points [2.0, 8.3]"
    assert rate(AMOUNT) == f"{percent(0.05)} [{percent(0.02)}, {percent(0.083)}]"


def test_what_nobody_measured_is_not_known() -> None:
    assert rate(None) == "not known"

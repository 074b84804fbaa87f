import pytest

from mlstrat_plugin.core.findings.needs import COUNTS_ONLY
from mlstrat_plugin.core.findings.people import alike, few_raters, silent_raters
from mlstrat_plugin.core.findings.seen import Circumstances, People


def rated(
    raters: dict[str, int], *, looks_like: tuple[str, ...] = ("a",), silent: tuple[str, ...] = ()
) -> Circumstances:
    return Circumstances(people=People(chosen="a", alike=looks_like, raters=raters, silent=silent))


def test_groups_that_look_the_same(seen, sighting, passes, reason) -> None:
    found = sighting(alike, seen(circumstances=rated({"a": 1_200, "b": 40}, looks_like=("a", "b"))))
    assert found.message == "The groups a, b cannot be told apart by these answers; a was taken."
    assert found.evidence == "raters: a 1,200, b 40"
    assert passes(alike, seen(circumstances=rated({"a": 20, "b": 40})))
    assert reason(alike, seen(circumstances=rated({"a": 20}))) == "all raters are one group"


def test_few_raters(seen, sighting, passes) -> None:
    found = sighting(few_raters, seen(circumstances=rated({"a": 4, "b": 40})))
    assert found.message == "There are fewer than 5 raters in a; others may be better or worse."
    assert found.evidence == "raters: a 4, b 40"
    assert passes(few_raters, seen(circumstances=rated({"a": 5, "b": 2})))


def test_raters_of_whom_nothing_can_be_scored(seen, sighting, passes) -> None:
    found = sighting(silent_raters, seen(circumstances=rated({"a": 9}, silent=("ann", "bob"))))
    assert (found.message, found.evidence) == ("2 raters have no answer that can be scored.", "'ann', 'bob'")
    one = sighting(silent_raters, seen(circumstances=rated({"a": 9}, silent=("ann",))))
    assert one.message == "1 rater has no answer that can be scored."
    assert passes(silent_raters, seen(circumstances=rated({"a": 9})))


@pytest.mark.parametrize("check", [alike, few_raters, silent_raters])
def test_without_a_table_of_raters_nobody_is_known(check, seen, reason) -> None:
    assert reason(check, seen()) == COUNTS_ONLY
    assert reason(check, seen(circumstances=Circumstances())) == "no table of raters is configured"

from __future__ import annotations

from dataclasses import replace
from math import hypot
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlstrat_plugin.core.diagnosis.comparison import compare
from mlstrat_plugin.core.diagnosis.diagnose import diagnose
from mlstrat_plugin.core.estimates.paired import PairedChange, PairedTally
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.records.diagnosis import Diagnosis
from mlstrat_plugin.records.saving import read_record
from mlstrat_plugin.records.words import Settings

N = 10_000
VERSION_1 = Path(__file__).parents[3] / "data/diagnosis_v1.json"
NEW = {"train": (6, 632), "train-dev": (12, 266), "dev": (700, 2328), "test": (640, 2128)}  # of the same splits


def old() -> Diagnosis:
    return read_record(Diagnosis, VERSION_1, stage="diagnose")


def new() -> Diagnosis:
    return diagnose(human=0.01, **{rung.replace("-", "_"): counts for rung, counts in NEW.items()})


def run(train: int, train_dev: int, dev: int, test: int, n: int = N, **more: Any) -> Diagnosis:
    return diagnose(human=0.01, train=(train, n), train_dev=(train_dev, n), dev=(dev, n), test=(test, n), **more)


def pairs(n: int = N, **changes: tuple[int, int]) -> dict[str, PairedChange]:
    return {
        name.replace("_", "-"): PairedTally(fixed=fixed, broken=broken, n=n).change()
        for name, (fixed, broken) in changes.items()
    }


def test_one_knob() -> None:
    told = compare(
        run(1000, 9000, 10000, 10000, n=10 * N),
        run(1000, 5000, 6000, 6000, n=10 * N),
        paired=pairs(n=10 * N, train=(50, 50), train_dev=(4100, 100), dev=(4100, 100), test=(4100, 100)),
    )
    assert told.summary == "Dev error fell by 4.0 points [3.9, 4.1]. Only variance moved: it fell by 4.0."
    assert {name: change.status for name, change in told.gaps.items()} == {
        "bias": "unchanged",
        "variance": "moved",
        "mismatch": "unchanged",
        "dev-overfit": "unchanged",
    }
    assert told.errors["dev"].fixed == 4100
    assert told.gaps["variance"].method == "mover of paired"


def test_without_pairs_the_same_change_is_less_certain() -> None:
    before, after = run(100, 900, 1000, 1000), run(100, 850, 950, 950)
    alone = compare(before, after)
    together = compare(before, after, paired=pairs(train=(0, 0), train_dev=(60, 10), dev=(60, 10), test=(60, 10)))
    assert alone.gaps["variance"].status == "unclear"
    assert together.gaps["variance"].status == "moved"
    assert alone.errors["dev"].n is None


def test_two_knobs() -> None:
    told = compare(run(100, 900, 2000, 2000), run(100, 400, 700, 700))
    assert told.summary.startswith(
        "Dev error fell by 13.0 points [12.1, 13.9]. Mismatch fell by 8.0 and variance by 5.0."
    )


def test_the_same_people_do_not_change() -> None:
    told = compare(run(100, 900, 1000, 1000), run(100, 900, 1000, 1000))
    assert (told.errors["human"].low, told.errors["human"].high) == (0.0, 0.0)
    assert told.errors["human"].method == "no change by definition"


def test_another_declared_human_level_moves_the_bias() -> None:
    before = diagnose(human=0.01, train=(300, N), dev=(900, N))
    after = diagnose(human=0.02, train=(300, N), dev=(900, N))
    assert compare(before, after).gaps["bias"].value == pytest.approx(-0.01)
    assert compare(before, after).gaps["bias"].status == "moved"


def test_joint_bounds_hold_as_often_as_they_say() -> None:
    rng, n, held = np.random.default_rng(37), 2500, 0
    before = run(100, 900, 1000, 1000)
    for _ in range(1000):  # nothing changed in truth: 3 % of rows go each way
        drawn = {
            name: PairedTally(fixed=int(f), broken=int(b), n=n).change()
            for name, (f, b, _) in (
                (name, rng.multinomial(n, [0.03, 0.03, 0.94])) for name in ("train", "train-dev", "dev", "test")
            )
        }
        told = compare(before, before, paired=drawn)
        held += all(change.low <= 0 <= change.high for change in told.gaps.values())
        assert all((change.status == "moved") != (change.low <= 0 <= change.high) for change in told.gaps.values())
    assert held / 1000 >= 0.945  # so that in 5.5 % of runs at most a gap is said to have moved that did not


def test_metrics_and_rungs_have_to_agree() -> None:
    loss = run(100, 900, 1000, 1000, settings=Settings(metric="mean_loss"))
    with pytest.raises(EstimateError, match="one run measures error_rate, the other mean_loss"):
        compare(run(100, 900, 1000, 1000), loss)
    hours, minutes = (
        run(1, 2, 3, 4, settings=Settings(metric="mean_absolute_error", unit=unit)) for unit in ("", "minutes")
    )
    with pytest.raises(EstimateError, match="one run measures in no unit, the other in 'minutes'"):
        compare(hours, minutes)
    with pytest.raises(EstimateError, match="the runs share dev"):
        compare(diagnose(human=0.0, dev=(1, 9)), diagnose(train=(1, 9), dev=(1, 9)))
    with pytest.raises(EstimateError, match="not above 0"):
        compare(run(1, 2, 3, 4), run(1, 2, 3, 4), unchanged_within=0.0)


def test_an_old_run_has_its_saved_intervals() -> None:
    before = old().errors
    there, back = compare(old(), new()), compare(new(), old())
    for rung, (wrong, n) in NEW.items():
        low, high = ErrorTally(wrong=wrong, n=n).estimate().interval(0.95)
        value, was = wrong / n, before[rung]
        change = there.errors[rung]
        assert change.value == pytest.approx(value - was.value)
        assert change.low == pytest.approx(change.value - hypot(value - low, was.high - was.value))
        assert change.high == pytest.approx(change.value + hypot(high - value, was.value - was.low))
        assert (back.errors[rung].low, back.errors[rung].high) == pytest.approx((-change.high, -change.low))
    assert {rung: change.status for rung, change in there.errors.items()} == {
        "human": "unchanged",
        "train": "unclear",
        "train-dev": "unclear",
        "dev": "moved",
        "test": "moved",
    }


@pytest.mark.parametrize("first_is_old", [True, False])
def test_gaps_of_an_old_run_are_not_judged(first_is_old: bool) -> None:
    runs = (old(), new()) if first_is_old else (new(), old())
    told = compare(*runs, names=("before", "after"))
    assert {change.status for change in told.gaps.values()} == {"unclear"}
    assert abs(told.gaps["mismatch"].value) == pytest.approx(0.2156, abs=1e-4)  # although it moved a lot
    (note,) = told.notes
    assert note.startswith("before" if first_is_old else "after")
    assert "mlstrat diagnose" in note
    assert "No gap is shown to have moved." in told.summary


def test_an_old_run_at_another_confidence_is_not_judged() -> None:
    before = replace(old(), settings=replace(old().settings, confidence=0.8))
    told = compare(before, new())
    assert {rung: told.errors[rung].status for rung in NEW} == dict.fromkeys(NEW, "unclear")
    assert abs(told.errors["dev"].value) > 0.1  # although it moved a lot
    both = compare(before, replace(old(), settings=before.settings))
    assert both.errors["dev"].status == "unchanged" or both.errors["dev"].value == 0.0


def test_two_old_runs_are_both_named() -> None:
    notes = compare(old(), old(), names=("before", "after")).notes
    assert [note.split()[0] for note in notes] == ["before", "after"]
    assert compare(new(), new()).notes == ()


def test_pairs_need_no_tallies() -> None:
    changes = {"train": (0, 0, 5_000), "train-dev": (0, 0, 266), "dev": (502, 0, 2328), "test": (447, 0, 2128)}
    paired = {name: PairedTally(fixed=f, broken=b, n=n).change() for name, (f, b, n) in changes.items()}
    told = compare(old(), new(), paired=paired)
    assert told.gaps["mismatch"].status == "moved"
    assert told.gaps["bias"].status == "unchanged"


def test_one_rung_without_its_tally_opens_the_gaps_on_both_its_sides() -> None:
    made = run(100, 900, 2000, 2000)
    partly = replace(made, tallies={rung: tally for rung, tally in made.tallies.items() if rung != "dev"})
    gaps = compare(partly, run(100, 400, 700, 700)).gaps
    assert (gaps["mismatch"].status, gaps["dev-overfit"].status) == ("unclear", "unclear")
    assert (gaps["variance"].status, gaps["bias"].status) == ("moved", "unchanged")

"""The blocks about people."""

import pytest
from pydantic import ValidationError

from mlstrat_plugin.params.people import Review, Track


def test_runs_of_its_own_have_an_experiment() -> None:
    assert Track().own_experiment == "mlstrat"
    assert Track(experiment="digits").own_experiment == "digits"


def test_pictures_are_shown_from_data_by_default() -> None:
    assert Review().roots == ("data",)


@pytest.mark.parametrize(("name", "values"), [("rows", (0, 10_001)), ("eyeball", (0, 1.01))])
def test_limits_of_the_review(name: str, values: tuple[float, ...]) -> None:
    for value in values:
        with pytest.raises(ValidationError):
            Review.model_validate({name: value})
    assert Review(rows=10_000, eyeball=1).eyeball == 1

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from mlstrat_plugin.records.stages import IN_GIT, StageSpec


def test_a_spec_names_its_command_and_stays_as_it_is() -> None:
    spec = StageSpec(name="validate", params=("engine",), deps=(Path("a"),), outs={Path("b"): IN_GIT})
    assert spec.command == "python -m mlstrat_plugin validate"
    assert (spec.metrics, spec.plots) == ({}, {})
    with pytest.raises(FrozenInstanceError):
        spec.name = "split"  # type: ignore[misc]  # that is the test

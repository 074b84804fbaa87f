"""The world of the gate's tests."""

from __future__ import annotations

import pytest

from tests.conftest import Project
from tests.unit.stages.gate.world import World, new_world


@pytest.fixture
def world(project: Project) -> World:
    return new_world(project)

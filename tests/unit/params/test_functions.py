"""The project's own functions: found by dotted name from the working folder, or refused with the key."""

import sys
from pathlib import Path

import pytest

from mlstrat_plugin.errors import ParamsError
from mlstrat_plugin.params.functions import imported

pytestmark = pytest.mark.usefixtures("here")

KEY = "mlstrat.evaluate.metric"


def test_a_function_of_the_working_folder() -> None:
    Path("own_costs.py").write_text("def cost(confusion):\n    return 0.5\n")
    before = list(sys.path)
    assert imported("own_costs.cost", KEY)(None) == 0.5
    assert sys.path == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere_at_all.cost", "mlstrat.evaluate.metric = nowhere_at_all.cost: No module named"),
        ("math.cost", "mlstrat.evaluate.metric = math.cost: module 'math' has no attribute 'cost'"),
        ("math.pi", "mlstrat.evaluate.metric = math.pi is not a function"),
        ("cost", "mlstrat.evaluate.metric = cost: Empty module name"),
    ],
)
def test_what_is_not_a_function(name: str, message: str) -> None:
    before = list(sys.path)
    with pytest.raises(ParamsError) as caught:
        imported(name, KEY)
    assert caught.value.message.startswith(message)
    assert caught.value.hint
    assert sys.path == before


def test_a_module_that_fails_on_import_is_named() -> None:
    Path("failing_costs.py").write_text("raise RuntimeError('no licence')\n")
    with pytest.raises(ParamsError, match=r"mlstrat\.evaluate\.metric = failing_costs\.cost: no licence"):
        imported("failing_costs.cost", KEY)

"""What the values of a column are: their kind, and where there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Value


def missing(value: Value) -> BooleanValue:
    """Return where a value is null, or NaN in a column of floats."""
    return value.isnull() | value.isnan() if value.type().is_floating() else value.isnull()


def infinite(value: Value) -> BooleanValue:
    """Return where a number is infinite; a null is not."""
    return value.cast("float64").isinf().fill_null(False)  # noqa: FBT003 - an SQL literal


def kind(value: Value) -> str:
    """Return boolean, integer, floating or string, whatever the width; else the type's own name."""
    dtype = value.type()
    for name in ("boolean", "integer", "floating", "string"):
        if getattr(dtype, f"is_{name}")():
            return name
    return str(dtype)

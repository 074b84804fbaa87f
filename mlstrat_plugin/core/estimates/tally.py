"""What every tally is: sums that add up, make an estimate, and can be saved and read back."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlstrat_plugin.core.estimates.estimate import Estimate

DIGITS = 12  # significant digits of a saved sum
NO_ROWS = "no rows: nothing can be said about this error"


@dataclass(frozen=True, kw_only=True)
class Remarks:
    """What a tally knows beside its estimate.

    ``heaviest`` is the largest weight of a row and how many rows carry it; ``slices`` are those that a mean is made of.
    """

    heaviest: tuple[float, int] | None = None
    slices: frozenset[str] | None = None


class Tally(Protocol):
    """What is kept of one split: ``n`` rows, perhaps whole ``wrong`` ones, and all that the estimate needs.

    Tallies of rows in groups add up exactly where no group lies on both sides of the plus.
    """

    @property
    def n(self) -> int: ...  # noqa: D102
    @property
    def wrong(self) -> int | None: ...  # noqa: D102
    def __add__(self, other: Self) -> Self: ...
    def estimate(self) -> Estimate: ...  # noqa: D102
    def remarks(self) -> Remarks: ...  # noqa: D102
    def by_task(self) -> Mapping[str, Tally]: ...  # noqa: D102
    def rounded(self) -> Self: ...  # noqa: D102
    def saved(self) -> dict[str, Any]: ...  # noqa: D102


class TallyBase:
    """What a tally does unless it says otherwise; a subclass is a frozen dataclass of numbers."""

    tag: ClassVar[str]  # names the class in a saved file

    def remarks(self) -> Remarks:
        """Return what is known beside the estimate."""
        return Remarks()

    def by_task(self) -> Mapping[str, Tally]:
        """Return the tally of each task; empty where there is one label."""
        return {}

    def rounded(self) -> Self:
        """Return the tally with its sums to as many digits as a saved one has, so that file and memory agree."""
        return replace(self, **{field.name: _digits(getattr(self, field.name)) for field in fields(self)})  # type: ignore[type-var, arg-type]  # a dataclass, as said above

    def saved(self) -> dict[str, Any]:
        """Return the tally as plain values for JSON."""
        return {"tally": self.tag, **{field.name: _plain(getattr(self, field.name)) for field in fields(self)}}  # type: ignore[arg-type]  # a dataclass, as said above

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Return the tally that was saved as these values."""
        return cls(**{name: _frozen(value) for name, value in values.items()})


def _digits(value: Any) -> Any:
    """Round floats to ``DIGITS`` significant digits, also inside of tuples."""
    if isinstance(value, float) and isfinite(value):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, tuple):
        return tuple(_digits(item) for item in value)
    return value


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value

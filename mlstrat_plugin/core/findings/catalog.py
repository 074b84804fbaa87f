"""The table of all findings by code, and what comes of looking for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.findings import gaps, labels, measurement, mistakes, negative_gaps, origin, people
from mlstrat_plugin.core.findings.check import Check
from mlstrat_plugin.errors import EstimateError, did_you_mean, shown

if TYPE_CHECKING:
    from mlstrat_plugin.core.findings.check import Sighting
    from mlstrat_plugin.core.findings.seen import Seen
    from mlstrat_plugin.records.diagnosis import CheckOutcome, Finding

TOPICS = (gaps, negative_gaps, measurement, people, origin, mistakes, labels)
CODES: dict[str, Check] = {  # in the order in which a report names findings of one severity
    check.code: check for topic in TOPICS for check in vars(topic).values() if isinstance(check, Check)
}
SEVERITIES = ("problem", "warning", "tip")


def observe(seen: Seen) -> tuple[tuple[Finding, ...], tuple[CheckOutcome, ...]]:
    """Return all findings, and what came of looking for each.

    Parameters
    ----------
    seen : Seen
        What to look at; its settings name the codes that are ignored.

    Returns
    -------
    tuple of Finding, tuple of CheckOutcome
        Problems by size, then warnings, then tips; one outcome for each code, in the order of the codes.

    Raises
    ------
    EstimateError
        An ignored code is not that of a finding.
    """
    _require_known(seen.settings.ignore)
    sightings: list[tuple[Check, Sighting]] = []
    outcomes = []
    for check in CODES.values():
        outcome, found = check.examine(seen)
        outcomes.append(outcome)
        sightings += [(check, sighting) for sighting in found]
    sightings.sort(key=lambda pair: (SEVERITIES.index(pair[0].severity), pair[1].rank))
    return (
        tuple(check.finding(sighting) for check, sighting in sightings),
        tuple(sorted(outcomes, key=lambda outcome: outcome.code)),
    )


def _require_known(codes: tuple[str, ...]) -> None:
    unknown = [code for code in codes if code not in CODES]
    if unknown:
        raise EstimateError(
            f"mlstrat.diagnose.ignore: {shown(unknown[0])} is not the code of a finding"
            f"{did_you_mean(unknown[0], CODES)}",
            hint="docs/codes.md lists all codes",
        )

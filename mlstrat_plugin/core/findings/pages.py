"""The documents about findings, written from the checks themselves: docs/findings.md and docs/codes.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlstrat_plugin.core.findings.catalog import CODES
from mlstrat_plugin.records.codes import REASONS

if TYPE_CHECKING:
    from mlstrat_plugin.core.findings.check import Check

FINDINGS = """\
# Findings

A diagnosis looks for each finding below. A `problem` is a gap above your threshold, a `warning` limits what the
numbers say, and a `tip` is worth knowing. The threshold is `mlstrat.diagnose.material_gap`, or `material_gap_relative`
times the dev error if that is larger. The evidence line shows the numbers with their confidence intervals.
[Codes](codes.md) lists all findings in one table.

Each check has one outcome, which `reports/diagnosis.json` lists under `checks`:

- `found`: the finding is in the report.
- `passed`: the check looked and found nothing.
- `not-applicable`: the check could not look, or the data cannot tell; the reason is given. This never counts as passed.
- `ignored`: the code is listed in `mlstrat.diagnose.ignore`, for example `ignore: [MLS133]`. An ignored finding is not
  reported; the verdict stays as it is.
"""
CODE_TABLE = """\
# Codes

Codes never change with the wording.

## Findings

| code | finding | severity |
|---|---|---|
"""
REASON_TABLE = """
## Reasons

| code | meaning |
|---|---|
"""


def findings_markdown() -> str:
    """Return the text of docs/findings.md: a section for each finding, in the order of the codes."""
    return "\n".join([FINDINGS, *(_section(CODES[code]) for code in sorted(CODES))])


def codes_markdown() -> str:
    """Return the text of docs/codes.md: the findings, then the reasons that other commands give."""
    rows = [f"| [{code}]({check.docs}) | {check.title} | {check.severity} |\n" for code, check in sorted(CODES.items())]
    reasons = [f"| `{code}` | {meaning} |\n" for code, meaning in sorted(REASONS.items())]
    return "".join([CODE_TABLE, *rows, *([REASON_TABLE, *reasons] if reasons else [])])


def _section(check: Check) -> str:
    applies = f"\n\nApplies if {check.needs.when}." if check.needs.when else ""
    steps = "\n".join(f"- {step}" for step in check.steps)
    return (
        f'<a id="{check.code.lower()}"></a>\n\n## {check.code} {check.title}\n\n'
        f"*{check.severity}*. {check.about}{applies}\n\n{steps}\n"
    )

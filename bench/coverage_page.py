"""The page of the documents that says how often intervals held and verdicts were wrong, as simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.claims import Claim

HEAD = """# How often the intervals hold

`make bench` writes this page. Each line is a simulation with a known truth and a fixed seed. A 95% interval has to hold
the truth in 95 of 100 cases; *bar* is what is promised of it.

What is known to fall short is in the table with its lower bar:

- Few groups, or a few large ones beside many small ones: down to 88%. The report warns below 50 effective groups and
  gives no verdict below 10.
- Copies, or groups whose rows are all alike, of which a few are many times as large as the others: 88 to 93%. Counted
  as rows they would be covered in 35 to 51%.
- Fewer than five raters who differ a lot: down to 90%. The report warns.
- `balanced_error` with fewer than about 30 rows of a class: down to 80%.
- Lognormal losses in a few hundred rows: 93%.
"""


def page_of(claims: Sequence[Claim]) -> str:
    """Return the page as Markdown."""
    held = [claim for claim in claims if claim.at_least]
    wrong = [claim for claim in claims if not claim.at_least]
    return f"{HEAD}\n## 95% intervals\n\n{_table(held)}\n## Verdicts\n\n{_table(wrong)}"


def _table(claims: Iterable[Claim]) -> str:
    lines = ["| what | setting | observed | bar | replicates |", "|---|---|---|---|---|"]
    for claim in claims:
        bar = f"{'>=' if claim.at_least else '<='} {100 * claim.bar:.1f}%"
        setting = f"{claim.setting} {claim.beside}".strip()
        lines.append(f"| {claim.what} | {setting} | {100 * claim.observed:.1f}% | {bar} | {claim.replicates:,} |")
    return "\n".join(lines) + "\n"

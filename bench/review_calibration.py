"""Do intervals of looked-at mistakes and checked labels cover as they say? By simulation, at usual sizes.

Run: python -m bench.review_calibration [replicates]
"""

from __future__ import annotations

import sys
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from bench.calibration import Claim
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.review.error_sheet import Sheet
from mlstrat_plugin.core.review.label_audit import LabelAudit

if TYPE_CHECKING:
    from collections.abc import Iterator

BAR = 0.93
SIZES = ((2_000, 0.1), (5_000, 0.05), (20_000, 0.1))  # dev rows and error
SHARES = (0.03, 0.12, 0.43)
PER_GROUP = 5  # mistakes that share a cause more often than others do
MISLABELLED = ((0.06, 0.001), (0.3, 0.01))  # of wrong rows, of right rows


def sheets(replicates: int) -> Iterator[Claim]:
    """Yield what shares and ceilings of one tag cover: of this dev set, and of rows to come."""
    rng = np.random.default_rng(20_260_101)
    for (n, error), share, looked in product(SIZES, SHARES, (50, 100)):
        hits = {"share": 0, "ceiling": 0}
        for _ in range(replicates):
            wrong = int(rng.binomial(n, error))
            tagged = int(rng.binomial(wrong, share))
            found = int(rng.hypergeometric(tagged, wrong - tagged, looked))
            sheet = Sheet(tags=[frozenset("t")] * found + [frozenset()] * (looked - found), mistakes=wrong)
            low, high = sheet.share("t").interval(0.95)
            hits["share"] += low <= tagged / wrong <= high
            low, high = sheet.ceiling(ErrorTally(wrong=wrong, n=n).estimate(), "t").interval(0.95)
            hits["ceiling"] += low <= share * error <= high
        yield from _claims(hits, f"n={n:,} error={error:.0%} share={share:.0%} m={looked}", replicates)


def grouped_sheets(replicates: int) -> Iterator[Claim]:
    """Yield what the share of a tag covers where mistakes of one group share their cause."""
    rng = np.random.default_rng(20_260_102)
    for share, looked in product((0.12, 0.43), (100, 200)):
        hits = {"grouped share": 0}
        for _ in range(replicates):
            causes = rng.random(1500 // PER_GROUP) < share
            groups = np.repeat(np.arange(len(causes)), PER_GROUP)
            tagged = causes[groups] ^ (rng.random(len(groups)) < 0.05)
            seen = rng.permutation(len(groups))[:looked]
            sheet = Sheet(
                tags=[frozenset("t") if tagged[i] else frozenset() for i in seen],
                mistakes=len(groups),
                groups=[str(groups[i]) for i in seen],
            )
            low, high = sheet.share("t").interval(0.95)
            hits["grouped share"] += low <= tagged.mean() <= high
        yield from _claims(hits, f"groups of {PER_GROUP} share={share:.0%} m={looked}", replicates)


def audits(replicates: int) -> Iterator[Claim]:
    """Yield what the corrected error covers."""
    rng = np.random.default_rng(20_260_103)
    for (n, error), (in_wrong, in_right), checked in product(SIZES, MISLABELLED, (50, 100)):
        hits = {"corrected error": 0}
        for _ in range(replicates):
            wrong = int(rng.binomial(n, error))
            bad, hidden = int(rng.binomial(wrong, in_wrong)), int(rng.binomial(n - wrong, in_right))
            audit = LabelAudit(
                n=n,
                wrong=wrong,
                wrong_checked=checked,
                wrong_mislabelled=int(rng.hypergeometric(bad, wrong - bad, checked)),
                right_checked=4 * checked,
                right_mislabelled=int(rng.hypergeometric(hidden, n - wrong - hidden, 4 * checked)),
            )
            low, high = audit.corrected_error().interval(0.95)
            hits["corrected error"] += low <= (wrong - bad + hidden) / n <= high
        yield from _claims(
            hits, f"n={n:,} error={error:.0%} labels={in_wrong:.0%}/{in_right:.1%} m={checked}", replicates
        )


def _claims(hits: dict[str, int], setting: str, replicates: int) -> Iterator[Claim]:
    for what, count in hits.items():
        yield Claim(
            what=what, setting=setting, observed=count / replicates, bar=BAR, at_least=True, replicates=replicates
        )


def main(replicates: int = 10_000) -> int:
    """Print every claim; the exit code is the number of broken ones."""
    claims = [claim for proof in (sheets, grouped_sheets, audits) for claim in proof(replicates)]
    for claim in claims:
        print(claim)
    return sum(claim.kept == "BROKEN" for claim in claims)


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:2])))

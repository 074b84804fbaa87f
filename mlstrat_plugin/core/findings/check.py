"""What a finding is: its code, its words and the function that looks for it stand together, as one check."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mlstrat_plugin.records.diagnosis import CheckOutcome, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlstrat_plugin.core.findings.seen import Seen
    from mlstrat_plugin.records.words import Severity


@dataclass(frozen=True)
class Sighting:
    """One time that a check found what it looks for.

    Parameters
    ----------
    message : str
        One sentence with its number.
    evidence : str
        The numbers behind it, with intervals; may be empty.
    rank : int
        Place among the findings of one severity, 0 for the first; equal ones keep the order of the checks.
    """

    message: str
    evidence: str = ""
    rank: int = 0


@dataclass(frozen=True)
class Need:
    """What must be there before a check can look.

    Parameters
    ----------
    when : str
        The condition as a clause, for the docs: ``a group column is configured``.
    missing : callable
        Takes what is seen; returns why the check does not apply, as a clause, or an empty text where it does.
    """

    when: str
    missing: Callable[[Seen], str]


def need(when: str) -> Callable[[Callable[[Seen], str]], Need]:
    """Make a need of the function below it, which returns why a check does not apply, or an empty text."""
    return partial(Need, when)


@need("")
def always(seen: Seen) -> str:
    """Return that nothing is missing."""
    del seen
    return ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A finding that a diagnosis may have, and how it is looked for.

    Parameters
    ----------
    code : str
        ``MLS`` and three digits; it never changes.
    title : str
        A plain statement.
    severity : str
        ``problem``, ``warning`` or ``tip``.
    about : str
        What the finding means, for the docs.
    steps : tuple of str
        What to do next, at least one, as imperatives.
    needs : Need
        When the check applies.
    look : callable
        Yields each sighting.
    """

    code: str
    title: str
    severity: Severity
    about: str
    steps: tuple[str, ...]
    needs: Need
    look: Callable[[Seen], Iterator[Sighting]]

    @property
    def docs(self) -> str:
        """Return where the finding is explained, relative to the folder of the docs."""
        return f"findings.md#{self.code.lower()}"

    def examine(self, seen: Seen) -> tuple[CheckOutcome, tuple[Sighting, ...]]:
        """Return what comes of looking, and what was seen; an ignored check does not look."""
        if self.code in seen.settings.ignore:
            return CheckOutcome(code=self.code, outcome="ignored"), ()
        reason = self.needs.missing(seen)
        if reason:
            return CheckOutcome(code=self.code, outcome="not-applicable", reason=reason), ()
        sightings = tuple(self.look(seen))
        return CheckOutcome(code=self.code, outcome="found" if sightings else "passed"), sightings

    def finding(self, sighting: Sighting) -> Finding:
        """Return a sighting as the record that is saved."""
        return Finding(
            code=self.code,
            severity=self.severity,
            title=self.title,
            message=sighting.message,
            evidence=sighting.evidence,
            next_steps=self.steps,
            docs=self.docs,
        )


def check(
    code: str, title: str, severity: Severity, *, about: str, steps: tuple[str, ...], needs: Need = always
) -> Callable[[Callable[[Seen], Iterator[Sighting]]], Check]:
    """Make a check of the function below it; see ``Check`` for what each argument is."""
    return lambda look: Check(
        code=code, title=title, severity=severity, about=about, steps=steps, needs=needs, look=look
    )

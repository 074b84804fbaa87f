"""Where every report and every sheet is: named once, for stages, commands and dvc.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """The files that mlstrat writes into a project, and the sheets that people fill in.

    Parameters
    ----------
    root : Path
        The project's folder; empty for the working folder, so that paths read as they do in dvc.yaml.
    reports, reviews : str
        The two folders, relative to the project.

    Examples
    --------
    >>> Places(reports="reports/mobile").diagnosis.as_posix()
    'reports/mobile/diagnosis.json'
    """

    root: Path = Path()
    reports: str = "reports"
    reviews: str = "reviews"

    def report(self, name: str) -> Path:
        """Return the place of a file among the reports."""
        return self.root / self.reports / name

    @property
    def validation(self) -> Path:
        """Return the answer of the rules."""
        return self.report("validation.json")

    @property
    def splits(self) -> Path:
        """Return how the sources were cut."""
        return self.report("splits.json")

    @property
    def diagnosis(self) -> Path:
        """Return the diagnosis."""
        return self.report("diagnosis.json")

    @property
    def metrics(self) -> Path:
        """Return the few numbers of ``dvc metrics``."""
        return self.report("metrics.json")

    @property
    def page(self) -> Path:
        """Return the report that people read."""
        return self.report("report.html")

    @property
    def picture(self) -> Path:
        """Return the picture of the ladder."""
        return self.report("ladder.png")

    @property
    def ladder(self) -> Path:
        """Return the ladder as a table, for ``dvc plots``."""
        return self.report("ladder.csv")

    @property
    def causes(self) -> Path:
        """Return the causes of mistakes as a table."""
        return self.report("error_analysis.csv")

    @property
    def tracked_run(self) -> Path:
        """Return which MLflow run carries the diagnosis."""
        return self.report("tracked_run.json")

    @property
    def decision(self) -> Path:
        """Return the gate's decision."""
        return self.report("gate.json")

    @property
    def decision_page(self) -> Path:
        """Return the gate's decision as a page."""
        return self.report("gate.html")

    @property
    def ledger(self) -> Path:
        """Return the looks at each test set."""
        return self.report("looks.json")

    @property
    def promotion(self) -> Path:
        """Return the last promotion."""
        return self.report("promotion.json")

    @property
    def mistakes(self) -> Path:
        """Return the sheet of mistakes on dev."""
        return self.root / self.reviews / "dev_errors.csv"

    @property
    def audit(self) -> Path:
        """Return the sheet of checked labels."""
        return self.root / self.reviews / "label_audit.csv"

    @property
    def fixes(self) -> Path:
        """Return the sheet of corrected labels."""
        return self.root / self.reviews / "label_fixes.csv"

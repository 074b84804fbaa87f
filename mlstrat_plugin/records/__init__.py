"""What stages hand to one another and save; the names below are the public ones."""

from mlstrat_plugin.records.diagnosis import Diagnosis, ErrorRecord, Finding, GapRecord, Lean, Statement, TaskDiagnosis
from mlstrat_plugin.records.runs import Change, Comparison, History, PastRun, TrackedRun
from mlstrat_plugin.records.sizing import OpenQuestion, Proof, SizeLine, SizePlan, Sizing
from mlstrat_plugin.records.splits import HeldOut, RuleResult, SourceFacts, Splits, Validation
from mlstrat_plugin.records.words import GAPS, HUMAN, LADDER, SCHEMA_VERSION, Settings, Split

__all__ = [
    "GAPS",
    "HUMAN",
    "LADDER",
    "SCHEMA_VERSION",
    "Change",
    "Comparison",
    "Diagnosis",
    "ErrorRecord",
    "Finding",
    "GapRecord",
    "HeldOut",
    "History",
    "Lean",
    "OpenQuestion",
    "PastRun",
    "Proof",
    "RuleResult",
    "Settings",
    "SizeLine",
    "SizePlan",
    "Sizing",
    "SourceFacts",
    "Split",
    "Splits",
    "Statement",
    "TaskDiagnosis",
    "TrackedRun",
    "Validation",
]

"""The table of codes and the outcomes of all checks; a finding is added in one file."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlstrat_plugin.core.diagnosis.diagnose import diagnose, diagnose_ladder
from mlstrat_plugin.core.estimates.rates import ErrorTally
from mlstrat_plugin.core.findings import catalog
from mlstrat_plugin.core.findings.catalog import CODES, SEVERITIES, TOPICS, observe
from mlstrat_plugin.core.findings.check import Sighting, check
from mlstrat_plugin.core.findings.needs import COUNTS_ONLY
from mlstrat_plugin.core.wording import checks_line
from mlstrat_plugin.errors import EstimateError
from mlstrat_plugin.params.block import Params
from mlstrat_plugin.records.diagnosis import CheckOutcome, Diagnosis, Finding
from mlstrat_plugin.records.saving import from_json, to_json
from mlstrat_plugin.records.words import LADDER, Settings

ROOT = Path(catalog.__file__).parents[3]
LOCKED = """
101 102 103 104 105 111 112 121 122 123 124 131 132 133 141 142 143 144 145 146 147 151 152 153 161 162 163 164 165
171 172 173 174 175 176
"""


def ladder(*, ignore: tuple[str, ...] = ()) -> Diagnosis:
    """Diagnose counts with a declared human level and two gaps, the second larger."""
    return diagnose(
        human=0.01,
        train=(600, 10_000),
        train_dev=(600, 10_000),
        dev=(3_000, 10_000),
        test=(3_000, 10_000),
        settings=Settings(ignore=ignore),
    )


def outcomes(record: Diagnosis) -> dict[str, CheckOutcome]:
    return {outcome.code: outcome for outcome in record.checks}


@pytest.mark.parametrize("code", CODES)
def test_every_check_has_its_words(code: str) -> None:
    found = CODES[code]
    assert re.fullmatch(r"MLS\d{3}", found.code)
    assert found.code == code
    assert found.severity in SEVERITIES
    assert re.fullmatch(r"[A-Z][^.]*", found.title)
    assert found.about[0].isupper()
    assert found.about.endswith(".")
    assert found.steps
    assert all(step[0].isupper() and step.endswith(".") for step in found.steps)
    assert not found.needs.when.endswith(".")


def test_every_code_is_that_of_one_check() -> None:
    written = [
        code for topic in TOPICS for code in re.findall(r'@check\(\s*"(\w+)"', Path(topic.__file__).read_text("utf-8"))
    ]
    assert written == list(CODES)
    assert len(set(written)) == len(written)


def test_no_code_has_gone() -> None:
    assert {f"MLS{number}" for number in LOCKED.split()} <= set(CODES)


def test_every_topic_is_in_the_table() -> None:
    folder = Path(catalog.__file__).parent
    with_checks = {path.stem for path in folder.glob("*.py") if '@check(\n    "' in path.read_text("utf-8")}
    assert with_checks == {Path(topic.__file__).stem for topic in TOPICS}


def test_problems_by_size_then_warnings_then_tips(seen) -> None:
    findings, _ = observe(seen({"human": 1, "train": 4, "train-dev": 9, "dev": 20, "test": 10}))
    assert [finding.code for finding in findings] == ["MLS103", "MLS102", "MLS101", "MLS124", "MLS133"]
    assert [finding.severity for finding in findings] == ["problem"] * 3 + ["warning", "tip"]


def test_each_code_has_one_outcome_in_order() -> None:
    for record in (ladder(), diagnose(train=(1, 10), dev=(2, 10))):
        assert [outcome.code for outcome in record.checks] == sorted(CODES)
        assert {o.code for o in record.checks if o.outcome == "found"} == {f.code for f in record.findings}
        assert all((o.outcome == "not-applicable") == bool(o.reason) for o in record.checks)


def test_the_four_outcomes() -> None:
    found = outcomes(ladder(ignore=("MLS133",)))
    assert {found[code].outcome for code in ("MLS101", "MLS103")} == {"found"}
    assert found["MLS102"].outcome == "passed"
    assert (found["MLS105"].outcome, found["MLS105"].reason) == ("not-applicable", "no two gaps are merged")
    assert found["MLS133"].outcome == "ignored"


def test_an_ignored_finding_changes_nothing_else() -> None:
    all_of_it, without = ladder(), ladder(ignore=("MLS133", "MLS103"))
    gone = {finding.code for finding in all_of_it.findings} - {finding.code for finding in without.findings}
    assert gone == {"MLS133", "MLS103"}
    assert (without.diagnosis, without.problems, without.gaps) == ("mismatch", all_of_it.problems, all_of_it.gaps)
    assert without.settings.ignore == ("MLS133", "MLS103")
    saved = from_json(Diagnosis, to_json(without), name="d.json", stage="diagnose")
    assert (saved.checks, saved.settings) == (without.checks, without.settings)


@pytest.mark.parametrize(("code", "closest"), [("MLS1433", "MLS143"), ("mls133", "MLS133"), ("E501", "")])
def test_an_unknown_code_is_an_error_with_the_closest_one(code: str, closest: str) -> None:
    with pytest.raises(EstimateError, match=f"ignore: '{code}' is not the code of a finding") as caught:
        ladder(ignore=("MLS133", code))
    assert caught.value.exit_code == 2
    assert (f"(did you mean '{closest}" in caught.value.message) is bool(closest)
    assert "codes.md" in caught.value.hint


def test_an_unknown_code_is_not_blamed_on_a_task() -> None:
    rungs = {rung: ErrorTally(wrong=1, n=100) for rung in LADDER}
    with pytest.raises(EstimateError, match=r"^mlstrat\.diagnose\.ignore"):
        diagnose_ladder(rungs, Settings(ignore=("no",)), tasks={"car": rungs})


def test_codes_are_ignored_by_params() -> None:
    block = {"sources": {"mobile": {"path": "m.csv", "role": "target"}}, "diagnose": {"ignore": ["MLS133", "MLS142"]}}
    assert Params.model_validate(block).settings().ignore == ("MLS133", "MLS142")
    assert Params.model_validate({**block, "diagnose": {}}).settings().ignore == ()


def test_counts_alone_say_why_checks_of_tables_do_not_apply() -> None:
    of_tables = {code for code, found in outcomes(ladder()).items() if found.reason == COUNTS_ONLY}
    assert of_tables == {code for code in CODES if code[3:5] in {"14", "15", "16", "17"}}


def planted(severity: str, count: int) -> list[Finding]:
    whole = ladder().findings[0]
    return [Finding(**{**vars(whole), "severity": severity}) for _ in range(count)]


@pytest.mark.parametrize(
    ("findings", "checks", "line"),
    [
        ((3, 1, 2), "passed " * 9 + "not-applicable " * 2,
         "3 problems, 1 warning, 2 tips, 9 passed, 2 not applicable"),
        ((1, 0, 1), "passed not-applicable ignored", "1 problem, 0 warnings, 1 tip, 1 passed, 1 not applicable, 1 ignored"),
        ((0, 11, 0), "", "0 problems, 11 warnings, 0 tips"),
    ],
)  # fmt: skip
def test_one_line_for_all_outcomes(findings: tuple[int, ...], checks: str, line: str) -> None:
    found = [one for severity, n in zip(SEVERITIES, findings, strict=True) for one in planted(severity, n)]
    made = [CheckOutcome(code=f"MLS{i}", outcome=outcome) for i, outcome in enumerate(checks.split())]  # type: ignore[arg-type]
    record = Diagnosis(**{**vars(ladder()), "findings": tuple(found), "checks": tuple(made)})
    assert checks_line(record) == line


def test_a_new_check_is_looked_for_and_ignored_like_any_other(seen, monkeypatch) -> None:
    @check("MLS999", "Test is large", "tip", about="It is large.", steps=("Be glad.",))
    def looked(facts):
        yield Sighting(f"It has {facts.errors['test'].n:,} rows.")

    monkeypatch.setitem(CODES, "MLS999", looked)
    findings, checks = observe(seen())
    assert findings[-1].message == "It has 10,000 rows."
    assert checks[-1] == CheckOutcome(code="MLS999", outcome="found")
    assert observe(seen(settings=Settings(ignore=("MLS999",))))[1][-1].outcome == "ignored"


ADDED = '''

@check(
    "MLS154",
    "Nobody rated",
    "warning",
    about="Nobody did.",
    steps=("Ask somebody.",),
)
def nobody(seen: Seen) -> Iterator[Sighting]:
    """Look for nobody."""
    yield Sighting("Nobody rated anything.")
'''
ASK = """
from mlstrat_plugin.core.diagnosis.diagnose import diagnose
from mlstrat_plugin.core.findings.pages import codes_markdown, findings_markdown

record = diagnose(train=(1, 10), dev=(2, 10))
print([f.message for f in record.findings if f.code == "MLS154"])
print([c.outcome for c in record.checks if c.code == "MLS154"])
print("## MLS154 Nobody rated" in findings_markdown(), "[MLS154](findings.md#mls154)" in codes_markdown())
"""


def test_a_finding_is_added_in_one_file(tmp_path: Path) -> None:
    """In a copy of the package one file gets a check: diagnosis, outcomes and documents know it."""
    shutil.copytree(ROOT / "mlstrat_plugin", tmp_path / "mlstrat_plugin", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "mlstrat_plugin/core/findings/people.py"
    file.write_text(file.read_text("utf-8") + ADDED, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["['Nobody rated anything.']", "['found']", "True True"], done.stderr

"""User rules as Great Expectations suites: one YAML file per source, run on Parquet, translated at once.

Great Expectations drops a misspelt rule and then passes; it also reports a rule that crashed as one that failed. Here
declared == built == evaluated, or it is an error, and a crash is 'could not check'.
"""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlstrat_plugin.errors import ExpectationsError, did_you_mean, listed, shown
from mlstrat_plugin.params.yamlfile import load_yaml
from mlstrat_plugin.records.splits import RuleResult

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {"type", "kwargs", "severity", "meta"}
SEVERITIES = ("critical", "warning", "info")
EXAMPLES = 5
MARK = "mlstrat_rule"  # the place of a rule in its suite, which its result carries back


@dataclass(frozen=True)
class Suite:
    """The rules of one source as they are written."""

    source: str
    file: Path
    rules: tuple[dict[str, Any], ...]


def read_suite(source: str, file: Path) -> Suite:
    """Read one YAML suite: ``expectations:`` with a list of type, kwargs, severity and meta.why.

    Raises
    ------
    ExpectationsError
        The file is missing or empty, or an entry has unknown keys, no type, or an unknown severity.
    """
    if not file.is_file():
        raise ExpectationsError(
            f"source {source!r} has no suite: {file} does not exist",
            hint="write one rule at least, such as a row count",
        )
    data = load_yaml(file)
    rules = data.get("expectations") if isinstance(data, dict) else None
    if not isinstance(rules, list) or not rules:
        raise ExpectationsError(
            f"{file} holds no rule; an empty suite would pass anything", hint="list rules under `expectations:`"
        )
    problems = [problem for place, rule in enumerate(rules, 1) for problem in _problems(rule, f"{file} rule {place}")]
    if problems:
        raise ExpectationsError(listed(problems), hint="each rule has type, kwargs, severity, and meta with why")
    return Suite(source, file, tuple(rules))


def _problems(rule: Any, where: str) -> list[str]:
    if not isinstance(rule, dict):
        return [f"{where} is {shown(rule)}, not a block of keys"]
    found = [f"{where}: unknown key {key!r}{did_you_mean(str(key), KEYS)}" for key in rule if key not in KEYS]
    if not isinstance(rule.get("type"), str):
        found.append(f"{where} has no type")
    if rule.get("severity", "critical") not in SEVERITIES:
        found.append(f"{where}: severity {shown(rule['severity'])} is none of {', '.join(SEVERITIES)}")
    if not isinstance(rule.get("kwargs", {}), dict) or not isinstance(rule.get("meta", {}), dict):
        found.append(f"{where}: kwargs and meta are blocks of keys")
    return found


def evaluate(suite: Suite, parquet: Path) -> list[RuleResult]:
    """Run a suite on one Parquet file and return a result per rule, in the suite's order.

    Raises
    ------
    ExpectationsError
        A rule does not exist, its arguments are refused, or fewer rules were evaluated than declared.
    """
    gx = _great_expectations()
    built = _build(gx, suite)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas_filesystem("files", base_directory=parquet.parent).add_parquet_asset("rows")
    batch = asset.add_batch_definition_path("whole", path=parquet.name).get_batch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own use of pandas; ours are errors in tests
        outcomes = batch.validate(  # all rules at once: the library reads and hashes the file on every call
            gx.ExpectationSuite(name=suite.source, expectations=built),
            result_format={"result_format": "SUMMARY", "partial_unexpected_count": EXAMPLES},
        )
    return _in_order(suite, [outcome.to_json_dict() for outcome in outcomes.results])


def _in_order(suite: Suite, outcomes: list[dict[str, Any]]) -> list[RuleResult]:
    """Match results to rules by the mark that each rule carried; the library groups them as it likes."""
    by_place = {(outcome["expectation_config"].get("meta") or {}).get(MARK): outcome for outcome in outcomes}
    places = range(1, len(suite.rules) + 1)
    if len(outcomes) != len(suite.rules) or set(by_place) != set(places):
        raise ExpectationsError(f"{suite.file}: {len(outcomes)} of {len(suite.rules)} rules were evaluated")
    return [_translate(rule, suite.source, by_place[place]) for place, rule in zip(places, suite.rules, strict=True)]


def _great_expectations() -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the library
        import great_expectations as gx
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return gx


def _build(gx: Any, suite: Suite) -> list[Any]:
    """Make each rule's object ourselves: the library's own loader drops what it does not know."""
    known = {_snake(name): name for name in dir(gx.expectations) if name.startswith("Expect")}
    built, problems = [], []
    for place, rule in enumerate(suite.rules, 1):
        where = f"{suite.file} rule {place}"
        if rule["type"] not in known:
            problems.append(f"{where}: unknown expectation {shown(rule['type'])}{did_you_mean(rule['type'], known)}")
            continue
        kind = getattr(gx.expectations, known[rule["type"]])
        meta = {**(rule.get("meta") or {}), MARK: place}
        arguments = {**rule.get("kwargs", {}), "severity": rule.get("severity", "critical"), "meta": meta}
        try:
            built.append(kind(**arguments))
        except Exception as error:  # pydantic's, of the version that the library vendors
            problems.append(f"{where} ({rule['type']}): {' '.join(str(error).split())[:300]}")
    if problems:
        raise ExpectationsError(listed(problems), hint="fix the suite; nothing was checked")
    return built


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_").replace("_k_l_", "_kl_")


def _translate(rule: dict[str, Any], source: str, outcome: dict[str, Any]) -> RuleResult:
    """Turn one foreign result into ours: passed, failed, or could not check."""
    raised = _exceptions(outcome.get("exception_info"))
    result = outcome.get("result") or {}
    success = outcome.get("success")
    if raised or success is None:
        kind, detail = "could-not-check", "; ".join(raised)[:300] or "no result"
    else:
        kind, detail = ("passed", "") if success is True else ("failed", _detail(result))
    arguments = ", ".join(f"{key}={shown(value)}" for key, value in rule.get("kwargs", {}).items())
    return RuleResult(
        rule=f"{rule['type']}({arguments})",
        source=source,
        outcome=kind,  # type: ignore[arg-type]  # one of the three words
        severity=rule.get("severity", "critical"),
        why=str((rule.get("meta") or {}).get("why", "")),
        detail=detail,
        examples=tuple(shown(value) for value in (result.get("partial_unexpected_list") or [])[:EXAMPLES])
        if kind == "failed"
        else (),
    )


def _exceptions(info: Any) -> list[str]:
    """Return the messages of what was raised; the library has two shapes for it."""
    if not isinstance(info, dict):
        return []
    if "raised_exception" in info:
        return [str(info.get("exception_message") or "an exception")] if info["raised_exception"] else []
    return [message for part in info.values() for message in _exceptions(part)]


def _detail(result: dict[str, Any]) -> str:
    if result.get("unexpected_count") is not None:
        return f"{result['unexpected_count']:,} of {result.get('element_count', 0):,} rows"
    return f"observed {shown(result.get('observed_value'))}"

"""Time the stages on ten million rows, each beside the bare DuckDB work it cannot avoid; prints ratios.

Run with ``make bench``. Every pair is run in turn, A B A B, in processes of their own, and the ratio of medians is
shown: machines are noisy, ratios less so.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.scripts import GROUP_SCAN, MAKE_GROUPS, MAKE_RUNS, METRIC, METRICS

ROWS = int(os.environ.get("MLSTRAT_BENCH_ROWS", "10000000"))
REPEATS = int(os.environ.get("MLSTRAT_BENCH_REPEATS", "3"))
PARAMS = """mlstrat:
  engine: {threads: 2, memory_mb: 1024}
  sources:
    web: {path: web.parquet, role: auxiliary}
    mobile: {path: mobile.parquet, role: target}
  columns: {group: group}
  split: {dev: 0.05, test: 0.05, train_dev: 0.01}  # 1 % of all rows each: the course at this size
  human: {error: 0.01}
"""
MAKE = f"""
import duckdb
con = duckdb.connect()
con.execute("SET threads = 2")
con.execute('''CREATE TEMP TABLE made AS SELECT
  CASE WHEN i % 5 = 0 THEN 'm' ELSE 'w' END || lpad(i::VARCHAR, 8, '0') AS id,
  'u' || (hash(i // 3) % ({ROWS} // 50)) AS "group",
  CASE WHEN i % 5 = 0 THEN 'mobile' ELSE 'web' END AS source,
  (hash(i + 7) % 10)::INT AS label,
  'img/' || substr(md5(i::VARCHAR), 1, 4) || '/' || lpad(i::VARCHAR, 8, '0') || '.jpg' AS path
  FROM range({ROWS}) t(i)''')
con.execute("COPY made TO 'all.parquet'")
for name in ('web', 'mobile'):
    con.execute(f"COPY (SELECT * FROM made WHERE source = '{{name}}') TO '{{name}}.parquet'")
"""
COPY = """
import duckdb
con = duckdb.connect()
con.execute("SET threads = 2")
con.execute("COPY (SELECT * FROM 'all.parquet') TO 'copy.parquet'")
"""
COMMAND = "import sys; sys.argv[1:] = {}; from mlstrat_plugin.cli.main import run; run()"
SPLIT = COMMAND.format(["-q", "split"])
PANDAS = """
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split
rows = pd.read_parquet('all.parquet')
mobile, web = rows[rows.source == 'mobile'], rows[rows.source == 'web']
rest, held = next(GroupShuffleSplit(1, test_size=0.1, random_state=0).split(mobile, groups=mobile['group']))
held, mix = mobile.iloc[held], pd.concat([mobile.iloc[rest], web])
dev, test = next(GroupShuffleSplit(1, test_size=0.5, random_state=0).split(held, groups=held['group']))
train, train_dev = train_test_split(mix, test_size=0.01, random_state=0)
for name, part in (('a', train), ('b', train_dev), ('c', held.iloc[dev]), ('d', held.iloc[test])):
    part.to_parquet(f'pandas_{name}.parquet')
"""
PREDICT = """
import duckdb
con = duckdb.connect()
con.execute("COPY (SELECT id, CASE WHEN hash(id) % 9 = 0 THEN (label + 1) % 10 ELSE label END AS prediction FROM "
            "read_parquet(['data/splits/train.parquet', 'data/splits/train_dev.parquet', 'data/splits/dev.parquet', "
            "'data/splits/test.parquet'])) TO 'data/predictions.parquet'")
"""
JOIN = """
import duckdb
con = duckdb.connect()
con.execute("SET threads = 2")
names = ('train', 'train_dev', 'dev', 'test')
rows = " UNION ALL ".join(f"SELECT id, label, source, '{n}' AS split FROM 'data/splits/{n}.parquet'" for n in names)
con.execute(f"SELECT split, source, count(*), sum((label != prediction)::INT) FROM ({rows}) "
            "JOIN 'data/predictions.parquet' USING (id) GROUP BY ALL").fetchall()
"""
TALLY = """
from pathlib import Path
from mlstrat_plugin.params.block import load_params
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.scores.answers import answers
from mlstrat_plugin.tables.scores.tallying import tally
params = load_params()
with Engine(params.engine, ordered=False) as engine:
    columns = params.columns.model_copy(update={'group': None})
    folder, predictions = Path(params.split.folder), Path(params.evaluate.predictions)
    tally(engine, answers(engine, folder, predictions, columns, params.evaluate))
"""
BARE = "pass"
IMPORT = "import duckdb, ibis; ibis.duckdb.connect()"  # the fixed part of split and tally
HELP = COMMAND.format(["--help"])
COMPARE = COMMAND.format(["-q", "compare", "a", "b"])
QUICK = COMMAND.format(["quick", "human=5/500", "train=9/900", "dev=30/900"])


def run(script: str, folder: Path) -> tuple[float, float]:
    """Run a script in a process of its own; return wall seconds and peak memory in MiB.

    Compiled modules may be written, whatever the shell says: else every process would compile all it imports.
    """
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, env=variables) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"a measured command failed with {child.returncode}:\n{script}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def pair(name: str, ours: str, bare: str, folder: Path, repeats: int = REPEATS) -> dict[str, object]:
    """Run both in turn and compare medians."""
    a, b, peak = [], [], 0.0
    for _ in range(repeats):
        seconds, memory = run(ours, folder)
        a.append(seconds)
        peak = max(peak, memory)
        b.append(run(bare, folder)[0])
    mine, other = statistics.median(a), statistics.median(b)
    row = {
        "what": name,
        "ours_s": round(mine, 2),
        "other_s": round(other, 2),
        "ratio": round(mine / other, 2),
        "peak_MiB": round(peak),
    }
    print(json.dumps(row), flush=True)
    return row


def main() -> None:
    """Make the data, run the pairs, print one JSON line each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "params.yaml").write_text(PARAMS, encoding="utf-8")
        run(MAKE, folder)
        size = (folder / "all.parquet").stat().st_size / 1e6
        print(json.dumps({"rows": ROWS, "all.parquet_MB": round(size), "cores": os.cpu_count()}), flush=True)
        pair("start: mlstrat --help / bare python", HELP, BARE, folder, 7)
        pair("start: mlstrat quick / bare python", QUICK, BARE, folder, 7)
        pair("start: import of Ibis and DuckDB / bare python", IMPORT, BARE, folder)
        # The stage `validate` runs before `split` in a pipeline; its built-in checks are timed on their own.
        first = run(SPLIT, folder)
        print(
            json.dumps({"what": "split with the source checks of validate", "ours_s": round(first[0], 2)}), flush=True
        )
        _pretend_validated(folder)
        pair("split / plain DuckDB copy", SPLIT, COPY, folder)
        pair("split / pandas and scikit-learn", SPLIT, PANDAS, folder, 1)
        run(PREDICT, folder)
        pair("tally / bare DuckDB join and count", TALLY, JOIN, folder)
        run(MAKE_GROUPS.format(rows=ROWS), folder)
        for metric in METRICS:
            pair(f"{metric} of a million groups / bare group-by scan", METRIC.format(metric=metric), GROUP_SCAN, folder)
        run(MAKE_RUNS, folder)
        pair("compare two predictions of a million rows / import of Ibis and DuckDB", COMPARE, IMPORT, folder)
        _verdict()
        _run_context()
        print(json.dumps({"peak_MiB_of_this_process": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))


def _verdict() -> None:
    """Time the verdict alone, from counts to statuses, contenders and problems."""
    from mlstrat_plugin.core.diagnosis.verdict import gaps_of, judge
    from mlstrat_plugin.core.estimates.rates import ErrorTally

    counts = {"human": (5, 500), "train": (10_000, 500_000), "train-dev": (125, 2_500), "dev": (175, 2_500)}
    counts["test"] = (188, 2_500)
    times = []
    for _ in range(200):
        started = time.perf_counter()
        ladder = {rung: ErrorTally(wrong=wrong, n=n).estimate() for rung, (wrong, n) in counts.items()}
        judge(gaps_of(ladder), tau=0.01, confidence=0.95, also_large=0.8)
        times.append(time.perf_counter() - started)
    print(json.dumps({"what": "a verdict from tallies", "ours_ms": round(1000 * statistics.median(times), 3)}))


def _run_context() -> None:
    """Time the tags that every run gets, in this repository, beside the bare `git status` in them."""
    from mlstrat_plugin.hooks.run_context import RunContext

    times: dict[str, list[float]] = {"ours_ms": [], "git_ms": []}
    for _ in range(30):
        started = time.perf_counter()
        RunContext().tags()
        middle = time.perf_counter()
        subprocess.run(["git", "status", "--porcelain"], capture_output=True, check=True)
        times["ours_ms"].append(1000 * (middle - started))
        times["git_ms"].append(1000 * (time.perf_counter() - middle))
    medians = {name: round(statistics.median(found), 2) for name, found in times.items()}
    print(json.dumps({"what": "tags of an MLflow run", **medians}))


def _pretend_validated(folder: Path) -> None:
    """Write the report that `mlstrat validate` would have left: the rows are unique by construction."""
    from mlstrat_plugin.records.saving import to_json
    from mlstrat_plugin.records.splits import SourceFacts, Validation

    facts = {
        name: SourceFacts(role=role, rows=0, bytes=(folder / f"{name}.parquet").stat().st_size, groups=None)
        for name, role in (("web", "auxiliary"), ("mobile", "target"))
    }
    (folder / "reports").mkdir(exist_ok=True)
    (folder / "reports/validation.json").write_text(to_json(Validation(passed=True, sources=facts, rules=())))


if __name__ == "__main__":
    main()

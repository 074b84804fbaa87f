"""Scripts that ``bench.speed`` runs in processes of their own: a million groups, and two runs to compare."""

MAKE_GROUPS = """
import duckdb
con = duckdb.connect()
con.execute("SET threads = 2")
con.execute('''CREATE TEMP TABLE made AS SELECT
  CASE WHEN i % 5 = 0 THEN 'm' ELSE 'w' END || lpad(i::VARCHAR, 8, '0') AS id, 'u' || g AS "group",
  CASE WHEN i % 5 = 0 THEN 'mobile' ELSE 'web' END AS source, (hash(i + 7) % 10)::INT AS label,
  1.0 + 9 * (hash(i + 9) % 50 = 0)::INT AS weight, 'r' || (hash(i + 3) % 6) AS region,
  CASE WHEN i % 5 = 0 AND hash(g) % 10 < 2 THEN CASE hash(g) % 10 WHEN 0 THEN 'dev' ELSE 'test' END
       WHEN hash(g + 1) % 100 = 7 THEN 'train_dev' ELSE 'train' END AS split
  FROM (SELECT i, hash(i // 3) % ({rows} // 10) AS g FROM range({rows}) t(i))''')
for name in ('train', 'train_dev', 'dev', 'test'):
    con.execute(f"COPY (SELECT * EXCLUDE split FROM made WHERE split = '{{name}}') TO 'data/splits/{{name}}.parquet'")
con.execute("COPY (SELECT id, CASE WHEN hash(id) % 9 = 0 THEN (label + 1) % 10 ELSE label END AS prediction, "
            "(hash(id) % 1000) / 500.0 AS loss FROM made) TO 'data/predictions.parquet'")
"""

GROUP_SCAN = """
import duckdb
con = duckdb.connect()
con.execute("SET threads = 2")
names = ('train', 'train_dev', 'dev', 'test')
rows = " UNION ALL ".join(
    f'SELECT id, label, source, "group", {n!r} AS split FROM ' + f"'data/splits/{n}.parquet'" for n in names)
con.execute(f'CREATE TEMP TABLE x AS SELECT split, source, "group", count(*), sum((label != prediction)::INT) '
            f"FROM ({rows}) JOIN 'data/predictions.parquet' USING (id) GROUP BY ALL")
"""

METRICS = ("error_rate", "weighted_error", "mean_loss", "f1", "macro_f1", "mean_over")
METRIC = """
from pathlib import Path
from mlstrat_plugin.params import Columns, Engine as EngineParams, Evaluate
from mlstrat_plugin.tables.engines.duckdb import Engine
from mlstrat_plugin.tables.scores.answers import answers
from mlstrat_plugin.tables.scores.tallying import tally
metric = {metric!r}
columns = Columns(
    group='group',
    weight='weight' if metric == 'weighted_error' else None,
    slice='region' if metric == 'mean_over' else None,
)
evaluate = Evaluate(metric=metric, positive=1 if metric == 'f1' else None)
with Engine(EngineParams(threads=2, memory_mb=1024), ordered=False) as engine:
    tally(engine, answers(engine, Path('data/splits'), Path('data/predictions.parquet'), columns, evaluate))
"""

MAKE_RUNS = """
from dataclasses import replace
from pathlib import Path
import duckdb
from mlstrat_plugin.core.diagnosis.diagnose import diagnose
from mlstrat_plugin.records.saving import to_json
con = duckdb.connect()
con.execute("CREATE TABLE rows AS SELECT 'm' || i AS id, 'u' || (i // 7) AS \\"group\\", 'mobile' AS source, "
            "(hash(i) % 10)::INT AS label, i % 4 AS part FROM range(1000000) t(i)")
for name, modulus in (('a', 9), ('b', 10)):
    folder = Path(name)
    for part in ('reports', 'data/splits'):
        (folder / part).mkdir(parents=True)
    (folder / 'params.yaml').write_text(Path('params.yaml').read_text())
    con.execute("CREATE OR REPLACE TABLE answers AS SELECT id, "
                f"CASE WHEN hash(id) % {modulus} = 0 THEN (label + 1) % 10 ELSE label END AS prediction FROM rows")
    counts = {}
    for part, split in enumerate(('train', 'train_dev', 'dev', 'test')):
        con.execute(f"COPY (SELECT * EXCLUDE part FROM rows WHERE part = {part}) "
                    f"TO '{name}/data/splits/{split}.parquet'")
        counts[split] = con.execute("SELECT sum((label != prediction)::INT)::INT, count(*) "
                                    f"FROM rows JOIN answers USING (id) WHERE part = {part}").fetchall()[0]
    con.execute(f"COPY answers TO '{name}/data/predictions.parquet'")
    record = diagnose(**{split: tuple(found) for split, found in counts.items()})
    (folder / 'reports/diagnosis.json').write_text(to_json(replace(record, trained_on=('mobile',))))
"""

#!/usr/bin/env python3
"""Everybody assessed, against DuckDB doing only the counting, on the same Parquet files in one run.

    python3 -m venv venv && venv/bin/pip install duckdb
    venv/bin/python benches/against_duckdb.py [EVENTS] [RUNS]

A history of that many events (20,000,000) is generated straight into a snapshot. DuckDB counts, of its
table of facts, what a warehouse would: complaints and their tier by app and month, the sum of
behaviours by app, violations by developer and month. It judges nothing: no sanction, no order, no
retraction, no measure. Standing derives everything there is, from the same files. Each takes its turn
in the same run, both with two threads, with the files in the page cache.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib

import duckdb

THREADS = 2
ROOT = pathlib.Path(__file__).resolve().parent.parent

# Months are those of the rulebook's zone, eight hours ahead of UTC the whole year.
MONTH = "date_trunc('month', make_timestamp(epoch_us(time) + 28800000000))"

TIERS = """
SELECT subject, month, strong, normal, celebrity, {tier} AS tier
FROM (
    SELECT subject, {month} AS month,
           count(*) FILTER (word = {strong}) AS strong,
           count(*) FILTER (word = {normal}) AS normal,
           count(*) FILTER (word = {celebrity}) AS celebrity
    FROM facts
    WHERE kind = 'complaint.received' AND (code IS NULL OR code IN ({reasons}))
    GROUP BY ALL
)
"""

SCORES = """
SELECT subject, sum(weight) AS score
FROM facts JOIN weights USING (code)
WHERE kind = 'behavior.observed'
GROUP BY subject
"""

VIOLATIONS = """
SELECT developer, {month} AS month, count(*) AS violations
FROM facts JOIN apps USING (subject)
WHERE kind = 'violation.found'
GROUP BY ALL
"""


def main():
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        snapshot = folder / "made-up"
        cargo("run", "--example", "generate", "--", str(events), "--snapshot", str(snapshot))
        manifest = json.loads((snapshot / "manifest.json").read_text())
        manifest = manifest.get("of", manifest)
        tables = snapshot / manifest["folder"]
        events = manifest["position"]
        print(f"{events:,} events; the history's root is {manifest['root']}")
        print(f"DuckDB {duckdb.__version__}, {THREADS} threads\n")
        files, kept = warehouse(tables), warehouse(tables)
        kept.execute("CREATE TABLE kept AS FROM facts; DROP VIEW facts")
        kept.execute("ALTER TABLE kept RENAME TO facts")
        queries = figures(files, manifest)
        for query in queries:
            print(query.strip(), end="\n\n")
        # Two passes that do not count: the files are read into the page cache.
        counted(files, queries)
        counted(kept, queries)
        from_files, from_memory, assessed = [], [], []
        for _ in range(runs):
            from_files.append(events / counted(files, queries))
            from_memory.append(events / counted(kept, queries))
            assessed.append(standing(snapshot))
        told("DuckDB, counting, from Parquet", from_files)
        told("DuckDB, counting, from its own tables in memory", from_memory)
        told("Standing, everything, from its history in memory", assessed)
        ours, theirs = statistics.median(assessed), statistics.median(from_files)
        print(f"ratio to DuckDB from Parquet: {ours / theirs:.1f}")
        print(f"ratio to DuckDB from memory:  {ours / statistics.median(from_memory):.1f}")


def warehouse(tables):
    """A database with the snapshot's tables, and nothing in it that the queries do not need."""
    base = duckdb.connect()
    base.execute(f"SET threads = {THREADS}")
    base.execute(
        f"CREATE VIEW facts AS SELECT subject, time, kind, word, code "
        f"FROM read_parquet('{tables}/facts-*.parquet')"
    )
    base.execute(
        f"CREATE TABLE apps AS SELECT subject, developer FROM read_parquet('{tables}/apps-*.parquet')"
    )
    base.execute(f"CREATE TABLE names AS FROM read_parquet('{tables}/names.parquet')")
    base.execute(f"CREATE TABLE rulebooks AS FROM read_parquet('{tables}/rulebooks.parquet')")
    base.execute("CREATE TABLE weights (code UINTEGER, weight BIGINT)")
    codes = dict(base.execute("SELECT name, code FROM names").fetchall())
    for behavior in rules(base).get("ranking", {}).get("behaviors", []):
        if behavior["code"] in codes:
            row = [codes[behavior["code"]], behavior["weight"]]
            base.execute("INSERT INTO weights VALUES (?, ?)", row)
    return base


def rules(base):
    """The newest rulebook."""
    newest = base.execute("SELECT toml FROM rulebooks ORDER BY position DESC LIMIT 1").fetchone()
    return tomllib.loads(newest[0])


def figures(base, manifest):
    """The queries, with the figures of the newest rulebook in them."""
    complaints = rules(base)["complaints"]
    tiers = sorted(complaints["tiers"], key=lambda tier: tier["level"])
    cases = []
    for tier in tiers:
        passed = " OR ".join(f"{of} > {limit}" for of, limit in tier["more_than"].items())
        cases.append(f"WHEN {passed} THEN {tier['level']}")
    codes = dict(base.execute("SELECT name, code FROM names").fetchall())
    counted_reasons = [codes[name] for name in complaints["counted_reasons"] if name in codes]
    classes = manifest["words"]["class"]
    tiers = TIERS.format(
        tier=f"CASE {' '.join(cases)} END",
        month=MONTH,
        reasons=", ".join(str(code) for code in counted_reasons),
        **{name: place for place, name in enumerate(classes)},
    )
    return [tiers, SCORES, VIOLATIONS.format(month=MONTH)]


def counted(base, queries):
    """How long the queries take, their rows kept in memory."""
    begun = time.perf_counter()
    for query in queries:
        base.execute(f"CREATE OR REPLACE TEMP TABLE counted AS {query}")
    return time.perf_counter() - begun


def standing(snapshot):
    """How many events a second are assessed, the standings kept in memory and digested."""
    out = cargo("bench", "--bench", "recompute", "--", str(snapshot), "3", "--threads", str(THREADS))
    line = next(line for line in out.splitlines() if "median" in line)
    print(f"  {line}", flush=True)
    return float(line.split("median ")[1].split(" M")[0]) * 1e6


def cargo(command, *args):
    release = ["--release"] if command == "run" else []
    run = ["cargo", command, "--quiet", *release, *args]
    return subprocess.run(run, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def told(what, rates):
    median, least, most = statistics.median(rates), min(rates), max(rates)
    print(f"{what}: median {median / 1e6:.1f} M events/s ({least / 1e6:.1f} to {most / 1e6:.1f})")


if __name__ == "__main__":
    main()

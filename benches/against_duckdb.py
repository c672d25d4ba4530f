#!/usr/bin/env python3
"""Everybody assessed, against DuckDB doing only the counting, on the same events in one run.

    python3 -m venv venv && venv/bin/pip install duckdb
    venv/bin/python benches/against_duckdb.py [EVENTS] [RUNS]

A ledger of that many generated events (4,000,000) is made, exported and kept as a snapshot. DuckDB
counts what a warehouse would: complaints and their tier by app and month, the sum of behaviours by
app, violations by developer and month. It judges nothing: no sanction, no order, no retraction, no
measure. It counts three times: of the table of events that `standing export` writes, as whoever has a
warehouse would; of the snapshot's tables, whose codes are numbers and whose rows lie by app, which is
as good as its input gets; and of those once they are tables of its own in memory. Standing derives
everything there is, from the snapshot. Each takes its turn in the same run, all with two threads, with
the files in the page cache.
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

# The parts in braces are what the exported table and the snapshot's call a column.
TIERS = """
SELECT subject, month, strong, normal, celebrity, {tier} AS tier
FROM (
    SELECT subject, {month} AS month,
           count(*) FILTER ({class} = {strong}) AS strong,
           count(*) FILTER ({class} = {normal}) AS normal,
           count(*) FILTER ({class} = {celebrity}) AS celebrity
    FROM {facts}
    WHERE {kind} = 'complaint.received' AND ({reason} IS NULL OR {reason} IN ({reasons}))
    GROUP BY ALL
)
"""

SCORES = """
SELECT subject, sum(weight) AS score
FROM {facts} JOIN weights ON {code} = weights.{behavior}
WHERE {kind} = 'behavior.observed'
GROUP BY subject
"""

VIOLATIONS = """
SELECT developer, {month} AS month, count(*) AS violations
FROM {violations}
WHERE {kind} = 'violation.found'
GROUP BY ALL
"""


def main():
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        exported, snapshot = made(events, folder)
        manifest = json.loads((snapshot / "manifest.json").read_text())["of"]
        tables = snapshot / manifest["folder"]
        events = manifest["position"]
        print(f"{events:,} events; the log's root is {manifest['root']}")
        print(f"DuckDB {duckdb.__version__}, {THREADS} threads\n")
        base, kept = warehouse(tables), warehouse(tables)
        kept.execute("CREATE TABLE kept AS FROM facts; DROP VIEW facts")
        kept.execute("ALTER TABLE kept RENAME TO facts")
        of_export, of_snapshot = of_events(base, exported), of_facts(base, manifest)
        for query in of_export + of_snapshot:
            print(query.strip(), end="\n\n")
        ways = {
            "DuckDB, counting, of the exported events": (base, of_export),
            "DuckDB, counting, of the snapshot's tables": (base, of_snapshot),
            "DuckDB, counting, of its own tables in memory": (kept, of_snapshot),
        }
        assert rows(base, of_export) == rows(base, of_snapshot), "they count something else"
        rates = {way: [] for way in ways}
        # The first pass does not count: the files are read into the page cache.
        for of_base, queries in ways.values():
            counted(of_base, queries)
        assessed = []
        for _ in range(runs):
            for way, (of_base, queries) in ways.items():
                rates[way].append(events / counted(of_base, queries))
            assessed.append(standing(snapshot))
        for way in ways:
            told(way, rates[way])
        told("Standing, everything, of its history in memory", assessed)
        for way in ways:
            ratio = statistics.median(assessed) / statistics.median(rates[way])
            print(f"Standing is {ratio:.1f} times as fast as {way}")


def made(events, folder):
    """The exported table and the snapshot of a ledger of that many generated events."""
    ledger = ["--quiet", "--ledger", str(folder / "standing.db")]
    lines, exported, snapshot = folder / "events.jsonl", folder / "export", folder / "snapshot"
    run = ["cargo", "run", "--quiet", "--release"]
    with lines.open("wb") as out:
        made = [*run, "--example", "generate", "--", str(events)]
        subprocess.run(made, cwd=ROOT, check=True, stdout=out)
    for command in (
        ["init"],
        ["import", "--trust-recorded-time", str(lines)],
        ["export", str(exported), "--tables", "events", "--as-of", "2017-01-01T00:00:00Z"],
        ["snapshot", "--snapshot", str(snapshot)],
    ):
        of_ledger = [*run, "--bin", "standing", "--", *ledger, *command]
        subprocess.run(of_ledger, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return exported / "events.parquet", snapshot


def warehouse(tables):
    """A database with the snapshot's tables, and nothing in it that the queries do not need."""
    base = duckdb.connect()
    base.execute(f"SET threads = {THREADS}")
    base.execute(
        f"CREATE VIEW facts AS SELECT subject, time, kind, word, code "
        f"FROM read_parquet('{tables}/facts-*.parquet')"
    )
    base.execute(
        f"CREATE TABLE apps AS SELECT subject, app, developer FROM read_parquet('{tables}/apps-*.parquet')"
    )
    base.execute(f"CREATE TABLE names AS FROM read_parquet('{tables}/names.parquet')")
    base.execute(f"CREATE TABLE rulebooks AS FROM read_parquet('{tables}/rulebooks.parquet')")
    base.execute("CREATE TABLE weights (code UINTEGER, name TEXT, weight BIGINT)")
    codes = dict(base.execute("SELECT name, code FROM names").fetchall())
    for behavior in rules(base).get("ranking", {}).get("behaviors", []):
        name = behavior["code"]
        if name in codes:
            row = [codes[name], name, behavior["weight"]]
            base.execute("INSERT INTO weights VALUES (?, ?, ?)", row)
    return base


def rules(base):
    """The newest rulebook."""
    newest = base.execute("SELECT toml FROM rulebooks ORDER BY position DESC LIMIT 1").fetchone()
    return tomllib.loads(newest[0])


def tier(complaints):
    """The tier of an app's month, by its counts."""
    cases = []
    for tier in sorted(complaints["tiers"], key=lambda tier: tier["level"]):
        passed = " OR ".join(f"{of} > {limit}" for of, limit in tier["more_than"].items())
        cases.append(f"WHEN {passed} THEN {tier['level']}")
    return f"CASE {' '.join(cases)} END"


def of_events(base, exported):
    """The queries over the exported table, with the figures of the newest rulebook in them."""
    complaints = rules(base)["complaints"]
    facts = f"read_parquet('{exported}')"
    return queries(
        complaints,
        facts=facts,
        violations=facts,
        kind="type",
        code="(data->>'code')",
        behavior="name",
        reason="(data->>'reason')",
        reasons=", ".join(f"'{reason}'" for reason in complaints["counted_reasons"]),
        **{"class": "(data->>'class')"},
        **{word: f"'{word}'" for word in ("strong", "normal", "celebrity")},
    )


def of_facts(base, manifest):
    """The queries over the snapshot's tables, with the figures of the newest rulebook in them."""
    complaints = rules(base)["complaints"]
    codes = dict(base.execute("SELECT name, code FROM names").fetchall())
    counted_reasons = [codes[name] for name in complaints["counted_reasons"] if name in codes]
    return queries(
        complaints,
        facts="facts",
        violations="facts JOIN apps USING (subject)",
        kind="kind",
        code="facts.code",
        behavior="code",
        reason="code",
        reasons=", ".join(str(code) for code in counted_reasons),
        **{"class": "word"},
        **{name: place for place, name in enumerate(manifest["words"]["class"])},
    )


def queries(complaints, **columns):
    each = (TIERS, SCORES, VIOLATIONS)
    return [query.format(tier=tier(complaints), month=MONTH, **columns) for query in each]


def rows(base, queries):
    """How many rows each query gives, to see that two sets of them count the same."""
    count = "SELECT count(*) FROM ({})"
    return [base.execute(count.format(query)).fetchone() for query in queries]


def counted(base, queries):
    """How long the queries take, their rows kept in memory."""
    begun = time.perf_counter()
    for query in queries:
        base.execute(f"CREATE OR REPLACE TEMP TABLE counted AS {query}")
    return time.perf_counter() - begun


def standing(snapshot):
    """How many events a second are assessed, the standings kept in memory and digested."""
    out = cargo("bench", "--bench", "recompute", "--", str(snapshot), "5", "--threads", str(THREADS))
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

"""Reads what `standing export` has written with DuckDB, and compares it with what other commands
print. Nothing of this project is used.

Its first argument is a folder with two exports of one answer (`parquet`, `csv`) and with what `assess`,
`plaza` and `audit` say to the same question (`assess.jsonl`, `plaza.jsonl`, `audit.jsonl`), its second
one the page of documentation, whose SQL must run. It prints `ok` and the number of rows it has read, or
says what is wrong and fails.
"""

import json
import os
import sys
from pathlib import Path

import duckdb

TYPES = {
    "boolean": "BOOLEAN",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
    "list of text": "VARCHAR[]",
    "list of int64": "BIGINT[]",
}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def one(sql):
    return duckdb.sql(sql).fetchall()[0]


def read_table(folder, table):
    """Makes a view of a table, and shows that it is what the manifest says."""
    name, columns = table["table"], table["columns"]
    duckdb.sql(f"create view {name} as select * from '{folder}/parquet/{name}.parquet'")
    found = [row[:2] for row in duckdb.sql(f"describe {name}").fetchall()]
    assert found == [(c["name"], TYPES[c["type"]]) for c in columns], found
    # Every name can be written as it is.
    names = ", ".join(c["name"] for c in columns)
    count, = one(f"select count(*) from (select {names} from {name})")
    assert count == table["rows"], (name, count)
    for column in columns:
        if not column["nullable"]:
            nulls, = one(f"select count(*) from {name} where {column['name']} is null")
            assert nulls == 0, (name, column)
    # The same rows from CSV, with the types that are documented; lists are JSON there.
    types, values = {}, []
    for column in columns:
        kind = TYPES[column["type"]]
        of_list = kind.endswith("[]")
        types[column["name"]] = "JSON" if of_list else kind
        values.append(f"{column['name']}::{kind}" if of_list else column["name"])
    options = f"columns={types}, header=true, delim=',', quote='\"', escape='\"'"
    csv = f"(select {', '.join(values)} from read_csv('{folder}/csv/{name}.csv', {options}))"
    for a, b in [(name, csv), (csv, name)]:
        more, = one(f"select count(*) from (from {a} except all from {b})")
        assert more == 0, (name, "differs between the forms")
    return count


def compare(folder):
    """What is counted in the tables is what is counted in the documents."""
    standings = lines(folder / "assess.jsonl")
    apps = [app for one in standings for app in one["apps"]]
    months = [month for app in apps for month in app["months"]]
    by_tier = {}
    for month in months:
        by_tier[month["tier"]] = by_tier.get(month["tier"], 0) + 1
    assert dict(duckdb.sql("select tier, count(*) from months group by tier").fetchall()) == by_tier
    evidence = sum(len(v["evidence"]) for m in months for v in m["violations"])
    assert one("select coalesce(sum(len(evidence)), 0) from violations") == (evidence,)
    score = sum(app["score"] for app in apps)
    assert one("select coalesce(sum(score), 0) from apps") == (score,)
    blocked = sum("block_api" in s["measures"] for m in months for s in m["sanctions"])
    sql = "select count(*) from sanctions where list_contains(measures, 'block_api')"
    assert one(sql) == (blocked,)
    overdue = sum(o["state"] == "overdue" for app in apps for o in app["obligations"])
    assert one("select count(*) from obligations where state = 'overdue'") == (overdue,)
    board = [(e["rank"], e["app"]) for e in lines(folder / "plaza.jsonl")]
    assert duckdb.sql("select rank, app from plaza order by rank").fetchall() == board
    joined = "select p.rank, a.app from plaza p join apps a using (app) order by a.rank"
    assert duckdb.sql(joined).fetchall() == board
    trail = lines(folder / "audit.jsonl")
    codes = sorted(e["data"]["code"] for e in trail if e["type"] == "violation.found")
    sql = "select data->>'code' as code from events where type = 'violation.found' order by code"
    assert [code for code, in duckdb.sql(sql).fetchall()] == codes
    back = [(e["position"], e["retracted_by"]) for e in trail if e["retracted_by"] is not None]
    sql = "select position, disregarded_by from events where disregarded_by is not null order by 1"
    assert duckdb.sql(sql).fetchall() == back


def check_metadata(folder, manifest):
    """Each file says of what it was made."""
    for table in manifest["tables"]:
        file = f"'{folder}/parquet/{table['file']}'"
        pairs = duckdb.sql(f"select decode(key), decode(value) from parquet_kv_metadata({file})")
        said = dict(pairs.fetchall())
        assert said["standing.known_at"] == str(manifest["known_at"])
        for key in ["as_of", "root"]:
            assert said[f"standing.{key}"] == manifest[key], (table, key)


def run_examples(page):
    """The SQL of the page, in the folder that is the current one."""
    blocks = page.split("```sql\n")[1:]
    assert blocks, "no SQL"
    for block in blocks:
        for statement in duckdb.extract_statements(block.split("```")[0]):
            query = statement.query.rstrip().rstrip(";")
            duckdb.sql(f"create or replace temp table example as {query}")


def main():
    folder, page = Path(sys.argv[1]), Path(sys.argv[2]).read_text()
    manifest = json.loads((folder / "parquet/export.json").read_text())
    rows = sum(read_table(folder, table) for table in manifest["tables"])
    compare(folder)
    check_metadata(folder, manifest)
    os.chdir(folder / "parquet")
    run_examples(page)
    print("ok", rows)


main()

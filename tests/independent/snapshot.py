"""Reads what `standing snapshot` has kept with DuckDB, and compares it with the trail. Nothing of
this project is used.

Its argument is a folder with the snapshot (`standing.snapshot`) and with what `audit` prints
(`audit.jsonl`). It prints `ok` and the number of events it has found again, or says what is wrong and
fails.
"""

import json
import sys
from pathlib import Path

import duckdb

TABLES = ["names", "rulebooks", "developers", "apps", "facts", "usage", "outages", "retractions"]
WORDS = {
    "complaint.received": ("class", "class"),
    "outage.started": ("cause", "cause"),
    "outage.day_recorded": ("cause", "cause"),
    "review.submitted": ("stage", "stage"),
    "review.approved": ("stage", "stage"),
    "review.rejected": ("stage", "stage"),
    "inspection.failed": ("inspection", "severity"),
    "report.confirmed": ("report", "severity"),
    "app.permission_changed": ("permission", "permission"),
}


def rows(sql):
    return duckdb.sql(sql).fetchall()


def check(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: {found!r} and not {wanted!r}")


def data_of(kind, data, words, word, name, outage, value):
    """Compares what a fact says with the data of its event."""
    if kind in WORDS:
        of, key = WORDS[kind]
        check(words[of][word], data[key], kind)
    elif kind == "certification.assessed":
        check(word == 1, data["met"], kind)
    elif kind.startswith("measure."):
        named = {text for bit, text in enumerate(words["measures"]) if word >> bit & 1}
        check(named, set(data["measures"]), kind)
    else:
        check(word, 0, kind)
    if "outage" in data:
        check(outage, data["outage"], kind)
    else:
        check(name, data.get("code", data.get("grade", data.get("reason"))) if kind in NAMED else None, kind)
    if kind == "outage.day_recorded":
        days = rows(f"select (date '0001-01-01' + {value - 1})::varchar")[0][0]
        check(days, data["date"], kind)


NAMED = {
    "violation.found",
    "violation.remedied",
    "behavior.observed",
    "behavior.ceased",
    "developer.graded",
    "complaint.received",
}


def main(folder):
    manifest = json.loads((folder / "standing.snapshot/manifest.json").read_text())["of"]
    for table in TABLES:
        files = f"{folder}/standing.snapshot/{manifest['folder']}/{table}*.parquet"
        duckdb.sql(f"create view {table} as select * from '{files}'")
    duckdb.sql(
        "create view subjects as select subject, developer as id from developers "
        "union all select subject, app from apps"
    )
    facts = rows(
        "select position, kind, epoch_us(time), id, word, name, outage, value from facts "
        "join subjects using (subject) left join names on facts.code = names.code "
        "left join outages on facts.subject = outages.subject and facts.code = outages.code"
    )
    facts = {row[0]: row[1:] for row in facts}
    kept = {
        "usage.reported": "select position, id, date::varchar, daily_users from usage "
        "join subjects using (subject)",
        "developer.registered": "select position, developer from developers",
        "app.registered": "select position, app from apps",
        "rulebook.published": "select position, toml from rulebooks",
    }
    kept = {kind: {row[0]: row[1:] for row in rows(sql)} for kind, sql in kept.items()}
    taken = {row[0]: row[1] for row in rows("select position, target from retractions")}
    trail = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    check(manifest["position"], len(trail), "position")
    for event in trail:
        position, kind, data = event["position"], event["type"], event["data"]
        if kind in ("appeal.filed", "private.erased"):
            continue
        if kind in ("event.retracted", "appeal.decided"):
            if data.get("outcome") != "denied":
                target = trail[taken.pop(position) - 1]
                check(target["id"], data["event"]["id"], kind)
        elif kind == "usage.reported":
            wanted = (event["subject"], data["date"], data["daily_users"])
            check(kept[kind].pop(position), wanted, kind)
        elif kind == "rulebook.published":
            check(kept[kind].pop(position), (data["toml"],), kind)
        elif kind in kept:
            check(kept[kind].pop(position), (event["subject"],), kind)
        else:
            found, time, subject, word, name, outage, value = facts.pop(position)
            micros = rows(f"select epoch_us('{event['time']}'::timestamptz)")[0][0]
            check((found, time, subject), (kind, micros, event["subject"]), kind)
            # The number of an outage can be that of a name too.
            name = None if "outage" in data else name
            data_of(kind, data, manifest["words"], word, name, outage, value)
    check((facts, taken, [left for left in kept.values() if left]), ({}, {}, []), "left over")
    print("ok", len(trail))


main(Path(sys.argv[1]))

//! Single bits of a ledger's file that turn over, and `standing verify`, which must see it.
//!
//! A bit that it does not see must be one that means nothing: then everything that SQLite can read
//! from the file is what it was.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::arguments::Wanted;
use crate::import::{good, standing};
use crate::plan::numbers;
use crate::round::round;
use crate::store::{Store, wait_for};

/// How many complaints are in the ledger: more than two tiles of the tree.
const COMPLAINTS: usize = 560;
/// The size of a page of a ledger's file.
const PAGE: usize = 8_192;

pub(crate) fn every_one_that_matters_is_found(
    case: &'static str,
    wanted: Wanted,
) -> Result<String> {
    let seed = wanted.seed;
    round(case, seed, |folder| {
        let store = Store::in_folder(folder);
        let key = make_ledger(folder, &store)?;
        let whole = fs::read(folder.join("log.db"))?;
        let before = wait_for(dump(&folder.join("log.db")))?;
        verify(folder, &store, &key)?.context("the ledger is wrong from the start")?;
        let kinds = wait_for(places(&folder.join("log.db"), &whole))?;
        let mut rng = numbers(seed, &[0]);
        let mut found: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut harmless, mut missed) = (0, Vec::new());
        for number in 0..wanted.flips {
            let (kind, ranges) = &kinds[(number as usize) % kinds.len()];
            let range = ranges[rng.usize(..ranges.len())].clone();
            let (at, bit) = (rng.usize(range), rng.u32(..8));
            let flipped = flip(folder, &whole, (at, bit), &key, &before);
            let place = || format!("bit {bit} of byte {at} ({kind})");
            match flipped.with_context(place)? {
                Flipped::Found => *found.entry(kind).or_default() += 1,
                Flipped::Harmless => harmless += 1,
                Flipped::Missed(change) => missed.push(format!("{}: {change}", place())),
            }
        }
        ensure!(
            missed.is_empty(),
            "{} of {} bits were missed: {missed:#?}",
            missed.len(),
            wanted.flips
        );
        let total: u64 = found.values().sum();
        let found: Vec<String> = found
            .iter()
            .map(|(kind, n)| format!("{n} in {kind}"))
            .collect();
        Ok(format!(
            "{} bits flipped, {total} found ({}), {harmless} without any effect, missed: 0",
            wanted.flips,
            found.join(", ")
        ))
    })
}

/// A ledger with something in every table; the key that its checkpoint is signed by.
pub(crate) fn make_ledger(folder: &Path, store: &Store) -> Result<String> {
    let event = |kind: &str, id: String, subject: &str, data: serde_json::Value| {
        json!({
            "specversion": "1.0", "id": id, "source": "/flips", "type": kind,
            "time": "2016-03-01T00:00:00Z", "subject": subject, "data": data,
        })
    };
    let mut events = vec![event(
        "developer.registered",
        "d1".into(),
        "d1",
        json!({"name": "D", "kind": "connection"}),
    )];
    for app in 0..3 {
        let data = json!({"developer": "d1", "name": "A", "channel": "in_site"});
        let app = format!("a{app}");
        events.push(event("app.registered", app.clone(), &app, data));
    }
    for number in 0..COMPLAINTS {
        let mut complaint = event(
            "complaint.received",
            format!("complaint-{number}"),
            &format!("a{}", number % 3),
            json!({"class": "normal", "note": "x".repeat(number % 90)}),
        );
        if number % 7 == 0 {
            complaint["private"] = json!({"complainant": format!("somebody {number}")});
        }
        events.push(complaint);
    }
    let data = json!({"event": {"id": "complaint-5"}, "reason": "wrong"});
    events.push(event("event.retracted", "r1".into(), "a2", data));
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    fs::write(folder.join("events.jsonl"), lines)?;
    for arguments in [
        &["init", "--preset", "weibo"][..],
        &["import", "events.jsonl"],
        &["erase", "8", "--reason", "asked for"],
        &["keys", "new", "example.com/log"],
        &["checkpoint"],
    ] {
        let output = standing(folder, store).args(arguments).output()?;
        good(output).with_context(|| arguments.join(" "))?;
    }
    let key = good(standing(folder, store).args(["keys", "show"]).output()?)?;
    Ok(String::from_utf8(key.stdout)?.trim().to_owned())
}

/// What `standing verify` finds wrong, as an error inside; none, where all is well.
pub(crate) fn verify(folder: &Path, store: &Store, key: &str) -> Result<Result<()>> {
    let mut command = standing(folder, store);
    let output = command.args(["verify", "--key", key]).output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => Ok(Ok(())),
        Some(1) => {
            ensure!(stderr.contains("error: "), "no reason: {stderr}");
            Ok(Err(anyhow::anyhow!("{stderr}")))
        }
        _ => bail!("verify broke: {}: {stderr}", output.status),
    }
}

/// What became of a flipped bit.
enum Flipped {
    Found,
    /// Not found, and without effect.
    Harmless,
    /// Not found, and this is another now.
    Missed(String),
}

fn flip(
    folder: &Path,
    whole: &[u8],
    (at, bit): (usize, u32),
    key: &str,
    before: &[String],
) -> Result<Flipped> {
    let copy = folder.join("flipped");
    fs::create_dir(&copy)?;
    let path = copy.join("log.db");
    let mut bytes = whole.to_vec();
    bytes[at] ^= 1 << bit;
    fs::write(&path, bytes)?;
    let flipped = match verify(folder, &Store::in_folder(&copy), key)? {
        Err(_) => Flipped::Found,
        Ok(()) => match wait_for(dump(&path)) {
            Ok(after) if after == before => Flipped::Harmless,
            Ok(after) => {
                let mut lines = before.iter().zip(&after);
                let other = lines.find(|(before, after)| before != after);
                Flipped::Missed(format!("{other:?}, {} lines", after.len()))
            }
            Err(error) => Flipped::Missed(format!("{error:#}")),
        },
    };
    fs::remove_dir_all(&copy)?;
    Ok(flipped)
}

/// Everything that SQLite can read from a file: tables and schema row by row, and what it finds
/// wrong with itself.
async fn dump(path: &Path) -> Result<Vec<String>> {
    let mut conn = SqliteConnectOptions::new().filename(path).connect().await?;
    // The table of the migrations that were applied is the library's own, and says nothing of a log.
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '_sqlx%'";
    let tables = lines(&mut conn, tables).await?;
    let mut dump = lines(
        &mut conn,
        "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || sql FROM sqlite_schema \
         WHERE sql IS NOT NULL AND name NOT LIKE '%_sqlx_%' ORDER BY type, name",
    )
    .await?;
    // `user_version` means nothing here.
    for pragma in ["application_id", "encoding"] {
        let asked = format!("SELECT '{pragma} ' || {pragma} FROM pragma_{pragma}");
        dump.extend(lines(&mut conn, &asked).await?);
    }
    for table in tables {
        let columns = lines(
            &mut conn,
            &format!("SELECT name FROM pragma_table_info('{table}')"),
        )
        .await?;
        let columns: Vec<String> = columns
            .iter()
            .map(|column| format!("quote({column})"))
            .collect();
        let rows = format!(
            "SELECT '{table} ' || {} FROM {table} NOT INDEXED",
            columns.join(" || ',' || ")
        );
        dump.extend(lines(&mut conn, &rows).await?);
        // Indexes without a text of their own, as SQLite understands them.
        let indexes = format!(
            "SELECT '{table} ' || list.name || ' ' || list.\"unique\" || ' ' || info.name \
             FROM pragma_index_list('{table}') AS list, pragma_index_info(list.name) AS info"
        );
        dump.extend(lines(&mut conn, &indexes).await?);
    }
    dump.extend(lines(&mut conn, "PRAGMA integrity_check").await?);
    conn.close().await?;
    Ok(dump)
}

async fn lines(conn: &mut SqliteConnection, sql: &str) -> Result<Vec<String>> {
    let lines = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
    Ok(lines.fetch_all(conn).await?)
}

/// Where in the file what is to be found, by what it is.
type Kinds = Vec<(&'static str, Vec<Range<usize>>)>;

async fn places(path: &Path, whole: &[u8]) -> Result<Kinds> {
    let mut conn = SqliteConnectOptions::new().filename(path).connect().await?;
    let one = |kind, range| (kind, Vec::from([range]));
    let mut kinds: Kinds = vec![
        one("the file", 0..whole.len()),
        one("the file's header", 0..100),
        one("the schema", 100..PAGE),
    ];
    let headers = (0..whole.len()).step_by(PAGE).map(|page| page..page + 12);
    kinds.push(("pages' headers", headers.collect()));
    for (kind, sql) in [
        ("leaves", "SELECT json FROM events"),
        ("hashes", "SELECT hash FROM events"),
        ("ids", "SELECT id FROM events"),
        ("names", "SELECT text FROM names"),
        ("the tree", "SELECT hash FROM tree"),
        ("private keys", "SELECT key FROM private"),
        ("private content", "SELECT content FROM private"),
        ("checkpoints", "SELECT note FROM checkpoints"),
    ] {
        let sql = sql
            .replace("SELECT ", "SELECT CAST(")
            .replace(" FROM", " AS BLOB) FROM");
        let texts: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut conn)
            .await?;
        let ranges: Vec<Range<usize>> = texts.iter().flat_map(|text| all(whole, text)).collect();
        ensure!(!ranges.is_empty(), "no {kind} in the file");
        kinds.push((kind, ranges));
    }
    let leaves = kinds.iter().find(|(kind, _)| *kind == "leaves");
    // A row's other columns stand before its leaf.
    let columns = leaves.map(|(_, leaves)| leaves.iter().map(|leaf| leaf.start - 40..leaf.start));
    kinds.push(("columns", columns.context("no leaves")?.collect()));
    // All of the pages on which tables begin: most of these have no other. And all pages of indexes,
    // which are told by their first byte.
    let roots =
        "SELECT rootpage FROM sqlite_schema WHERE rootpage > 0 AND name <> '_sqlx_migrations'";
    let roots: Vec<i64> = sqlx::query_scalar(roots).fetch_all(&mut conn).await?;
    let roots = roots.iter().map(|root| (*root as usize - 1) * PAGE);
    kinds.push((
        "first pages",
        roots.flat_map(|page| used(whole, page)).collect(),
    ));
    let indexes = (PAGE..whole.len())
        .step_by(PAGE)
        .filter(|page| [2, 10].contains(&whole[*page]));
    kinds.push((
        "indexes",
        indexes.flat_map(|page| used(whole, page)).collect(),
    ));
    // A row of private content begins with its position, before the key.
    let keys = kinds.iter().find(|(kind, _)| *kind == "private keys");
    let rows = keys.map(|(_, keys)| keys.iter().map(|key| key.start - 7..key.start));
    kinds.push(("private rows", rows.context("no keys")?.collect()));
    conn.close().await?;
    Ok(kinds)
}

/// The bytes of a page in which there is something.
fn used(whole: &[u8], page: usize) -> impl Iterator<Item = Range<usize>> {
    let bytes = page..page + PAGE;
    bytes.filter(|at| whole[*at] != 0).map(|at| at..at + 1)
}

/// All places where that text is.
fn all(whole: &[u8], text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let Some(first) = text.first() else {
        return found;
    };
    let starts = whole.iter().enumerate().filter(|(_, byte)| *byte == first);
    for (start, _) in starts {
        if whole[start..].starts_with(text) {
            found.push(start..start + text.len());
        }
    }
    found
}

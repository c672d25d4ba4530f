//! Complaint records (CSV) to events: what `standing import` reads.
//!
//! ```text
//! cargo run --example convert_complaints -- ../shared/data/complaints.csv > complaints.jsonl
//! standing init --preset weibo --recorded-time 2013-01-01T00:00:00Z
//! standing import --trust-recorded-time complaints.jsonl
//! ```
//!
//! Without a path it reads standard input. A company becomes a developer, a company's product an
//! app of the channel `general` with the id `company/product`. All of them are registered a day
//! before the first record, so their events come first. A row becomes a `complaint.received` with
//! the row's number (from 1, below the head) as its id, at noon UTC of its date; it is `strong`
//! where the consumer disputed the answer, otherwise `normal`. Each event is recorded when it
//! happened: the rows are expected in the order of their dates, as they are published.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};

use anyhow::{Context, Result};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use standing_projections::Instant;

/// Who the events are from.
const SOURCE: &str = "/examples/complaints";

#[derive(Deserialize)]
struct Row {
    #[serde(deserialize_with = "noon")]
    date_received: Instant,
    company: String,
    product: String,
    consumer_disputed: String,
}

fn main() -> Result<()> {
    let input: Box<dyn Read> = match std::env::args_os().nth(1) {
        Some(path) => Box::new(
            File::open(&path).with_context(|| format!("`{}` cannot be read", path.display()))?,
        ),
        None => Box::new(io::stdin().lock()),
    };
    convert(input, BufWriter::new(io::stdout().lock()))
}

/// Reads the records, then writes the events, one a line.
pub(crate) fn convert(input: impl Read, mut out: impl Write) -> Result<()> {
    let rows = csv::Reader::from_reader(input)
        .into_deserialize()
        .collect::<Result<Vec<Row>, _>>()?;
    for event in registrations(&rows).into_iter().chain(complaints(&rows)) {
        writeln!(out, "{event}")?;
    }
    out.flush()?;
    Ok(())
}

/// The developers and apps, each once, in the order in which they first appear.
fn registrations(rows: &[Row]) -> Vec<Value> {
    let Some(first) = rows.iter().map(|row| row.date_received).min() else {
        return Vec::new();
    };
    let time = first.plus_days(-1);
    let mut seen: HashSet<String> = HashSet::new();
    let mut events = Vec::new();
    for row in rows {
        let (developer, app) = (row.company.clone(), app_of(row));
        if seen.insert(developer.clone()) {
            let data = json!({"name": developer, "kind": "connection"});
            let id = format!("developer/{developer}");
            events.push(event(&id, "developer.registered", time, &developer, &data));
        }
        if seen.insert(app.clone()) {
            let data = json!({"developer": developer, "name": row.product, "channel": "general"});
            let id = format!("app/{app}");
            events.push(event(&id, "app.registered", time, &app, &data));
        }
    }
    events
}

fn complaints(rows: &[Row]) -> impl Iterator<Item = Value> {
    (1..).zip(rows).map(|(number, row)| {
        let disputed = row.consumer_disputed == "Yes";
        let data = json!({"class": if disputed { "strong" } else { "normal" }});
        event(
            &number.to_string(),
            "complaint.received",
            row.date_received,
            &app_of(row),
            &data,
        )
    })
}

fn app_of(row: &Row) -> String {
    format!("{}/{}", row.company, row.product)
}

/// Noon UTC of a date.
fn noon<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
    let date = String::deserialize(deserializer)?;
    format!("{date}T12:00:00Z")
        .parse()
        .map_err(D::Error::custom)
}

fn event(id: &str, kind: &str, time: Instant, subject: &str, data: &Value) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": SOURCE,
        "type": kind,
        "time": time,
        "subject": subject,
        "data": data,
        "recordedtime": time,
    })
}

//! An uptime monitor's changes of state (CSV) to events: what `standing import` reads.
//!
//! ```text
//! cargo run --example convert_outages -- ../shared/data/outages.csv > outages.jsonl
//! standing init --preset weibo --recorded-time 2013-01-01T00:00:00Z
//! standing import --trust-recorded-time outages.jsonl
//! ```
//!
//! Without a path it reads standard input. A site becomes an app of the channel `general`, the last
//! two labels of its host a developer. All of them are registered a day before the first record, so
//! their events come first. A run of `down` until the site's next other state is an outage of cause
//! `developer`, named by the number of the row (from 1, below the head) that began it; one that is
//! still down at the end stays open. Each event is recorded when it happened: the rows are expected
//! in time order, as a monitor writes them.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use standing_projections::Instant;

/// Who the events are from.
const SOURCE: &str = "/examples/outages";

#[derive(Deserialize)]
struct Row {
    time: Instant,
    site: String,
    status: String,
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
    for event in registrations(&rows).into_iter().chain(outages(&rows)) {
        writeln!(out, "{event}")?;
    }
    out.flush()?;
    Ok(())
}

/// The developers and apps, each once, in the order in which they first appear.
fn registrations(rows: &[Row]) -> Vec<Value> {
    let Some(first) = rows.iter().map(|row| row.time).min() else {
        return Vec::new();
    };
    let time = first.plus_days(-1);
    let mut seen: HashSet<&str> = HashSet::new();
    let mut events = Vec::new();
    for Row { site, .. } in rows {
        let developer = developer_of(site);
        if seen.insert(developer) {
            let data = json!({"name": developer, "kind": "connection"});
            let id = format!("developer/{developer}");
            events.push(event(&id, "developer.registered", time, developer, &data));
        }
        if seen.insert(site) {
            let data = json!({"developer": developer, "name": site, "channel": "general"});
            let id = format!("app/{site}");
            events.push(event(&id, "app.registered", time, site, &data));
        }
    }
    events
}

fn outages(rows: &[Row]) -> Vec<Value> {
    let mut down: HashMap<&str, String> = HashMap::new();
    let mut events = Vec::new();
    for (number, row) in (1..).zip(rows) {
        let (site, id) = (row.site.as_str(), number.to_string());
        if row.status != "down" {
            if let Some(outage) = down.remove(site) {
                let data = json!({"outage": outage});
                events.push(event(&id, "outage.ended", row.time, site, &data));
            }
        } else if !down.contains_key(site) {
            let data = json!({"outage": id, "cause": "developer"});
            events.push(event(&id, "outage.started", row.time, site, &data));
            down.insert(site, id);
        }
    }
    events
}

/// The last two labels of the host, which is the last word of a site's name.
fn developer_of(site: &str) -> &str {
    let host = site.rsplit(' ').next().unwrap_or(site);
    let labels = host.rmatch_indices('.').nth(1);
    labels.map_or(host, |(dot, _)| &host[dot + 1..])
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

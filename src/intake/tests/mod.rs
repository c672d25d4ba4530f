//! Reading, tried with what is good, what is broken and what is hostile.

mod forms;
mod json;
mod rejects;
mod tables;

use std::io;

use super::{Record, Source};

/// Every record of a text that is called `name`.
fn records(name: &str, bytes: impl AsRef<[u8]>) -> Vec<Record> {
    let bytes = io::Cursor::new(bytes.as_ref().to_vec());
    let source = Source::from_reader(name, bytes).unwrap();
    source.map(Result::unwrap).collect()
}

/// Where each record begins, and its `id`, its refusal's message or `?`.
fn told(records: &[Record]) -> Vec<(u64, String)> {
    let tell = |record: &Record| match &record.body {
        Ok(event) => event["id"].as_str().unwrap_or("?").to_owned(),
        Err(error) => {
            assert_eq!(error.refusal.code.as_str(), "event.malformed");
            format!("refused: {}", error.refusal.message)
        }
    };
    records
        .iter()
        .map(|record| (record.line, tell(record)))
        .collect()
}

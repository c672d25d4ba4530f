//! What must be true when all is over.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::client::Client;
use crate::events::{Name, SOURCE};
use crate::service::Service;
use crate::shared::Shared;

/// Reads the whole log: each event is where it was told to be, and nothing is there besides, but for
/// rulebooks; positions have no gap. How many positions there are.
pub(crate) fn log(client: &mut Client, positions: &[Vec<u64>]) -> Result<u64> {
    let (mut last, mut found) = (0, 0);
    let mut path = "/v1/events?limit=1000".to_owned();
    loop {
        let answer = client.get(&path, None)?;
        ensure!(answer.status == 200, "{path}: {}", answer.text());
        let page: Value = serde_json::from_slice(&answer.body)?;
        for event in page["events"].as_array().into_iter().flatten() {
            let position = event["position"].as_u64().context("no position")?;
            ensure!(position == last + 1, "{position} comes after {last}");
            last = position;
            if event["source"] != SOURCE {
                continue;
            }
            let name = event["id"].as_str().and_then(Name::of);
            let name = name.with_context(|| format!("nobody sent {event}"))?;
            let told = positions.get(name.writer as usize);
            let told = told.and_then(|told| told.get(name.number as usize));
            ensure!(
                told == Some(&position),
                "{name:?} is at {position}, and not at {told:?}"
            );
            found += 1;
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/v1/events?limit=1000&page={next}"),
            None => break,
        }
    }
    let sent: usize = positions.iter().map(Vec::len).sum();
    ensure!(found == sent, "{found} of {sent} events are in the log");
    Ok(last)
}

/// Waits until the tables know the whole log.
pub(crate) fn tables_know(client: &mut Client, shared: &Shared, position: u64) -> Result<()> {
    let path = format!("/v1/plaza?limit=1&min_position={position}");
    let begun = Instant::now();
    loop {
        let answer = client.get(&path, None)?;
        match answer.status {
            200 => return Ok(()),
            503 => shared.pause(begun)?,
            status => anyhow::bail!("{status} for {path}: {}", answer.text()),
        }
    }
}

/// The program's own checks, once nobody serves the ledger.
pub(crate) fn ledger(service: &Service) -> Result<()> {
    service.run(&["verify"])?;
    let checked = service.run(&["readmodel", "check", "--format", "json"])?;
    let checked: Value = serde_json::from_str(&checked)?;
    ensure!(checked["differences"] == 0, "{checked}");
    Ok(())
}

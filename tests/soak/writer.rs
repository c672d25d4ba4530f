//! A writer: appends one event after the other, and sends again whatever it was not told of.

use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::client::{Answer, Client};
use crate::events::Name;
use crate::shared::Shared;

/// The most events of a request.
const MOST: u64 = 60;

/// How events are sent.
#[derive(Clone, Copy, Debug)]
enum Form {
    One,
    List,
    Stream,
}

pub(crate) struct Writer<'a> {
    pub(crate) number: u64,
    pub(crate) client: Client,
    pub(crate) rng: fastrand::Rng,
    pub(crate) shared: &'a Shared,
    /// Where each event was told to be; zero where nothing was told.
    pub(crate) positions: Vec<u64>,
}

impl Writer<'_> {
    /// Appends so many events; where each of them is.
    pub(crate) fn run(mut self, events: u64) -> Result<Vec<u64>> {
        let mut next = 0;
        while next < events {
            let form = *self
                .rng
                .choice(&[Form::One, Form::List, Form::Stream])
                .context("no form")?;
            let count = match form {
                Form::One => 1,
                Form::List | Form::Stream => self.rng.u64(1..=MOST).min(events - next),
            };
            self.positions.resize((next + count) as usize, 0);
            let begun = Instant::now();
            let mut unknown = false;
            while !self.send(form, next, count)? {
                unknown = true;
                self.shared.pause(begun)?;
            }
            if unknown {
                self.shared.unknown.fetch_add(count, Ordering::Relaxed);
            }
            next += count;
            let last = self.name(next - 1);
            self.shared.tell(last, self.positions[(next - 1) as usize]);
            self.shared.appended.fetch_add(count, Ordering::Relaxed);
        }
        Ok(self.positions)
    }

    fn name(&self, number: u64) -> Name {
        Name {
            writer: self.number,
            number,
        }
    }

    /// Sends events; whether it was told of each that it is in the log.
    fn send(&mut self, form: Form, first: u64, count: u64) -> Result<bool> {
        let events = (first..first + count).map(|number| self.name(number).event());
        let (kind, body) = match form {
            Form::One => (
                "application/cloudevents+json",
                events.map(|event| event.to_string()).collect(),
            ),
            Form::List => (
                "application/cloudevents-batch+json",
                Value::Array(events.collect()).to_string(),
            ),
            Form::Stream => (
                "application/x-ndjson",
                events.map(|event| format!("{event}\n")).collect(),
            ),
        };
        let Ok(answer) = self.client.post("/v1/events?proof=false", kind, &body) else {
            return Ok(false);
        };
        match answer.status {
            200 | 201 => {}
            503 => return Ok(false),
            status => bail!("{status} for {form:?}: {}", answer.text()),
        }
        let outcomes = outcomes(form, &answer)?;
        ensure!(outcomes.len() as u64 <= count, "{}", answer.text());
        let told = outcomes.len() as u64;
        for (number, outcome) in (first..).zip(outcomes) {
            self.told(number, &outcome)?;
        }
        Ok(told == count)
    }

    /// Keeps what was told of an event, which must be what was told of it before.
    fn told(&mut self, number: u64, outcome: &Value) -> Result<()> {
        let position = outcome["position"].as_u64();
        let word = outcome["outcome"].as_str().unwrap_or_default();
        let known = &mut self.positions[number as usize];
        match (word, position) {
            ("appended", Some(position)) if *known == 0 => *known = position,
            ("duplicate", Some(position)) if [0, position].contains(known) => *known = position,
            _ => bail!("event {number} was at {known}, and now it is told: {outcome}"),
        }
        Ok(())
    }
}

/// What was told of each event, as far as it was.
fn outcomes(form: Form, answer: &Answer) -> Result<Vec<Value>> {
    if let Form::Stream = form {
        // A line that broke off says nothing.
        let lines = answer.text();
        let lines = lines
            .lines()
            .map_while(|line| serde_json::from_str(line).ok());
        let is_of_event = |line: &Value| !line["line"].is_null();
        return Ok(lines.filter(is_of_event).collect());
    }
    if !answer.whole {
        return Ok(Vec::new());
    }
    let body: Value = serde_json::from_slice(&answer.body).context("no JSON")?;
    Ok(match body {
        Value::Array(outcomes) => outcomes,
        outcome => vec![outcome],
    })
}

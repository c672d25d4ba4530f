//! A stream of events, answered while it is being sent.
//!
//! One task reads lines and checks them by themselves, another has them admitted and writes what became
//! of them. At most one group of lines waits between the two, and where the outcomes are not taken off,
//! no more is read: whatever the client does, what is held is bounded.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;

use super::append::{How, Room, Which, outcomes};
use super::lines::Lines;
use super::outcome::{Outcome, Refused};
use super::sent::Entry;
use crate::access::Caller;
use crate::http::problem::Code;
use crate::http::{Problem, Service};
use crate::intake::json::TEXT_BYTES_MAX;

/// For how long outcomes wait to be taken off before the stream is given up.
const STALLED: Duration = Duration::from_secs(60);

/// A line of the answer to a stream.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum Line {
    /// What became of an event.
    Of(OfLine),
    /// The last line.
    Last(Last),
}

/// What became of the event on a line.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct OfLine {
    /// The line that it was on, from 1.
    line: u64,
    #[serde(flatten)]
    outcome: Outcome,
}

/// How a stream ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(in crate::http) enum Last {
    /// All of it was read, and each event has its outcome.
    End(Tally),
    /// It was given up: events after the last outcome may be in the log or not.
    Failed {
        /// The stable code.
        code: String,
        /// What is wrong, in words.
        message: String,
    },
}

/// How many events of a stream became what.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub(in crate::http) struct Tally {
    appended: u64,
    duplicates: u64,
    refused: u64,
}

/// Some lines as they were read.
enum Group {
    Events(Vec<(u64, Entry)>),
    /// The body ended early.
    Broken,
}

/// The answer to a stream, which begins at once.
pub(super) fn answer(service: Arc<Service>, caller: Caller, body: Body, how: How) -> Response {
    let (groups, read_groups) = mpsc::channel(1);
    let (texts, answer) = mpsc::channel(1);
    tokio::spawn(read(caller, Lines::new(body), groups));
    tokio::spawn(admit(
        service,
        read_groups,
        Writer {
            texts,
            which: how.outcomes,
        },
        how.proof,
    ));
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(answer)));
    let content_type = HeaderValue::from_static("application/x-ndjson");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// Reads lines for as long as somebody takes them.
async fn read(caller: Caller, mut lines: Lines, groups: mpsc::Sender<Group>) {
    loop {
        let group = match lines.next().await {
            Ok(lines) if lines.is_empty() => return,
            Ok(lines) => Group::Events(
                lines
                    .into_iter()
                    .map(|line| (line.number, entry(&caller, &line.text)))
                    .collect(),
            ),
            Err(_) => Group::Broken,
        };
        let broken = matches!(group, Group::Broken);
        if groups.send(group).await.is_err() || broken {
            return;
        }
    }
}

fn entry(caller: &Caller, text: &Result<Vec<u8>, u64>) -> Entry {
    match text {
        Ok(text) => Entry::of_text(caller, text),
        Err(length) => Entry::too_long(*length, TEXT_BYTES_MAX),
    }
}

/// Has each group admitted and writes what became of it.
async fn admit(
    service: Arc<Service>,
    mut groups: mpsc::Receiver<Group>,
    mut writer: Writer,
    proof: bool,
) {
    let mut tally = Tally::default();
    while let Some(group) = groups.recv().await {
        let Group::Events(group) = group else {
            let message = "the body ended early: the events of whole lines before that were taken";
            let problem = Problem::new(Code::BodyInvalid, message);
            return writer.end(Last::failed(&problem)).await;
        };
        let (numbers, entries): (Vec<u64>, Vec<Entry>) = group.into_iter().unzip();
        let outcomes = match outcomes(&service, entries, proof, Room::Awaited).await {
            Ok(outcomes) => outcomes,
            Err(problem) => return writer.end(Last::failed(&problem)).await,
        };
        outcomes.iter().for_each(|outcome| tally.count(outcome));
        if writer.write(numbers, outcomes).await.is_none() {
            return;
        }
    }
    writer.end(Last::End(tally)).await;
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Appended(_) => self.appended += 1,
            Outcome::Duplicate(_) => self.duplicates += 1,
            Outcome::Refused(_) => self.refused += 1,
        }
    }
}

impl Last {
    fn failed(problem: &Problem) -> Self {
        Self::Failed {
            code: problem.code().to_owned(),
            message: problem.detail().to_owned(),
        }
    }
}

/// Writes lines to whoever has sent them.
struct Writer {
    texts: mpsc::Sender<Result<Bytes, Infallible>>,
    which: Which,
}

impl Writer {
    /// Writes what became of some events; none where nobody takes it off.
    async fn write(&mut self, numbers: Vec<u64>, outcomes: Vec<Outcome>) -> Option<()> {
        let told = numbers.into_iter().zip(outcomes).filter(|(_, outcome)| {
            self.which == Which::All || matches!(outcome, Outcome::Refused(_))
        });
        let lines = told.map(|(line, outcome)| Line::Of(OfLine { line, outcome }));
        self.lines(lines.collect()).await
    }

    async fn end(mut self, last: Last) {
        // Who is gone need not be told.
        let _ = self.lines(vec![Line::Last(last)]).await;
    }

    async fn lines(&mut self, lines: Vec<Line>) -> Option<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, &line).ok()?;
            text.push(b'\n');
        }
        if text.is_empty() {
            return Some(());
        }
        let sent = self.texts.send_timeout(Ok(text.into()), STALLED).await;
        sent.ok()
    }
}

impl Entry {
    /// A line that is longer than an event may be.
    fn too_long(length: u64, most: usize) -> Self {
        let message = format!("the line has {length} bytes, more than {most} (64 KiB)");
        let code = standing_projections::refusal::Code::EventMalformed;
        Self::Refused(Refused::from(standing_projections::Refusal::new(
            code, "", message,
        )))
    }

    /// How many bytes of text it holds.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Event(_, bytes) => *bytes,
            Self::Refused(_) => 0,
        }
    }
}

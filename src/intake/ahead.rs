//! Reading ahead: a source is read and its events checked by themselves in a thread of its own,
//! while the batch before is judged and appended.

use tokio::sync::mpsc;

use super::admit::Candidate;
use super::json::Unreadable;
use super::reader::{ReadError, Source};

/// How many events are judged and appended at a time, and of how many bytes.
const BATCH: usize = 8_192;
const BATCH_BYTES: u64 = 8 << 20;
/// How many batches wait to be judged.
const AHEAD: usize = 2;

/// One event that was read.
#[derive(Debug)]
pub struct Read {
    /// The line it begins on.
    pub line: u64,
    /// The event, or why its bytes are none.
    pub candidate: Result<Candidate, Unreadable>,
}

/// Some events of a source, in order.
#[derive(Debug, Default)]
pub struct Batch {
    /// The events.
    pub records: Vec<Read>,
    /// Why there are no more, where the source broke; what was read before it is in `records`.
    pub broken: Option<ReadError>,
}

/// The batches of a source, read ahead of who takes them.
#[must_use]
pub fn ahead(mut source: Source) -> mpsc::Receiver<Batch> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut batch = Batch {
                records: Vec::with_capacity(BATCH),
                broken: None,
            };
            let mut ended = false;
            let mut bytes = 0;
            while batch.records.len() < BATCH && bytes < BATCH_BYTES && !ended {
                match source.next() {
                    Some(Ok(record)) => {
                        bytes += record.length;
                        batch.records.push(Read {
                            line: record.line,
                            candidate: record.body.map(Candidate::new),
                        });
                    }
                    Some(Err(error)) => {
                        batch.broken = Some(error);
                        ended = true;
                    }
                    None => ended = true,
                }
            }
            let empty = batch.records.is_empty() && batch.broken.is_none();
            if empty || sender.blocking_send(batch).is_err() || ended {
                return;
            }
        }
    });
    receiver
}

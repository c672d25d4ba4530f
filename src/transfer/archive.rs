//! An archive: a log in a file of JSON lines, for either store and for other programs.
//!
//! The first line is the header: which tree the rest makes. After it comes a line for each event,
//! its leaf byte for byte, so that anybody can build the tree from the lines. Where what is private
//! is taken along, it stands in a line of its own before its event. The last lines are the signed
//! checkpoints that were kept.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use standing_projections::event::{Data, Kind};
use standing_projections::{Event, Position};

use super::into::check;
use super::{PAGE, Source, TransferError};
use crate::ledger::tree::{Edge, Hash, TreeHead};
use crate::ledger::{Key, Ledger, Private, Replica, StoredEvent};

/// The version of the form that is written.
const VERSION: u32 = 1;
/// The longest line: an event and its private content are 64 KiB at most, escapes six times that.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// A line that is no event.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
enum Line {
    #[serde(rename = "standing_archive")]
    Header {
        version: u32,
        size: u64,
        root: String,
        private: bool,
    },
    #[serde(rename = "private")]
    Private {
        position: Position,
        key: String,
        content: String,
    },
    #[serde(rename = "checkpoint")]
    Checkpoint { size: u64, note: String },
}

/// Writes a log as an archive, and shows that what was written makes its tree. `progress` hears how
/// many events were written.
///
/// # Errors
/// See [`TransferError`].
pub async fn write_archive(
    source: &mut dyn Source,
    private: bool,
    out: &mut (impl Write + Send),
    mut progress: impl FnMut(u64),
) -> Result<TreeHead, TransferError> {
    let tree = source.tree();
    write(
        out,
        &Line::Header {
            version: VERSION,
            size: tree.size,
            root: tree.root.to_string(),
            private,
        },
    )?;
    let mut edge = Edge::default();
    loop {
        let events = source.next().await?;
        if events.is_empty() {
            break;
        }
        let mut leaves = Vec::with_capacity(events.len());
        for Replica { event, private } in events {
            if let Some(Private { key, content }) = private {
                let (position, key) = (event.position, Hash(key).to_string());
                write(
                    out,
                    &Line::Private {
                        position,
                        key,
                        content,
                    },
                )?;
            }
            leaves.push(Hash::of_leaf(event.json.as_bytes()));
            out.write_all(event.json.as_bytes())?;
            out.write_all(b"\n")?;
        }
        edge.grow(&leaves);
        progress(edge.size());
    }
    check(edge.head(), tree)?;
    for (size, note) in source.checkpoints().await? {
        write(out, &Line::Checkpoint { size, note })?;
    }
    out.flush()?;
    Ok(tree)
}

fn write(out: &mut impl Write, line: &Line) -> Result<(), TransferError> {
    serde_json::to_writer(&mut *out, line).map_err(std::io::Error::from)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// An archive as a source.
///
/// What a store keeps of an event beside its leaf (whose it is, which event it speaks of) follows
/// from the events before it, and is found anew.
pub struct ArchiveReader {
    lines: Lines,
    tree: TreeHead,
    /// The ledger that the archive is read into, where events are looked up that others speak of.
    target: Option<Arc<dyn Ledger>>,
    /// Whose each app is.
    owners: HashMap<String, String>,
    edge: Edge,
}

impl ArchiveReader {
    /// How every archive begins.
    pub const BEGINNING: &'static [u8] = b"{\"standing_archive\":";

    /// The archive of these bytes, which are no longer compressed.
    ///
    /// # Errors
    /// Where they are no archive.
    pub fn new(bytes: Box<dyn BufRead + Send>) -> Result<Self, TransferError> {
        let mut lines = Lines {
            bytes,
            line: 0,
            text: String::new(),
        };
        let header = lines
            .next()?
            .and_then(|text| serde_json::from_str(text).ok());
        let Some(Line::Header {
            version,
            size,
            root,
            private: _,
        }) = header
        else {
            return Err(lines.error("this is no archive of a ledger"));
        };
        if version != VERSION {
            let reason =
                format!("archives of version {version} are not known: use a newer program");
            return Err(lines.error(&reason));
        }
        let Some(root) = Hash::from_hex(&root) else {
            return Err(lines.error("`root` is no hash"));
        };
        Ok(Self {
            lines,
            tree: TreeHead { size, root },
            target: None,
            owners: HashMap::new(),
            edge: Edge::default(),
        })
    }

    /// The same, to be read into that ledger.
    #[must_use]
    pub fn aimed_at(mut self, target: Arc<dyn Ledger>) -> Self {
        self.target = Some(target);
        self
    }

    /// Reads to the end, and shows that the events make the tree that the header says.
    ///
    /// # Errors
    /// Where they do not, or the archive is damaged otherwise.
    pub fn verify(mut self) -> Result<TreeHead, TransferError> {
        while !self.read(PAGE)?.is_empty() {}
        check(self.edge.head(), self.tree)?;
        self.rest()?;
        Ok(self.tree)
    }

    /// Reads the checkpoints after the events.
    fn rest(&mut self) -> Result<Vec<(u64, String)>, TransferError> {
        let mut checkpoints = Vec::new();
        while let Some(text) = self.lines.next()? {
            match serde_json::from_str(text) {
                Ok(Line::Checkpoint { size, note }) if size <= self.tree.size => {
                    checkpoints.push((size, note));
                }
                _ => return Err(self.lines.error("there is more than the header says")),
            }
        }
        Ok(checkpoints)
    }

    /// The next events, at most so many. Those they speak of are not looked up yet.
    fn read(&mut self, count: usize) -> Result<Vec<Read>, TransferError> {
        let mut events: Vec<Read> = Vec::new();
        let mut waiting: Option<(Position, Private)> = None;
        while events.len() < count {
            let position = Position(self.edge.size() + events.len() as u64 + 1);
            if position.0 > self.tree.size {
                break;
            }
            let Some(text) = self.lines.next()? else {
                let reason = format!("the archive ends before event {position}");
                return Err(self.lines.error(&reason));
            };
            // An event's names are in order, and it has `data`, which comes before `private`.
            if text.starts_with("{\"private\":") {
                match serde_json::from_str(text) {
                    Ok(Line::Private {
                        position: at,
                        key,
                        content,
                    }) if at == position => {
                        let key = Hash::from_hex(&key);
                        let key = key.ok_or_else(|| self.lines.error("`key` is no key"))?.0;
                        waiting = Some((at, Private { key, content }));
                    }
                    _ => {
                        return Err(self
                            .lines
                            .error("this is no private content of the next event"));
                    }
                }
                continue;
            }
            let private = waiting.take().map(|(_, private)| private);
            let read = self.event(position, private)?;
            events.push(read);
        }
        let leaves: Vec<Hash> = events
            .iter()
            .map(|read| Hash::of_leaf(read.replica.event.json.as_bytes()))
            .collect();
        self.edge.grow(&leaves);
        Ok(events)
    }

    /// The event of the line that was read last.
    fn event(
        &mut self,
        position: Position,
        private: Option<Private>,
    ) -> Result<Read, TransferError> {
        let json = self.lines.text.clone();
        let damaged = |reason: String| TransferError::Archive {
            line: self.lines.line,
            reason,
        };
        let body = serde_json::from_str(&json).map_err(|error| damaged(error.to_string()))?;
        let event = Event::from_leaf(&body).map_err(|refusal| damaged(refusal.to_string()))?;
        let developer = match (&event.data, event.kind) {
            (_, Kind::RulebookPublished) => None,
            (_, Kind::DeveloperRegistered) => Some(event.subject.clone()),
            (Data::AppRegistered { developer, .. }, _) => Some(developer.clone()),
            _ => self.owners.get(&event.subject).cloned(),
        };
        if let (Kind::DeveloperRegistered | Kind::AppRegistered, Some(developer)) =
            (event.kind, &developer)
        {
            self.owners.insert(event.subject.clone(), developer.clone());
        }
        let stored = StoredEvent::from_leaf(position, None, developer, json).map_err(damaged)?;
        let refers = event.data.event_ref().map(|wanted| {
            let (source, id) = (wanted.source.clone(), wanted.id.clone());
            (source, id)
        });
        Ok(Read {
            replica: Replica {
                event: stored,
                private,
            },
            refers,
        })
    }
}

/// Finds the events that these speak of: among themselves, or in the target.
async fn aim(target: Option<&dyn Ledger>, events: &mut [Read]) -> Result<(), TransferError> {
    if events.iter().all(|read| read.refers.is_none()) {
        return Ok(());
    }
    let own: HashMap<(String, String), Position> = events
        .iter()
        .map(|read| {
            let event = &read.replica.event;
            ((event.source.clone(), event.id.clone()), event.position)
        })
        .collect();
    for read in events {
        let Some(wanted) = &read.refers else { continue };
        let aimed = match (own.get(wanted), target) {
            (Some(position), _) => Some(*position),
            (None, None) => None,
            (None, Some(target)) => {
                let (source, id) = wanted;
                let found = target.find(&[Key { source, id }]).await?.into_iter().next();
                found.flatten().map(|found| found.position)
            }
        };
        read.replica.event.target = aimed;
    }
    Ok(())
}

/// An event that was read, and the key of the one that it speaks of.
struct Read {
    replica: Replica,
    refers: Option<(String, String)>,
}

#[async_trait]
impl Source for ArchiveReader {
    fn tree(&self) -> TreeHead {
        self.tree
    }

    async fn skip(&mut self, size: u64) -> Result<Edge, TransferError> {
        while self.edge.size() < size {
            let left = usize::try_from(size - self.edge.size()).unwrap_or(usize::MAX);
            self.read(left.min(PAGE))?;
        }
        Ok(self.edge.clone())
    }

    async fn next(&mut self) -> Result<Vec<Replica>, TransferError> {
        let mut events = self.read(PAGE)?;
        aim(self.target.as_deref(), &mut events).await?;
        Ok(events.into_iter().map(|read| read.replica).collect())
    }

    async fn checkpoints(&mut self) -> Result<Vec<(u64, String)>, TransferError> {
        self.rest()
    }
}

/// Lines, counted, none longer than [`LINE_BYTES_MAX`].
struct Lines {
    bytes: Box<dyn BufRead + Send>,
    line: u64,
    text: String,
}

impl Lines {
    fn next(&mut self) -> Result<Option<&str>, TransferError> {
        self.line += 1;
        self.text.clear();
        let mut bounded = std::io::Read::take(&mut self.bytes, LINE_BYTES_MAX);
        let read = match bounded.read_line(&mut self.text) {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(self.error("this is not UTF-8"));
            }
            Err(error) => return Err(error.into()),
        };
        if read == 0 {
            return Ok(None);
        }
        if !self.text.ends_with('\n') {
            return Err(self.error("the line is cut off, or longer than any event"));
        }
        self.text.pop();
        Ok(Some(&self.text))
    }

    fn error(&self, reason: &str) -> TransferError {
        TransferError::Archive {
            line: self.line,
            reason: reason.to_owned(),
        }
    }
}

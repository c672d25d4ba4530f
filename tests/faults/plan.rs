//! What a writer does, all of it from a seed: the same seed, the same batches in the same order.
//!
//! An event's id tells its batch, its place in it and how many belong together, and its content
//! follows from its id. So whoever reads the log can tell what must be in it to the byte, and
//! whether a batch is whole, without having been told what was sent.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use standing::ledger::NewEvent;
use standing_projections::Event;

/// The source of all events but those that several writers send.
pub(crate) const SOURCE: &str = "/faults";

/// A batch's name: which life of which writer sent it, and as its how-manieth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct BatchName {
    /// A writing process; a new one for each that is started.
    pub(crate) life: u64,
    /// A task in it.
    pub(crate) producer: u64,
    /// A batch of that task.
    pub(crate) number: u64,
}

/// An event's name, which is its id as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Name {
    /// An event that one producer sends.
    Own {
        batch: BatchName,
        index: u64,
        size: u64,
    },
    /// An event that every producer of every life sends, for one of them to be taken.
    Shared(u64),
}

/// What a batch is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// New events, appended whatever the log holds.
    Plain { size: u64 },
    /// New events under a condition that cannot hold once there is a log.
    Stale { size: u64 },
    /// New events under the condition that nothing comes between asking for the head and appending.
    Unless { size: u64, newer: Newer },
    /// New events, and after them one of an earlier batch of the producer, if that was taken.
    Taken { size: u64, earlier: u64 },
    /// One event that others send as well.
    Shared { number: u64 },
}

/// What must not have come in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newer {
    Anything,
    SameSubject,
}

/// A stream of numbers for one purpose, apart from those of others.
pub(crate) fn numbers(seed: u64, purpose: &[u64]) -> fastrand::Rng {
    let mut state = seed;
    for part in purpose {
        state = fastrand::Rng::with_seed(state ^ part.rotate_left(32)).u64(..);
    }
    fastrand::Rng::with_seed(state)
}

impl Plan {
    /// What that batch is to be.
    pub(crate) fn of(seed: u64, batch: BatchName) -> Self {
        let mut rng = numbers(seed, &[batch.life, batch.producer, batch.number]);
        // Large ones are rare, and larger than what stores insert with one statement.
        let size = match rng.u32(..100) {
            0..55 => 1,
            55..97 => rng.u64(2..=7),
            _ => rng.u64(51..=70),
        };
        match rng.u32(..100) {
            0..8 => Self::Stale { size },
            8..14 => Self::Unless {
                size,
                newer: Newer::Anything,
            },
            14..24 => Self::Unless {
                size,
                newer: Newer::SameSubject,
            },
            24..32 if batch.number > 0 => Self::Taken {
                size,
                earlier: rng.u64(..batch.number),
            },
            32..42 => Self::Shared {
                number: batch.number / 4,
            },
            _ => Self::Plain { size },
        }
    }

    /// The events of that batch that nobody else sends.
    pub(crate) fn own(self, batch: BatchName) -> Vec<Name> {
        let size = match self {
            Self::Plain { size }
            | Self::Stale { size }
            | Self::Unless { size, .. }
            | Self::Taken { size, .. } => size,
            Self::Shared { .. } => 0,
        };
        (0..size)
            .map(|index| Name::Own { batch, index, size })
            .collect()
    }

    /// The events that are sent where it is not known what became of the batch.
    pub(crate) fn again(self, seed: u64, batch: BatchName) -> Vec<Name> {
        match self {
            Self::Shared { .. } => self.events(seed, batch),
            _ => self.own(batch),
        }
    }

    /// The events that such a batch sends.
    pub(crate) fn events(self, seed: u64, batch: BatchName) -> Vec<Name> {
        let mut names = self.own(batch);
        match self {
            Self::Taken { earlier, .. } => {
                let earlier = BatchName {
                    number: earlier,
                    ..batch
                };
                names.extend(Self::of(seed, earlier).events(seed, earlier).first());
            }
            Self::Shared { number } => names.push(Name::Shared(number)),
            _ => {}
        }
        names
    }
}

impl Name {
    /// The event's id.
    pub(crate) fn id(self) -> String {
        match self {
            Self::Own { batch, index, size } => format!(
                "life-{}/{}/{}/{index}-of-{size}",
                batch.life, batch.producer, batch.number
            ),
            Self::Shared(number) => format!("shared/{number}"),
        }
    }

    /// The name that is that id.
    pub(crate) fn from_id(id: &str) -> Result<Self> {
        let no_name = || format!("`{id}` is no id that a writer gives");
        let parts: Vec<&str> = id.split('/').collect();
        let name = match parts[..] {
            ["shared", number] => Self::Shared(number.parse().with_context(no_name)?),
            [life, producer, number, place] => {
                let life = life.strip_prefix("life-").with_context(no_name)?;
                let (index, size) = place.split_once("-of-").with_context(no_name)?;
                let batch = BatchName {
                    life: life.parse().with_context(no_name)?,
                    producer: producer.parse().with_context(no_name)?,
                    number: number.parse().with_context(no_name)?,
                };
                let (index, size) = (index.parse()?, size.parse()?);
                Self::Own { batch, index, size }
            }
            _ => anyhow::bail!(no_name()),
        };
        ensure!(name.id() == id, no_name());
        Ok(name)
    }

    /// The event as it is sent.
    pub(crate) fn body(self) -> Map<String, Value> {
        let id = self.id();
        let mut rng = fastrand::Rng::with_seed(id.bytes().fold(7, |sum: u64, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(byte))
        }));
        let text: String = (0..rng.usize(..120))
            .filter_map(|_| rng.choice(['a', 'e', ' ', '"', '\n', 'ü', '诉', '𝄞']))
            .collect();
        let (kind, data) = match rng.u32(..4) {
            0 => (
                "violation.found",
                json!({"code": "bulk_scraping", "note": &text}),
            ),
            1 => (
                "usage.reported",
                json!({"date": "2016-02-29", "daily_users": rng.u32(..)}),
            ),
            _ => (
                "complaint.received",
                json!({"class": "normal", "note": &text}),
            ),
        };
        let minute = rng.u32(..60);
        let mut body = json!({
            "specversion": "1.0", "id": id, "source": SOURCE, "type": kind,
            "time": format!("2016-03-01T08:{minute:02}:00+08:00"),
            "subject": format!("app-{}", rng.u32(..7)), "data": data,
        });
        if rng.u32(..5) == 0 {
            body["private"] = json!({"complainant": text, "case": rng.u32(..)});
        }
        match body {
            Value::Object(body) => body,
            _ => Map::new(),
        }
    }

    /// The event as a ledger takes it.
    pub(crate) fn event(self) -> Result<NewEvent> {
        let body = self.body();
        let event = Event::from_object(&body).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
        Ok(NewEvent {
            developer: Some(developer_of(&event.subject)),
            event,
            body,
            target: None,
        })
    }
}

/// Whose an app is.
pub(crate) fn developer_of(subject: &str) -> String {
    let last = subject.bytes().last().unwrap_or_default();
    format!("developer-{}", last % 3)
}

//! The versions of the rules that the ledger knows, and which of them hold.

use standing_projections::event::{Data, Kind};
use standing_projections::facts::Names;
use standing_projections::rules::{RulesError, Timeline};
use standing_projections::{Instant, Position, Rulebook};

use super::{HistoryError, event_of};
use crate::ledger::{Ledger, Query};

/// A version of the rules in the ledger.
#[derive(Clone, Debug)]
pub struct Published {
    /// Where it was published.
    pub position: Position,
    /// When the ledger took it.
    pub recordedtime: Instant,
    /// The version.
    pub book: Rulebook,
}

/// Which versions hold: at an instant, and for the month it lies in, which may have begun by
/// older rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The position of the one that holds then.
    pub now: Position,
    /// The position of the one that judges the month.
    pub month: Position,
}

/// `weibo@2014-12-24`
#[must_use]
pub fn label(book: &Rulebook) -> String {
    format!("{}@{}", book.id, book.version)
}

/// Every version published, by position.
///
/// # Errors
/// Where the log cannot be read, or holds what this version does not understand.
pub async fn versions(ledger: &dyn Ledger) -> Result<Vec<Published>, HistoryError> {
    let mut query = Query {
        kinds: vec![Kind::RulebookPublished],
        ..Query::default()
    };
    let mut versions = Vec::new();
    loop {
        let page = ledger.read(&query).await?;
        for stored in &page {
            if let Data::RulebookPublished { toml, .. } = event_of(stored)?.data {
                let book = Rulebook::parse(&toml).map_err(|error| HistoryError::Unreadable {
                    position: stored.position,
                    reason: error.to_string(),
                })?;
                versions.push(Published {
                    position: stored.position,
                    recordedtime: stored.recordedtime,
                    book,
                });
            }
        }
        match page.last() {
            Some(last) if page.len() == query.limit => query.after = last.position,
            _ => return Ok(versions),
        }
    }
}

/// Why versions cannot be published beside those that there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TogetherError {
    /// One of that name is published.
    #[error("the version `{0}` is published, with another text")]
    Published(String),
    /// It is there twice.
    #[error("the version `{0}` is given twice")]
    Twice(String),
    /// They are no versions of one rulebook.
    #[error(transparent)]
    Rules(#[from] RulesError),
}

/// Whether versions go with those there are and with each other: one id, one time zone, each
/// version once. What they make together, if there are any.
///
/// # Errors
/// Where they do not.
pub fn together(known: &[Rulebook], new: &[Rulebook]) -> Result<Option<Timeline>, TogetherError> {
    for (index, book) in new.iter().enumerate() {
        let same = |other: &Rulebook| other.version == book.version;
        if known.iter().any(same) {
            return Err(TogetherError::Published(label(book)));
        }
        if new[..index].iter().any(same) {
            return Err(TogetherError::Twice(label(book)));
        }
    }
    let all = known.iter().chain(new);
    let all: Vec<(Position, Rulebook)> = all.map(|book| (Position(0), book.clone())).collect();
    match all.is_empty() {
        true => Ok(None),
        false => Ok(Some(Timeline::new(all, &Names::default())?)),
    }
}

/// The versions in the order in which they hold.
///
/// # Errors
/// Where there is none, or they are not versions of one rulebook in one time zone.
pub fn timeline(versions: &[Published]) -> Result<Timeline, RulesError> {
    let books = versions
        .iter()
        .map(|one| (one.position, one.book.clone()))
        .collect();
    Timeline::new(books, &Names::default())
}

/// Which versions hold at an instant.
#[must_use]
pub fn holding(timeline: &Timeline, at: Instant) -> Holding {
    let month = timeline.index_of_month(timeline.zone().month(at));
    Holding {
        now: timeline.at(at).position,
        month: timeline.version(month).position,
    }
}

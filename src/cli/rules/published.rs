//! The versions of the rules that the ledger knows, and which of them hold.

use standing_projections::event::{Data, Kind};
use standing_projections::facts::Names;
use standing_projections::rules::{RulesError, Timeline};
use standing_projections::{Instant, Position, Rulebook};

use crate::cli::failure::Failure;
use crate::history::event_of;
use crate::ledger::{Ledger, Query};

/// A version of the rules in the ledger.
#[derive(Clone, Debug)]
pub(super) struct Published {
    pub(super) position: Position,
    pub(super) recordedtime: Instant,
    pub(super) book: Rulebook,
}

/// Which versions hold: at an instant, and for the month it lies in, which may have begun by
/// older rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Holding {
    pub(super) now: Position,
    pub(super) month: Position,
}

/// `weibo@2014-12-24`
pub(in crate::cli) fn label(book: &Rulebook) -> String {
    format!("{}@{}", book.id, book.version)
}

/// Every version published, by position.
pub(super) async fn versions(ledger: &dyn Ledger) -> Result<Vec<Published>, Failure> {
    let mut query = Query {
        kinds: vec![Kind::RulebookPublished],
        ..Query::default()
    };
    let mut versions = Vec::new();
    loop {
        let page = ledger.read(&query).await?;
        for stored in &page {
            if let Data::RulebookPublished { toml, .. } = event_of(stored)?.data {
                let book = Rulebook::parse(&toml).map_err(RulesError::Invalid)?;
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

/// The versions in the order in which they hold.
///
/// # Errors
/// Where there is none, or they are not versions of one rulebook in one time zone.
pub(super) fn timeline(versions: &[Published]) -> Result<Timeline, RulesError> {
    let books = versions
        .iter()
        .map(|one| (one.position, one.book.clone()))
        .collect();
    Timeline::new(books, &Names::default())
}

/// Which versions hold at an instant.
pub(super) fn holding(timeline: &Timeline, at: Instant) -> Holding {
    let month = timeline.index_of_month(timeline.zone().month(at));
    Holding {
        now: timeline.at(at).position,
        month: timeline.version(month).position,
    }
}

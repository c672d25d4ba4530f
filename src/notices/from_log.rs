//! Notices of a developer, with what the log has of their events.

use serde_json::Value;
use standing_projections::explain::{self, EventNote, Subject};
use standing_projections::facts::{DeveloperFacts, Names};
use standing_projections::rulebook::Lang;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Assessor, Instant, Position, Standing};

use super::read::{is_any, notices};
use super::{Correction, Notice, corrections, told_since};
use crate::history::{HistoryError, KnownAt, explained};
use crate::ledger::{Ledger, Query, StoreError};

/// What notices are asked of.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Where the events are.
    pub ledger: &'a dyn Ledger,
    /// The names in the facts.
    pub names: &'a Names,
    /// The rulebooks.
    pub timeline: &'a Timeline,
    /// The instants.
    pub ask: Ask,
    /// The language of what they say.
    pub lang: Lang,
}

/// A developer's standing, and the notices of it.
pub struct OfDeveloper<'a> {
    /// How it stands.
    pub standing: Standing<'a>,
    /// What it is told.
    pub notices: Vec<Notice>,
}

impl<'a> Asked<'a> {
    /// The notices of a developer; nothing, where it was not registered.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn of(
        &self,
        developer: &'a DeveloperFacts,
    ) -> Result<Option<OfDeveloper<'a>>, HistoryError> {
        let mut assessor = Assessor::new(self.names, self.timeline, self.ask);
        let Some(standing) = assessor.standing(developer) else {
            return Ok(None);
        };
        if !is_any(&standing) {
            let notices = Vec::new();
            return Ok(Some(OfDeveloper { standing, notices }));
        }
        let question = explain::Question {
            standing: &standing,
            timeline: self.timeline,
            subject: Subject::Developer,
            month: None,
            lang: self.lang,
        };
        let graph = explained(self.ledger, &question, type_and_time).await?;
        let notices = notices(&standing, self.timeline, &graph, self.lang);
        Ok(Some(OfDeveloper { standing, notices }))
    }

    /// The notices of a developer that it had not been told when `before` was asked.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn new_since(
        &self,
        before: &Asked<'a>,
        developer: &'a DeveloperFacts,
    ) -> Result<Vec<Notice>, HistoryError> {
        let Some(now) = self.of(developer).await? else {
            return Ok(Vec::new());
        };
        if now.notices.is_empty() {
            return Ok(Vec::new());
        }
        let before = before.of(developer).await?;
        let before = before.map_or_else(Vec::new, |before| before.notices);
        Ok(told_since(&before, now.notices))
    }

    /// The corrections of what a developer had been told when `before` was asked.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn corrections_since(
        &self,
        before: &Asked<'a>,
        developer: &'a DeveloperFacts,
    ) -> Result<Vec<Correction>, HistoryError> {
        let told = match before.of(developer).await? {
            Some(told) if !told.notices.is_empty() => told.notices,
            _ => return Ok(Vec::new()),
        };
        let since = before.ask.known_at;
        let now = self.of(developer).await?;
        Ok(now.map_or_else(Vec::new, |now| {
            corrections(told, since, &now.notices, &now.standing)
        }))
    }
}

/// Of an event a notice tells its type and its time, and nothing that anybody wrote.
fn type_and_time(mut note: EventNote) -> EventNote {
    note.id.clear();
    note.source.clear();
    note.data = Value::Null;
    note
}

/// What could be known and have happened at an earlier state of the log: at a position, what had happened
/// when its event was recorded.
///
/// Nothing where the position is after what `ask` knows. The instant is never after that of `ask`.
///
/// # Errors
/// Where the log cannot be read.
pub async fn earlier(
    ledger: &dyn Ledger,
    since: KnownAt,
    ask: Ask,
) -> Result<Option<Ask>, StoreError> {
    let (known_at, as_of) = match since {
        KnownAt::Instant(at) => (ledger.position_at(at).await?.min(ask.known_at), at),
        KnownAt::Position(Position(0)) => (Position(0), ask.as_of),
        KnownAt::Position(position) => match recorded(ledger, position).await? {
            Some(at) if position <= ask.known_at => (position, at),
            _ => return Ok(None),
        },
    };
    Ok(Some(Ask {
        as_of: as_of.min(ask.as_of),
        known_at,
    }))
}

async fn recorded(ledger: &dyn Ledger, at: Position) -> Result<Option<Instant>, StoreError> {
    let query = Query {
        after: Position(at.0.saturating_sub(1)),
        up_to: Some(at),
        limit: 1,
        ..Query::default()
    };
    let found = ledger.read(&query).await?.into_iter().next();
    Ok(found.map(|stored| stored.recordedtime))
}

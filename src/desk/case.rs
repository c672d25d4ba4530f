//! What a decision is judged by, straight from the log.

use standing_projections::decisions::{Docket, Illegal, Logged, Reason};
use standing_projections::facts::History;
use standing_projections::refusal::{Code, Refusal};
use standing_projections::rules::Timeline;
use standing_projections::{Event, Instant, Position};

use super::refused::DecideError;
use crate::history::records::{Subject, load_app, load_subjects};
use crate::history::{self, Scope};
use crate::ledger::{Key, Ledger, Query, StoreError, StoredEvent};

/// A developer as a decision about it finds it: its history, its docket, and up to where the log was known.
pub(super) struct Case {
    pub(super) developer: String,
    pub(super) head: Position,
    pub(super) history: History,
    pub(super) timeline: Timeline,
    pub(super) docket: Docket,
}

impl Case {
    /// The case of a developer, up to a position.
    pub(super) async fn load(
        ledger: &dyn Ledger,
        developer: String,
        head: Position,
    ) -> Result<Self, DecideError> {
        let scope = Scope::Developers(vec![developer.clone()]);
        let history = history::load(ledger, &scope, head).await?;
        let timeline = Timeline::known(&history, head)?;
        let docket = docket(ledger, Some(developer.clone()), head).await?;
        Ok(Self {
            developer,
            head,
            history,
            timeline,
            docket,
        })
    }

    /// Everything whose events a decision may hang on: the developer, and its apps.
    pub(super) fn subjects(&self) -> Vec<String> {
        let apps = self
            .history
            .subject(&self.developer)
            .into_iter()
            .flat_map(|(developer, _)| developer.apps());
        let apps = apps.map(|app| app.id.to_string());
        std::iter::once(self.developer.clone())
            .chain(apps)
            .collect()
    }
}

/// The docket of a developer, or of everybody, up to a position.
pub(super) async fn docket(
    ledger: &dyn Ledger,
    developer: Option<String>,
    head: Position,
) -> Result<Docket, DecideError> {
    let query = Query {
        developer,
        kinds: Docket::KINDS.to_vec(),
        up_to: Some(head),
        limit: usize::MAX,
        ..Query::default()
    };
    let stored = ledger.read(&query).await?;
    let logged = stored.iter().map(logged).collect::<Result<Vec<_>, _>>()?;
    Ok(Docket::new(logged))
}

/// A stored event as decisions see it.
pub(super) fn logged(stored: &StoredEvent) -> Result<Logged, DecideError> {
    Ok(Logged {
        position: stored.position,
        recordedtime: stored.recordedtime,
        target: stored.target,
        event: history::event_of(stored)?,
    })
}

/// The event of a key.
pub(super) async fn find(
    ledger: &dyn Ledger,
    source: &str,
    id: &str,
) -> Result<Option<StoredEvent>, StoreError> {
    let found = ledger.find(&[Key { source, id }]).await?;
    Ok(found.into_iter().next().flatten())
}

/// The event at a position.
pub(super) async fn at(
    ledger: &dyn Ledger,
    position: Position,
) -> Result<Option<StoredEvent>, StoreError> {
    let query = Query {
        after: Position(position.0.saturating_sub(1)),
        up_to: Some(position),
        limit: 1,
        ..Query::default()
    };
    Ok(ledger.read(&query).await?.into_iter().next())
}

/// The developer that a subject is, or whose app it is.
pub(super) async fn developer_of(
    ledger: &dyn Ledger,
    subject: &str,
    head: Position,
) -> Result<Option<String>, StoreError> {
    let found = load_subjects(ledger, &[subject.to_owned()], head).await?;
    Ok(match found.into_iter().find_map(|(_, subject)| subject) {
        Some(Subject::Developer) => Some(subject.to_owned()),
        Some(Subject::App { developer, .. }) => Some(developer.to_string()),
        None => None,
    })
}

/// A step of an app's review that intake refused, with the state and what would be legal; what else it refused,
/// as it is.
pub(super) async fn illegal_step(
    ledger: &dyn Ledger,
    event: &Event,
    refusal: Refusal,
    now: Instant,
) -> Result<DecideError, DecideError> {
    let code = match refusal.code {
        Code::ReviewOutOfOrder => Reason::OutOfOrder,
        Code::ReviewOnHold => Reason::OnHold,
        _ => return Ok(DecideError::Refused(refusal)),
    };
    let app = &event.subject;
    let head = ledger.head().await?.position;
    let found = load_subjects(ledger, std::slice::from_ref(app), head).await?;
    let subject = found.into_iter().find_map(|(_, subject)| subject);
    let books = crate::history::records::load_books(ledger, head).await?;
    let record = match (subject, books.timeline) {
        (Some(subject), Some(timeline)) => load_app(ledger, app, &subject, head, &timeline).await?,
        _ => None,
    };
    Ok(match record {
        None => DecideError::Refused(refusal),
        Some(record) => DecideError::Illegal(Illegal {
            code,
            message: refusal.message,
            state: record.lifecycle().state().to_string(),
            legal_now: record.legal_now(now),
        }),
    })
}

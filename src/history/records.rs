//! What decides what may come next, straight from the log: registered subjects, published
//! rulebooks, and the records of apps. Intake and the desk both judge by it.

use std::collections::HashSet;
use std::sync::Arc;

use standing_projections::event::{Channel, Data, Kind, Permission};
use standing_projections::facts::Names;
use standing_projections::legality::AppRecord;
use standing_projections::rules::Timeline;
use standing_projections::{Event, Instant, Position, Rulebook};

use crate::ledger::{Ledger, Query, StoreError, StoredEvent};

/// The kinds that decide what may be recorded next of an app.
pub(crate) const DECIDING: &[Kind] = &[
    Kind::AppPermissionChanged,
    Kind::AppDelisted,
    Kind::AppKeyDisabled,
    Kind::AppKeyEnabled,
    Kind::OutageStarted,
    Kind::OutageEnded,
    Kind::ReviewSubmitted,
    Kind::ReviewApproved,
    Kind::ReviewRejected,
    Kind::InspectionFailed,
    Kind::InspectionRemedied,
    Kind::ReportConfirmed,
    Kind::ReportRemedied,
    Kind::EventRetracted,
    Kind::AppealDecided,
];

/// A registered subject.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Developer,
    App {
        developer: Arc<str>,
        channel: Channel,
        permission: Permission,
        registered: Instant,
    },
}

impl Subject {
    pub(crate) fn of(event: &Event) -> Option<Self> {
        match &event.data {
            Data::DeveloperRegistered { .. } => Some(Self::Developer),
            Data::AppRegistered {
                developer,
                channel,
                permission,
                ..
            } => Some(Self::App {
                developer: developer.as_str().into(),
                channel: *channel,
                permission: *permission,
                registered: event.time,
            }),
            _ => None,
        }
    }
}

/// The published rulebooks, and what is looked up in them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    pub(crate) all: Vec<(Position, Rulebook)>,
    pub(crate) timeline: Option<Arc<Timeline>>,
    pub(crate) violations: HashSet<String>,
    pub(crate) behaviors: HashSet<String>,
}

impl Books {
    /// Takes versions that were published. What the log holds has been checked by intake.
    pub(crate) fn publish(&mut self, versions: impl IntoIterator<Item = (Position, Rulebook)>) {
        for (position, book) in versions {
            self.take(position, book);
        }
        self.timeline = Timeline::new(self.all.clone(), &Names::default())
            .ok()
            .map(Arc::new);
    }

    fn take(&mut self, position: Position, book: Rulebook) {
        self.violations
            .extend(book.violations.iter().map(|v| v.get_ref().code.clone()));
        let ranked = book.ranking.iter().flat_map(|ranking| &ranking.behaviors);
        self.behaviors
            .extend(ranked.map(|behavior| behavior.get_ref().code.clone()));
        self.all.push((position, book));
    }
}

/// The rulebooks published up to a position.
pub(crate) async fn load_books(ledger: &dyn Ledger, up_to: Position) -> Result<Books, StoreError> {
    let query = Query {
        up_to: Some(up_to),
        kinds: vec![Kind::RulebookPublished],
        limit: usize::MAX,
        ..Query::default()
    };
    let stored = ledger.read(&query).await?;
    let mut books = Books::default();
    books.publish(
        stored
            .iter()
            .filter_map(|stored| Some((stored.position, rulebook_of(stored)?))),
    );
    Ok(books)
}

/// The record of a registered app, from the log up to a position; none for a developer.
pub(crate) async fn load_app(
    ledger: &dyn Ledger,
    app: &str,
    subject: &Subject,
    up_to: Position,
    timeline: &Timeline,
) -> Result<Option<AppRecord>, StoreError> {
    let Subject::App {
        channel,
        permission,
        registered,
        ..
    } = subject
    else {
        return Ok(None);
    };
    let mut record = AppRecord::new(*channel, *permission, *registered);
    let query = Query {
        up_to: Some(up_to),
        subjects: vec![app.to_owned()],
        kinds: DECIDING.to_vec(),
        limit: usize::MAX,
        ..Query::default()
    };
    for stored in ledger.read(&query).await? {
        if let Some(event) = event_of(&stored) {
            record.record(
                stored.position,
                event.time,
                &event.data,
                stored.target,
                timeline,
            );
        }
    }
    Ok(Some(record))
}

/// The registered subjects among these ids, up to a position.
pub(crate) async fn load_subjects(
    ledger: &dyn Ledger,
    ids: &[String],
    up_to: Position,
) -> Result<Vec<(String, Option<Subject>)>, StoreError> {
    let query = Query {
        up_to: Some(up_to),
        subjects: ids.to_vec(),
        kinds: vec![Kind::DeveloperRegistered, Kind::AppRegistered],
        limit: ids.len(),
        ..Query::default()
    };
    let found = ledger.read(&query).await?.into_iter();
    let subject = |stored: &StoredEvent| event_of(stored).and_then(|event| Subject::of(&event));
    Ok(found
        .map(|stored| (stored.subject.clone(), subject(&stored)))
        .collect())
}

pub(crate) fn rulebook_of(stored: &StoredEvent) -> Option<Rulebook> {
    match event_of(stored)?.data {
        Data::RulebookPublished { toml, .. } => Rulebook::parse(&toml).ok(),
        _ => None,
    }
}

/// A stored event, typed; what the log holds has passed intake.
pub(crate) fn event_of(stored: &StoredEvent) -> Option<Event> {
    Event::from_leaf(&serde_json::from_str(&stored.json).ok()?).ok()
}

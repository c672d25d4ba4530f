//! What the ledger knows, as far as intake judges by it.
//!
//! A [`Register`] is a cache over the log: registered subjects, published rulebooks, and the
//! records of the apps it was asked about. It is brought up to the head before each batch, holds a
//! bounded number of app records, and can be dropped at any time and comes back equal.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use standing_projections::event::{Channel, Data, Kind, Permission};
use standing_projections::facts::Names;
use standing_projections::legality::AppRecord;
use standing_projections::rules::Timeline;
use standing_projections::{Event, Instant, Position, Rulebook};

use crate::ledger::{Ledger, Query, StoreError, StoredEvent};

/// How many apps and events of apps are held before all are let go and looked up anew.
const HELD_MAX: usize = 1_000_000;
/// How much memory subjects may take before they are let go, and what one takes beside its name.
const NAMES_BYTES_MAX: usize = 128 << 20;
const SUBJECT_BYTES: usize = 128;
/// How many events are read at a time.
const PAGE: usize = 5_000;
/// How many names one query asks for.
const SUBJECTS_A_QUERY: usize = 400;

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
    fn of(event: &Event) -> Option<Self> {
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

/// What intake knows of the log up to a position.
#[derive(Debug, Default)]
pub(crate) struct Register {
    pub(crate) known: Position,
    pub(crate) recordedtime: Option<Instant>,
    pub(crate) books: Books,
    subjects: HashMap<String, Option<Subject>>,
    names_bytes: usize,
    apps: HashMap<String, AppRecord>,
}

impl Register {
    /// Takes in what others appended since it was last asked. What it has appended itself it
    /// already knows.
    pub(crate) async fn catch_up(&mut self, ledger: &dyn Ledger) -> Result<(), StoreError> {
        let head = ledger.head().await?;
        self.recordedtime = head.recordedtime;
        if self.known == Position(0) {
            // What was looked up in an empty log says nothing any more.
            self.subjects.clear();
            self.apps.clear();
            self.books = load_books(ledger, head.position).await?;
        } else {
            self.take_in(ledger, head.position).await?;
        }
        self.known = head.position;
        let held = self.apps.values().map(AppRecord::len).sum::<usize>();
        if held + self.apps.len() > HELD_MAX || self.names_bytes > NAMES_BYTES_MAX {
            self.subjects.clear();
            self.apps.clear();
            self.names_bytes = 0;
        }
        Ok(())
    }

    async fn take_in(&mut self, ledger: &dyn Ledger, head: Position) -> Result<(), StoreError> {
        while self.known < head {
            let query = Query {
                after: self.known,
                up_to: Some(head),
                limit: PAGE,
                ..Query::default()
            };
            let page = ledger.read(&query).await?;
            let Some(last) = page.last().map(|stored| stored.position) else {
                break;
            };
            for stored in &page {
                match stored.kind {
                    Kind::RulebookPublished => {
                        if let Some(book) = rulebook_of(stored) {
                            self.publish(stored.position, book);
                        }
                    }
                    Kind::DeveloperRegistered | Kind::AppRegistered => {
                        self.subjects.remove(&stored.subject);
                    }
                    kind if DECIDING.contains(&kind) => {
                        self.apps.remove(&stored.subject);
                    }
                    _ => {}
                }
            }
            self.known = last;
        }
        Ok(())
    }

    /// Looks up the subjects that are not known yet.
    pub(crate) async fn load_subjects<'a>(
        &mut self,
        ledger: &dyn Ledger,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        let mut missing: Vec<String> = names
            .filter(|name| !self.subjects.contains_key(*name))
            .map(str::to_owned)
            .collect();
        missing.sort_unstable();
        missing.dedup();
        self.names_bytes += missing
            .iter()
            .map(|name| name.len() + SUBJECT_BYTES)
            .sum::<usize>();
        for chunk in missing.chunks(SUBJECTS_A_QUERY) {
            let query = Query {
                up_to: Some(self.known),
                subjects: chunk.to_vec(),
                kinds: vec![Kind::DeveloperRegistered, Kind::AppRegistered],
                limit: chunk.len(),
                ..Query::default()
            };
            for stored in ledger.read(&query).await? {
                let subject = event_of(&stored).and_then(|event| Subject::of(&event));
                self.subjects.insert(stored.subject, subject);
            }
            for name in chunk {
                self.subjects.entry(name.clone()).or_insert(None);
            }
        }
        Ok(())
    }

    /// Reads the records of the apps that are not held yet.
    pub(crate) async fn load_apps<'a>(
        &mut self,
        ledger: &dyn Ledger,
        apps: impl Iterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        let Some(timeline) = self.books.timeline.clone() else {
            return Ok(());
        };
        for app in apps {
            if self.apps.contains_key(app) {
                continue;
            }
            if let Some(subject) = self.subject(app).cloned()
                && let Some(record) = load_app(ledger, app, &subject, self.known, &timeline).await?
            {
                self.apps.insert(app.to_owned(), record);
            }
        }
        Ok(())
    }

    /// The registered subject of that id, once it was looked up.
    pub(crate) fn subject(&self, id: &str) -> Option<&Subject> {
        self.subjects.get(id)?.as_ref()
    }

    /// The record of an app, once it was read.
    pub(crate) fn app(&self, id: &str) -> Option<&AppRecord> {
        self.apps.get(id)
    }

    /// Takes a new version of the rules: every record is folded anew by them.
    fn publish(&mut self, position: Position, book: Rulebook) {
        self.books.publish([(position, book)]);
        if let Some(timeline) = &self.books.timeline {
            for record in self.apps.values_mut() {
                record.refold(timeline);
            }
        }
    }

    /// Takes an event that will be appended at a position.
    pub(crate) fn record(&mut self, position: Position, event: &Event, target: Option<Position>) {
        if let Some(subject) = Subject::of(event) {
            if let Subject::App {
                channel,
                permission,
                registered,
                ..
            } = &subject
            {
                let record = AppRecord::new(*channel, *permission, *registered);
                self.apps.insert(event.subject.clone(), record);
            }
            self.subjects.insert(event.subject.clone(), Some(subject));
        } else if let Data::RulebookPublished { toml, .. } = &event.data {
            if let Ok(book) = Rulebook::parse(toml) {
                self.publish(position, book);
            }
        } else if let (Some(record), Some(timeline)) =
            (self.apps.get_mut(&event.subject), &self.books.timeline)
        {
            record.record(position, event.time, &event.data, target, timeline);
        }
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

/// The registered subject of an id, straight from the log.
pub(crate) async fn load_subject(
    ledger: &dyn Ledger,
    id: &str,
    up_to: Position,
) -> Result<Option<Subject>, StoreError> {
    let mut register = Register {
        known: up_to,
        ..Register::default()
    };
    register.load_subjects(ledger, std::iter::once(id)).await?;
    Ok(register.subjects.remove(id).flatten())
}

fn rulebook_of(stored: &StoredEvent) -> Option<Rulebook> {
    match event_of(stored)?.data {
        Data::RulebookPublished { toml, .. } => Rulebook::parse(&toml).ok(),
        _ => None,
    }
}

/// A stored event, typed; what the log holds has passed intake.
pub(crate) fn event_of(stored: &StoredEvent) -> Option<Event> {
    Event::from_json(&serde_json::from_str(&stored.json).ok()?).ok()
}

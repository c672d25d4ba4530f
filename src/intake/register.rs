//! What the ledger knows, as far as intake judges by it.
//!
//! A [`Register`] is a cache over the log: registered subjects, published rulebooks, and the
//! records of the apps it was asked about. It is brought up to the head before each batch, holds a
//! bounded number of app records, and can be dropped at any time and comes back equal.

use std::collections::HashMap;

use standing_projections::event::{Data, Kind};
use standing_projections::legality::AppRecord;
use standing_projections::{Event, Instant, Position, Rulebook};

use crate::history::records::{
    Books, DECIDING, Subject, load_app, load_books, load_subjects, rulebook_of,
};
use crate::ledger::{Ledger, NewEvent, Query, StoreError};

/// How many apps and events of apps are held before all are let go and looked up anew.
const HELD_MAX: usize = 1_000_000;
/// How much memory subjects may take before they are let go, and what one takes beside its name.
const NAMES_BYTES_MAX: usize = 128 << 20;
const SUBJECT_BYTES: usize = 128;
/// How many events are read at a time.
const PAGE: usize = 5_000;
/// How many names one query asks for.
const SUBJECTS_A_QUERY: usize = 400;

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
            for (name, subject) in load_subjects(ledger, chunk, self.known).await? {
                self.subjects.insert(name, subject);
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

    /// Forgets what it took of events that were not appended after all, or of which that is not known: what they
    /// touched is read again.
    pub(crate) fn forget(&mut self, events: &[NewEvent]) {
        let publishes = |new: &NewEvent| new.event.kind == Kind::RulebookPublished;
        if events.iter().any(publishes) {
            *self = Self::default();
            return;
        }
        for new in events {
            self.subjects.remove(&new.event.subject);
            self.apps.remove(&new.event.subject);
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

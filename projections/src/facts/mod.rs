//! Histories as the rules read them: each developer's facts, packed and in order.
//!
//! An event becomes a [`Fact`] of 24 bytes with its codes interned. Plain events and packed
//! histories are both read through it, so there is one copy of every rule. A [`History`] takes
//! accepted events in the order of their positions and keeps each developer's facts by
//! (`time`, position); it judges nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use crate::event::{
    Channel, Data, DeveloperKind, Event, EventRef, Kind, Outcome, Permission, Position,
};
use crate::measure::{Measure, Measures};
use crate::time::Instant;

mod bounds;
mod fact;
mod groups;
mod names;
mod outage_ids;
mod parts;
mod shape;
mod until;

pub use bounds::{Bounds, PartError};
pub use fact::{Fact, PlainFact};
pub use groups::Group;
use groups::Groups;
pub use names::{NameId, Names};
pub use outage_ids::OutageIds;
pub use parts::{AppPart, DeveloperPart};

/// Users of a date, as reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The local date.
    pub date: NaiveDate,
    /// Where in the log it is.
    pub position: Position,
    /// When it was reported to have happened.
    pub time: Instant,
    /// How many.
    pub daily_users: i64,
}

/// An event that makes another one disregarded, unless it is disregarded itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Retraction {
    /// Where in the log it is.
    pub position: Position,
    /// What it takes back.
    pub target: Position,
}

/// An app's facts.
#[derive(Clone, Debug)]
pub struct AppFacts {
    /// Its id.
    pub id: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Where it lives.
    pub channel: Channel,
    /// What it may call, at first.
    pub permission: Permission,
    /// When it was registered.
    pub registered: Instant,
    /// By which event.
    pub position: Position,
    facts: Groups,
    usage: Vec<Usage>,
    /// When the latest of its usage was reported to have happened.
    usage_until: Option<Instant>,
    outage_ids: OutageIds,
    last: Position,
    /// Whether its facts are in order.
    settled: bool,
}

impl AppFacts {
    /// Its facts, by (`time`, position); usage apart.
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        self.facts.in_order()
    }

    /// Its facts, group by group, each by (`time`, position); usage apart.
    #[must_use]
    pub fn facts_by_group(&self) -> &[Fact] {
        self.facts.as_slice()
    }

    /// Its facts of a group, by (`time`, position).
    #[must_use]
    pub fn group(&self, group: Group) -> &[Fact] {
        self.facts.of(group)
    }

    /// When the latest of its facts happened; usage apart.
    pub(crate) const fn facts_until(&self) -> Option<Instant> {
        self.facts.until()
    }

    /// How many facts it has; usage apart.
    #[must_use]
    pub fn fact_count(&self) -> usize {
        self.facts.len()
    }

    /// Its reported usage, by (date, position).
    #[must_use]
    pub fn usage(&self) -> &[Usage] {
        &self.usage
    }

    /// When the latest of its usage was reported to have happened.
    pub(crate) const fn usage_until(&self) -> Option<Instant> {
        self.usage_until
    }

    fn push_used(&mut self, usage: Usage) {
        self.usage_until = self.usage_until.max(Some(usage.time));
        self.usage.push(usage);
    }

    /// Where in the log its latest event is.
    #[must_use]
    pub const fn last(&self) -> Position {
        self.last
    }

    fn settle(&mut self) {
        self.facts.sort();
        self.usage.sort_by_key(|usage| (usage.date, usage.position));
        self.settled = true;
    }

    /// The ids of its outages; a fact has their numbers.
    #[must_use]
    pub const fn outage_ids(&self) -> &OutageIds {
        &self.outage_ids
    }
}

/// A developer's facts, and its apps'.
#[derive(Clone, Debug)]
pub struct DeveloperFacts {
    /// Its id.
    pub id: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// How it cooperates.
    pub kind: DeveloperKind,
    /// The grade it was registered with.
    pub grade: Option<NameId>,
    /// When it was registered.
    pub registered: Instant,
    /// By which event.
    pub position: Position,
    acts: Vec<Fact>,
    apps: Vec<Arc<AppFacts>>,
    retractions: Vec<Retraction>,
    last: Position,
}

impl DeveloperFacts {
    /// What was done with the developer itself, by (`time`, position).
    #[must_use]
    pub fn acts(&self) -> &[Fact] {
        &self.acts
    }

    /// Its apps, by id. Each is shared: while somebody keeps one, what comes of it is another's.
    #[must_use]
    pub fn apps(&self) -> &[Arc<AppFacts>] {
        &self.apps
    }

    /// Retractions and granted appeals aimed at its events, by position.
    #[must_use]
    pub fn retractions(&self) -> &[Retraction] {
        &self.retractions
    }

    /// Where in the log its latest event is.
    #[must_use]
    pub const fn last(&self) -> Position {
        self.last
    }

    /// How many facts are held of it.
    #[must_use]
    pub fn len(&self) -> usize {
        let apps = self
            .apps
            .iter()
            .map(|app| app.fact_count() + app.usage.len() + 1);
        apps.sum::<usize>() + self.acts.len() + self.retractions.len() + 1
    }

    /// How many facts are held of it that were known at a position.
    #[must_use]
    pub fn len_at(&self, known_at: Position) -> usize {
        if self.last <= known_at {
            return self.len();
        }
        let of_apps = self.apps.iter().flat_map(|app| {
            let facts = app.facts_by_group().iter().map(|fact| fact.position());
            let usage = app.usage.iter().map(|usage| usage.position);
            facts.chain(usage).chain([app.position])
        });
        let acts = self.acts.iter().map(|act| act.position());
        let retractions = self.retractions.iter().map(|taken| taken.position);
        let all = of_apps.chain(acts).chain(retractions);
        all.filter(|position| *position <= known_at).count() + 1
    }

    /// Never: there is its registration.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }
}

/// A rulebook as it was published.
#[derive(Clone, Debug)]
pub struct Published {
    /// By which event.
    pub position: Position,
    /// The text.
    pub toml: Box<str>,
}

#[derive(Clone, Copy, Debug)]
enum Owner {
    Developer(usize),
    App(usize, usize),
}

/// What is known of everybody, by developer.
///
/// Each developer's facts, and the texts, are shared: whoever keeps them has them as they were, whatever
/// the history takes afterwards.
#[derive(Clone, Debug, Default)]
pub struct History {
    names: Arc<Names>,
    developers: Vec<Arc<DeveloperFacts>>,
    owners: HashMap<Box<str>, Owner>,
    rulebooks: Vec<Published>,
    head: Position,
    /// The developers whose facts are not in order yet.
    unsettled: BTreeSet<usize>,
}

impl History {
    /// The history of events with positions, in their order; references are looked up among them.
    #[must_use]
    pub fn of<'a>(events: impl IntoIterator<Item = (Position, &'a Event)>) -> Self {
        let mut history = Self::default();
        let mut keys: HashMap<(&str, &str), Position> = HashMap::new();
        for (position, event) in events {
            let find = |target: &EventRef| {
                keys.get(&(target.source.as_str(), target.id.as_str()))
                    .copied()
            };
            let target = event.data.event_ref().and_then(find);
            history.take(position, event, target);
            keys.insert((&event.source, &event.id), position);
        }
        history.settle();
        history
    }

    /// Takes the next event; `target` is the position of the event it refers to, if it refers to
    /// one. What has no registered subject is passed over: intake lets nothing such through.
    pub fn add(&mut self, position: Position, event: &Event, target: Option<Position>) {
        self.take(position, event, target);
        self.settle();
    }

    /// Puts into order what [`History::take`] took.
    pub fn settle(&mut self) {
        for index in std::mem::take(&mut self.unsettled) {
            let developer = Arc::make_mut(&mut self.developers[index]);
            developer.acts.sort_by_key(Fact::order);
            for app in developer.apps.iter_mut().filter(|app| !app.settled) {
                Arc::make_mut(app).settle();
            }
            if developer.apps.is_sorted_by(|a, b| a.id < b.id) {
                continue;
            }
            developer.apps.sort_by(|a, b| a.id.cmp(&b.id));
            for (place, app) in developer.apps.iter().enumerate() {
                if let Some(owner) = self.owners.get_mut(&app.id) {
                    *owner = Owner::App(index, place);
                }
            }
        }
    }

    /// As [`History::add`], for many events: nothing is asked of the history before it is settled.
    pub fn take(&mut self, position: Position, event: &Event, target: Option<Position>) {
        self.head = self.head.max(position);
        match &event.data {
            Data::DeveloperRegistered { name, kind, grade } => {
                if self.owners.contains_key(event.subject.as_str()) {
                    return;
                }
                let grade = grade.as_ref().map(|grade| self.intern(grade));
                let owner = Owner::Developer(self.developers.len());
                self.owners.insert(event.subject.as_str().into(), owner);
                self.developers.push(Arc::new(DeveloperFacts {
                    id: event.subject.as_str().into(),
                    name: name.as_str().into(),
                    kind: *kind,
                    grade,
                    registered: event.time,
                    position,
                    acts: Vec::new(),
                    apps: Vec::new(),
                    retractions: Vec::new(),
                    last: position,
                }));
            }
            Data::AppRegistered {
                developer,
                name,
                channel,
                permission,
            } => {
                let Some(Owner::Developer(index)) = self.owners.get(developer.as_str()).copied()
                else {
                    return;
                };
                if self.owners.contains_key(event.subject.as_str()) {
                    return;
                }
                let developer = Arc::make_mut(&mut self.developers[index]);
                developer.last = position;
                let apps = &mut developer.apps;
                let place = apps.len();
                apps.push(Arc::new(AppFacts {
                    id: event.subject.as_str().into(),
                    name: name.as_str().into(),
                    channel: *channel,
                    permission: *permission,
                    registered: event.time,
                    position,
                    facts: Groups::default(),
                    usage: Vec::new(),
                    usage_until: None,
                    outage_ids: OutageIds::default(),
                    last: position,
                    settled: true,
                }));
                let owner = Owner::App(index, place);
                self.owners.insert(event.subject.as_str().into(), owner);
                self.unsettled.insert(index);
            }
            Data::RulebookPublished { toml, .. } => {
                self.rulebooks.push(Published {
                    position,
                    toml: toml.as_str().into(),
                });
            }
            Data::EventRetracted { .. }
            | Data::AppealDecided {
                outcome: Outcome::Granted,
                ..
            } => {
                let owner = self.owners.get(event.subject.as_str()).copied();
                if let (Some(owner), Some(target)) = (owner, target) {
                    let (Owner::Developer(index) | Owner::App(index, _)) = owner;
                    let developer = Arc::make_mut(&mut self.developers[index]);
                    developer.retractions.push(Retraction { position, target });
                    developer.last = position;
                }
            }
            data => match self.owners.get(event.subject.as_str()).copied() {
                Some(Owner::Developer(index)) => self.add_act(index, position, event.time, data),
                Some(Owner::App(developer, app)) => {
                    self.add_app_fact(developer, app, position, event.time, data);
                }
                None => {}
            },
        }
    }

    fn add_act(&mut self, developer: usize, position: Position, time: Instant, data: &Data) {
        let fact = |kind| Fact::new(time, position, kind);
        let fact = match data {
            Data::DeveloperGraded { grade } => fact(Kind::DeveloperGraded).code(self.intern(grade)),
            Data::DeveloperTerminated => fact(Kind::DeveloperTerminated),
            Data::DeveloperLeft => fact(Kind::DeveloperLeft),
            Data::DeveloperReinstated => fact(Kind::DeveloperReinstated),
            _ => return,
        };
        let facts = Arc::make_mut(&mut self.developers[developer]);
        facts.last = position;
        if push(&mut facts.acts, fact) {
            self.unsettled.insert(developer);
        }
    }

    fn add_app_fact(
        &mut self,
        developer: usize,
        app: usize,
        position: Position,
        time: Instant,
        data: &Data,
    ) {
        let facts = Arc::make_mut(&mut self.developers[developer]);
        facts.last = position;
        let app = Arc::make_mut(&mut facts.apps[app]);
        app.last = position;
        app.settled = false;
        let names = &mut self.names;
        let fact = |kind| Fact::new(time, position, kind);
        let fact = match data {
            Data::UsageReported { date, daily_users } => {
                let usage = Usage {
                    date: *date,
                    position,
                    time,
                    daily_users: *daily_users,
                };
                app.push_used(usage);
                self.unsettled.insert(developer);
                return;
            }
            Data::ViolationFound { code } => fact(Kind::ViolationFound).code(intern(names, code)),
            Data::ViolationRemedied { code } => {
                fact(Kind::ViolationRemedied).code(intern(names, code))
            }
            Data::ComplaintReceived { class, reason } => {
                let fact = fact(Kind::ComplaintReceived).small(*class as u8);
                match reason {
                    Some(reason) => fact.code(intern(names, reason)),
                    None => fact,
                }
            }
            Data::OutageStarted { outage, cause } => {
                let code = NameId(app.outage_ids.number(outage));
                fact(Kind::OutageStarted).small(*cause as u8).code(code)
            }
            Data::OutageEnded { outage } => {
                fact(Kind::OutageEnded).code(NameId(app.outage_ids.number(outage)))
            }
            Data::OutageExplained { outage } => {
                fact(Kind::OutageExplained).code(NameId(app.outage_ids.number(outage)))
            }
            Data::OutageDayRecorded { date, cause } => fact(Kind::OutageDayRecorded)
                .small(*cause as u8)
                .value(date.num_days_from_ce().into()),
            Data::BehaviorObserved { code } => {
                fact(Kind::BehaviorObserved).code(intern(names, code))
            }
            Data::BehaviorCeased { code } => fact(Kind::BehaviorCeased).code(intern(names, code)),
            Data::CertificationAssessed { met } => {
                fact(Kind::CertificationAssessed).small(u8::from(*met))
            }
            Data::MeasureImposed { measures, until } => fact(Kind::MeasureImposed)
                .small(known_measures(measures).bits())
                .value(until.map_or(-1, Instant::micros)),
            Data::MeasureLifted { measures } => {
                fact(Kind::MeasureLifted).small(known_measures(measures).bits())
            }
            Data::DataDeletionOrdered => fact(Kind::DataDeletionOrdered),
            Data::DataDeletionConfirmed => fact(Kind::DataDeletionConfirmed),
            data => match Fact::of_lifecycle(position, time, data) {
                Some(fact) => fact,
                None => return,
            },
        };
        app.facts.take(fact);
        self.unsettled.insert(developer);
    }

    fn intern(&mut self, text: &str) -> NameId {
        intern(&mut self.names, text)
    }

    /// The texts its facts are written in.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The texts, to keep as they are.
    #[must_use]
    pub fn shared_names(&self) -> Arc<Names> {
        self.names.clone()
    }

    /// Every developer, in the order of registration.
    #[must_use]
    pub fn developers(&self) -> &[Arc<DeveloperFacts>] {
        &self.developers
    }

    /// The developer of that id, or the one whose app it is (and then the app).
    #[must_use]
    pub fn subject(&self, id: &str) -> Option<(&DeveloperFacts, Option<&AppFacts>)> {
        match self.owners.get(id)? {
            Owner::Developer(index) => Some((&self.developers[*index], None)),
            Owner::App(index, app) => {
                let developer = &self.developers[*index];
                Some((developer, Some(&developer.apps[*app])))
            }
        }
    }

    /// The facts of the developer of that id, or of the one whose app it is, to keep as they are.
    #[must_use]
    pub fn shared(&self, id: &str) -> Option<Arc<DeveloperFacts>> {
        let (Owner::Developer(index) | Owner::App(index, _)) = *self.owners.get(id)?;
        Some(self.developers[index].clone())
    }

    /// The rulebooks published, by position.
    #[must_use]
    pub fn rulebooks(&self) -> &[Published] {
        &self.rulebooks
    }

    /// The highest position it has seen.
    #[must_use]
    pub const fn head(&self) -> Position {
        self.head
    }
}

/// The id of a text, new or old: what is shared is copied for a new one only.
fn intern(names: &mut Arc<Names>, text: &str) -> NameId {
    names
        .find(text)
        .unwrap_or_else(|| Arc::make_mut(names).intern(text))
}

fn known_measures(names: &[String]) -> Measures {
    names
        .iter()
        .filter_map(|name| Measure::from_text(name))
        .collect()
}

/// Takes a fact, and says whether it belongs before the last.
fn push(facts: &mut Vec<Fact>, fact: Fact) -> bool {
    let before = facts.last().is_some_and(|last| last.order() > fact.order());
    facts.push(fact);
    before
}

//! Histories as the rules read them: each developer's facts, packed and in order.
//!
//! An event becomes a [`Fact`] of 32 bytes with its codes interned. Plain events and packed
//! histories are both read through it, so there is one copy of every rule. A [`History`] takes
//! accepted events in the order of their positions and keeps each developer's facts by
//! (`time`, position); it judges nothing.

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};

use crate::event::{
    Cause, Channel, ComplaintClass, Data, DeveloperKind, Event, EventRef, InspectionSeverity, Kind,
    Outcome, Permission, Position, ReportSeverity, Stage,
};
use crate::measure::{Measure, Measures};
use crate::time::Instant;

/// An interned text: a code, a grade, a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(u32);

impl NameId {
    const NONE: NameId = NameId(u32::MAX);

    /// Its place in a table by name.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Interned texts.
#[derive(Clone, Debug, Default)]
pub struct Names {
    texts: Vec<Box<str>>,
    ids: HashMap<Box<str>, NameId>,
}

impl Names {
    /// The id of a text, new or old.
    pub fn intern(&mut self, text: &str) -> NameId {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = NameId(u32::try_from(self.texts.len()).unwrap_or(u32::MAX - 1));
        self.texts.push(text.into());
        self.ids.insert(text.into(), id);
        id
    }

    /// The id of a text that was met before.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<NameId> {
        self.ids.get(text).copied()
    }

    /// The text of an id.
    #[must_use]
    pub fn text(&self, id: NameId) -> &str {
        self.texts.get(id.index()).map_or("", |text| text)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

/// One event as the rules read it: when, where in the log, of which type, and a code, a small
/// word and a value whose meaning the type gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    time: Instant,
    /// The position, the kind and a small word, in this order from the highest bit.
    place: u64,
    value: i64,
    code: NameId,
}

impl Fact {
    fn new(time: Instant, position: Position, kind: Kind) -> Self {
        let place = (position.0 << 16) | ((kind as u64) << 8);
        Self {
            time,
            place,
            value: 0,
            code: NameId::NONE,
        }
    }

    const fn small(self, small: u8) -> Self {
        Self {
            place: self.place | small as u64,
            ..self
        }
    }

    const fn value(self, value: i64) -> Self {
        Self { value, ..self }
    }

    const fn code(self, code: NameId) -> Self {
        Self { code, ..self }
    }

    const fn word(self) -> usize {
        (self.place & 0xff) as usize
    }

    /// When it happened.
    #[must_use]
    pub const fn time(self) -> Instant {
        self.time
    }

    /// Where in the log it is.
    #[must_use]
    pub const fn position(self) -> Position {
        Position(self.place >> 16)
    }

    /// Its type.
    #[must_use]
    pub fn kind(self) -> Kind {
        Kind::ALL[((self.place >> 8) & 0xff) as usize]
    }

    /// The code of a violation or behaviour, a grade, a complaint's reason.
    #[must_use]
    pub fn name(self) -> Option<NameId> {
        (self.code != NameId::NONE).then_some(self.code)
    }

    /// The class of a complaint.
    #[must_use]
    pub fn class(self) -> ComplaintClass {
        ComplaintClass::ALL[self.word()]
    }

    /// The cause of an outage or an outage day.
    #[must_use]
    pub fn cause(self) -> Cause {
        Cause::ALL[self.word()]
    }

    /// Which of its app's outages, for the events of one.
    #[must_use]
    pub const fn outage(self) -> u32 {
        self.code.0
    }

    /// The date of an outage day.
    #[must_use]
    pub fn date(self) -> NaiveDate {
        i32::try_from(self.value)
            .ok()
            .and_then(NaiveDate::from_num_days_from_ce_opt)
            .unwrap_or_default()
    }

    /// Whether a condition is met.
    #[must_use]
    pub const fn met(self) -> bool {
        self.word() != 0
    }

    /// The stage of a review step.
    #[must_use]
    pub fn stage(self) -> Stage {
        Stage::ALL[self.word()]
    }

    /// How grave a failed inspection is.
    #[must_use]
    pub fn inspection(self) -> InspectionSeverity {
        InspectionSeverity::ALL[self.word()]
    }

    /// How grave a confirmed report is.
    #[must_use]
    pub fn report(self) -> ReportSeverity {
        ReportSeverity::ALL[self.word()]
    }

    /// The permission an app is given.
    #[must_use]
    pub fn permission(self) -> Permission {
        Permission::ALL[self.word()]
    }

    /// The measures imposed or lifted.
    #[must_use]
    pub const fn measures(self) -> Measures {
        Measures::from_bits((self.place & 0xff) as u8)
    }

    /// Until when measures are imposed; until lifted, where there is none.
    #[must_use]
    pub fn until(self) -> Option<Instant> {
        Instant::from_micros(self.value)
    }

    /// The fact of an event that moves an app's review state or its permission (SPEC §8), which
    /// needs no interned text; none for any other.
    #[must_use]
    pub fn of_lifecycle(position: Position, time: Instant, data: &Data) -> Option<Self> {
        let fact = |kind| Some(Self::new(time, position, kind));
        match data {
            Data::AppPermissionChanged { permission } => {
                Some(fact(Kind::AppPermissionChanged)?.small(*permission as u8))
            }
            Data::AppDelisted => fact(Kind::AppDelisted),
            Data::AppKeyDisabled => fact(Kind::AppKeyDisabled),
            Data::AppKeyEnabled => fact(Kind::AppKeyEnabled),
            Data::ReviewSubmitted { stage } => {
                Some(fact(Kind::ReviewSubmitted)?.small(*stage as u8))
            }
            Data::ReviewApproved { stage } => Some(fact(Kind::ReviewApproved)?.small(*stage as u8)),
            Data::ReviewRejected { stage, .. } => {
                Some(fact(Kind::ReviewRejected)?.small(*stage as u8))
            }
            Data::InspectionFailed { severity } => {
                Some(fact(Kind::InspectionFailed)?.small(*severity as u8))
            }
            Data::InspectionRemedied => fact(Kind::InspectionRemedied),
            Data::ReportConfirmed { severity } => {
                Some(fact(Kind::ReportConfirmed)?.small(*severity as u8))
            }
            Data::ReportRemedied => fact(Kind::ReportRemedied),
            _ => None,
        }
    }
}

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    facts: Vec<Fact>,
    usage: Vec<Usage>,
    outages: HashMap<Box<str>, u32>,
}

impl AppFacts {
    /// Its facts, by (`time`, position); usage apart.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Its reported usage, by (date, position).
    #[must_use]
    pub fn usage(&self) -> &[Usage] {
        &self.usage
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
    apps: Vec<AppFacts>,
    retractions: Vec<Retraction>,
}

impl DeveloperFacts {
    /// What was done with the developer itself, by (`time`, position).
    #[must_use]
    pub fn acts(&self) -> &[Fact] {
        &self.acts
    }

    /// Its apps, by id.
    #[must_use]
    pub fn apps(&self) -> &[AppFacts] {
        &self.apps
    }

    /// Retractions and granted appeals aimed at its events, by position.
    #[must_use]
    pub fn retractions(&self) -> &[Retraction] {
        &self.retractions
    }

    /// How many facts are held of it.
    #[must_use]
    pub fn len(&self) -> usize {
        let apps = self
            .apps
            .iter()
            .map(|app| app.facts.len() + app.usage.len() + 1);
        apps.sum::<usize>() + self.acts.len() + self.retractions.len() + 1
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
#[derive(Clone, Debug, Default)]
pub struct History {
    names: Names,
    developers: Vec<DeveloperFacts>,
    owners: HashMap<Box<str>, Owner>,
    rulebooks: Vec<Published>,
    head: Position,
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
            history.add(position, event, target);
            keys.insert((&event.source, &event.id), position);
        }
        history
    }

    /// Takes the next event; `target` is the position of the event it refers to, if it refers to
    /// one. What has no registered subject is passed over: intake lets nothing such through.
    pub fn add(&mut self, position: Position, event: &Event, target: Option<Position>) {
        self.head = self.head.max(position);
        match &event.data {
            Data::DeveloperRegistered { name, kind, grade } => {
                if self.owners.contains_key(event.subject.as_str()) {
                    return;
                }
                let grade = grade.as_ref().map(|grade| self.names.intern(grade));
                let owner = Owner::Developer(self.developers.len());
                self.owners.insert(event.subject.as_str().into(), owner);
                self.developers.push(DeveloperFacts {
                    id: event.subject.as_str().into(),
                    name: name.as_str().into(),
                    kind: *kind,
                    grade,
                    registered: event.time,
                    position,
                    acts: Vec::new(),
                    apps: Vec::new(),
                    retractions: Vec::new(),
                });
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
                let apps = &mut self.developers[index].apps;
                let place = apps.partition_point(|app| *app.id < *event.subject);
                apps.insert(
                    place,
                    AppFacts {
                        id: event.subject.as_str().into(),
                        name: name.as_str().into(),
                        channel: *channel,
                        permission: *permission,
                        registered: event.time,
                        position,
                        facts: Vec::new(),
                        usage: Vec::new(),
                        outages: HashMap::new(),
                    },
                );
                for (moved, app) in apps.iter().enumerate().skip(place) {
                    self.owners.insert(app.id.clone(), Owner::App(index, moved));
                }
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
                    self.developers[index]
                        .retractions
                        .push(Retraction { position, target });
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
            Data::DeveloperGraded { grade } => {
                fact(Kind::DeveloperGraded).code(self.names.intern(grade))
            }
            Data::DeveloperTerminated => fact(Kind::DeveloperTerminated),
            Data::DeveloperLeft => fact(Kind::DeveloperLeft),
            Data::DeveloperReinstated => fact(Kind::DeveloperReinstated),
            _ => return,
        };
        insert_in_order(&mut self.developers[developer].acts, fact);
    }

    fn add_app_fact(
        &mut self,
        developer: usize,
        app: usize,
        position: Position,
        time: Instant,
        data: &Data,
    ) {
        let app = &mut self.developers[developer].apps[app];
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
                let place = app
                    .usage
                    .partition_point(|u| (u.date, u.position) < (*date, position));
                app.usage.insert(place, usage);
                return;
            }
            Data::ViolationFound { code } => fact(Kind::ViolationFound).code(names.intern(code)),
            Data::ViolationRemedied { code } => {
                fact(Kind::ViolationRemedied).code(names.intern(code))
            }
            Data::ComplaintReceived { class, reason } => {
                let reason = reason
                    .as_ref()
                    .map_or(NameId::NONE, |text| names.intern(text));
                fact(Kind::ComplaintReceived)
                    .small(*class as u8)
                    .code(reason)
            }
            Data::OutageStarted { outage, cause } => {
                let code = outage_of(&mut app.outages, outage);
                fact(Kind::OutageStarted).small(*cause as u8).code(code)
            }
            Data::OutageEnded { outage } => {
                fact(Kind::OutageEnded).code(outage_of(&mut app.outages, outage))
            }
            Data::OutageExplained { outage } => {
                fact(Kind::OutageExplained).code(outage_of(&mut app.outages, outage))
            }
            Data::OutageDayRecorded { date, cause } => fact(Kind::OutageDayRecorded)
                .small(*cause as u8)
                .value(date.num_days_from_ce().into()),
            Data::BehaviorObserved { code } => {
                fact(Kind::BehaviorObserved).code(names.intern(code))
            }
            Data::BehaviorCeased { code } => fact(Kind::BehaviorCeased).code(names.intern(code)),
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
        insert_in_order(&mut app.facts, fact);
    }

    /// The texts its facts are written in.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Every developer, in the order of registration.
    #[must_use]
    pub fn developers(&self) -> &[DeveloperFacts] {
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

fn outage_of(outages: &mut HashMap<Box<str>, u32>, id: &str) -> NameId {
    if let Some(number) = outages.get(id) {
        return NameId(*number);
    }
    let number = u32::try_from(outages.len()).unwrap_or(u32::MAX - 1);
    outages.insert(id.into(), number);
    NameId(number)
}

fn known_measures(names: &[String]) -> Measures {
    names
        .iter()
        .filter_map(|name| Measure::from_text(name))
        .collect()
}

/// Most events arrive in time order, so the place is mostly the end.
fn insert_in_order(facts: &mut Vec<Fact>, fact: Fact) {
    let key = |fact: &Fact| (fact.time, fact.place);
    let place = if facts.last().is_none_or(|last| key(last) <= key(&fact)) {
        facts.len()
    } else {
        facts.partition_point(|other| key(other) <= key(&fact))
    };
    facts.insert(place, fact);
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_fact_takes_32_bytes() {
        assert!(size_of::<super::Fact>() <= 32);
    }
}

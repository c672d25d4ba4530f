//! A history put together from its parts, as a file kept them.
//!
//! Whatever the parts are, what comes out is a history that events could have made, or an error:
//! every number is looked at before it becomes a fact, so that nothing behind it has to.

use std::collections::HashMap;

use super::bounds::{order, value};
use super::shape::{Of, is_date};
use super::{
    AppFacts, Bounds, DeveloperFacts, Groups, History, NameId, Names, OutageIds, Owner, PartError,
    PlainFact, Published, Retraction, Usage,
};
use std::sync::Arc;

use crate::event::{COUNT_MAX, Channel, DeveloperKind, Permission, Position};
use crate::time::Instant;

/// When something was registered, and by which event.
fn registration(
    id: &str,
    (at, position): (i64, u64),
    bounds: Bounds,
) -> Result<(Instant, Position), PartError> {
    let registered = Instant::from_micros(at).ok_or_else(|| value(id)("registration's time"))?;
    let position = bounds.position(position).map_err(value(id))?;
    Ok((registered, position))
}

/// Room for so many, where there is; a number that is too large is no reason to stop.
fn room<T>(count: usize) -> Option<Vec<T>> {
    let mut room = Vec::new();
    room.try_reserve_exact(count).ok()?;
    Some(room)
}

/// An app as it was registered.
#[derive(Clone, Debug)]
pub struct AppPart {
    /// Its id.
    pub id: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Where it lives.
    pub channel: Channel,
    /// What it may call, at first.
    pub permission: Permission,
    /// When it was registered, in microseconds since 1970.
    pub registered: i64,
    /// By which event.
    pub position: u64,
    /// The ids of its outages.
    pub outage_ids: OutageIds,
}

impl AppFacts {
    /// An app without facts yet, and room for so many of them and of its usage.
    ///
    /// # Errors
    /// [`PartError::Value`].
    pub fn from_part(
        mut part: AppPart,
        (facts, usage): (usize, usize),
        bounds: Bounds,
    ) -> Result<Self, PartError> {
        part.outage_ids.shrink();
        let (registered, position) =
            registration(&part.id, (part.registered, part.position), bounds)?;
        Ok(Self {
            registered,
            position,
            facts: Groups::with_room(facts).ok_or_else(|| value(&part.id)("number of facts"))?,
            usage_until: None,
            last: position,
            settled: true,
            usage: room(usage).ok_or_else(|| value(&part.id)("number of usage reports"))?,
            outage_ids: part.outage_ids,
            channel: part.channel,
            permission: part.permission,
            name: part.name,
            id: part.id,
        })
    }

    /// Takes its next fact, by (group, `time`, position).
    ///
    /// # Errors
    /// [`PartError::Fact`], [`PartError::Order`].
    pub fn push_fact(&mut self, fact: PlainFact, bounds: Bounds) -> Result<(), PartError> {
        let fact = fact.pack(Of::App, bounds, self.outage_ids.len())?;
        self.last = self.last.max(fact.position());
        match self.facts.push(fact) {
            true => Ok(()),
            false => Err(order(&self.id, "facts")),
        }
    }

    /// Takes its next reported usage, by (date, position).
    ///
    /// # Errors
    /// [`PartError::Value`], [`PartError::Order`].
    pub fn push_usage(&mut self, usage: Usage, bounds: Bounds) -> Result<(), PartError> {
        let unfit = |what| value(&self.id)(what);
        bounds.position(usage.position.0).map_err(&unfit)?;
        if !is_date(usage.date) || !(0..=COUNT_MAX).contains(&usage.daily_users) {
            return Err(unfit("usage"));
        }
        let place = |usage: &Usage| (usage.date, usage.position);
        if self
            .usage
            .last()
            .is_some_and(|last| place(last) >= place(&usage))
        {
            return Err(order(&self.id, "usage reports"));
        }
        self.last = self.last.max(usage.position);
        self.push_used(usage);
        Ok(())
    }
}

/// A developer as it was registered.
#[derive(Clone, Debug)]
pub struct DeveloperPart {
    /// Its id.
    pub id: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// How it cooperates.
    pub kind: DeveloperKind,
    /// The number of the grade it was registered with.
    pub grade: Option<u32>,
    /// When it was registered, in microseconds since 1970.
    pub registered: i64,
    /// By which event.
    pub position: u64,
    /// Where its latest event is.
    pub last: u64,
}

impl DeveloperFacts {
    /// A developer without facts and apps yet, and room for so many acts and retractions.
    ///
    /// # Errors
    /// [`PartError::Value`].
    pub fn from_part(
        part: DeveloperPart,
        (acts, retractions): (usize, usize),
        bounds: Bounds,
    ) -> Result<Self, PartError> {
        let grade = part.grade.map(|grade| grade as usize);
        if grade.is_some_and(|grade| grade >= bounds.names) {
            return Err(value(&part.id)("grade"));
        }
        let (registered, position) =
            registration(&part.id, (part.registered, part.position), bounds)?;
        let last = bounds.position(part.last).map_err(value(&part.id))?;
        Ok(Self {
            registered,
            position,
            grade: part.grade.map(NameId),
            acts: room(acts).ok_or_else(|| value(&part.id)("number of facts"))?,
            apps: Vec::new(),
            retractions: room(retractions)
                .ok_or_else(|| value(&part.id)("number of retractions"))?,
            last,
            kind: part.kind,
            name: part.name,
            id: part.id,
        })
    }

    /// Takes what was done next with the developer itself, by (`time`, position).
    ///
    /// # Errors
    /// [`PartError::Fact`], [`PartError::Order`].
    pub fn push_act(&mut self, act: PlainFact, bounds: Bounds) -> Result<(), PartError> {
        let act = act.pack(Of::Developer, bounds, 0)?;
        match self.acts.last() {
            Some(last) if last.order() >= act.order() => Err(order(&self.id, "acts")),
            _ => {
                self.acts.push(act);
                Ok(())
            }
        }
    }

    /// Takes the next retraction aimed at its events, by position.
    ///
    /// # Errors
    /// [`PartError::Value`], [`PartError::Order`].
    pub fn push_retraction(&mut self, taken: Retraction, bounds: Bounds) -> Result<(), PartError> {
        let unfit = value(&self.id);
        bounds.position(taken.position.0).map_err(&unfit)?;
        if !(Position(1)..taken.position).contains(&taken.target) {
            return Err(unfit("retraction's target"));
        }
        match self.retractions.last() {
            Some(last) if last.position >= taken.position => Err(order(&self.id, "retractions")),
            _ => {
                self.retractions.push(taken);
                Ok(())
            }
        }
    }

    /// Takes its apps with their facts, by id.
    ///
    /// # Errors
    /// [`PartError::Order`], and [`PartError::Value`] where there is a later event than its latest.
    pub fn with_apps(mut self, apps: Vec<AppFacts>) -> Result<Self, PartError> {
        if !apps.is_sorted_by(|a, b| a.id < b.id) {
            return Err(order(&self.id, "apps"));
        }
        self.apps = apps.into_iter().map(Arc::new).collect();
        if self.held_last() > self.last {
            return Err(value(&self.id)("latest event"));
        }
        Ok(self)
    }

    /// Where the latest of the events is that something is held of.
    pub(super) fn held_last(&self) -> Position {
        let apps = self.apps.iter().map(|app| app.last);
        let acts = self.acts.iter().map(|act| act.position());
        let retractions = self.retractions.iter().map(|taken| taken.position);
        let all = apps.chain(acts).chain(retractions);
        all.fold(self.position, Position::max)
    }
}

impl History {
    /// The history of developers in the order of their registration, with the texts that their
    /// facts are written in and the rulebooks by position.
    ///
    /// ```
    /// use standing_projections::Position;
    /// use standing_projections::facts::{History, PartError};
    /// let names = || vec!["a".into()];
    /// let history = History::from_parts(Position(7), names(), Vec::new(), Vec::new()).unwrap();
    /// assert_eq!((history.head(), history.names().len()), (Position(7), 1));
    /// let twice = [names(), names()].concat();
    /// let error = History::from_parts(Position(7), twice, Vec::new(), Vec::new()).unwrap_err();
    /// assert_eq!(error, PartError::Twice("a".to_owned()));
    /// ```
    ///
    /// # Errors
    /// [`PartError::Twice`], [`PartError::Order`], and [`PartError::Value`] where a rulebook is
    /// after the head.
    pub fn from_parts(
        head: Position,
        names: Vec<Box<str>>,
        rulebooks: Vec<Published>,
        developers: Vec<DeveloperFacts>,
    ) -> Result<Self, PartError> {
        let mut interned = Names::default();
        for (number, name) in names.iter().enumerate() {
            if interned.intern(name).index() != number {
                return Err(PartError::Twice(name.to_string()));
            }
        }
        let bounds = Bounds {
            names: names.len(),
            head,
        };
        for book in &rulebooks {
            let unfit = value("the rulebooks");
            bounds.position(book.position.0).map_err(unfit)?;
        }
        if !rulebooks.is_sorted_by(|a, b| a.position < b.position) {
            return Err(order("the rulebooks", "positions"));
        }
        if !developers.is_sorted_by(|a, b| a.position < b.position) {
            return Err(order("the developers", "registrations"));
        }
        let mut history = Self {
            names: Arc::new(interned),
            rulebooks,
            head,
            ..Self::default()
        };
        history.developers = developers.into_iter().map(Arc::new).collect();
        match history.reindex() {
            Some(twice) => Err(PartError::Twice(twice)),
            None => Ok(history),
        }
    }

    /// Finds everybody's place by id anew; the id that is there twice, where one is.
    pub(super) fn reindex(&mut self) -> Option<String> {
        let apps = self.developers.iter().map(|one| one.apps.len() + 1);
        self.owners = HashMap::with_capacity(apps.sum());
        for (index, developer) in self.developers.iter().enumerate() {
            let own = (&developer.id, Owner::Developer(index));
            let apps = developer.apps.iter().enumerate();
            let apps = apps.map(|(place, app)| (&app.id, Owner::App(index, place)));
            for (id, owner) in [own].into_iter().chain(apps) {
                if self.owners.insert(id.clone(), owner).is_some() {
                    return Some(id.to_string());
                }
            }
        }
        None
    }

    /// Gives back the memory that only the next events would need.
    pub fn shrink(&mut self) {
        self.developers.shrink_to_fit();
        self.owners.shrink_to_fit();
        for developer in &mut self.developers {
            // What somebody else keeps as well is left as it is.
            let Some(developer) = Arc::get_mut(developer) else {
                continue;
            };
            developer.acts.shrink_to_fit();
            developer.retractions.shrink_to_fit();
            developer.apps.shrink_to_fit();
            for app in developer.apps.iter_mut().filter_map(Arc::get_mut) {
                app.facts.shrink();
                app.usage.shrink_to_fit();
                app.outage_ids.shrink();
            }
        }
    }
}

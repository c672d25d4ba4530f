//! Who owes what by when (SPEC §8).

use crate::developers::Ending;
use crate::event::{Kind, Position};
use crate::facts::{AppFacts, Fact, NameId, Names};
use crate::horizon::Horizon;
use crate::order::sort_nearly;
use crate::provenance::{DutyRule, Step};
use crate::rules::{Moment, Timeline};
use crate::sanctions::Sanction;
use crate::standing::{Obligation, ObligationState, Owner};
use crate::tiers::Source;
use crate::time::Instant;
use crate::words::words;

words! {
    /// What is owed.
    DutyKind {
        /// To put a violation right.
        FixViolation = "fix_violation",
        /// To put right what an inspection found.
        FixInspection = "fix_inspection",
        /// To put right what a report found.
        FixReport = "fix_report",
        /// To decide on a submission: the platform's own.
        Review = "review",
        /// To delete data.
        DeleteData = "delete_data",
    }
}

/// By when something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// There is no duty.
    Never,
    /// The calendar has no such year.
    Unknown,
    /// By then.
    At(Instant),
}

impl Due {
    pub(crate) fn known(at: Option<Instant>) -> Self {
        at.map_or(Self::Unknown, Self::At)
    }

    pub(crate) const fn instant(self) -> Option<Instant> {
        match self {
            Self::At(at) => Some(at),
            Self::Never | Self::Unknown => None,
        }
    }
}

/// A duty and how it ended, if it did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Duty {
    pub(crate) kind: DutyKind,
    pub(crate) source: Option<Source>,
    pub(crate) rule: DutyRule,
    pub(crate) at: Moment,
    pub(crate) due: Due,
    /// When it was met or fell away, and by which event.
    ended: Option<(Instant, Position)>,
    withdrawn: bool,
}

impl Duty {
    pub(crate) const fn new(kind: DutyKind, rule: DutyRule, at: Moment, due: Due) -> Self {
        Self {
            kind,
            source: None,
            rule,
            at,
            due,
            ended: None,
            withdrawn: false,
        }
    }

    pub(crate) const fn meet(&mut self, at: Moment) {
        self.end(at, false);
    }

    pub(crate) const fn withdraw(&mut self, at: Moment) {
        self.end(at, true);
    }

    const fn end(&mut self, at: Moment, withdrawn: bool) {
        if self.ended.is_none() {
            self.ended = Some((at.time, at.position));
            self.withdrawn = withdrawn;
        }
    }

    /// Who owes it.
    pub(crate) const fn owner(kind: DutyKind) -> Owner {
        match kind {
            DutyKind::Review => Owner::Platform,
            _ => Owner::Developer,
        }
    }

    pub(crate) fn state(&self, as_of: Instant) -> ObligationState {
        match (self.ended, self.due) {
            (Some(_), _) if self.withdrawn => ObligationState::Withdrawn,
            (Some(_), _) => ObligationState::Met,
            (None, Due::At(due)) if as_of > due => ObligationState::Overdue,
            (None, _) => ObligationState::Open,
        }
    }

    /// When it was met, if it was.
    pub(crate) fn met_at(&self) -> Option<Instant> {
        let met = self.ended.filter(|_| !self.withdrawn);
        met.map(|(at, _)| at)
    }

    /// Whether it was met, or fell away, after it was due.
    pub(crate) fn is_late(&self) -> bool {
        let due = self.due.instant();
        self.ended
            .is_some_and(|(at, _)| due.is_some_and(|due| at > due))
    }

    pub(crate) fn printed<'a>(&self, names: &'a Names, as_of: Instant) -> Obligation<'a> {
        Obligation {
            owner: Self::owner(self.kind),
            kind: self.kind,
            code: self.source.map(|source| source.code(names)),
            cause: self.at.position,
            since: self.at.time,
            due: self.due.instant(),
            met_at: self.met_at(),
            late: self.is_late(),
            state: self.state(as_of),
            rule: self.rule,
            ended: self.ended,
        }
    }
}

/// What the obligations of an app follow from, beside its review.
pub(crate) struct Grounds<'a> {
    pub(crate) app: &'a AppFacts,
    pub(crate) steps: &'a [Step],
    /// How many incidents they are of.
    pub(crate) incidents: usize,
    pub(crate) sanctions: &'a [Sanction],
    /// The duties of its review.
    pub(crate) review: &'a [Duty],
    /// Its remedies of violations, in order.
    pub(crate) remedies: &'a [Fact],
    /// What was ordered and confirmed of its data, in order.
    pub(crate) deletions: &'a [Fact],
    pub(crate) endings: &'a [Ending],
}

/// What serves to find the obligations of one app after the other.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The numbers that codes have which are in no catalogue. A code that no event names has none, and then no
    /// remedy either.
    complaints: Option<NameId>,
    outage: Option<NameId>,
    /// For each code, its first remedy after a step, while steps are gone through from the last.
    remedied: Vec<Option<Moment>>,
    /// For each incident, its next step, while steps are gone through from the last.
    next_steps: Vec<Option<Moment>>,
}

/// The duties of an app.
#[derive(Debug, Default)]
pub(crate) struct Duties {
    all: Vec<Duty>,
    /// When each is due, and its place, by (due, kind, since, cause, code).
    order: Vec<(Instant, usize)>,
}

impl Desk {
    pub(crate) fn new(names: &Names) -> Self {
        Self {
            complaints: names.find(Source::Complaints.code(names)),
            outage: names.find(Source::Outage.code(names)),
            remedied: Vec::new(),
            next_steps: Vec::new(),
        }
    }

    /// The duties that steps bring: each is met by the first later remedy of its code, withdrawn where its
    /// incident escalates before that.
    fn fixes(&mut self, grounds: &Grounds<'_>, duties: &mut Vec<Duty>) {
        let first = duties.len();
        self.next_steps.clear();
        if grounds.steps.iter().any(|step| !step.begins) {
            self.next_steps.resize(grounds.incidents, None);
        }
        let mut remedies = grounds.remedies;
        let mut sanctions = grounds.sanctions.iter().enumerate().rev().peekable();
        for (place, step) in grounds.steps.iter().enumerate().rev() {
            while let Some((remedy, earlier)) = remedies.split_last()
                && step.at.is_before(*remedy)
            {
                if let Some(code) = remedy.name() {
                    let known = self.remedied.len().max(code.index() + 1);
                    self.remedied.resize(known, None);
                    self.remedied[code.index()] = Some(Moment::of(*remedy));
                }
                remedies = earlier;
            }
            let next = self.next_steps.get_mut(step.incident);
            let escalates = next.and_then(|next| next.replace(step.at));
            if let Some((index, sanction)) = sanctions.next_if(|(_, one)| one.step == place) {
                duties.extend(self.fix(index, sanction, escalates));
            }
        }
        for code in grounds.remedies.iter().filter_map(|remedy| remedy.name()) {
            if let Some(remedied) = self.remedied.get_mut(code.index()) {
                *remedied = None;
            }
        }
        // From the first again, which is nearly the order that they are due in.
        duties[first..].reverse();
    }

    /// The duty that a step brings, where its sanction asks for a fix.
    fn fix(&self, index: usize, sanction: &Sanction, escalates: Option<Moment>) -> Option<Duty> {
        let (kind, rule) = (DutyKind::FixViolation, DutyRule::Sanction(index));
        let mut duty = Duty::new(kind, rule, sanction.at, Due::At(sanction.fix_by?));
        duty.source = Some(sanction.source);
        let code = match sanction.source {
            Source::Found(code) => Some(code),
            Source::Complaints => self.complaints,
            Source::Outage => self.outage,
        };
        let remedy = code.and_then(|code| *self.remedied.get(code.index())?);
        match (remedy, escalates) {
            (Some(remedy), Some(at)) if at < remedy => duty.withdraw(at),
            (Some(remedy), _) => duty.meet(remedy),
            (None, Some(at)) => duty.withdraw(at),
            (None, None) => {}
        }
        Some(duty)
    }
}

impl Duties {
    /// The duties, in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Duty> {
        self.order.iter().map(|(_, place)| &self.all[*place])
    }

    /// Takes the duties of another app.
    pub(crate) fn derive(
        &mut self,
        timeline: &Timeline,
        names: &Names,
        grounds: &Grounds<'_>,
        desk: &mut Desk,
        horizon: &mut Horizon,
    ) {
        self.all.clear();
        self.all.extend_from_slice(grounds.review);
        desk.fixes(grounds, &mut self.all);
        self.all.extend(deletions(timeline, grounds));
        self.sort(names);
        for duty in &self.all {
            if let (None, Due::At(due)) = (duty.ended, duty.due) {
                horizon.see(due.next());
            }
        }
    }

    /// What has no known due instant comes last.
    fn sort(&mut self, names: &Names) {
        let Self { all, order } = self;
        order.clear();
        order.extend(all.iter().enumerate().map(|(place, duty)| {
            let due = duty.due.instant().unwrap_or(Instant::MAX);
            (due, place)
        }));
        sort_nearly(order, |(due, _)| *due);
        for of_one_due in order.chunk_by_mut(|(due, _), (next, _)| due == next) {
            if of_one_due.len() > 1 {
                of_one_due.sort_unstable_by_key(|(_, place)| {
                    let duty = &all[*place];
                    let code = duty.source.map(|source| source.code(names));
                    let unknown = duty.due.instant().is_none();
                    let (since, cause) = (duty.at.time, duty.at.position);
                    (unknown, duty.kind.as_str(), since, cause, code, *place)
                });
            }
        }
    }
}

/// The duties to delete data: by an order, and where the rules say so by the end of cooperation.
fn deletions(timeline: &Timeline, grounds: &Grounds<'_>) -> Vec<Duty> {
    if grounds.deletions.is_empty() && grounds.endings.is_empty() {
        return Vec::new();
    }
    let duty = |at: Moment| {
        let index = timeline.index_at(at.time);
        let data = timeline.version(index).book.data;
        let due = at
            .time
            .plus_hours(data.delete_within_hours.unwrap_or(24).into());
        Duty::new(
            DutyKind::DeleteData,
            DutyRule::Deletion(index),
            at,
            Due::At(due),
        )
    };
    let ordered = grounds
        .deletions
        .iter()
        .filter(|fact| fact.kind() == Kind::DataDeletionOrdered);
    let mut duties: Vec<Duty> = ordered.map(|fact| duty(Moment::of(*fact))).collect();
    let registered = (grounds.app.registered, grounds.app.position);
    for ending in grounds.endings {
        let by_then = registered < (ending.at.time, ending.at.position);
        if by_then && timeline.at(ending.at.time).book.data.delete_on_termination {
            duties.push(duty(ending.at));
        }
    }
    let confirmations: Vec<Fact> = grounds
        .deletions
        .iter()
        .copied()
        .filter(|fact| fact.kind() == Kind::DataDeletionConfirmed)
        .collect();
    for duty in &mut duties {
        let confirmed = confirmations
            [confirmations.partition_point(|fact| !duty.at.is_before(*fact))..]
            .first();
        if let Some(fact) = confirmed {
            duty.meet(Moment::of(*fact));
        }
    }
    duties
}

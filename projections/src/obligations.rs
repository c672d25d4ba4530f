//! Who owes what by when (SPEC §8).

use crate::developers::Ending;
use crate::event::Kind;
use crate::facts::{AppFacts, Fact, NameId, Names};
use crate::horizon::Horizon;
use crate::provenance::DutyRule;
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
    met: Option<Moment>,
    withdrawn: Option<Moment>,
}

impl Duty {
    pub(crate) const fn new(kind: DutyKind, rule: DutyRule, at: Moment, due: Due) -> Self {
        Self {
            kind,
            source: None,
            rule,
            at,
            due,
            met: None,
            withdrawn: None,
        }
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.met.is_none() && self.withdrawn.is_none()
    }

    pub(crate) fn meet(&mut self, at: Moment) {
        if self.is_open() {
            self.met = Some(at);
        }
    }

    pub(crate) fn withdraw(&mut self, at: Moment) {
        if self.is_open() {
            self.withdrawn = Some(at);
        }
    }

    fn print<'a>(&self, names: &'a Names, horizon: &mut Horizon) -> Obligation<'a> {
        let due = self.due.instant();
        let passed = |at: Instant| due.is_some_and(|due| at > due);
        let ended = self.met.or(self.withdrawn);
        let state = if self.met.is_some() {
            ObligationState::Met
        } else if self.withdrawn.is_some() {
            ObligationState::Withdrawn
        } else {
            if let Some(due) = due {
                horizon.see(due.next());
            }
            if passed(horizon.as_of()) {
                ObligationState::Overdue
            } else {
                ObligationState::Open
            }
        };
        Obligation {
            owner: if self.kind == DutyKind::Review {
                Owner::Platform
            } else {
                Owner::Developer
            },
            kind: self.kind,
            code: self.source.map(|source| source.code(names)),
            cause: self.at.position,
            since: self.at.time,
            due,
            met_at: self.met.map(|met| met.time),
            late: ended.is_some_and(|end| passed(end.time)),
            state,
            rule: self.rule,
            ended: ended.map(|end| (end.time, end.position)),
        }
    }
}

/// What the obligations of an app follow from, beside its review.
pub(crate) struct Grounds<'a> {
    pub(crate) app: &'a AppFacts,
    pub(crate) sanctions: &'a [Sanction],
    /// Its remedies of violations, in order.
    pub(crate) remedies: Vec<Fact>,
    /// What was ordered and confirmed of its data, in order.
    pub(crate) deletions: &'a [Fact],
    pub(crate) endings: &'a [Ending],
}

/// The obligations of an app, by (due, kind, since, cause, code).
pub(crate) fn obligations<'a>(
    timeline: &Timeline,
    names: &'a Names,
    review: &[Duty],
    mut grounds: Grounds<'_>,
    horizon: &mut Horizon,
) -> Box<[Obligation<'a>]> {
    let later = |fact: &Fact| (fact.name(), fact.time(), fact.position());
    grounds.remedies.sort_unstable_by_key(later);
    // A code that no event names has no number, and then no remedy either.
    let derived = match grounds.remedies.is_empty() {
        true => [None, None],
        false => [Source::Complaints, Source::Outage].map(|of| names.find(of.code(names))),
    };
    let fixes = grounds.sanctions.iter().enumerate();
    let fixes = fixes.filter_map(|(index, sanction)| {
        let code = match sanction.source {
            Source::Found(code) => Some(code),
            Source::Complaints => derived[0],
            Source::Outage => derived[1],
        };
        fix(code, &grounds.remedies, index, sanction)
    });
    let duties = review.iter().copied().chain(fixes);
    let duties = duties.chain(deletions(timeline, &grounds));
    let mut printed = Vec::with_capacity(review.len() + grounds.sanctions.len());
    printed.extend(duties.map(|duty| duty.print(names, horizon)));
    // What has no known due instant comes last.
    let due = |o: &Obligation<'a>| o.due.unwrap_or(Instant::MAX);
    printed.sort_by(|a, b| {
        due(a).cmp(&due(b)).then_with(|| {
            let key =
                |o: &Obligation<'a>| (o.due.is_none(), o.kind.as_str(), o.since, o.cause, o.code);
            key(a).cmp(&key(b))
        })
    });
    printed.into()
}

/// The duty that a step brings: met by the first later remedy of its code, withdrawn where its
/// incident escalates before that.
fn fix(code: Option<NameId>, remedies: &[Fact], index: usize, sanction: &Sanction) -> Option<Duty> {
    let mut duty = Duty::new(
        DutyKind::FixViolation,
        DutyRule::Sanction(index),
        sanction.at,
        Due::At(sanction.fix_by?),
    );
    duty.source = Some(sanction.source);
    let remedy = code.and_then(|code| {
        let later = |fact: &Fact| (fact.name(), fact.time(), fact.position());
        let step = (Some(code), sanction.at.time, sanction.at.position);
        let place = remedies.partition_point(|fact| later(fact) <= step);
        remedies.get(place).filter(|fact| fact.name() == Some(code))
    });
    match (remedy, sanction.escalates) {
        (Some(remedy), Some(at)) if at.is_before(*remedy) => duty.withdraw(at),
        (Some(remedy), _) => duty.meet(Moment::of(*remedy)),
        (None, Some(at)) => duty.withdraw(at),
        (None, None) => {}
    }
    Some(duty)
}

/// The duties to delete data: by an order, and where the rules say so by the end of cooperation.
fn deletions(timeline: &Timeline, grounds: &Grounds<'_>) -> Vec<Duty> {
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

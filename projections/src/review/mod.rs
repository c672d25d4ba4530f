//! The review of an app, its inspections and reports, its holds (SPEC §8).
//!
//! [`Lifecycle`] is the one transition function. `assess` folds it over an app's facts; the desk
//! and the import ask [`Lifecycle::check`] whether a step is legal before it is recorded and then
//! fold the same way. Once recorded, a step begins its state even where a later retraction makes
//! the path odd.

use crate::event::{
    Channel, Data, InspectionSeverity, Kind, Permission, Position, ReportSeverity, Stage,
};
use crate::facts::{AppFacts, Fact};
use crate::horizon::Horizon;
use crate::obligations::{Due, Duty, DutyKind};
use crate::provenance::{DutyRule, Hold, HoldRule};
use crate::refusal::{Code, Refusal};
use crate::rules::{Moment, Timeline};
use crate::time::Instant;

mod state;

pub use state::ReviewState;

/// Why a block of the interfaces began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
    /// A grave inspection or report: at once, until lifted.
    Grave,
    /// A fix that was not there when it was due.
    Missed,
}

/// A block of an app's interfaces that follows from an inspection or a report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) kind: BlockKind,
    pub(crate) from: Instant,
    pub(crate) cause: Position,
    pub(crate) until: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Failure {
    at: Moment,
    due: Due,
    remedied: Option<Moment>,
}

/// An app's review state and what follows from its inspections and reports.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    channel: Channel,
    permission: Permission,
    state: ReviewState,
    since: Instant,
    state_event: Position,
    declaration_approved: Option<Instant>,
    copy_approved_once: bool,
    key_disabled: bool,
    key_event: Option<Position>,
    latest: Option<Instant>,
    failures: Vec<Failure>,
    /// How many of the failures, the first ones, are remedied: a remedy meets all before it.
    remedied: usize,
    reports_open: u32,
    graves: Vec<Block>,
    hold_until: Option<Instant>,
    hold_without_end: bool,
    holds: Vec<Hold>,
    duties: Vec<Duty>,
    /// The places of the duties that are neither met nor withdrawn.
    open: Vec<usize>,
}

impl Lifecycle {
    /// The state of an app that was just registered.
    #[must_use]
    pub const fn new(channel: Channel, permission: Permission, registered: Instant) -> Self {
        Self {
            channel,
            permission,
            state: match channel {
                Channel::Enterprise => ReviewState::Undeclared,
                _ => ReviewState::Developing,
            },
            since: registered,
            state_event: Position(0),
            declaration_approved: None,
            copy_approved_once: false,
            key_disabled: false,
            key_event: None,
            latest: None,
            failures: Vec::new(),
            remedied: 0,
            reports_open: 0,
            graves: Vec::new(),
            hold_until: None,
            hold_without_end: false,
            holds: Vec::new(),
            duties: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Begins with another app, as [`Lifecycle::of`] does, in the room that there is.
    pub(crate) fn reset(&mut self, app: &AppFacts) {
        let mut old = std::mem::replace(self, Self::of(app));
        old.failures.clear();
        old.graves.clear();
        old.holds.clear();
        old.duties.clear();
        old.open.clear();
        self.failures = old.failures;
        self.graves = old.graves;
        self.holds = old.holds;
        self.duties = old.duties;
        self.open = old.open;
    }

    /// The state of a registered app before its first fact.
    #[must_use]
    pub const fn of(app: &AppFacts) -> Self {
        let mut lifecycle = Self::new(app.channel, app.permission, app.registered);
        lifecycle.state_event = app.position;
        lifecycle
    }

    /// Where the app lives.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        self.channel
    }

    /// What it may call.
    #[must_use]
    pub const fn permission(&self) -> Permission {
        self.permission
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> ReviewState {
        self.state
    }

    /// When the state began.
    #[must_use]
    pub const fn since(&self) -> Instant {
        self.since
    }

    /// The event that began the state.
    #[must_use]
    pub const fn state_event(&self) -> Position {
        self.state_event
    }

    /// When the present listing began, while there is one.
    #[must_use]
    pub fn listed_since(&self) -> Option<Instant> {
        (self.state == ReviewState::Listed).then_some(self.since)
    }

    /// Whether its key does not work.
    #[must_use]
    pub const fn key_disabled(&self) -> bool {
        self.key_disabled
    }

    /// The latest event about its key.
    #[must_use]
    pub const fn key_event(&self) -> Option<Position> {
        self.key_event
    }

    /// What holds the app back or has done so, in the order of the events; what a remedy ended is
    /// left to the observation that it began.
    #[must_use]
    pub fn holds(&self) -> Box<[Hold]> {
        let unremedied = self.failures[self.remedied..].iter().map(|f| Hold {
            cause: f.at.position,
            until: None,
            rule: None,
        });
        let mut holds: Vec<Hold> = self.holds.iter().copied().chain(unremedied).collect();
        holds.sort_by_key(|hold| hold.cause);
        holds.into()
    }

    /// The greatest end of a hold set so far.
    #[must_use]
    pub const fn hold_until(&self) -> Option<Instant> {
        self.hold_until
    }

    /// Whether no approval is accepted at an instant: an inspection is not remedied, or is still
    /// observed, or a report holds the app. A hold whose end no calendar tells has none yet.
    #[must_use]
    pub fn on_hold(&self, at: Instant) -> bool {
        self.hold_without_end
            || self.remedied < self.failures.len()
            || self.hold_until.is_some_and(|until| at < until)
    }

    /// The running clock's due instant, while the state waits.
    #[must_use]
    pub fn review_due(&self) -> Option<Instant> {
        self.state.pending()?;
        let open = self.open.iter().map(|place| &self.duties[*place]);
        open.rev()
            .find(|duty| duty.kind == DutyKind::Review)?
            .due
            .instant()
    }

    /// The instants at which a hold or a missed fix changes something by itself.
    pub(crate) fn see(&self, horizon: &mut Horizon) {
        if let Some(until) = self.hold_until {
            horizon.see(until);
        }
        for failure in &self.failures[self.remedied..] {
            if let Due::At(due) = failure.due {
                horizon.see(due);
            }
        }
    }

    pub(crate) fn duties(&self) -> &[Duty] {
        &self.duties
    }

    /// The blocks of the interfaces that inspections and reports have brought.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Block> + '_ {
        let missed = self.failures.iter().filter_map(|failure| {
            let Due::At(due) = failure.due else {
                return None;
            };
            failure
                .remedied
                .is_none_or(|remedied| remedied.time > due)
                .then_some(Block {
                    kind: BlockKind::Missed,
                    from: due,
                    cause: failure.at.position,
                    until: failure.remedied,
                })
        });
        self.graves.iter().copied().chain(missed)
    }

    /// Whether an event may be recorded next, on the state so far.
    ///
    /// # Errors
    /// `review.out_of_order` or `review.on_hold`, with what would be legal.
    pub fn check(&self, time: Instant, data: &Data) -> Result<(), Refusal> {
        let out_of_order =
            |pointer: &str, message: String| Refusal::new(Code::ReviewOutOfOrder, pointer, message);
        let in_state = |what: &str| {
            let message = format!(
                "{what} in the state `{}` (since {})",
                self.state, self.since
            );
            Err(out_of_order("/type", message))
        };
        let lifecycle = Fact::of_lifecycle(Position(0), time, data);
        if !lifecycle.is_some_and(|fact| fact.kind().is_lifecycle()) {
            return Ok(());
        }
        if let Some(latest) = self.latest.filter(|latest| time < *latest) {
            let message = format!(
                "reviews, inspections, reports, keys and delistings of an app arrive in time \
                 order; its latest is of {latest}"
            );
            return Err(out_of_order("/time", message));
        }
        match data {
            Data::ReviewSubmitted {
                stage: Stage::Plaza,
            } if self.channel == Channel::Website => Err(out_of_order(
                "/data/stage",
                "a website is never shown in the plaza".to_owned(),
            )),
            Data::ReviewSubmitted { stage } if !self.state.accepts(*stage) => {
                in_state(&format!("`{stage}` cannot be submitted"))
            }
            Data::ReviewApproved { stage } | Data::ReviewRejected { stage, .. }
                if self.state.pending() != Some(*stage) =>
            {
                in_state(&format!("no `{stage}` waits for a decision"))
            }
            Data::ReviewApproved { .. } if self.on_hold(time) => {
                let until = match self.hold_until {
                    Some(until) if until > time => format!("until {until}"),
                    _ if self.remedied == self.failures.len() => {
                        "until an instant that no calendar tells yet".to_owned()
                    }
                    _ => "until what was found is remedied".to_owned(),
                };
                let message = format!("the app is on hold {until}: no approval is accepted");
                Err(Refusal::new(Code::ReviewOnHold, "/type", message))
            }
            Data::AppDelisted if self.state != ReviewState::Listed => {
                in_state("the app cannot be delisted")
            }
            Data::InspectionRemedied if self.remedied == self.failures.len() => Err(out_of_order(
                "/type",
                "no failed inspection is left to remedy".to_owned(),
            )),
            Data::ReportRemedied if self.reports_open == 0 => Err(out_of_order(
                "/type",
                "no confirmed report is left to remedy".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    /// Takes the next fact in (`time`, position); other facts than those of §8 change nothing.
    pub fn apply(&mut self, fact: Fact, timeline: &Timeline) {
        let kind = fact.kind();
        if kind.is_lifecycle() {
            self.latest = self.latest.max(Some(fact.time()));
        }
        match kind {
            Kind::AppPermissionChanged => self.permission = fact.permission(),
            Kind::AppKeyDisabled | Kind::AppKeyEnabled => {
                self.key_disabled = kind == Kind::AppKeyDisabled;
                self.key_event = Some(fact.position());
            }
            Kind::AppDelisted if self.state == ReviewState::Listed => {
                self.enter(ReviewState::Delisted, fact);
            }
            Kind::ReviewSubmitted => self.submit(fact, timeline),
            Kind::ReviewApproved => self.approve(fact),
            Kind::ReviewRejected => {
                self.close_duties(DutyKind::Review, fact);
                self.enter(
                    match fact.stage() {
                        Stage::Declaration => ReviewState::DeclarationRejected,
                        Stage::Copy => ReviewState::CopyRejected,
                        Stage::Plaza => ReviewState::PlazaRejected,
                    },
                    fact,
                );
            }
            Kind::InspectionFailed => self.inspection_failed(fact, timeline),
            Kind::InspectionRemedied => self.inspection_remedied(fact, timeline),
            Kind::ReportConfirmed => self.report_confirmed(fact, timeline),
            Kind::ReportRemedied => {
                self.reports_open = 0;
                self.close_duties(DutyKind::FixReport, fact);
            }
            _ => {}
        }
    }

    /// Begins a state anew; a clock that still runs for the one before is withdrawn.
    fn enter(&mut self, state: ReviewState, fact: Fact) {
        self.close(DutyKind::Review, |duty| duty.withdraw(Moment::of(fact)));
        (self.state, self.since, self.state_event) = (state, fact.time(), fact.position());
    }

    fn close_duties(&mut self, kind: DutyKind, fact: Fact) {
        self.close(kind, |duty| duty.meet(Moment::of(fact)));
    }

    /// Ends the open duties of a kind.
    fn close(&mut self, kind: DutyKind, end: impl Fn(&mut Duty)) {
        let duties = &mut self.duties;
        self.open.retain(|place| {
            let ended = duties[*place].kind == kind;
            if ended {
                end(&mut duties[*place]);
            }
            !ended
        });
    }

    fn owe(&mut self, duty: Duty) {
        self.open.push(self.duties.len());
        self.duties.push(duty);
    }

    fn submit(&mut self, fact: Fact, timeline: &Timeline) {
        let lapsed = || {
            let ends = timeline.declaration_ends(self.declaration_approved?)?;
            (self.state == ReviewState::Developing && fact.time() > ends).then_some(())
        };
        let stage = match fact.stage() {
            Stage::Copy if lapsed().is_some() => Stage::Declaration,
            stage => stage,
        };
        self.enter(
            match stage {
                Stage::Declaration => ReviewState::DeclarationPending,
                Stage::Copy => ReviewState::CopyPending,
                Stage::Plaza => ReviewState::PlazaPending,
            },
            fact,
        );
        let index = timeline.index_at(fact.time());
        let rules = timeline.version(index);
        let recheck = self.copy_approved_once;
        if let Some(days) = rules.clock(self.channel, stage, recheck) {
            let rule = DutyRule::Clock(index, stage, recheck);
            let due = Due::known(timeline.working_days_after(rules, fact.time(), days));
            self.owe(Duty::new(DutyKind::Review, rule, Moment::of(fact), due));
        }
    }

    fn approve(&mut self, fact: Fact) {
        self.close_duties(DutyKind::Review, fact);
        match fact.stage() {
            Stage::Declaration => {
                self.declaration_approved = Some(fact.time());
                self.enter(ReviewState::Developing, fact);
            }
            Stage::Copy => {
                self.copy_approved_once = true;
                self.enter(ReviewState::CopyApproved, fact);
            }
            Stage::Plaza => self.enter(ReviewState::Listed, fact),
        }
    }

    fn inspection_failed(&mut self, fact: Fact, timeline: &Timeline) {
        if self.state == ReviewState::Listed {
            self.enter(ReviewState::Delisted, fact);
        } else if self.state.copy_approved() {
            self.enter(ReviewState::CopyRevoked, fact);
        }
        let index = timeline.index_at(fact.time());
        let rules = timeline.version(index);
        let due = match rules.book.inspection.fix_within_working_days {
            Some(days) => Due::known(timeline.working_days_after(rules, fact.time(), days)),
            None => Due::Never,
        };
        let at = Moment::of(fact);
        if due != Due::Never {
            let rule = DutyRule::Inspection(index);
            self.owe(Duty::new(DutyKind::FixInspection, rule, at, due));
        }
        self.failures.push(Failure {
            at,
            due,
            remedied: None,
        });
        if fact.inspection() != InspectionSeverity::Minor {
            self.block_at_once(fact);
        }
    }

    fn inspection_remedied(&mut self, fact: Fact, timeline: &Timeline) {
        self.close_duties(DutyKind::FixInspection, fact);
        let any = self.remedied < self.failures.len();
        for failure in &mut self.failures[self.remedied..] {
            failure.remedied = Some(Moment::of(fact));
        }
        self.remedied = self.failures.len();
        if any {
            let index = timeline.index_at(fact.time());
            let inspection = timeline.version(index).book.inspection;
            let days = inspection.observation_days.unwrap_or(0);
            let until = fact.time().plus_days(days.into());
            self.hold_until = self.hold_until.max(Some(until));
            self.holds.push(Hold {
                cause: fact.position(),
                until: Some(until),
                rule: Some(HoldRule::Observation(index)),
            });
        }
    }

    fn report_confirmed(&mut self, fact: Fact, timeline: &Timeline) {
        let permission = self.permission;
        if self.state.copy_approved() {
            self.enter(ReviewState::CopyRevoked, fact);
        }
        self.permission = Permission::Ordinary;
        self.reports_open += 1;
        let index = timeline.index_at(fact.time());
        let rules = timeline.version(index);
        let of_channel = rules.book.reports.get(&self.channel);
        if let Some(rule) = of_channel.and_then(|by_permission| by_permission.get(&permission)) {
            if let Some(hours) = rule.fix_within_hours {
                let due = Due::At(fact.time().plus_hours(hours.into()));
                let rule = DutyRule::Report(index, permission);
                self.owe(Duty::new(DutyKind::FixReport, rule, Moment::of(fact), due));
            }
            if let Some(days) = rule.hold_working_days {
                let until = timeline.working_days_after(rules, fact.time(), days);
                match until {
                    Some(until) => self.hold_until = self.hold_until.max(Some(until)),
                    None => self.hold_without_end = true,
                }
                self.holds.push(Hold {
                    cause: fact.position(),
                    until,
                    rule: Some(HoldRule::Report(index, permission)),
                });
            }
        }
        if fact.report() == ReportSeverity::Extreme {
            self.block_at_once(fact);
        }
    }

    fn block_at_once(&mut self, fact: Fact) {
        self.graves.push(Block {
            kind: BlockKind::Grave,
            from: fact.time(),
            cause: fact.position(),
            until: None,
        });
    }
}

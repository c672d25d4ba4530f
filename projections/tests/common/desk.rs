//! Accepted histories: whatever is drawn is taken in as intake would take it (SPEC §2), and what
//! intake would refuse is left out. So a history stays accepted however proptest shrinks it.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;
use serde_json::{Value, json};
use standing_projections::event::{Channel, Data, EventRef, Kind, Outcome, Permission, Stage};
use standing_projections::facts::{Fact, Names};
use standing_projections::review::Lifecycle;
use standing_projections::rules::Timeline;
use standing_projections::time::{DAY_MICROS, HOUR_MICROS};
use standing_projections::{Event, Instant, Position, Rulebook};

use super::books::{BEHAVIORS, BookSeed, CODES, REASONS, book};
use super::ledger::{Ledger, Record};

/// 2014-01-01T00:00:00Z.
const START: i64 = 1_388_534_400_000_000;
const MINUTE: i64 = 60_000_000;

/// How a history is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Of 100 events, how many have the time of the one before.
    pub(crate) ties: u8,
    /// Whether every event has a microsecond of its own, and so has whatever is derived from it.
    pub(crate) distinct: bool,
    /// How many events are drawn; some more are there from the beginning, some are refused.
    pub(crate) events: (usize, usize),
}

impl Shape {
    pub(crate) const ANY: Self = Self {
        ties: 15,
        distinct: false,
        events: (20, 200),
    };
    pub(crate) const DISTINCT: Self = Self {
        ties: 0,
        distinct: true,
        events: (20, 200),
    };
}

/// Something that may be recorded next.
#[derive(Clone, Copy, Debug)]
struct Draft {
    what: What,
    when: u8,
    amount: u32,
    who: u8,
    a: u16,
    b: u16,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Kind(Kind),
    /// The next step of the review, whatever it is.
    ReviewStep,
}

impl Draft {
    /// Most of what goes wrong is left out of a calm history, so that apps come far in it.
    fn is_calm(&self) -> bool {
        use Kind::*;
        let wrong = matches!(
            self.what,
            What::Kind(
                ViolationFound
                    | ComplaintReceived
                    | OutageStarted
                    | OutageDayRecorded
                    | InspectionFailed
                    | ReportConfirmed
                    | AppKeyDisabled
                    | AppDelisted
                    | MeasureImposed
                    | DeveloperTerminated
                    | DeveloperLeft
                    | EventRetracted
            )
        );
        !wrong || self.b.is_multiple_of(5)
    }
}

fn draft() -> impl Strategy<Value = Draft> {
    use Kind::*;
    let kind = |weight: u32, kind: Kind| (weight, Just(What::Kind(kind)));
    let what = proptest::strategy::Union::new_weighted(vec![
        (30, Just(What::ReviewStep)),
        kind(14, ViolationFound),
        kind(14, ComplaintReceived),
        kind(6, ViolationRemedied),
        kind(4, OutageStarted),
        kind(4, OutageEnded),
        kind(2, OutageExplained),
        kind(4, OutageDayRecorded),
        kind(5, BehaviorObserved),
        kind(2, BehaviorCeased),
        kind(6, UsageReported),
        kind(2, CertificationAssessed),
        kind(2, InspectionFailed),
        kind(3, InspectionRemedied),
        kind(2, ReportConfirmed),
        kind(2, ReportRemedied),
        kind(1, AppKeyDisabled),
        kind(2, AppKeyEnabled),
        kind(3, AppDelisted),
        kind(2, AppPermissionChanged),
        kind(3, MeasureImposed),
        kind(4, MeasureLifted),
        kind(1, DataDeletionOrdered),
        kind(2, DataDeletionConfirmed),
        kind(2, DeveloperGraded),
        kind(1, DeveloperTerminated),
        kind(1, DeveloperLeft),
        kind(3, DeveloperReinstated),
        kind(5, EventRetracted),
        kind(1, AppealFiled),
        kind(3, AppealDecided),
        kind(4, RulebookPublished),
        kind(1, PrivateErased),
        kind(3, AppRegistered),
        kind(1, DeveloperRegistered),
        kind(1, ReviewApproved),
        kind(1, ReviewRejected),
        kind(1, ReviewSubmitted),
    ]);
    let figures = (any::<u8>(), any::<u16>(), any::<u16>());
    (what, 0u8..100, any::<u32>(), figures).prop_map(|(what, when, amount, (who, a, b))| Draft {
        what,
        when,
        amount,
        who,
        a,
        b,
    })
}

/// Accepted histories of that shape.
pub(crate) fn ledger(shape: Shape) -> impl Strategy<Value = Ledger> {
    let drafts = prop::collection::vec(draft(), shape.events.0..=shape.events.1);
    let books = prop::collection::vec(book(), 1..5);
    (drafts, books, prop::bool::weighted(0.4)).prop_map(move |(drafts, books, calm)| {
        let mut desk = Desk::new(shape, books);
        let drafts = drafts.iter().filter(|draft| !calm || draft.is_calm());
        drafts.for_each(|draft| desk.draft(*draft));
        Ledger {
            records: desk.records,
        }
    })
}

struct App {
    id: String,
    developer: usize,
    channel: Channel,
    permission: Permission,
    registered: Instant,
}

/// Takes drafts in one by one, as intake would.
struct Desk {
    shape: Shape,
    books: Vec<BookSeed>,
    records: Vec<Record>,
    clock: i64,
    published: Vec<(Position, Rulebook)>,
    timeline: Option<Timeline>,
    codes: BTreeSet<String>,
    developers: Vec<String>,
    apps: Vec<App>,
}

impl Desk {
    fn new(shape: Shape, books: Vec<BookSeed>) -> Self {
        let mut desk = Self {
            shape,
            books,
            records: Vec::new(),
            clock: START,
            published: Vec::new(),
            timeline: None,
            codes: BTreeSet::new(),
            developers: Vec::new(),
            apps: Vec::new(),
        };
        let first = Draft {
            what: What::Kind(Kind::RulebookPublished),
            when: 50,
            amount: 0,
            who: 0,
            a: 0,
            b: 0,
        };
        desk.draft(first);
        // The first developer has a grade to fall to, and that one marks it.
        for (kind, a, b) in [
            (Kind::DeveloperRegistered, 0, 1),
            (Kind::AppRegistered, 0, 0),
            (Kind::AppRegistered, 1, 0),
        ] {
            let what = What::Kind(kind);
            desk.draft(Draft {
                what,
                a,
                b,
                ..first
            });
        }
        desk
    }

    /// The time of the next event. The clock goes on; some events come late, some at one time.
    fn time(&mut self, draft: Draft) -> Instant {
        let amount = i64::from(draft.amount);
        let ties = self.shape.ties;
        let mut micros = match draft.when {
            when if when < ties => self.clock,
            when if when < ties + 15 => self.clock - amount % (60 * DAY_MICROS / MINUTE) * MINUTE,
            when => {
                self.clock += match when % 10 {
                    0 => amount % 40 * DAY_MICROS,
                    1..4 => amount % (3 * 24 * 60) * MINUTE,
                    // To a local midnight of the zone of the rulebooks, 16:00 UTC.
                    4 => {
                        let rest = (self.clock - 16 * HOUR_MICROS).rem_euclid(DAY_MICROS);
                        DAY_MICROS - rest
                    }
                    5 => amount % 1_000_000,
                    _ => amount % 12 * HOUR_MICROS,
                };
                self.clock
            }
        };
        if self.shape.distinct {
            micros = micros - micros.rem_euclid(1_000_000) + self.own_micros();
        }
        Instant::from_micros_clamped(micros)
    }

    /// A part of a second that no other event has; nor has anything derived by whole seconds.
    fn own_micros(&self) -> i64 {
        i64::try_from(self.records.len()).unwrap() + 1
    }

    fn next(&self) -> Position {
        Position(self.records.len() as u64 + 1)
    }

    fn push(&mut self, kind: Kind, time: Instant, subject: &str, data: Value) {
        let position = self.next();
        let event = json!({
            "specversion": "1.0", "id": format!("e{position}"), "source": "/desk",
            "type": kind.as_str(), "time": time.to_string(), "subject": subject, "data": data,
        });
        let json = event.to_string();
        let event = Event::from_json(&event).unwrap();
        let find = |to: &EventRef| to.id[1..].parse().map(Position).unwrap();
        let target = event.data.event_ref().map(find);
        self.records.push(Record {
            position,
            event,
            target,
            json,
        });
    }

    /// What no event still counts of, as known now.
    fn disregarded(&self) -> BTreeSet<Position> {
        let mut gone = BTreeSet::new();
        for record in self.records.iter().rev() {
            let takes_back = matches!(
                record.event.data,
                Data::EventRetracted { .. }
                    | Data::AppealDecided {
                        outcome: Outcome::Granted,
                        ..
                    }
            );
            if takes_back && !gone.contains(&record.position) {
                gone.extend(record.target);
            }
        }
        gone
    }

    /// Which app is meant: the earlier ones more often, so that some come far.
    fn app(&self, draft: Draft) -> usize {
        let (one, other) = (usize::from(draft.who % 16), usize::from(draft.who / 16));
        (one % self.apps.len()).min(other % self.apps.len())
    }

    /// The events of an app that count, by (time, position).
    fn facts(&self, app: &str) -> Vec<&Record> {
        let gone = self.disregarded();
        let mut facts: Vec<&Record> = self
            .records
            .iter()
            .filter(|record| record.event.subject == app && !gone.contains(&record.position))
            .collect();
        facts.sort_by_key(|record| (record.event.time, record.position));
        facts
    }

    fn lifecycle(&self, app: &App) -> Lifecycle {
        let timeline = self.timeline.as_ref().unwrap();
        let mut lifecycle = Lifecycle::new(app.channel, app.permission, app.registered);
        for record in self.facts(&app.id) {
            let (time, data) = (record.event.time, &record.event.data);
            if let Some(fact) = Fact::of_lifecycle(record.position, time, data) {
                lifecycle.apply(fact, timeline);
            }
        }
        lifecycle
    }

    fn draft(&mut self, draft: Draft) {
        let time = self.time(draft);
        match draft.what {
            What::ReviewStep => self.lifecycle_step(Kind::ReviewSubmitted, time, draft, true),
            What::Kind(kind) if kind.is_lifecycle() => {
                self.lifecycle_step(kind, time, draft, false);
            }
            What::Kind(Kind::RulebookPublished) => self.publish(time),
            What::Kind(Kind::DeveloperRegistered) => self.register_developer(time, draft),
            What::Kind(Kind::AppRegistered) => self.register_app(time, draft),
            What::Kind(
                kind @ (Kind::DeveloperGraded
                | Kind::DeveloperTerminated
                | Kind::DeveloperLeft
                | Kind::DeveloperReinstated),
            ) => self.act(kind, time, draft),
            What::Kind(
                kind @ (Kind::EventRetracted
                | Kind::AppealFiled
                | Kind::AppealDecided
                | Kind::PrivateErased),
            ) => self.refer(kind, time, draft),
            What::Kind(
                kind @ (Kind::OutageStarted | Kind::OutageEnded | Kind::OutageExplained),
            ) => self.outage(kind, time, draft),
            What::Kind(kind) => self.app_fact(kind, time, draft),
        }
    }

    fn publish(&mut self, time: Instant) {
        let Some(seed) = self.books.pop() else { return };
        let (version, position) = (self.published.len() + 1, self.next());
        let text = seed.text(version);
        let book = Rulebook::parse(&text).unwrap();
        self.codes
            .extend(book.violations.iter().map(|v| v.get_ref().code.clone()));
        let ranked = book.ranking.iter().flat_map(|ranking| &ranking.behaviors);
        self.codes.extend(ranked.map(|b| b.get_ref().code.clone()));
        self.published.push((position, book));
        let timeline = Timeline::new(self.published.clone(), &Names::default());
        self.timeline = Some(timeline.unwrap());
        let version = format!("v{version}");
        let data = json!({"version": version, "toml": text, "sha256": ""});
        self.push(Kind::RulebookPublished, time, "weibo", data);
    }

    /// Whether the rules at a time have a grade.
    fn has_grade(&self, grade: &str, time: Instant) -> bool {
        let rules = self.timeline.as_ref().unwrap().at(time);
        rules.book.developers.grades.iter().any(|g| g == grade)
    }

    fn register_developer(&mut self, time: Instant, draft: Draft) {
        if self.developers.len() == 3 {
            return;
        }
        // Not in the order of their ids.
        let id = format!("d{}", 3 - self.developers.len());
        let mut data = json!({"name": id, "kind": "connection"});
        let grade = grade(draft.b);
        if draft.b % 2 == 1 && self.has_grade(grade, time) {
            data["grade"] = grade.into();
        }
        self.push(Kind::DeveloperRegistered, time, &id, data);
        self.developers.push(id);
    }

    fn register_app(&mut self, time: Instant, draft: Draft) {
        let developer = usize::from(draft.who) % self.developers.len();
        let mine = |app: &&App| app.developer == developer;
        let count = self.apps.iter().filter(mine).count();
        if count == 4 {
            return;
        }
        let id = format!("a{}{}", developer, 4 - count);
        // Enterprise apps have the most rules.
        let channel = match usize::from(draft.a % 7) {
            more @ 5.. => Channel::ALL[more - 5],
            index => Channel::ALL[index],
        };
        let permission = Permission::ALL[usize::from(draft.b % 2)];
        let data = json!({"developer": self.developers[developer], "name": id,
            "channel": channel, "permission": permission});
        self.push(Kind::AppRegistered, time, &id, data);
        self.apps.push(App {
            id,
            developer,
            channel,
            permission,
            registered: time,
        });
    }

    fn act(&mut self, kind: Kind, time: Instant, draft: Draft) {
        let developer = self.developers[usize::from(draft.who) % self.developers.len()].clone();
        let grade = grade(draft.a);
        let data = match kind {
            Kind::DeveloperGraded if !self.has_grade(grade, time) => return,
            Kind::DeveloperGraded => json!({"grade": grade}),
            _ => json!({"reason": "-"}),
        };
        self.push(kind, time, &developer, data);
    }

    /// Retractions, appeals, erasures; retractions often of retractions.
    fn refer(&mut self, kind: Kind, time: Instant, draft: Draft) {
        let outcome = ["granted", "denied"][usize::from(draft.b.is_multiple_of(3))];
        let takes_back = |record: &&Record| record.event.data.event_ref().is_some();
        let candidates: Vec<&Record> = if draft.b.is_multiple_of(5) {
            self.records.iter().filter(takes_back).collect()
        } else {
            self.records.iter().collect()
        };
        if candidates.is_empty() {
            return;
        }
        let target = candidates[usize::from(draft.a) % candidates.len()];
        if kind != Kind::PrivateErased && !target.event.kind.is_retractable() {
            return;
        }
        let mut data = json!({"event": {"id": target.event.id}});
        match kind {
            Kind::AppealFiled => data["statement"] = "-".into(),
            Kind::AppealDecided => {
                data["outcome"] = outcome.into();
                data["reason"] = "-".into();
            }
            _ => data["reason"] = "-".into(),
        }
        let subject = target.event.subject.clone();
        self.push(kind, time, &subject, data);
    }

    fn outage(&mut self, kind: Kind, time: Instant, draft: Draft) {
        let app = &self.apps[self.app(draft)];
        let id = app.id.clone();
        let mut open: HashMap<String, (Instant, bool)> = HashMap::new();
        for record in self.facts(&id) {
            match &record.event.data {
                Data::OutageStarted { outage, .. } => {
                    open.insert(outage.clone(), (record.event.time, false));
                }
                Data::OutageEnded { outage } => {
                    if let Some(entry) = open.get_mut(outage) {
                        entry.1 = true;
                    }
                }
                _ => {}
            }
        }
        if kind == Kind::OutageStarted {
            // Ids are used again once their outage is retracted.
            let number = (1..)
                .find(|n| !open.contains_key(&format!("o{n}")))
                .unwrap();
            let cause =
                ["developer", "developer", "platform", "third_party"][usize::from(draft.a % 4)];
            let data = json!({"outage": format!("o{number}"), "cause": cause});
            return self.push(kind, time, &id, data);
        }
        let mut known: Vec<(&String, &(Instant, bool))> = open.iter().collect();
        known.sort();
        if kind == Kind::OutageEnded {
            known.retain(|(_, (started, ended))| !ended && *started <= time);
        }
        if known.is_empty() {
            return;
        }
        let outage = known[usize::from(draft.a) % known.len()].0.clone();
        self.push(kind, time, &id, json!({"outage": outage}));
    }

    fn lifecycle_step(&mut self, kind: Kind, time: Instant, draft: Draft, next: bool) {
        let app = &self.apps[self.app(draft)];
        let lifecycle = self.lifecycle(app);
        let latest = self
            .facts(&app.id)
            .iter()
            .filter(|record| record.event.kind.is_lifecycle())
            .map(|record| record.event.time)
            .max();
        let mut time = time.max(latest.unwrap_or(time));
        if self.shape.distinct {
            let whole = time.micros() - time.micros().rem_euclid(1_000_000);
            time = Instant::from_micros_clamped(whole + self.own_micros());
        }
        let (kind, stage) = match (next, lifecycle.state().pending()) {
            (false, stage) => (kind, stage.unwrap_or(Stage::ALL[usize::from(draft.b % 3)])),
            (true, Some(stage)) if draft.b.is_multiple_of(4) => (Kind::ReviewRejected, stage),
            (true, Some(stage)) => (Kind::ReviewApproved, stage),
            (true, None) => {
                let submit = Stage::ALL
                    .iter()
                    .find(|stage| lifecycle.state().accepts(**stage));
                match submit {
                    Some(stage) => (Kind::ReviewSubmitted, *stage),
                    None => return,
                }
            }
        };
        let severity = usize::from(draft.a);
        let data = match kind {
            Kind::ReviewSubmitted | Kind::ReviewApproved => json!({"stage": stage}),
            Kind::ReviewRejected => json!({"stage": stage, "reasons": []}),
            Kind::InspectionFailed => {
                let all = ["minor", "minor", "serious", "multi_account"];
                json!({"severity": all[severity % 4], "findings": []})
            }
            Kind::ReportConfirmed => {
                let all = ["ordinary", "ordinary", "extreme"];
                json!({"severity": all[severity % 3]})
            }
            Kind::InspectionRemedied | Kind::ReportRemedied => json!({}),
            _ => json!({"reason": "-"}),
        };
        let id = app.id.clone();
        self.push(kind, time, &id, data);
        // As intake does, and with the same function.
        let refused = lifecycle.check(time, &self.records[self.records.len() - 1].event.data);
        if refused.is_err() {
            self.records.pop();
        }
    }

    fn app_fact(&mut self, kind: Kind, time: Instant, draft: Draft) {
        let id = self.apps[self.app(draft)].id.clone();
        let (a, b) = (usize::from(draft.a), usize::from(draft.b));
        let zone = self.timeline.as_ref().unwrap().zone();
        let date = |days: i64| zone.date(time.plus_days(days)).to_string();
        let cause = ["developer", "developer", "platform", "third_party"][b % 4];
        let measures = [
            ["block_api", "close_app"],
            ["close_app", "stop_new_authorizations"],
            ["take_offline", "block_api"],
            ["warning", "warning"],
        ];
        let data = match kind {
            Kind::ViolationFound => json!({"code": CODES[a % CODES.len()]}),
            Kind::ViolationRemedied => {
                let derived = ["complaints", "outage"];
                let code = derived.iter().chain(&CODES).nth(a % (CODES.len() + 2));
                json!({"code": code})
            }
            Kind::ComplaintReceived => {
                let class = ["strong", "strong", "normal", "celebrity"][a % 4];
                match b % 6 {
                    0..2 => json!({"class": class}),
                    b => json!({"class": class, "reason": REASONS[b - 2]}),
                }
            }
            Kind::OutageDayRecorded => {
                json!({"date": date(i64::from(draft.a % 12) - 6), "cause": cause})
            }
            Kind::BehaviorObserved | Kind::BehaviorCeased => {
                json!({"code": BEHAVIORS[a % BEHAVIORS.len()]})
            }
            Kind::UsageReported => {
                json!({"date": date(i64::from(draft.a % 5) - 3), "daily_users": b * 3})
            }
            Kind::CertificationAssessed => {
                json!({"condition": "platform_related", "met": a % 4 > 0})
            }
            Kind::AppPermissionChanged => json!({"permission": Permission::ALL[a % 2]}),
            Kind::MeasureImposed => {
                let until = match b % 4 {
                    0 => Value::Null,
                    1 => time.plus_days(-2).to_string().into(),
                    _ => time.plus_hours(i64::from(draft.b % 500)).to_string().into(),
                };
                json!({"measures": measures[a % 4], "until": until, "reason": "-"})
            }
            Kind::MeasureLifted => json!({"measures": measures[a % 3], "reason": "-"}),
            Kind::DataDeletionOrdered | Kind::DataDeletionConfirmed => json!({"scope": "all"}),
            other => unreachable!("{other} is drafted elsewhere"),
        };
        let code = data.get("code").and_then(Value::as_str);
        let named = matches!(
            kind,
            Kind::ViolationFound | Kind::BehaviorObserved | Kind::BehaviorCeased
        );
        if named && code.is_some_and(|code| !self.codes.contains(code)) {
            return;
        }
        self.push(kind, time, &id, data);
    }
}

fn grade(number: u16) -> &'static str {
    ["ordinary", "intermediate", "advanced", "partner", "basic"][usize::from(number % 5)]
}

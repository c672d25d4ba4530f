//! A rulebook with figures of every kind, and histories under it, told in a line an event.
//!
//! Times are written without their year, which is 2015, and without their zone, which is UTC; the
//! rules' own dates are eight hours on.

use serde_json::{Value, json};
use standing_projections::facts::History;
use standing_projections::refusal::Code;
use standing_projections::review::Lifecycle;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Event, Instant, Position, Rulebook, Standing};

use crate::everybody::everybody;

pub(crate) const BOOK: &str = r#"
id = "t"
version = "1"
effective_from = 2010-01-01
time_zone = "Asia/Shanghai"
calendar = "CN"
violations = [
  { code = "grave", level = 1, area = "x" },
  { code = "middling", level = 2, area = "x" },
  { code = "slight", level = 3, area = "x" },
]
sanctions = [
  { level = 1, nth = 1, measures = ["block_api"], days = 3, fix_within_hours = 24 },
  { level = 1, nth = 2, measures = ["block_api"], days = 7 },
  { level = 1, nth = 3, or_more = true, measures = ["take_offline"] },
  { level = 2, nth = 1, measures = ["stop_new_authorizations"], days = 5, fix_within_hours = 24 },
  { level = 2, nth = 2, measures = ["stop_new_authorizations"], days = 1, fix_within_hours = 24 },
  { level = 3, nth = 1, measures = ["warning"], days = 2, fix_within_hours = 48 },
  { level = 3, nth = 2, or_more = true, measures = ["close_app", "warning"], days = 3, days_per_violation = 2 },
]
[complaints]
counted_reasons = ["rude"]
tiers = [
  { level = 1, more_than = { strong = 3, celebrity = 1 } },
  { level = 2, more_than = { strong = 2 } },
  { level = 3, more_than = { strong = 1, normal = 2 } },
]
[outages]
tiers = [{ level = 3, days = 1 }, { level = 2, days = 2 }, { level = 1, days = 3 }]
[developers]
grades = ["low", "middle", "high"]
initial_grade = "middle"
downgrade_when_more_than = 5
terminate_when_more_than = 10
serious_level = 1
[ranking]
channels = ["enterprise"]
suspended_by = ["close_app", "block_api", "take_offline"]
behaviors = [
  { code = "hosted", weight = 30, counts = "state" },
  { code = "down", weight = -10, counts = "each" },
]
[certification]
channels = ["enterprise"]
listed_more_than_days = 30
average_daily_users = 10
window_days = 3
[review]
declaration_valid_months = 18
[review.clocks.enterprise]
declaration = 3
copy = 1
plaza = 2
recheck = 4
[inspection]
fix_within_working_days = 3
observation_days = 7
[reports.enterprise]
ordinary = { hold_working_days = 2 }
partner = { fix_within_hours = 48 }
[data]
delete_within_hours = 10
"#;

pub(crate) fn at(text: &str) -> Instant {
    let year = if text.len() > 4 && text.as_bytes()[4] == b'-' {
        ""
    } else {
        "2015-"
    };
    format!("{year}{text}Z").parse().unwrap()
}

/// The book with pieces of its text put otherwise.
pub(crate) fn book(edits: &[(&str, &str)]) -> String {
    let mut text = BOOK.to_owned();
    for (from, to) in edits {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    text
}

/// A developer `d` with an enterprise app `a`, and what happens to them.
pub(crate) struct Case {
    pub(crate) events: Vec<Event>,
    pub(crate) books: Vec<String>,
}

impl Case {
    pub(crate) fn by(books: &[String]) -> Self {
        let mut case = Self {
            events: Vec::new(),
            books: books.to_vec(),
        };
        let developer = json!({"name": "D", "kind": "service"});
        case.on(
            "2014-01-01T00:00:00",
            "developer.registered",
            "d",
            developer,
        );
        case.app("2014-01-01T00:00:00", "a", "enterprise");
        case
    }

    pub(crate) fn new() -> Self {
        Self::by(&[BOOK.to_owned()])
    }

    pub(crate) fn on(&mut self, time: &str, kind: &str, subject: &str, data: Value) -> u64 {
        let position = self.events.len() as u64 + 1;
        let event = json!({
            "specversion": "1.0", "id": position.to_string(), "source": "/t", "type": kind,
            "time": at(time).to_string(), "subject": subject, "data": data,
        });
        self.events.push(Event::from_json(&event).unwrap());
        position
    }

    pub(crate) fn app(&mut self, time: &str, id: &str, channel: &str) -> u64 {
        let data = json!({"developer": "d", "name": id, "channel": channel});
        self.on(time, "app.registered", id, data)
    }

    pub(crate) fn found(&mut self, time: &str, code: &str) -> u64 {
        self.on(time, "violation.found", "a", json!({"code": code}))
    }

    pub(crate) fn remedied(&mut self, time: &str, code: &str) -> u64 {
        self.on(time, "violation.remedied", "a", json!({"code": code}))
    }

    pub(crate) fn complaint(&mut self, time: &str, class: &str) -> u64 {
        self.on(time, "complaint.received", "a", json!({"class": class}))
    }

    pub(crate) fn outage(&mut self, id: &str, from: &str, to: Option<&str>) -> u64 {
        let data = json!({"outage": id, "cause": "developer"});
        let position = self.on(from, "outage.started", "a", data);
        if let Some(to) = to {
            self.on(to, "outage.ended", "a", json!({"outage": id}));
        }
        position
    }

    pub(crate) fn day(&mut self, time: &str, date: &str) -> u64 {
        let data = json!({"date": date, "cause": "developer"});
        self.on(time, "outage.day_recorded", "a", data)
    }

    pub(crate) fn act(&mut self, time: &str, act: &str) -> u64 {
        self.on(
            time,
            &format!("developer.{act}"),
            "d",
            json!({"reason": "-"}),
        )
    }

    pub(crate) fn graded(&mut self, time: &str, grade: &str) -> u64 {
        self.on(time, "developer.graded", "d", json!({"grade": grade}))
    }

    pub(crate) fn imposed(&mut self, time: &str, measure: &str, until: Value) -> u64 {
        let data = json!({"measures": [measure], "until": until, "reason": "-"});
        self.on(time, "measure.imposed", "a", data)
    }

    pub(crate) fn lifted(&mut self, time: &str, measure: &str) -> u64 {
        let data = json!({"measures": [measure], "reason": "-"});
        self.on(time, "measure.lifted", "a", data)
    }

    pub(crate) fn retracted(&mut self, time: &str, target: u64) -> u64 {
        let subject = self.events[target as usize - 1].subject.clone();
        let data = json!({"event": {"id": target.to_string()}, "reason": "-"});
        self.on(time, "event.retracted", &subject, data)
    }

    pub(crate) fn submitted(&mut self, time: &str, stage: &str) -> u64 {
        self.on(time, "review.submitted", "a", json!({"stage": stage}))
    }

    pub(crate) fn approved(&mut self, time: &str, stage: &str) -> u64 {
        self.on(time, "review.approved", "a", json!({"stage": stage}))
    }

    pub(crate) fn rejected(&mut self, time: &str, stage: &str) -> u64 {
        let data = json!({"stage": stage, "reasons": []});
        self.on(time, "review.rejected", "a", data)
    }

    pub(crate) fn inspected(&mut self, time: &str, severity: &str) -> u64 {
        let data = json!({"severity": severity, "findings": []});
        self.on(time, "inspection.failed", "a", data)
    }

    pub(crate) fn reported(&mut self, time: &str, severity: &str) -> u64 {
        self.on(time, "report.confirmed", "a", json!({"severity": severity}))
    }

    pub(crate) fn plain(&mut self, time: &str, kind: &str) -> u64 {
        self.on(time, kind, "a", json!({}))
    }

    pub(crate) fn usage(&mut self, time: &str, date: &str, users: u64) -> u64 {
        let data = json!({"date": date, "daily_users": users});
        self.on(time, "usage.reported", "a", data)
    }

    /// The app is listed from that instant on, in one go.
    pub(crate) fn listed(&mut self, time: &str) -> u64 {
        for stage in ["declaration", "copy", "plaza"] {
            self.submitted(time, stage);
            self.approved(time, stage);
        }
        self.events.len() as u64
    }

    pub(crate) fn known_at<T>(
        &self,
        time: &str,
        known: u64,
        read: impl Fn(&[Standing<'_>]) -> T,
    ) -> T {
        let history = History::of((1..).map(Position).zip(&self.events));
        let books = (0..).map(Position).zip(&self.books);
        let books = books.map(|(position, text)| (position, Rulebook::parse(text).unwrap()));
        let timeline = Timeline::new(books.collect(), history.names()).unwrap();
        let ask = Ask {
            as_of: at(time),
            known_at: Position(known),
        };
        read(&everybody(&history, &timeline, ask))
    }

    /// What is printed of the developer as of an instant, at a pointer.
    pub(crate) fn get(&self, time: &str, pointer: &str) -> Value {
        let head = self.events.len() as u64;
        self.known_at(time, head, |all| {
            let value = serde_json::to_value(&all[0]).unwrap();
            let got = value.pointer(pointer);
            got.unwrap_or_else(|| panic!("no {pointer} in {value:#}"))
                .clone()
        })
    }

    pub(crate) fn measures(&self, time: &str) -> Value {
        let all = self.get(time, "/apps/0/measures");
        let names = all.as_array().unwrap().iter();
        names
            .map(|measure| json!([measure["measure"], measure["until"]]))
            .collect()
    }

    /// Of each sanction of the app's first month: level, nth, until.
    pub(crate) fn sanctions(&self, time: &str) -> Value {
        let all = self.get(time, "/apps/0/months/0/sanctions");
        let each = all.as_array().unwrap().iter();
        each.map(|s| json!([s["level"], s["nth"], s["until"]]))
            .collect()
    }

    /// Of each obligation: kind, cause, due, state, late.
    pub(crate) fn owed(&self, time: &str) -> Value {
        let all = self.get(time, "/apps/0/obligations");
        let each = all.as_array().unwrap().iter();
        each.map(|o| json!([o["kind"], o["cause"], o["due"], o["state"], o["late"]]))
            .collect()
    }

    pub(crate) fn state(&self, time: &str) -> String {
        let state = self.get(time, "/apps/0/review/state");
        state.as_str().unwrap().to_owned()
    }

    /// Whether the next event would be accepted by the app's lifecycle.
    pub(crate) fn check(&self, time: &str, kind: &str, data: Value) -> Result<(), Code> {
        let mut next = Case {
            events: self.events.clone(),
            books: self.books.clone(),
        };
        next.on(time, kind, "a", data);
        let history = History::of((1..).map(Position).zip(&self.events));
        let rules = Rulebook::parse(&self.books[0]).unwrap();
        let timeline = Timeline::new(vec![(Position(0), rules)], history.names()).unwrap();
        let (_, app) = history.subject("a").unwrap();
        let mut lifecycle = Lifecycle::of(app.unwrap());
        for fact in app.unwrap().facts() {
            lifecycle.apply(fact, &timeline);
        }
        let event = next.events.last().unwrap();
        let refused = lifecycle.check(event.time, &event.data);
        refused.map_err(|refusal| refusal.code)
    }
}

//! A platform on which something happens, most of it to the board.

use fastrand::Rng;
use serde_json::{Value, json};

use crate::common::Ledger;
use crate::common::events::{app, developer, event, jsonl};

/// How many developers there are, and apps of each.
const DEVELOPERS: usize = 4;
const APPS: usize = 4;

/// How long before now, as a time.
fn before(minutes: i64) -> String {
    let time = chrono::Utc::now() - chrono::Duration::minutes(minutes);
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn any_app(rng: &mut Rng) -> String {
    format!("a{}-{}", rng.usize(..DEVELOPERS), rng.usize(..APPS))
}

/// A ledger with apps, nearly all of them listed for long, and some that may be certified.
pub(crate) fn ledger() -> Ledger {
    let ledger = Ledger::new();
    let mut events = Vec::new();
    for d in 0..DEVELOPERS {
        events.push(developer(&format!("d{d}")));
        for a in 0..APPS {
            events.push(app(&format!("a{d}-{a}"), &format!("d{d}"), "enterprise"));
        }
    }
    let day = 24 * 60;
    for d in 0..DEVELOPERS {
        for a in 0..APPS {
            let app = format!("a{d}-{a}");
            let stages = ["declaration", "copy", "plaza"];
            for (n, stage) in (0..).zip(stages) {
                for (m, step) in (0..).zip(["submitted", "approved"]) {
                    let time = before((60 - 2 * n - m) * day);
                    let id = format!("{app}-{stage}-{step}");
                    let kind = format!("review.{step}");
                    events.push(event(&id, &kind, &time, &app, json!({"stage": stage})));
                }
            }
            for back in 0..35 {
                let date = &before(back * day)[..10];
                let data = json!({"date": date, "daily_users": 9_000 - 2_000 * a as u64});
                let id = format!("{app}-used-{back}");
                events.push(event(&id, "usage.reported", &before(1), &app, data));
            }
            let data = json!({"condition": "platform_related", "met": true});
            let id = format!("{app}-related");
            events.push(event(&id, "certification.assessed", &before(1), &app, data));
        }
    }
    ledger.import_text(jsonl(&events), &[]);
    ledger
}

/// Something that happens to `a0-0` now.
pub(crate) fn now(id: &str, kind: &str, data: Value) -> Value {
    event(id, kind, &before(0), "a0-0", data)
}

/// What goes on there.
pub(crate) struct Platform {
    rng: Rng,
    /// What each event was about.
    subjects: Vec<String>,
}

impl Platform {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            subjects: Vec::new(),
        }
    }

    /// So much happens now; what is not legal is refused.
    pub(crate) fn goes_on(&mut self, ledger: &Ledger, count: usize) {
        let events: Vec<Value> = (0..count).map(|_| self.something()).collect();
        ledger.import_text(jsonl(&events), &[]);
    }

    fn something(&mut self) -> Value {
        let id = format!("e{}", self.subjects.len());
        let now = before(0);
        let mut of = any_app(&mut self.rng);
        let rng = &mut self.rng;
        let behavior = ["uses_platform_hosting", "all_inner_links", "server_down"][rng.usize(..3)];
        let measures = ["take_offline", "close_app", "warning"];
        let measures = json!([measures[rng.usize(..3)]]);
        let reason = json!({"reason": "something"});
        let (kind, data) = match rng.usize(..17) {
            0..4 => ("behavior.observed", json!({"code": behavior})),
            4 => ("behavior.ceased", json!({"code": behavior})),
            5 => ("app.delisted", reason),
            6..8 => ("review.submitted", json!({"stage": "plaza"})),
            8..10 => ("review.approved", json!({"stage": "plaza"})),
            // Some end by themselves.
            10 => {
                let end = chrono::Utc::now() + chrono::Duration::milliseconds(rng.i64(100..1_500));
                let end = end.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
                let until = rng.bool().then_some(end);
                let data = json!({"measures": measures, "until": until, "reason": "something"});
                ("measure.imposed", data)
            }
            11 => {
                let data = json!({"measures": measures, "reason": "something"});
                ("measure.lifted", data)
            }
            12 => ("app.key_disabled", reason),
            13 => ("app.key_enabled", reason),
            14 => {
                let data = json!({"condition": "platform_related", "met": rng.bool()});
                ("certification.assessed", data)
            }
            15 => {
                of = format!("d{}", rng.usize(..DEVELOPERS));
                match rng.bool() {
                    true => ("developer.terminated", reason),
                    false => ("developer.reinstated", reason),
                }
            }
            _ => match rng.usize(..self.subjects.len().max(1)) {
                target if target < self.subjects.len() => {
                    of.clone_from(&self.subjects[target]);
                    let of = json!({"id": format!("e{target}")});
                    let data = json!({"event": of, "reason": "something"});
                    ("event.retracted", data)
                }
                _ => ("app.delisted", reason),
            },
        };
        self.subjects.push(of.clone());
        event(&id, kind, &now, &of, data)
    }
}

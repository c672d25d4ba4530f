//! What happens to an app: a story of a few steps, after which it stands about as it did before.
//!
//! So a demo can run for days: what is found is put right or taken back, and nobody is banned for good.

use fastrand::Rng;
use serde_json::{Value, json};

use super::Step;
use super::cast::POPULAR;

pub(super) const GATEWAY: &str = "gateway";
pub(super) const MONITOR: &str = "monitor";
pub(super) const REVIEWER: &str = "reviewer-1";
const APPROVER: &str = "approver-1";
const DESK: &str = "complaint-desk";

/// Violations that are found, of each level.
const VIOLATIONS: [&str; 6] = [
    "data_leak",
    "unofficial_payment",
    "bulk_scraping",
    "external_redirect",
    "icon_breach",
    "vulgar_content",
];
/// Behaviours that each cost an app some of its score.
const LAPSES: [&str; 4] = [
    "slow_loading",
    "nonconforming_ui",
    "disallowed_advertising",
    "server_down",
];

/// A story that may happen to any listed app. Its steps are known by `id`, from 1.
pub(super) fn any(
    rng: &mut Rng,
    app: &str,
    yesterday: &str,
    id: impl Fn(usize) -> String,
) -> Vec<Step> {
    let step = |actor, kind, data| Step::new(actor, kind, app, data);
    let taken_back = |number, reason: &str| {
        let data = json!({"event": {"id": id(number)}, "reason": reason});
        step(APPROVER, "event.retracted", data)
    };
    match rng.u8(0..10) {
        0..3 => {
            let users = match POPULAR {
                (popular, users) if popular == app => rng.u64(users - 1_000..users + 1_000),
                _ => rng.u64(100..4_000),
            };
            let data = json!({"date": yesterday, "daily_users": users});
            vec![step(GATEWAY, "usage.reported", data)]
        }
        3..5 => {
            let code = || json!({"code": "all_inner_links"});
            vec![
                step(MONITOR, "behavior.observed", code()),
                step(MONITOR, "behavior.ceased", code()),
            ]
        }
        5 => vec![
            step(MONITOR, "behavior.observed", one_of(rng, &LAPSES)),
            taken_back(1, "seen again: it was the network"),
        ],
        6..8 => {
            let code = one_of(rng, &VIOLATIONS);
            let filed = json!({"event": {"id": id(1)}, "statement": "It was not us."});
            let granted =
                json!({"event": {"id": id(1)}, "outcome": "granted", "reason": "it was not they"});
            vec![
                step(MONITOR, "violation.found", code.clone()),
                step(MONITOR, "violation.remedied", code),
                step(DESK, "appeal.filed", filed),
                step(APPROVER, "appeal.decided", granted),
            ]
        }
        8 => {
            let complaint = || json!({"class": "strong", "reason": "unresponsive"});
            vec![
                step(DESK, "complaint.received", complaint()),
                step(DESK, "complaint.received", complaint()),
                taken_back(1, "withdrawn by who complained"),
                taken_back(2, "withdrawn by who complained"),
            ]
        }
        _ => {
            let outage = json!({"outage": id(0)});
            let started = json!({"outage": id(0), "cause": "developer"});
            vec![
                step(MONITOR, "outage.started", started),
                step(MONITOR, "outage.ended", outage.clone()),
                step(DESK, "outage.explained", outage),
            ]
        }
    }
}

fn one_of(rng: &mut Rng, codes: &[&str]) -> Value {
    json!({"code": rng.choice(codes)})
}

/// How an app comes to be listed.
pub(super) fn listing(app: &str, name: &str, developer: &str) -> Vec<Step> {
    let registered = json!({"developer": developer, "name": name, "channel": "enterprise"});
    let mut steps = vec![Step::new(GATEWAY, "app.registered", app, registered)];
    for stage in ["declaration", "copy", "plaza"] {
        steps.extend(review(app, stage));
    }
    steps
}

/// How an app that was taken off the list comes back.
pub(super) fn listing_again(app: &str) -> Vec<Step> {
    review(app, "plaza").into()
}

/// How an app is taken off the list.
pub(super) fn delisting(app: &str) -> Step {
    let reason = json!({"reason": "its developer works on it"});
    Step::new(REVIEWER, "app.delisted", app, reason)
}

fn review(app: &str, stage: &str) -> [Step; 2] {
    ["review.submitted", "review.approved"]
        .map(|kind| Step::new(REVIEWER, kind, app, json!({"stage": stage})))
}

//! Who is on the platform today: the made history ends in 2016, and few of its apps are still listed.

use serde_json::{Map, Value, json};
use standing_projections::Instant;
use standing_projections::time::Zone;

use super::Step;
use super::stories::{self, GATEWAY, MONITOR, REVIEWER};

/// How many days ago the first of them came.
const CAME: i64 = 60;
/// The app that is near the users that its certification needs, and how many those are a day.
pub(super) const POPULAR: (&str, u64) = ("orchard-shop", 5_000);

/// Developers: id, name, kind and grade.
const DEVELOPERS: [(&str, &str, &str, &str); 2] = [
    ("orchard", "Orchard Works", "service", "intermediate"),
    ("willow", "Willow Labs", "connection", "ordinary"),
];
/// Apps with the developer of each, and what is seen of each.
const APPS: [(&str, &str, &str, &[&str]); 3] = [
    (
        "orchard-shop",
        "Orchard Shop",
        "orchard",
        &["uses_platform_hosting", "trademark_use"],
    ),
    (
        "orchard-mail",
        "Orchard Mail",
        "orchard",
        &["all_inner_links", "slow_complaint_response"],
    ),
    (
        "willow-poll",
        "Willow Poll",
        "willow",
        &["uses_platform_hosting", "slow_loading", "external_payment"],
    ),
];

/// Everything that has happened to them until now.
pub(super) fn opening(now: Instant, zone: &Zone) -> Vec<Map<String, Value>> {
    let now = now.plus_micros(-now.micros().rem_euclid(1_000_000));
    let mut all = Vec::new();
    let mut add = |at: Instant, step: Step| {
        let id = format!("opening-{}", all.len() + 1);
        all.push(step.event(&id, at));
    };
    for (id, name, kind, grade) in DEVELOPERS {
        let data = json!({"name": name, "kind": kind, "grade": grade});
        let step = Step::new(GATEWAY, "developer.registered", id, data);
        add(now.plus_days(-CAME), step);
    }
    for (app, name, developer, seen) in APPS {
        let mut day = -CAME;
        for step in stories::listing(app, name, developer) {
            add(now.plus_days(day), step);
            day += 1;
        }
        for code in seen {
            let step = Step::new(MONITOR, "behavior.observed", app, json!({"code": code}));
            add(now.plus_days(day), step);
            day += 1;
        }
    }
    let (app, users) = POPULAR;
    let related = json!({"condition": "platform_related", "met": true});
    let step = Step::new(REVIEWER, "certification.assessed", app, related);
    add(now.plus_days(-30), step);
    for ago in 1..=30 {
        // A little more on one day, as much less on the next.
        let users = if ago % 2 == 0 {
            users + 400
        } else {
            users - 400
        };
        let date = zone.date(now.plus_days(-ago));
        let data = json!({"date": date.to_string(), "daily_users": users});
        add(now, Step::new(GATEWAY, "usage.reported", app, data));
    }
    all
}

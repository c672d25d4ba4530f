//! A made history for the benchmarks: valid events in time order, the same for the same seed.

use std::fmt::Write as _;

use standing_projections::Instant;

/// 2014-01-01 and 36 months on.
const START: i64 = 1_388_534_400_000_000;
const SPAN: i64 = 36 * 30 * 86_400_000_000;
const VALID: i64 = 17 * 30 * 86_400_000_000;
const HOLD: i64 = 40 * 86_400_000_000;

/// A small, fast generator of numbers (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[usize::try_from(self.below(items.len() as u64)).unwrap_or(0)]
    }
}

struct App {
    id: String,
    step: usize,
    not_before: i64,
    not_after: i64,
    outages: u64,
    open: bool,
}

/// The lines of a history of about `events` events, of `developers` developers with up to 20 apps.
pub(crate) fn lines(seed: u64, developers: u64, events: u64) -> Vec<String> {
    let mut random = Random(seed);
    let mut lines = Vec::new();
    let mut apps = Vec::new();
    for developer in 0..developers {
        let data = format!(r#"{{"name":"Developer {developer}","kind":"connection"}}"#);
        push(
            &mut lines,
            START,
            "developer.registered",
            &format!("d{developer}"),
            &data,
        );
        for app in 0..=random.below(20) {
            let id = format!("d{developer}-a{app}");
            let channel = random.pick(&["enterprise", "general", "in_site"]);
            let data = format!(
                r#"{{"developer":"d{developer}","name":"App {app}","channel":"{channel}"}}"#
            );
            push(&mut lines, START, "app.registered", &id, &data);
            let step = usize::from(channel != "enterprise") * 2;
            apps.push(App {
                id,
                step,
                not_before: 0,
                not_after: i64::MAX,
                outages: 0,
                open: false,
            });
        }
    }
    let left = events.saturating_sub(lines.len() as u64).max(1);
    for index in 0..left {
        let at =
            START + SPAN / i64::try_from(left).unwrap_or(1) * i64::try_from(index).unwrap_or(0);
        let chosen = random
            .below(apps.len() as u64)
            .min(random.below(apps.len() as u64));
        let app = &mut apps[usize::try_from(chosen).unwrap_or(0)];
        event(&mut random, &mut lines, app, at + 1_000_000);
    }
    lines
}

fn event(random: &mut Random, lines: &mut Vec<String>, app: &mut App, at: i64) {
    let roll = random.below(100);
    let (kind, data) = match roll {
        0..=39 => {
            let class = random.pick(&["strong", "normal", "normal", "normal", "normal"]);
            (
                "complaint.received",
                format!(r#"{{"class":"{class}","reason":"unresponsive"}}"#),
            )
        }
        40..=54 => {
            let day = local_date(at);
            let users = random.below(12_000);
            (
                "usage.reported",
                format!(r#"{{"date":"{day}","daily_users":{users}}}"#),
            )
        }
        55..=69 => {
            let code = random.pick(&["slow_loading", "server_down", "uses_platform_hosting"]);
            ("behavior.observed", format!(r#"{{"code":"{code}"}}"#))
        }
        70..=79 => {
            app.open = !app.open;
            app.outages += u64::from(app.open);
            let id = app.outages;
            if app.open {
                (
                    "outage.started",
                    format!(r#"{{"outage":"o{id}","cause":"developer"}}"#),
                )
            } else {
                ("outage.ended", format!(r#"{{"outage":"o{id}"}}"#))
            }
        }
        80..=84 => ("violation.found", code(random)),
        85..=89 => ("violation.remedied", code(random)),
        90..=97 if (app.not_before..app.not_after).contains(&at) => lifecycle(app, at),
        _ => (
            "outage.day_recorded",
            format!(r#"{{"date":"{}","cause":"platform"}}"#, local_date(at)),
        ),
    };
    push(lines, at, kind, &app.id.clone(), &data);
}

fn code(random: &mut Random) -> String {
    let code = random.pick(&[
        "icon_breach",
        "bulk_scraping",
        "vulgar_content",
        "account_theft",
    ]);
    format!(r#"{{"code":"{code}"}}"#)
}

/// The next step of an app's review, round and round.
fn lifecycle(app: &mut App, at: i64) -> (&'static str, String) {
    const STEPS: [(&str, &str); 8] = [
        ("review.submitted", r#"{"stage":"declaration"}"#),
        ("review.approved", r#"{"stage":"declaration"}"#),
        ("review.submitted", r#"{"stage":"copy"}"#),
        ("review.approved", r#"{"stage":"copy"}"#),
        ("review.submitted", r#"{"stage":"plaza"}"#),
        ("review.approved", r#"{"stage":"plaza"}"#),
        (
            "inspection.failed",
            r#"{"severity":"minor","findings":["screens differ"]}"#,
        ),
        ("inspection.remedied", "{}"),
    ];
    let (kind, data) = STEPS[app.step];
    // Listed or not, an app can be inspected again and again: the last two steps repeat.
    app.step = if app.step + 1 < STEPS.len() {
        app.step + 1
    } else {
        6
    };
    match app.step {
        // An approved declaration lapses after 18 months, and is not used past 17.
        2 => app.not_after = at + VALID,
        3 => app.not_after = i64::MAX,
        6 => app.not_before = at + HOLD,
        _ => {}
    }
    (kind, data.to_owned())
}

fn local_date(at: i64) -> String {
    Instant::from_micros_clamped(at)
        .to_string()
        .chars()
        .take(10)
        .collect()
}

fn push(lines: &mut Vec<String>, at: i64, kind: &str, subject: &str, data: &str) {
    let time = Instant::from_micros_clamped(at);
    let id = lines.len();
    let mut line = String::with_capacity(200);
    let _ = write!(
        line,
        r#"{{"specversion":"1.0","id":"e{id}","source":"/made","type":"{kind}","time":"{time}","recordedtime":"{time}","subject":"{subject}","data":{data}}}"#
    );
    lines.push(line);
}

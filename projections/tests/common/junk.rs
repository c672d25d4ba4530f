//! What no intake would let through: events of the right shape and no sense, and worse.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use standing_projections::event::{Cause, Channel, ComplaintClass, Kind, Permission, Stage};
use standing_projections::{Event, Instant};

use super::books::{BEHAVIORS, CODES};

/// Instants at the ends of time, about the years of the rulebooks, and anywhere.
pub(crate) fn instant() -> impl Strategy<Value = Instant> {
    let (min, max) = (Instant::MIN.micros(), Instant::MAX.micros());
    let any = prop_oneof![
        1 => Just(min),
        1 => Just(max),
        1 => min..min + 100_000_000_000,
        1 => max - 100_000_000_000..=max,
        6 => 1_388_534_400_000_000..1_483_228_800_000_000i64,
        2 => min..=max,
    ];
    any.prop_map(Instant::from_micros_clamped)
}

/// What an event of any type is made of.
#[derive(Clone, Debug)]
pub(crate) struct Scrap {
    pub(crate) kind: Kind,
    pub(crate) time: Instant,
    subject: u8,
    other: Instant,
    a: u16,
    b: u16,
    count: i64,
}

pub(crate) fn scrap() -> impl Strategy<Value = Scrap> {
    let kind = prop::sample::select(Kind::ALL);
    let count = prop_oneof![Just(0), Just(9_007_199_254_740_991), 0..100_000i64];
    (
        kind,
        instant(),
        any::<u8>(),
        instant(),
        any::<u16>(),
        any::<u16>(),
        count,
    )
        .prop_map(|(kind, time, subject, other, a, b, count)| Scrap {
            kind,
            time,
            subject,
            other,
            a,
            b,
            count,
        })
}

impl Scrap {
    /// The event, of one developer and one app mostly.
    pub(crate) fn event(&self, id: usize) -> Event {
        let value = self.json(id);
        Event::from_json(&value).unwrap_or_else(|refusal| panic!("{refusal}: {value}"))
    }

    pub(crate) fn json(&self, id: usize) -> Value {
        let (a, b) = (usize::from(self.a), usize::from(self.b));
        let subject = match (self.kind, self.subject % 16) {
            (_, 0) => "nobody",
            (_, 1) => "应用\u{1f600}",
            (Kind::DeveloperRegistered, _) => "d",
            (Kind::AppRegistered, 2) => "d",
            (Kind::AppRegistered, _) => "a",
            (kind, 3..6) if kind.as_str().starts_with("app") => "d",
            (kind, _) if kind.as_str().starts_with("developer") => "d",
            (_, 6) => "d",
            _ => "a",
        };
        let date = &self.other.to_string()[..10];
        let codes: Vec<&str> = CODES
            .iter()
            .chain(&BEHAVIORS)
            .chain(&["complaints", "outage", "no_such_code"])
            .copied()
            .collect();
        let code = codes[a % codes.len()];
        let grade = ["ordinary", "intermediate", "no_such_grade"][a % 3];
        let outage = ["o", "p"][a % 2];
        let developer = ["d", "d", "a", "nobody"][b % 4];
        let stage = Stage::ALL[a % 3];
        let cause = Cause::ALL[b % 3];
        let measures = ["block_api", "close_app", "no_such_measure", "warning"];
        let measures = &measures[a % 4..];
        let event = json!({"id": format!("e{}", a % 100)});
        let data = match self.kind {
            Kind::DeveloperRegistered => json!({"name": "", "kind": "service", "grade": grade}),
            Kind::DeveloperGraded => json!({"grade": grade}),
            Kind::DeveloperTerminated
            | Kind::DeveloperLeft
            | Kind::DeveloperReinstated
            | Kind::AppDelisted
            | Kind::AppKeyDisabled
            | Kind::AppKeyEnabled => json!({"reason": ""}),
            Kind::AppRegistered => {
                json!({"developer": developer, "name": "", "channel": Channel::ALL[a % 5], "permission": Permission::ALL[a % 2]})
            }
            Kind::AppPermissionChanged => json!({"permission": Permission::ALL[a % 2]}),
            Kind::ViolationFound
            | Kind::ViolationRemedied
            | Kind::BehaviorObserved
            | Kind::BehaviorCeased => json!({"code": code}),
            Kind::ComplaintReceived => json!({"class": ComplaintClass::ALL[b % 3], "reason": code}),
            Kind::OutageStarted => json!({"outage": outage, "cause": cause}),
            Kind::OutageEnded | Kind::OutageExplained => json!({"outage": outage}),
            Kind::OutageDayRecorded => json!({"date": date, "cause": cause}),
            Kind::UsageReported => json!({"date": date, "daily_users": self.count}),
            Kind::CertificationAssessed => {
                json!({"condition": "platform_related", "met": a % 2 == 0})
            }
            Kind::ReviewSubmitted | Kind::ReviewApproved => json!({"stage": stage}),
            Kind::ReviewRejected => json!({"stage": stage, "reasons": [code]}),
            Kind::InspectionFailed => {
                let severity = ["minor", "serious", "multi_account"];
                json!({"severity": severity[a % 3], "findings": []})
            }
            Kind::ReportConfirmed => {
                let severity = ["ordinary", "extreme"];
                json!({"severity": severity[a % 2]})
            }
            Kind::InspectionRemedied | Kind::ReportRemedied => json!({}),
            Kind::MeasureImposed => {
                let until = (b % 2 == 0).then(|| self.other.to_string());
                json!({"measures": measures, "until": until, "reason": ""})
            }
            Kind::MeasureLifted => json!({"measures": measures, "reason": ""}),
            Kind::DataDeletionOrdered | Kind::DataDeletionConfirmed => json!({"scope": ""}),
            Kind::EventRetracted | Kind::PrivateErased | Kind::DecisionWithdrawn => {
                json!({"event": event, "reason": ""})
            }
            Kind::DecisionProposed => json!({
                "type": "measure.imposed", "reason": "",
                "data": {"measures": measures, "until": null, "reason": ""},
            }),
            Kind::DecisionConfirmed => json!({"event": event}),
            Kind::AppealFiled => json!({"event": event, "statement": ""}),
            Kind::AppealDecided => {
                let outcome = ["granted", "denied"];
                json!({"event": event, "outcome": outcome[b % 2], "reason": ""})
            }
            Kind::RulebookPublished => json!({"version": "x", "toml": "x", "sha256": ""}),
        };
        json!({
            "specversion": "1.0", "id": format!("e{id}"), "source": "/junk",
            "type": self.kind.as_str(), "time": self.time.to_string(), "subject": subject,
            "data": data,
        })
    }
}

/// Any JSON, not very deep.
pub(crate) fn json_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just(String::new()),
        Just("1.0".to_owned()),
        Just("2015-03-03T01:00:00Z".to_owned()),
        Just("9999-12-31T23:59:59.9999999-23:59".to_owned()),
        Just("2015-02-30".to_owned()),
        prop::sample::select(Kind::ALL).prop_map(|kind| kind.to_string()),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let key = prop_oneof![
            prop::sample::select(&["id", "source", "event", "code", "a/b~c"][..])
                .prop_map(str::to_owned),
            any::<String>(),
        ];
        let object = prop::collection::vec((key, inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            object.prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

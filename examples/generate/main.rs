//! Makes the events of a platform that was never there, as JSON lines for `standing import`.
//!
//! ```sh
//! cargo run --release --example generate -- 1000000 > platform.jsonl   # events, and a seed
//! standing --ledger big.db import --trust-recorded-time platform.jsonl
//! ```
//!
//! What comes how often is said in `platform.rs`. The same number and seed give the same bytes.

#![allow(clippy::expect_used, clippy::cast_possible_truncation, missing_docs)]

mod platform;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use platform::Platform;
use serde_json::{Value, json};
use standing_projections::Event;
use standing_projections::event::Data;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Some(Ok(events)), Ok(seed)) = (numbers.next(), numbers.next().unwrap_or(Ok(1))) else {
        eprintln!("usage: generate EVENTS [SEED] > FILE");
        return ExitCode::FAILURE;
    };
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    for (_, event, _) in Platform::new(events, seed) {
        // Whoever reads may have had enough.
        if writeln!(out, "{}", line(&event)).is_err() {
            return ExitCode::FAILURE;
        }
    }
    match out.flush() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// An event as it is sent, with when it was recorded.
fn line(event: &Event) -> Value {
    json!({
        "specversion": "1.0",
        "type": event.kind.as_str(),
        "source": event.source,
        "id": event.id,
        "time": event.time.to_string(),
        "recordedtime": event.recordedtime.map(|at| at.to_string()),
        "subject": event.subject,
        "data": data(&event.data),
    })
}

fn data(data: &Data) -> Value {
    match data {
        Data::DeveloperRegistered { name, kind, .. } => {
            json!({"name": name, "kind": kind.as_str()})
        }
        Data::AppRegistered {
            developer,
            name,
            channel,
            permission,
        } => json!({
            "developer": developer, "name": name, "channel": channel.as_str(),
            "permission": permission.as_str(),
        }),
        Data::RulebookPublished {
            version,
            toml,
            sha256,
        } => json!({"version": version, "toml": toml, "sha256": sha256}),
        Data::ComplaintReceived { class, reason } => match reason {
            Some(reason) => json!({"class": class.as_str(), "reason": reason}),
            None => json!({"class": class.as_str()}),
        },
        Data::UsageReported { date, daily_users } => {
            json!({"date": date.to_string(), "daily_users": daily_users})
        }
        Data::BehaviorObserved { code }
        | Data::BehaviorCeased { code }
        | Data::ViolationFound { code }
        | Data::ViolationRemedied { code } => json!({"code": code}),
        Data::OutageStarted { outage, cause } => {
            json!({"outage": outage, "cause": cause.as_str()})
        }
        Data::OutageEnded { outage } | Data::OutageExplained { outage } => {
            json!({"outage": outage})
        }
        Data::OutageDayRecorded { date, cause } => {
            json!({"date": date.to_string(), "cause": cause.as_str()})
        }
        Data::ReviewSubmitted { stage } | Data::ReviewApproved { stage } => {
            json!({"stage": stage.as_str()})
        }
        Data::InspectionFailed { severity } => {
            json!({"severity": severity.as_str(), "findings": []})
        }
        Data::ReportConfirmed { severity } => json!({"severity": severity.as_str()}),
        Data::EventRetracted { event } => json!({"event": {"id": event.id}, "reason": "made"}),
        Data::AppealFiled { event } => json!({"event": {"id": event.id}, "statement": "made"}),
        Data::AppealDecided { event, outcome } => {
            json!({"event": {"id": event.id}, "outcome": outcome.as_str(), "reason": "made"})
        }
        Data::MeasureImposed { measures, until } => json!({
            "measures": measures, "until": until.map(|until| until.to_string()), "reason": "made",
        }),
        Data::CertificationAssessed { met } => {
            json!({"condition": "platform_related", "met": met})
        }
        _ => json!({}),
    }
}

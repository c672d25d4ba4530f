//! Events as JSON lines.

use serde_json::{Value, json};
use standing_projections::Event;
use standing_projections::event::Data;

/// An event as it is sent, with when it was recorded.
pub(crate) fn line(event: &Event) -> Value {
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

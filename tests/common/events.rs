//! Events to send, most of them good.

use serde_json::{Value, json};

use super::rulebook;

/// When most of them happened.
pub(crate) const T: &str = "2016-03-01T00:00:00Z";

/// Events as lines.
pub(crate) fn jsonl(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// An event of the source `/test`.
pub(crate) fn event(id: &str, kind: &str, time: &str, subject: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/test", "type": kind, "time": time,
        "subject": subject, "data": data,
    })
}

/// The same event with another member, or with one changed.
pub(crate) fn with(mut event: Value, key: &str, value: impl Into<Value>) -> Value {
    event[key] = value.into();
    event
}

/// The registration of a developer.
pub(crate) fn developer(id: &str) -> Value {
    let data = json!({"name": id, "kind": "connection"});
    event(
        &format!("reg-{id}"),
        "developer.registered",
        "2015-01-01T00:00:00Z",
        id,
        data,
    )
}

/// The registration of an app.
pub(crate) fn app(id: &str, developer: &str, channel: &str) -> Value {
    let data = json!({"developer": developer, "name": id, "channel": channel});
    event(
        &format!("reg-{id}"),
        "app.registered",
        "2015-01-02T00:00:00Z",
        id,
        data,
    )
}

/// A violation at [`T`].
pub(crate) fn violation(id: &str, app: &str, code: &str) -> Value {
    event(id, "violation.found", T, app, json!({"code": code}))
}

/// A complaint about `a1` at [`T`].
pub(crate) fn complaint(id: &str) -> Value {
    event(
        id,
        "complaint.received",
        T,
        "a1",
        json!({"class": "normal"}),
    )
}

/// An event of an outage of `a1`.
pub(crate) fn outage(id: &str, what: &str, time: &str, outage: &str) -> Value {
    let data = match what {
        "started" => json!({"outage": outage, "cause": "developer"}),
        _ => json!({"outage": outage}),
    };
    event(id, &format!("outage.{what}"), time, "a1", data)
}

/// A retraction at [`T`], of a reference.
pub(crate) fn retraction(id: &str, subject: &str, of: Value) -> Value {
    event(
        id,
        "event.retracted",
        T,
        subject,
        json!({"event": of, "reason": "wrong"}),
    )
}

/// The publication of a rulebook.
pub(crate) fn publication(id: &str, subject: &str, version: &str, toml: &str) -> Value {
    let data = json!({"version": version, "toml": toml, "sha256": sha256(toml)});
    event(id, "rulebook.published", T, subject, data)
}

/// The checksum that a publication carries.
pub(crate) fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    let bytes = Sha256::digest(text.as_bytes());
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The latest version, later, with reasons for a rejection.
pub(crate) fn newer() -> String {
    let text = rulebook("weibo-2016-01-01.toml");
    let text = text
        .replace("version = \"2016-01-01\"", "version = \"2016-02-01\"")
        .replace("effective_from = 2016-01-01", "effective_from = 2016-02-01");
    format!("{text}\n[[review.reasons.in_site]]\ncode = \"unclear_source\"\n")
}

/// A time that is after any clock of these tests.
pub(crate) const FUTURE: &str = "9000-01-01T00:00:00Z";

//! The events: which one is the nth of a writer, so that none needs to be kept.

use serde_json::{Value, json};

/// How many events there are about a developer, its registration and its app's included.
const EACH: u64 = 50;

/// The source of all of them.
pub(crate) const SOURCE: &str = "/soak";

/// The nth event of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) writer: u64,
    pub(crate) number: u64,
}

impl Name {
    /// The event's `id`.
    pub(crate) fn id(self) -> String {
        format!("{}-{}", self.writer, self.number)
    }

    /// The event that has that `id`.
    pub(crate) fn of(id: &str) -> Option<Self> {
        let (writer, number) = id.split_once('-')?;
        Some(Self {
            writer: writer.parse().ok()?,
            number: number.parse().ok()?,
        })
    }

    /// The developer that it is about.
    pub(crate) fn developer(self) -> String {
        format!("d{}-{}", self.writer, self.number / EACH)
    }

    pub(crate) fn event(self) -> Value {
        let developer = self.developer();
        let app = format!("a{}-{}", self.writer, self.number / EACH);
        let (kind, time, subject, data) = match self.number % EACH {
            0 => (
                "developer.registered",
                "2015-01-01T00:00:00Z",
                &developer,
                json!({"name": developer, "kind": "connection"}),
            ),
            1 => (
                "app.registered",
                "2015-01-02T00:00:00Z",
                &app,
                json!({"developer": developer, "name": app, "channel": "general"}),
            ),
            number if number % 7 == 0 => (
                "violation.found",
                "2016-03-01T00:00:00Z",
                &app,
                json!({"code": "bulk_scraping"}),
            ),
            _ => (
                "complaint.received",
                "2016-03-02T00:00:00Z",
                &app,
                json!({"class": "normal"}),
            ),
        };
        json!({
            "specversion": "1.0", "id": self.id(), "source": SOURCE, "type": kind, "time": time,
            "subject": subject, "data": data,
        })
    }
}

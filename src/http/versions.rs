//! What is named in a question: versions of the rules, and what is known.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer};
use standing_projections::rulebook::preset;
use standing_projections::{Instant, Position, Rulebook};
use utoipa::openapi::schema::{
    AnyOfBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type,
};

use super::problem::Code;
use super::{Problem, Service};
use crate::history::KnownAt;

/// [`KnownAt`] as it is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known(KnownAt);

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        KnownAt::parse(&text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

impl From<KnownAt> for Known {
    fn from(known: KnownAt) -> Self {
        Self(known)
    }
}

/// The schema of an instant that is sent.
pub(super) fn instant_schema() -> ObjectBuilder {
    let date_time = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(date_time))
        .pattern(Some("^(19[7-9]|[2-9][0-9]{2})[0-9]-"))
}

/// The schema of [`Known`].
pub(super) fn known_schema() -> Schema {
    let position = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^@(0|[1-9][0-9]{0,17})$"));
    AnyOfBuilder::new()
        .item(instant_schema())
        .item(position)
        .into()
}

/// The position of the log that is meant, once histories know it; up to where they know the log, where none is.
pub(super) async fn known_at(service: &Service, asked: Option<Known>) -> Result<Position, Problem> {
    let current = &service.current;
    let position = match asked {
        None => return Ok(current.live.position()),
        // The log is asked, and not what is known of it here: the answer is to be the same wherever it is given.
        Some(Known(KnownAt::Instant(at))) => service.ledger.position_at(at).await?,
        Some(Known(KnownAt::Position(position))) => position,
    };
    current.knows(Some(position)).await?;
    Ok(position)
}

/// How far ahead of now an instant may lie that is asked about: what goes on until then, such as an outage that
/// has not ended, is counted day by day.
const AHEAD_DAYS: i64 = 3_660;

/// Refuses an instant that is too far ahead.
pub(super) fn not_too_far(service: &Service, at: Instant) -> Result<(), Problem> {
    let last = (service.clock)().plus_days(AHEAD_DAYS);
    if at <= last {
        return Ok(());
    }
    let detail = format!("{at} is too far ahead: the last instant to ask about is {last}");
    Err(Problem::new(Code::TooLarge, detail))
}

fn unknown(detail: String) -> Problem {
    Problem::new(Code::RulebookUnknown, detail)
}

/// The version of that name that is published.
pub(super) fn published(service: &Service, version: &str) -> Result<Rulebook, Problem> {
    let timeline = service.current.live.timeline().ok();
    let versions = timeline.iter().flat_map(|timeline| timeline.versions());
    let mut named = versions.map(|rules| &rules.book).rev();
    let found = named.find(|book| book.version == version);
    found.cloned().ok_or_else(|| {
        unknown(format!(
            "no version `{version}` is published: `/v1/rulebooks` lists those that are"
        ))
    })
}

/// Every version that the program brings, with the name of its preset, read once.
static PRESETS: LazyLock<Vec<(&str, Rulebook)>> = LazyLock::new(|| {
    let each = preset::NAMES.into_iter().flat_map(|name| {
        let texts = preset::named(name).unwrap_or_default().iter();
        let books = texts.filter_map(|text| Rulebook::parse(text).ok());
        books.map(move |book| (name, book))
    });
    each.collect()
});

/// The version of a preset: `weibo@2016-01-01`.
pub(super) fn of_preset(name: &str) -> Result<Rulebook, Problem> {
    let found = || {
        let (preset, version) = name.split_once('@')?;
        let mut books = PRESETS.iter().filter(|(name, _)| *name == preset);
        let (_, book) = books.find(|(_, book)| book.version == version)?;
        Some(book.clone())
    };
    found().ok_or_else(|| {
        unknown(format!(
            "there is no preset `{name}`: one is named as `weibo@2016-01-01`"
        ))
    })
}

//! From the columns of a table to what its rows are.

use arrow_array::{Array, Int64Array, UInt32Array};
use chrono::{DateTime, NaiveDate};
use standing_projections::event::{Channel, DeveloperKind, Kind, Permission};
use standing_projections::facts::{
    AppPart, Bounds, DeveloperFacts, DeveloperPart, OutageIds, PlainFact, Published, Retraction,
    Usage,
};
use standing_projections::{Instant, Position};

use super::rows::{Fault, Rows};

/// A developer, and how much of it comes in other tables.
pub(super) struct DeveloperRow {
    pub(super) facts: DeveloperFacts,
    pub(super) apps: u64,
    pub(super) acts: u64,
    pub(super) retractions: u64,
}

/// An app, and how much of it comes in other tables.
pub(super) struct AppRow {
    pub(super) part: AppPart,
    pub(super) facts: u64,
    pub(super) usage: u64,
    pub(super) outages: u64,
}

pub(super) fn developers(
    rows: Rows<'_>,
    bounds: Bounds,
    to: &mut Vec<DeveloperRow>,
) -> Result<(), Fault> {
    let (ids, names) = (rows.texts("developer")?, rows.texts("name")?);
    let kinds = rows.texts("kind")?;
    let grades = rows.maybe_u32s("grade")?;
    let registered = rows.instants("registered")?;
    let (position, last) = (rows.i64s("position")?, rows.i64s("last")?);
    let (apps, acts) = (rows.i64s("apps")?, rows.i64s("facts")?);
    let retractions = rows.i64s("retractions")?;
    for (row, ((id, name), kind)) in ids.zip(names).zip(kinds).enumerate() {
        let kind = DeveloperKind::from_text(kind).ok_or("a kind is unknown")?;
        let part = DeveloperPart {
            id: id.into(),
            name: name.into(),
            kind,
            grade: grades.is_valid(row).then(|| grades.value(row)),
            registered: registered[row],
            position: unsigned(position[row])?,
            last: unsigned(last[row])?,
        };
        let (acts, retractions) = (unsigned(acts[row])?, unsigned(retractions[row])?);
        let room = (size(acts), size(retractions));
        to.push(DeveloperRow {
            facts: DeveloperFacts::from_part(part, room, bounds)?,
            apps: unsigned(apps[row])?,
            acts,
            retractions,
        });
    }
    Ok(())
}

pub(super) fn apps(rows: Rows<'_>, to: &mut Vec<AppRow>) -> Result<(), Fault> {
    let (ids, names) = (rows.texts("app")?, rows.texts("name")?);
    let words = rows.texts("channel")?.zip(rows.texts("permission")?);
    let (registered, position) = (rows.instants("registered")?, rows.i64s("position")?);
    let (facts, usage) = (rows.i64s("facts")?, rows.i64s("usage")?);
    let outages = rows.i64s("outages")?;
    for (row, ((id, name), (channel, permission))) in ids.zip(names).zip(words).enumerate() {
        to.push(AppRow {
            part: AppPart {
                id: id.into(),
                name: name.into(),
                channel: Channel::from_text(channel).ok_or("a channel is unknown")?,
                permission: Permission::from_text(permission).ok_or("a permission is unknown")?,
                registered: registered[row],
                position: unsigned(position[row])?,
                outage_ids: OutageIds::default(),
            },
            facts: unsigned(facts[row])?,
            usage: unsigned(usage[row])?,
            outages: unsigned(outages[row])?,
        });
    }
    Ok(())
}

pub(super) fn usage(rows: Rows<'_>) -> Result<Vec<Usage>, Fault> {
    let (dates, times) = (rows.dates("date")?, rows.instants("time")?);
    let (position, users) = (rows.i64s("position")?, rows.i64s("daily_users")?);
    let usage = |row: usize| {
        Ok(Usage {
            date: date(dates[row]).ok_or("a date is none")?,
            position: Position(unsigned(position[row])?),
            time: Instant::from_micros(times[row]).ok_or("a time is none")?,
            daily_users: users[row],
        })
    };
    (0..rows.len()).map(usage).collect()
}

pub(super) fn retractions(rows: Rows<'_>) -> Result<Vec<Retraction>, Fault> {
    let (positions, targets) = (rows.i64s("position")?, rows.i64s("target")?);
    let each = positions.iter().zip(targets).map(|(position, target)| {
        Ok(Retraction {
            position: Position(unsigned(*position)?),
            target: Position(unsigned(*target)?),
        })
    });
    each.collect()
}

pub(super) fn rulebooks(rows: Rows<'_>, to: &mut Vec<Published>) -> Result<(), Fault> {
    for (position, toml) in rows.i64s("position")?.iter().zip(rows.texts("toml")?) {
        let position = Position(unsigned(*position)?);
        let toml = toml.into();
        to.push(Published { position, toml });
    }
    Ok(())
}

/// The columns of some facts.
pub(super) struct Facts<'a> {
    times: &'a [i64],
    positions: &'a [i64],
    kinds: Vec<Kind>,
    words: &'a [u8],
    codes: &'a UInt32Array,
    values: &'a Int64Array,
}

impl<'a> Facts<'a> {
    pub(super) fn of(rows: Rows<'a>) -> Result<Self, Fault> {
        Ok(Self {
            times: rows.instants("time")?,
            positions: rows.i64s("position")?,
            kinds: rows.words("kind", Kind::from_text)?,
            words: rows.u8s("word")?,
            codes: rows.maybe_u32s("code")?,
            values: rows.maybe_i64s("value")?,
        })
    }

    pub(super) fn row(&self, row: usize) -> PlainFact {
        PlainFact {
            time: self.times[row],
            // A negative one becomes one that no log has.
            position: self.positions[row].cast_unsigned(),
            kind: self.kinds[row],
            word: self.words[row],
            code: self.codes.is_valid(row).then(|| self.codes.value(row)),
            value: match self.values.is_valid(row) {
                true => self.values.value(row),
                false => 0,
            },
        }
    }
}

/// A date, of the days since 1970.
pub(super) fn date(days: i32) -> Option<NaiveDate> {
    let at = DateTime::from_timestamp(i64::from(days) * 86_400, 0)?;
    Some(at.date_naive())
}

/// A position or a count, which are never negative.
fn unsigned(number: i64) -> Result<u64, Fault> {
    u64::try_from(number).map_err(|_| "a number is negative".into())
}

pub(super) fn size(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

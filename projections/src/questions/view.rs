//! A standing as a list of what it says, so that two of them can be compared.
//!
//! What is counted on the way to an answer (complaints, outage days, days listed, users) is no part
//! of it: only what follows from the counts is.

use std::cmp::Ordering;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::event::{Permission, Position};
use crate::explain::Subject;
use crate::measure::Measure;
use crate::obligations::DutyKind;
use crate::review::ReviewState;
use crate::rulebook::Level;
use crate::standing::{
    AppMonth, AppStanding, MonthOutcome, Obligation, ObligationState, Standing, Status,
};
use crate::time::{Instant, LocalMonth};

/// Something that a standing says of a developer or an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field<'a> {
    /// The developer's status.
    Status,
    /// The developer's grade.
    Grade,
    /// What a month's violations did to the developer.
    Outcome(LocalMonth),
    /// What the app may call.
    Permission,
    /// Where the app is in its review.
    Review,
    /// Whether its key does not work.
    KeyDisabled,
    /// Whether no approval is accepted.
    OnHold,
    /// The tier of a month.
    Tier(LocalMonth),
    /// The sanction for the nth step of a level in a month.
    Sanction(LocalMonth, Level, u32),
    /// A measure in force.
    Measure(Measure),
    /// The score.
    Score,
    /// Whether it is on the board.
    OnBoard,
    /// Whether it may be certified.
    Eligible,
    /// Whether a condition of certification is met.
    Condition(&'a str),
    /// What is owed: what, of which violation, since when, by which event.
    Obligation(DutyKind, Option<&'a str>, Instant, Position),
}

impl Field<'_> {
    /// The field's name, without which one of its kind it is.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Grade => "grade",
            Self::Outcome(_) => "outcome",
            Self::Permission => "permission",
            Self::Review => "review",
            Self::KeyDisabled => "key_disabled",
            Self::OnHold => "on_hold",
            Self::Tier(_) => "tier",
            Self::Sanction(..) => "sanction",
            Self::Measure(_) => "measure",
            Self::Score => "score",
            Self::OnBoard => "on_board",
            Self::Eligible => "eligible",
            Self::Condition(_) => "condition",
            Self::Obligation(..) => "obligation",
        }
    }

    /// Which one of its kind it is: a month, a measure, a condition, a duty.
    #[must_use]
    pub fn of(&self) -> Option<String> {
        match self {
            Self::Outcome(month) | Self::Tier(month) => Some(month.to_string()),
            Self::Sanction(month, level, nth) => Some(format!("{month} level {level} nth {nth}")),
            Self::Measure(measure) => Some(measure.to_string()),
            Self::Condition(name) => Some((*name).to_owned()),
            Self::Obligation(kind, code, since, cause) => Some(match code {
                Some(code) => format!("{kind} {code} since {since} @{cause}"),
                None => format!("{kind} since {since} @{cause}"),
            }),
            _ => None,
        }
    }
}

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of() {
            Some(of) => write!(f, "{} {of}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

/// Whose field: the developer's own come first, then each app's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key<'a> {
    /// The app; none for what is said of the developer itself.
    pub app: Option<&'a str>,
    /// The field.
    pub field: Field<'a>,
}

/// What a field says. What is not so (no hold, no tier) is left out of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// It is so.
    Yes,
    /// A number.
    Number(i64),
    /// A word.
    Word(&'a str),
    /// A measure in force: until when, or until lifted.
    Until(Option<Instant>),
    /// A sanction.
    Sanction {
        /// Of which incident.
        code: &'a str,
        /// What is done.
        measures: &'a [String],
        /// From when on.
        from: Instant,
        /// Until when, by itself.
        until: Option<Instant>,
    },
    /// Where an obligation stands.
    Duty {
        /// Where it stands.
        state: ObligationState,
        /// Whether it ended late.
        late: bool,
        /// By when it is due, where that is known.
        due: Option<Instant>,
    },
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes => f.write_str("yes"),
            Self::Number(number) => number.fmt(f),
            Self::Word(word) => f.write_str(word),
            Self::Until(Some(until)) => write!(f, "until {until}"),
            Self::Until(None) => f.write_str("until lifted"),
            Self::Sanction {
                code,
                measures,
                from,
                until,
            } => {
                write!(f, "{code}: {} from {from}", measures.join(", "))?;
                match until {
                    Some(until) => write!(f, " until {until}"),
                    None => Ok(()),
                }
            }
            Self::Duty { state, late, due } => {
                write!(f, "{state}")?;
                if *late {
                    f.write_str(" late")?;
                }
                match due {
                    Some(due) => write!(f, ", due {due}"),
                    None => f.write_str(", due date unknown"),
                }
            }
        }
    }
}

impl Serialize for Value<'_> {
    /// `true`, a number, or the text that is shown.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Yes => serializer.serialize_bool(true),
            Self::Number(number) => serializer.serialize_i64(*number),
            other => serializer.collect_str(other),
        }
    }
}

/// A field and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facet<'a> {
    /// Which.
    pub key: Key<'a>,
    /// What.
    pub value: Value<'a>,
}

/// What a standing says of a subject, by key. An app's view has its developer's status and grade.
#[must_use]
pub fn view<'a>(standing: &Standing<'a>, subject: Subject<'_>) -> Vec<Facet<'a>> {
    let mut facets = Vec::new();
    own_view(standing, &mut facets);
    for app in apps(standing, subject) {
        app_state(app, &mut facets);
        for month in &app.months {
            app_month(app.app, month, &mut facets);
        }
        for duty in &app.obligations {
            app_duty(app.app, duty, &mut facets);
        }
    }
    facets.sort_by_key(|facet| facet.key);
    facets
}

/// What is said of the developer itself.
pub(super) fn own_view<'a>(standing: &Standing<'a>, facets: &mut Vec<Facet<'a>>) {
    let mut say = |field, value| {
        let key = Key { app: None, field };
        facets.push(Facet { key, value });
    };
    say(Field::Status, word(standing.status, Status::as_str));
    say(Field::Grade, Value::Word(standing.grade));
    for month in &standing.months {
        if month.outcome != MonthOutcome::None {
            let value = word(month.outcome, MonthOutcome::as_str);
            say(Field::Outcome(month.month), value);
        }
    }
}

/// The apps that a question about a subject is about.
pub(crate) fn apps<'s, 'a>(
    standing: &'s Standing<'a>,
    subject: Subject<'s>,
) -> impl Iterator<Item = &'s AppStanding<'a>> {
    standing.apps.iter().filter(move |app| match subject {
        Subject::Developer => true,
        Subject::App(id) => app.app == id,
    })
}

/// What is said of an app at the instant asked about.
pub(super) fn app_state<'a>(app: &AppStanding<'a>, facets: &mut Vec<Facet<'a>>) {
    let mut say = |field, value| facets.push(of_app(app.app, field, value));
    say(Field::Permission, word(app.permission, Permission::as_str));
    say(Field::Review, word(app.review.state, ReviewState::as_str));
    say(Field::Score, Value::Number(app.score));
    for (field, is_so) in [
        (Field::KeyDisabled, app.review.key_disabled),
        (Field::OnHold, app.review.on_hold),
        (Field::OnBoard, app.on_board.is_some()),
        (Field::Eligible, app.certification.eligible),
    ] {
        if is_so {
            say(field, Value::Yes);
        }
    }
    for condition in app.certification.conditions.iter().filter(|c| c.met) {
        say(Field::Condition(condition.name), Value::Yes);
    }
    for measure in &app.measures {
        say(Field::Measure(measure.measure), Value::Until(measure.until));
    }
}

/// What is said of an app's month.
pub(super) fn app_month<'a>(app: &'a str, month: &AppMonth<'a>, facets: &mut Vec<Facet<'a>>) {
    if let Some(tier) = month.tier {
        let tier = Value::Number(tier.number().into());
        facets.push(of_app(app, Field::Tier(month.month), tier));
    }
    for sanction in &month.sanctions {
        let field = Field::Sanction(month.month, sanction.level, sanction.nth);
        let value = Value::Sanction {
            code: sanction.code,
            measures: sanction.measures,
            from: sanction.from,
            until: sanction.until,
        };
        facets.push(of_app(app, field, value));
    }
}

/// What is said of a duty.
pub(super) fn app_duty<'a>(app: &'a str, duty: &Obligation<'a>, facets: &mut Vec<Facet<'a>>) {
    let field = Field::Obligation(duty.kind, duty.code, duty.since, duty.cause);
    let value = Value::Duty {
        state: duty.state,
        late: duty.late,
        due: duty.due,
    };
    facets.push(of_app(app, field, value));
}

const fn of_app<'a>(app: &'a str, field: Field<'a>, value: Value<'a>) -> Facet<'a> {
    let key = Key {
        app: Some(app),
        field,
    };
    Facet { key, value }
}

fn word<'a, T>(of: T, text: impl Fn(T) -> &'static str) -> Value<'a> {
    Value::Word(text(of))
}

/// A key whose value differs: what it was, and what it is.
pub(crate) type Difference<'a> = (Key<'a>, Option<Value<'a>>, Option<Value<'a>>);

/// What differs between two views, by key.
#[must_use]
pub fn differences<'a>(before: &[Facet<'a>], after: &[Facet<'a>]) -> Vec<Difference<'a>> {
    let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
    let mut differ = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return differ,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.key.cmp(&b.key),
        };
        let was = old.next_if(|_| order.is_le());
        let is = new.next_if(|_| order.is_ge());
        if let Some(facet) = was.or(is)
            && was.map(|facet| facet.value) != is.map(|facet| facet.value)
        {
            differ.push((facet.key, was.map(|f| f.value), is.map(|f| f.value)));
        }
    }
}

//! Conditions on a standing, such as `tier <= 1`, and whether they hold.
//!
//! | condition | |
//! | --- | --- |
//! | `tier <= 1` | the tier of the month at that instant; smaller is graver |
//! | `score < 0`, `rank <= 10` | numbers |
//! | `status = terminable`, `review = listed` | words: only `=` and `!=` |
//! | `grade < intermediate` | by the order of the grades in the rules at that instant |
//! | `eligible`, `on_board`, `on_hold`, `key_disabled` | it is so; `= no`, or `not` before it: it is not |
//! | `measure block_api`, `block_api in force` | the measure is in force |
//! | `not` before any | it does not hold |
//!
//! Where there is no tier or no rank, only `= none` and `!=` hold. Of a developer, what is said of an
//! app holds where it holds for any of its apps.

use std::fmt;
use std::str::FromStr;

use super::parse;
use super::view::apps;
use crate::explain::Subject;
use crate::measure::Measure;
use crate::plaza::BoardEntry;
use crate::review::ReviewState;
use crate::rules::{Rules, Timeline};
use crate::standing::{AppStanding, Standing, Status};
use crate::time::LocalMonth;

/// A condition that holds of a standing or does not.
///
/// ```
/// use standing_projections::questions::Condition;
/// let condition: Condition = "tier <= 1".parse().unwrap();
/// assert_eq!(condition.to_string(), "tier <= 1");
///
/// let error = "teir <= 1".parse::<Condition>().unwrap_err();
/// assert_eq!((error.code, error.place.column), ("condition.field_unknown", 1));
/// assert_eq!(error.hint.as_deref(), Some("did you mean `tier`?"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub(super) negated: bool,
    pub(super) test: Test,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Tier(Op, Option<i64>),
    Rank(Op, Option<i64>),
    Score(Op, i64),
    Status(bool, Status),
    Review(bool, ReviewState),
    Grade(Op, String),
    Flag(Flag, bool),
    Measure(Measure),
}

/// How numbers and grades are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

impl Op {
    pub(super) const ALL: [(Self, &'static str); 6] = [
        (Self::LessOrEqual, "<="),
        (Self::GreaterOrEqual, ">="),
        (Self::NotEqual, "!="),
        (Self::Less, "<"),
        (Self::Greater, ">"),
        (Self::Equal, "="),
    ];

    fn holds<T: Ord>(self, left: T, right: T) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::GreaterOrEqual => left >= right,
            Self::Greater => left > right,
        }
    }

    /// A number that may be missing: nothing is neither less nor more than anything.
    fn holds_of(self, left: Option<i64>, right: Option<i64>) -> bool {
        match (self, left, right) {
            (Self::Equal, ..) => left == right,
            (Self::NotEqual, ..) => left != right,
            (_, Some(left), Some(right)) => self.holds(left, right),
            _ => false,
        }
    }

    fn text(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(op, _)| *op == self)
            .map_or("", |(_, text)| text)
    }
}

/// What is so of an app, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    Eligible,
    OnBoard,
    OnHold,
    KeyDisabled,
}

impl Flag {
    pub(super) const ALL: [(Self, &'static str); 4] = [
        (Self::Eligible, "eligible"),
        (Self::OnBoard, "on_board"),
        (Self::OnHold, "on_hold"),
        (Self::KeyDisabled, "key_disabled"),
    ];

    fn text(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(flag, _)| *flag == self)
            .map_or("", |(_, text)| text)
    }

    const fn is_so(self, app: &AppStanding<'_>) -> bool {
        match self {
            Self::Eligible => app.certification.eligible,
            Self::OnBoard => app.on_board.is_some(),
            Self::OnHold => app.review.on_hold,
            Self::KeyDisabled => app.review.key_disabled,
        }
    }
}

/// A place in a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The character, from 1.
    pub column: usize,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {})", .place.column)]
pub struct ConditionError {
    /// A name for it that stays: `condition.incomplete`, `condition.field_unknown`,
    /// `condition.operator_invalid`, `condition.value_invalid` or `condition.trailing`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to write instead.
    pub hint: Option<String>,
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        parse::condition(text)
    }
}

impl Condition {
    /// Whether it asks for a rank, for which everybody's standing is needed.
    #[must_use]
    pub const fn needs_board(&self) -> bool {
        matches!(self.test, Test::Rank(..))
    }

    /// The grade it names, which a rulebook may not have.
    #[must_use]
    pub fn grade(&self) -> Option<&str> {
        match &self.test {
            Test::Grade(_, grade) => Some(grade),
            _ => None,
        }
    }

    /// Whether a change of a field at an instant of that month can be why it holds.
    pub(super) fn is_about(&self, field: &super::Field<'_>, month: LocalMonth) -> bool {
        use super::Field;
        match &self.test {
            Test::Tier(..) => matches!(field, Field::Tier(of) if *of == month),
            Test::Rank(..) => matches!(field, Field::OnBoard | Field::Score),
            Test::Score(..) => matches!(field, Field::Score),
            Test::Status(..) => matches!(field, Field::Status),
            Test::Review(..) => matches!(field, Field::Review),
            Test::Grade(..) => matches!(field, Field::Grade),
            Test::Flag(Flag::Eligible, _) => matches!(field, Field::Eligible),
            Test::Flag(Flag::OnBoard, _) => matches!(field, Field::OnBoard),
            Test::Flag(Flag::OnHold, _) => matches!(field, Field::OnHold),
            Test::Flag(Flag::KeyDisabled, _) => matches!(field, Field::KeyDisabled),
            Test::Measure(measure) => {
                matches!(field, Field::Measure(other) if other == measure)
            }
        }
    }

    /// Whether an app can be why it holds: it holds of the app itself. Where it is turned round,
    /// every app can be.
    pub(super) fn is_by(&self, app: &str, standing: &Standing<'_>, timeline: &Timeline) -> bool {
        self.negated || self.holds(standing, Subject::App(app), timeline, &[])
    }

    /// Whether it holds of a subject; of an app that is not registered yet, nothing does. The
    /// board is read only where [`Condition::needs_board`].
    #[must_use]
    pub fn holds(
        &self,
        standing: &Standing<'_>,
        subject: Subject<'_>,
        timeline: &Timeline,
        board: &[BoardEntry<'_>],
    ) -> bool {
        if let Subject::App(id) = subject
            && standing.apps.iter().all(|app| app.app != id)
        {
            return false;
        }
        self.test.holds(standing, subject, timeline, board) != self.negated
    }
}

impl Test {
    fn holds(
        &self,
        standing: &Standing<'_>,
        subject: Subject<'_>,
        timeline: &Timeline,
        board: &[BoardEntry<'_>],
    ) -> bool {
        let any = |is_so: &dyn Fn(&AppStanding<'_>) -> bool| apps(standing, subject).any(is_so);
        match self {
            Self::Status(equal, status) => (standing.status == *status) == *equal,
            Self::Grade(op, grade) => {
                grade_holds(*op, standing.grade, grade, timeline.version(standing.rules))
            }
            Self::Review(equal, state) => any(&|app| (app.review.state == *state) == *equal),
            Self::Flag(flag, wanted) => any(&|app| flag.is_so(app) == *wanted),
            Self::Measure(measure) => {
                any(&|app| app.measures.iter().any(|m| m.measure == *measure))
            }
            Self::Score(op, score) => any(&|app| op.holds(app.score, *score)),
            Self::Tier(op, tier) => {
                let month = timeline.zone().month(standing.ask.as_of);
                any(&|app| {
                    let of_month = app.months.iter().find(|one| one.month == month);
                    let has = of_month.and_then(|one| one.tier);
                    op.holds_of(has.map(|tier| tier.number().into()), *tier)
                })
            }
            Self::Rank(op, rank) => any(&|app| {
                let entry = board.iter().find(|entry| entry.app == app.app);
                let has = entry.map(|entry| i64::try_from(entry.rank).unwrap_or(i64::MAX));
                op.holds_of(has, *rank)
            }),
        }
    }
}

/// Grades compare by their places in the rules; one the rules do not know is only equal or not.
fn grade_holds(op: Op, has: &str, wanted: &str, rules: &Rules) -> bool {
    let grades = &rules.book.developers.grades;
    let place = |grade: &str| grades.iter().position(|other| other == grade);
    match (op, place(has), place(wanted)) {
        (Op::Equal, ..) => has == wanted,
        (Op::NotEqual, ..) => has != wanted,
        (_, Some(has), Some(wanted)) => op.holds(has, wanted),
        _ => false,
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("not ")?;
        }
        let number = |number: &Option<i64>| match number {
            Some(number) => number.to_string(),
            None => "none".to_owned(),
        };
        let equal = |equal: bool| if equal { "=" } else { "!=" };
        match &self.test {
            Test::Tier(op, tier) => write!(f, "tier {} {}", op.text(), number(tier)),
            Test::Rank(op, rank) => write!(f, "rank {} {}", op.text(), number(rank)),
            Test::Score(op, score) => write!(f, "score {} {score}", op.text()),
            Test::Status(is, status) => write!(f, "status {} {status}", equal(*is)),
            Test::Review(is, state) => write!(f, "review {} {state}", equal(*is)),
            Test::Grade(op, grade) => write!(f, "grade {} {grade}", op.text()),
            Test::Flag(flag, true) => f.write_str(flag.text()),
            Test::Flag(flag, false) => write!(f, "{} = no", flag.text()),
            Test::Measure(measure) => write!(f, "{measure} in force"),
        }
    }
}

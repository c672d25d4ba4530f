//! The versions that would hold if some more were published.

use chrono::{Datelike, NaiveDate};

use crate::calendar::toml_date;
use crate::event::Position;
use crate::rulebook::Rulebook;
use crate::time::LocalMonth;

/// Why versions cannot be looked at from a month on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposalError {
    /// The month is outside what a rulebook's date can say.
    #[error("no version can begin in `{0}`")]
    Month(LocalMonth),
}

/// The versions of a baseline with others after them, as publishing these would leave them.
///
/// With a month, as if the change had come then: the first of the others to take effect begins on that
/// month's first day; those after it keep their dates where these are later, and begin on that day too
/// where they are not. No version of the baseline that takes effect from that day on is left.
///
/// # Errors
/// Where no version can begin in that month.
///
/// ```
/// use standing_projections::{Position, Rulebook, rulebook::preset};
/// use standing_projections::questions::whatif::proposed;
/// let book = |n: usize| Rulebook::parse(preset::named("weibo").unwrap()[n]).unwrap();
/// let baseline = vec![(Position(1), book(0)), (Position(2), book(1))];
/// let all = proposed(baseline, vec![book(2)], Some("2014-06".parse().unwrap())).unwrap();
/// let from: Vec<String> = all.iter().map(|(_, book)| book.effective_from.to_string()).collect();
/// assert_eq!(from, ["2013-10-01", "2014-06-01"]);
/// ```
pub fn proposed(
    baseline: Vec<(Position, Rulebook)>,
    others: Vec<Rulebook>,
    from: Option<LocalMonth>,
) -> Result<Vec<(Position, Rulebook)>, ProposalError> {
    let mut others: Vec<(Position, Rulebook)> =
        others.into_iter().map(|book| (Position(0), book)).collect();
    let mut all = baseline;
    if let Some(month) = from {
        let first = month.first_date();
        let date = written(first).ok_or(ProposalError::Month(month))?;
        let begins = |book: &Rulebook| toml_date(&book.effective_from);
        all.retain(|(_, book)| begins(book) < Some(first));
        others.sort_by_key(|(_, book)| begins(book));
        for (place, (_, book)) in others.iter_mut().enumerate() {
            if place == 0 || begins(book) < Some(first) {
                book.effective_from = date;
            }
        }
    }
    all.append(&mut others);
    Ok(all)
}

/// A date as a rulebook writes it.
fn written(date: NaiveDate) -> Option<toml::value::Datetime> {
    let date = toml::value::Date {
        year: u16::try_from(date.year()).ok()?,
        month: u8::try_from(date.month()).ok()?,
        day: u8::try_from(date.day()).ok()?,
    };
    Some(toml::value::Datetime {
        date: Some(date),
        time: None,
        offset: None,
    })
}

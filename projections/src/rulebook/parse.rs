//! From a text to a [`Rulebook`], or to one error that says where and what to do.

use toml::Spanned;

use super::{Rulebook, check};

/// A place in a text: line and column, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Place {
    /// The place of a byte of a text.
    #[must_use]
    pub fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    pub(super) fn start<T>(text: &str, spanned: &Spanned<T>) -> Self {
        Self::of(text, spanned.span().start)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a text is no rulebook that can be judged by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {message}", place.line, place.column)]
pub struct RulebookError {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Rulebook {
    /// Reads a rulebook.
    ///
    /// # Errors
    /// The first thing that is wrong: the TOML, a key that is missing, unknown or of the wrong
    /// type, an unknown zone, calendar or measure, a code twice, a figure that makes no sense.
    pub fn parse(text: &str) -> Result<Self, RulebookError> {
        let rulebook = deserialize(text)?;
        match check::errors(&rulebook).into_iter().next() {
            None => Ok(rulebook),
            Some(finding) => Err(RulebookError {
                place: finding.place,
                message: finding.message,
                hint: finding.hint,
            }),
        }
    }
}

impl Rulebook {
    /// Everything the text says, as JSON: its keys as they are written, its date as a text.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let mut json: serde_json::Value = toml::from_str(&self.text).unwrap_or_default();
        // JSON has no dates, and there is only one in a rulebook.
        if let Some(date) = json.get_mut("effective_from") {
            *date = self.effective_from.to_string().into();
        }
        json
    }
}

/// Reads a text of the right shape, whatever its figures say; the linter goes on from there.
pub(super) fn deserialize(text: &str) -> Result<Rulebook, RulebookError> {
    let mut rulebook: Rulebook = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().trim().to_owned();
        RulebookError {
            place: Place::of(text, at),
            hint: hint(text, at, &message),
            message,
        }
    })?;
    text.clone_into(&mut rulebook.text);
    Ok(rulebook)
}

/// For an unknown word, the nearest of those that the message lists.
fn hint(text: &str, at: usize, message: &str) -> Option<String> {
    if !message.starts_with("unknown") {
        return message
            .starts_with("missing field")
            .then(|| "SPEC §3 lists the keys that a rulebook must have".to_owned());
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next().map(str::to_owned).unwrap_or_else(|| {
        text[at..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    });
    let nearest = quoted.min_by_key(|known| distance(&unknown, known))?;
    if distance(&unknown, nearest) * 2 <= nearest.len().max(2) {
        Some(format!("did you mean `{nearest}`?"))
    } else {
        Some("the message lists the words that are known here".to_owned())
    }
}

/// How many letters must be changed, added, left out or swapped with a neighbour.
pub(super) fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(x != y))
                .min(rows[i][j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

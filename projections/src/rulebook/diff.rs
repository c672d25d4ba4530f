//! What differs between two versions of a rulebook.
//!
//! [`diff`] compares what the versions say, not how they are written: each is laid out as paths
//! and values, keyed by what identifies an item (a code, a level, a channel) and never
//! by its place, with the defaults that judge written out. So an order that judges nothing, a
//! comment and a default that is now spelled out are no changes. The tests of a rulebook are left
//! out: they hold the rules and are none.

mod flat;

use super::Rulebook;
use crate::text::one_line;
use flat::{Flat, Value};

/// One thing that two versions say differently.
///
/// ```
/// use standing_projections::rulebook::{Rulebook, diff::diff, preset};
/// let old = preset::named("weibo").unwrap()[0];
/// let new = old.replacen("strong = 3", "strong = 6", 1);
/// let changes = diff(&Rulebook::parse(old).unwrap(), &Rulebook::parse(&new).unwrap());
/// assert_eq!(changes.len(), 1);
/// assert_eq!(changes[0].path, "complaints.tiers[level=1].more_than.strong");
/// assert_eq!(changes[0].to_string(), "~ complaints.tiers[level 1].more_than.strong: 3 → 6");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// What: keys joined by `.`, an item in brackets by what identifies it. A second item of the
    /// same identity, which the linter warns of, has `#2` after the brackets.
    pub path: String,
    /// What the first says, if anything.
    pub before: Option<String>,
    /// What the second says, if anything.
    pub after: Option<String>,
    /// Whether it is for people only (a title, a source, a clause, an area) and judges nothing.
    pub display_only: bool,
}

/// The names that identify items in paths, as [`Change::path`] has them.
const IDENTITIES: [&str; 5] = ["level", "nth", "code", "channel", "permission"];

impl std::fmt::Display for Change {
    /// `~ path: before → after`, `+ path: after` or `- path: before`, on one line whatever the
    /// texts hold.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut path = self.path.clone();
        for name in IDENTITIES {
            for open in ["[", ", "] {
                path = path.replace(&format!("{open}{name}="), &format!("{open}{name} "));
            }
        }
        let path = one_line(&path);
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                write!(f, "~ {path}: {} → {}", one_line(before), one_line(after))
            }
            (Some(before), None) => write!(f, "- {path}: {}", one_line(before)),
            (None, Some(after)) => write!(f, "+ {path}: {}", one_line(after)),
            (None, None) => write!(f, "  {path}"),
        }
    }
}

/// What differs from `a` to `b`, by path.
///
/// Changes of [display](Change::display_only) are among them, so marked.
#[must_use]
pub fn diff(a: &Rulebook, b: &Rulebook) -> Vec<Change> {
    let (a, mut b) = (Flat::of(a).values, Flat::of(b).values);
    let mut changes = Vec::new();
    for (path, before) in a {
        let after = b.remove(&path);
        if after.as_ref() != Some(&before) {
            changes.push(change(path, Some(before), after));
        }
    }
    changes.extend(
        b.into_iter()
            .map(|(path, after)| change(path, None, Some(after))),
    );
    changes.sort_by(|x, y| x.path.cmp(&y.path));
    changes
}

fn change(path: String, before: Option<Value>, after: Option<Value>) -> Change {
    let judges = |value: &Option<Value>| value.as_ref().is_some_and(|value| !value.display);
    Change {
        display_only: !judges(&before) && !judges(&after),
        path,
        before: before.map(|value| value.text),
        after: after.map(|value| value.text),
    }
}

#[cfg(test)]
mod tests;

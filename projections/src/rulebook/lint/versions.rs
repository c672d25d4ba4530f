//! The versions of one rulebook side by side (SPEC §3).

use std::collections::HashMap;

use super::source::{Source, names};
use super::{Finding, Severity};
use crate::calendar::toml_date;
use crate::rulebook::Rulebook;

/// Something found in a version of a rulebook, beside the others.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VersionFinding {
    /// Which of the versions as given, from 0; version names may be the same.
    pub index: usize,
    /// Its name.
    pub version: String,
    /// What was found in it, with the place in its text.
    #[serde(flatten)]
    pub finding: Finding,
}

/// What a ledger would refuse, and what a later version has left out without saying so; by
/// version, oldest first, then by severity and place. Versions may be given in any order; of one
/// date, the one given later counts as the later. What [`lint`](super::lint) finds in one alone is
/// not repeated.
///
/// A ledger takes one id, one time zone and each version name once (`other_id`,
/// `other_time_zone`, `same_version`: errors). Two versions of one date are taken, but the
/// earlier never holds (`same_effective_from`).
///
/// A violation code, a behaviour code or a grade that the version before has and this one lacks is
/// reported (`dropped_violation`, `dropped_behavior`, `dropped_grade`), because a slip looks the
/// same as a decision. The text says that it is a decision by naming it in a comment, as a word of
/// its own and anywhere in the version that drops it:
///
/// ```
/// use standing_projections::rulebook::{Rulebook, lint::lint_versions, preset};
/// let old = Rulebook::parse(preset::named("weibo").unwrap()[2]).unwrap();
/// let text = old.text.replace("data_leak", "data_spill").replace("2016-01-01", "2017-01-01");
/// let silent = Rulebook::parse(&text).unwrap();
/// let said = Rulebook::parse(&format!("# data_leak is called data_spill now\n{text}")).unwrap();
///
/// let found = lint_versions(&[old.clone(), silent]);
/// assert_eq!((found.len(), found[0].finding.rule), (1, "dropped_violation"));
/// assert_eq!(lint_versions(&[old, said]), []);
/// ```
#[must_use]
pub fn lint_versions(books: &[Rulebook]) -> Vec<VersionFinding> {
    let mut order: Vec<(usize, &Rulebook)> = books.iter().enumerate().collect();
    order.sort_by_key(|(_, book)| toml_date(&book.effective_from));
    let mut all = Vec::new();
    let mut names = HashMap::new();
    let mut before: Option<&Rulebook> = None;
    for (index, book) in order {
        let mut version = Version {
            source: Source::of(&book.text),
            found: Vec::new(),
        };
        if let Some(first) = names.insert(book.version.as_str(), book.effective_from) {
            let message = format!(
                "the version `{}` is there already, effective from {first}",
                book.version
            );
            let hint = "a ledger takes each version once; give this one another name";
            version.add(Severity::Error, "same_version", &["version"], message, hint);
        }
        if let Some(before) = before {
            version.beside(before, book);
        }
        // Another rulebook is no version to compare the next one with.
        if before.is_none_or(|before| before.id == book.id) {
            before = Some(book);
        }
        version
            .found
            .sort_by_key(|found| (found.severity, found.place));
        all.extend(version.found.into_iter().map(|finding| VersionFinding {
            index,
            version: book.version.clone(),
            finding,
        }));
    }
    all
}

/// A version being looked at, and what was found in it so far.
struct Version<'a> {
    source: Source<'a>,
    found: Vec<Finding>,
}

impl Version<'_> {
    fn add(
        &mut self,
        severity: Severity,
        rule: &'static str,
        path: &[&str],
        message: String,
        hint: &str,
    ) {
        self.found.push(Finding {
            severity,
            rule,
            place: self.source.place(path),
            message,
            hint: Some(hint.to_owned()),
        });
    }

    fn beside(&mut self, before: &Rulebook, book: &Rulebook) {
        if book.id != before.id {
            let message = format!(
                "the id is `{}`, that of the others `{}`",
                book.id, before.id
            );
            let hint = "a ledger holds the versions of one rulebook";
            self.add(Severity::Error, "other_id", &["id"], message, hint);
            return;
        }
        if book.time_zone != before.time_zone {
            let message = format!(
                "the time zone is `{}`, that of the version before `{}`",
                book.time_zone, before.time_zone
            );
            let hint = "a ledger has one time zone: months must not move between versions";
            let path = &["time_zone"];
            self.add(Severity::Error, "other_time_zone", path, message, hint);
        }
        if book.effective_from == before.effective_from {
            let message = format!(
                "it is effective from {} as the version `{}` is, which never holds",
                book.effective_from, before.version
            );
            let hint = "of two versions of one date the later published counts; change one date";
            let path = &["effective_from"];
            self.add(
                Severity::Warning,
                "same_effective_from",
                path,
                message,
                hint,
            );
        }
        self.dropped(before, book);
    }

    fn dropped(&mut self, before: &Rulebook, book: &Rulebook) {
        let comments = self.source.comments();
        let mut add = |rule, path: &[&str], what, word: &str, effect| {
            if comments.iter().any(|comment| names(comment, word)) {
                return;
            }
            let message = format!(
                "the {what} `{word}` of version `{}` is gone: {effect}",
                before.version
            );
            let hint = format!("put it back, or say so in a comment: `# {word}: no longer …`");
            self.add(Severity::Warning, rule, path, message, &hint);
        };
        let violations = || book.violations.iter().map(|item| &item.get_ref().code);
        for item in &before.violations {
            let code = &item.get_ref().code;
            if violations().all(|kept| kept != code) {
                let effect = "it makes no incident any more";
                add(
                    "dropped_violation",
                    &["violations"],
                    "violation code",
                    code,
                    effect,
                );
            }
        }
        for code in behaviors(before) {
            if behaviors(book).all(|kept| kept != code) {
                let (path, effect) = (&["ranking", "behaviors"], "it weighs nothing any more");
                add("dropped_behavior", path, "behaviour code", code, effect);
            }
        }
        for grade in &before.developers.grades {
            if !book.developers.grades.contains(grade) {
                let effect = "developers who have it keep it, and no downgrade moves them";
                add(
                    "dropped_grade",
                    &["developers", "grades"],
                    "grade",
                    grade,
                    effect,
                );
            }
        }
    }
}

fn behaviors(book: &Rulebook) -> impl Iterator<Item = &String> {
    let behaviors = book.ranking.iter().flat_map(|ranking| &ranking.behaviors);
    behaviors.map(|item| &item.get_ref().code)
}

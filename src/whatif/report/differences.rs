//! Two answers to one question, held against each other.

use std::collections::HashSet;

use super::words::{moves, number, turned};
use crate::whatif::Outcome;

/// What two answers to one question count differently, for somebody who is to look at it anew.
pub(crate) fn differences(then: &Outcome<'_>, now: &Outcome<'_>) -> Vec<String> {
    let rows = |at: &Outcome<'_>| {
        let counts = &at.counts;
        let mut rows = vec![
            ("developers hit".to_owned(), counts.hit),
            ("worse off".to_owned(), counts.harmed),
            ("better off".to_owned(), counts.relieved),
        ];
        let moves = moves(counts).into_iter();
        rows.extend(
            moves.map(|one| (format!("{} {} → {}", one.what, one.from, one.to), one.count)),
        );
        for (name, [begins, ends, changes]) in turned(counts) {
            rows.push((format!("{name}, only after"), begins));
            rows.push((format!("{name}, only before"), ends));
            rows.push((format!("{name}, different"), changes));
        }
        rows.push(("apps that rise on the board".to_owned(), at.ranks.rise));
        rows.push(("apps that fall on the board".to_owned(), at.ranks.fall));
        rows
    };
    let (old, new) = (rows(then), rows(now));
    let found = |rows: &[(String, u64)], name: &str| {
        let row = rows.iter().find(|(one, _)| one == name);
        row.map_or(0, |(_, n)| *n)
    };
    let mut names: Vec<&str> = old.iter().map(|(name, _)| name.as_str()).collect();
    names.extend(new.iter().map(|(name, _)| name.as_str()));
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(*name));
    let differ = names.into_iter().filter_map(|name| {
        let (was, is) = (found(&old, name), found(&new, name));
        (was != is).then(|| format!("{name}: {} → {}", number(was), number(is)))
    });
    differ.collect()
}

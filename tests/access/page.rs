//! The tables of `docs/access.md`, as tests read them.

use std::collections::BTreeMap;

use standing::access::{Action, Role, may, may_append};
use standing_projections::event::Kind;

const PAGE: &str = include_str!("../../docs/access.md");

/// The rows of the table with that head, a cell each.
fn rows(head: &str) -> Vec<Vec<&'static str>> {
    let lines = PAGE.lines().skip_while(|line| !line.starts_with(head));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &'static str| {
        let line = line.trim_start_matches('|').trim_end_matches('|');
        line.split('|').map(str::trim).collect()
    };
    rows.map(cells).collect()
}

/// By what may be done, who may.
pub(crate) fn actions() -> BTreeMap<&'static str, Vec<Role>> {
    let rows = rows("| may |").into_iter();
    let row = |row: Vec<&'static str>| {
        let roles = Role::ALL.into_iter().zip(&row[1..]);
        let may = roles.filter(|(_, cell)| !cell.is_empty());
        (row[0], may.map(|(role, _)| role).collect())
    };
    rows.map(row).collect()
}

/// By method and path, with parameters of no name, what it needs.
pub(crate) fn routes() -> BTreeMap<(String, String), &'static str> {
    let rows = rows("| route |").into_iter();
    let row = |row: Vec<&'static str>| {
        let (method, path) = row[0].trim_matches('`').split_once(' ').unwrap();
        ((method.to_owned(), unnamed(path)), row[1])
    };
    rows.map(row).collect()
}

/// By type, who may send it.
pub(crate) fn kinds() -> BTreeMap<&'static str, Vec<Role>> {
    let mut kinds = BTreeMap::new();
    for row in rows("| types |") {
        let roles: Vec<Role> = row[1]
            .split(", ")
            .map(|role| role.parse().unwrap())
            .collect();
        for kind in row[0].split(", ") {
            kinds.insert(kind.trim_matches('`'), roles.clone());
        }
    }
    kinds
}

/// A path with parameters of no name.
pub(crate) fn unnamed(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.starts_with('{') {
        true => "{}",
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn the_page_says_what_the_program_does() {
    let head = PAGE
        .lines()
        .find(|line| line.starts_with("| may |"))
        .unwrap();
    let roles: Vec<&str> = head.split('|').skip(2).map(str::trim).collect();
    assert_eq!(roles[..7], Role::ALL.map(Role::as_str));
    let actions = actions();
    assert_eq!(actions.len(), Action::ALL.len());
    for action in Action::ALL {
        for role in Role::ALL {
            let said = actions[action.as_str()].contains(&role);
            assert_eq!(said, may(role, action), "{role}: {}", action.as_str());
        }
    }
    let kinds = kinds();
    assert_eq!(kinds.len(), Kind::ALL.len());
    for kind in Kind::ALL {
        for role in Role::ALL {
            let said = kinds[kind.as_str()].contains(&role);
            assert_eq!(said, may_append(role, *kind), "{role}: {kind}");
        }
    }
}

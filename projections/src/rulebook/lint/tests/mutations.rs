//! Texts that nobody would write.

use proptest::prelude::*;

use super::*;
use crate::rulebook::diff::diff;

/// A preset with a few of its lines left out, repeated, swapped, cut or given other figures:
/// mostly TOML still, and often a rulebook.
fn mutated_preset() -> impl Strategy<Value = String> {
    let texts = preset::NAMES
        .iter()
        .flat_map(|name| preset::named(name).unwrap());
    let texts: Vec<&str> = texts.copied().collect();
    let figure = prop_oneof![4 => 0u32..5, 1 => any::<u32>()];
    let edits = proptest::collection::vec((0..16u8, any::<usize>(), any::<usize>(), figure), 1..5);
    (proptest::sample::select(texts), edits).prop_map(|(text, edits)| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (edit, at, other, figure) in edits {
            let (at, other) = (at % lines.len(), other % lines.len());
            match edit {
                0 | 5 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[other].clone()),
                2 => lines.swap(at, other),
                3 => lines[at] = lines[at].chars().take(other % 20).collect(),
                _ => other_figure(&mut lines, at, figure),
            }
        }
        lines.join("\n")
    })
}

/// Changes the first figure from that line on.
fn other_figure(lines: &mut [String], from: usize, figure: u32) {
    for line in &mut lines[from..] {
        if let Some((key, value)) = line.split_once(" = ")
            && value.starts_with(|c: char| c.is_ascii_digit())
        {
            *line = format!("{key} = {figure}");
            return;
        }
    }
}

fn holds_together(text: &str) {
    let found = lint(text);
    assert!(found.is_sorted_by_key(|finding| (finding.severity, finding.place)));
    let lines: Vec<&str> = text.split('\n').collect();
    for Place { line, column } in found.iter().map(|finding| finding.place) {
        assert!((1..=lines.len()).contains(&line));
        assert!((1..=lines[line - 1].chars().count() + 1).contains(&column));
    }
    let refused = found
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    match Rulebook::parse(text) {
        Err(_) => assert!(refused),
        Ok(book) => {
            assert!(!refused);
            let old = Rulebook::parse(CLEAN).unwrap();
            let found = lint_versions(&[old, book.clone()]);
            assert!(found.iter().all(|found| found.index < 2));
            assert_eq!(diff(&book, &book), []);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn lint_takes_any_text(text in any::<String>()) {
        holds_together(&text);
    }

    #[test]
    fn lint_takes_mutated_presets(text in mutated_preset()) {
        holds_together(&text);
    }
}

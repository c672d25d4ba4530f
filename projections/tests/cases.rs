//! Every worked example of the specification, to the byte.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use standing_projections::facts::History;
use standing_projections::rulebook::preset;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Event, Instant, Position, Rulebook, plaza};

#[path = "common/everybody.rs"]
mod everybody;

use everybody::everybody;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn lines<T: serde::Serialize>(items: &[T]) -> String {
    items
        .iter()
        .map(|item| serde_json::to_string(item).unwrap() + "\n")
        .collect()
}

fn run(dir: &Path) -> Vec<String> {
    let case: Value = serde_json::from_str(&read(&dir.join("case.json"))).unwrap();
    let events: Vec<Event> = read(&dir.join("events.jsonl"))
        .lines()
        .map(|line| Event::from_json(&serde_json::from_str(line).unwrap()).unwrap())
        .collect();
    let history = History::of((1..).map(Position).zip(&events));
    let books = case["rulebooks"].as_array().unwrap().iter().map(|path| {
        (
            Position(0),
            Rulebook::parse(&read(&dir.join(path.as_str().unwrap()))).unwrap(),
        )
    });
    let timeline = Timeline::new(books.collect(), history.names()).unwrap();
    let mut wrong = Vec::new();
    for asked in case["asks"].as_array().unwrap() {
        let instant = |key: &str| asked[key].as_str().map(|at| at.parse::<Instant>().unwrap());
        let known_at = match instant("known_at") {
            None => history.head(),
            Some(at) => {
                Position(events.iter().filter(|e| e.recordedtime <= Some(at)).count() as u64)
            }
        };
        let ask = Ask {
            as_of: instant("as_of").unwrap(),
            known_at,
        };
        let all = everybody(&history, &timeline, ask);
        for (kind, got) in [
            ("assess", lines(&all)),
            ("plaza", lines(&plaza::board(&all))),
        ] {
            let file = dir.join(asked[kind].as_str().unwrap());
            for (line, (want, got)) in read(&file).lines().zip(got.lines()).enumerate() {
                if want != got {
                    let at = want
                        .bytes()
                        .zip(got.bytes())
                        .take_while(|(a, b)| a == b)
                        .count();
                    let from = at.saturating_sub(150);
                    wrong.push(format!(
                        "{}:{}\n  want …{}\n  got  …{}",
                        file.display(),
                        line + 1,
                        &want[from..(at + 150).min(want.len())],
                        &got[from..(at + 150).min(got.len())],
                    ));
                }
            }
            assert_eq!(
                read(&file).lines().count(),
                got.lines().count(),
                "{}",
                file.display()
            );
        }
    }
    wrong
}

#[test]
fn every_case_gives_its_documents_to_the_byte() {
    let cases = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let mut dirs: Vec<_> = std::fs::read_dir(cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    dirs.sort();
    assert!(dirs.len() >= 18);
    let wrong: Vec<String> = dirs.iter().flat_map(|dir| run(dir)).collect();
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_presets_parse_as_do_the_files_they_came_from() {
    for text in preset::NAMES
        .iter()
        .flat_map(|name| preset::named(name).unwrap())
    {
        assert!(!Rulebook::parse(text).unwrap().tests.is_empty());
    }
    let files = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/rulebooks");
    for file in std::fs::read_dir(files).unwrap() {
        Rulebook::parse(&read(&file.unwrap().path())).unwrap();
    }
}

//! The worked examples of `tests/cases`, and ledgers that hold them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Ledger, text};

/// Their folders.
pub(crate) fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut dirs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    dirs.sort();
    dirs
}

/// An example, and a ledger that holds it.
pub(crate) struct Case {
    pub(crate) dir: PathBuf,
    pub(crate) case: Value,
    pub(crate) events: Vec<Value>,
    pub(crate) books: u64,
    pub(crate) ledger: Ledger,
}

/// A ledger with the rulebooks of an example.
pub(crate) fn init(
    dir: &Path,
    case: &Value,
    recorded_time: Option<&str>,
    more: Option<&str>,
) -> (Ledger, u64) {
    let ledger = Ledger::none();
    let books = case["rulebooks"].as_array().unwrap();
    let mut books: Vec<String> = books
        .iter()
        .map(|book| dir.join(book.as_str().unwrap()).display().to_string())
        .collect();
    if let Some(more) = more {
        ledger.write("more.toml", more);
        books.push("more.toml".to_owned());
    }
    let mut args = vec!["init"];
    args.extend(
        recorded_time
            .iter()
            .flat_map(|time| ["--recorded-time", time]),
    );
    args.push("--rules");
    args.extend(books.iter().map(String::as_str));
    ledger.run(&args).good();
    (ledger, books.len() as u64)
}

/// A version of the rules for the end of time, with more codes.
///
/// Some examples hold codes that none of their rulebooks has, which intake refuses. With this one
/// they are known, and as it comes into force after all that is asked it judges nothing.
fn late_version(dir: &Path, case: &Value, codes: BTreeSet<&str>) -> String {
    let last = case["rulebooks"].as_array().unwrap().last().unwrap();
    let text = read(&dir.join(last.as_str().unwrap()));
    let lines = text.lines().map(|line| match line.split(" = ").next() {
        Some("version") => "version = \"late\"".to_owned(),
        Some("effective_from") => "effective_from = 9999-12-01".to_owned(),
        _ => line.to_owned(),
    });
    let violation = |code| format!("[[violations]]\ncode = \"{code}\"\nlevel = 3\narea = \"late\"");
    let lines: Vec<String> = lines.chain(codes.into_iter().map(violation)).collect();
    lines.join("\n")
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

impl Case {
    /// The example of a folder, imported with its recorded times.
    pub(crate) fn load(dir: PathBuf) -> Self {
        let case: Value = serde_json::from_str(&read(&dir.join("case.json"))).unwrap();
        let lines = read(&dir.join("events.jsonl"));
        let events = super::lines(&lines);
        let mut more = None;
        loop {
            let recorded_time = Some(text(&events[0], "recordedtime"));
            let (ledger, books) = init(&dir, &case, recorded_time, more.as_deref());
            let file = dir.join("events.jsonl").display().to_string();
            let ran = ledger.run(&["import", &file, "--trust-recorded-time"]);
            let imported = ledger.imported(ran, "rejects.jsonl");
            if imported.refused == 0 {
                assert_eq!(imported.appended, events.len() as u64);
                return Self {
                    dir,
                    case,
                    events,
                    books,
                    ledger,
                };
            }
            let text = &imported.rejects_text;
            assert!(more.is_none(), "{}: {text}", dir.display());
            let codes = imported.rejects.iter().map(|line| {
                assert_eq!(line["code"], "code.unknown", "{}: {text}", dir.display());
                line["event"]["data"]["code"].as_str().unwrap()
            });
            more = Some(late_version(&dir, &case, codes.collect()));
        }
    }

    /// What is asked of it.
    pub(crate) fn asks(&self) -> &[Value] {
        self.case["asks"].as_array().unwrap()
    }
}

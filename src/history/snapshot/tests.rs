//! Snapshots that something happened to.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use standing_projections::facts::History;
use standing_projections::{Event, Position};

use super::manifest::{self, Manifest, Portion, Written};
use super::{Origin, Snapshot, SnapshotError};

/// The made history of the examples.
fn made() -> History {
    let lines = include_str!("../../../examples/history.jsonl").lines();
    let events = lines.map(|line| Event::from_json(&serde_json::from_str(line).unwrap()).unwrap());
    let events: Vec<Event> = events.collect();
    let mut history = History::of((1..).map(Position).zip(&events));
    history.shrink();
    history
}

/// Everything that a history holds.
fn all(history: &History) -> String {
    format!(
        "{} {:?} {:?} {:?}",
        history.head(),
        history.names().iter().collect::<Vec<_>>(),
        history.rulebooks(),
        history.developers()
    )
}

fn read(folder: &Path) -> Result<History, SnapshotError> {
    Snapshot::open(folder)?.read()
}

/// The tables of a manifest with the names of their files.
fn tables(manifest: &mut Manifest) -> Vec<(String, &mut Written)> {
    let Manifest {
        names,
        rulebooks,
        portions,
        ..
    } = manifest;
    let mut tables = vec![
        ("names.parquet".to_owned(), names),
        ("rulebooks.parquet".to_owned(), rulebooks),
    ];
    for (number, portion) in (1..).zip(portions) {
        let Portion {
            developers,
            apps,
            facts,
            usage,
            outages,
            retractions,
        } = portion;
        for (name, table) in [
            ("developers", developers),
            ("apps", apps),
            ("facts", facts),
            ("usage", usage),
            ("outages", outages),
            ("retractions", retractions),
        ] {
            tables.push((format!("{name}-{number:05}.parquet"), table));
        }
    }
    tables
}

#[test]
fn what_is_read_is_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let history = made();
    assert!(history.developers().len() > 4);
    let written = Snapshot::write(folder.path(), &history, Origin::MadeUp).unwrap();
    assert_eq!(all(&read(folder.path()).unwrap()), all(&history));
    assert_eq!(
        written.manifest().developers(),
        history.developers().len() as u64
    );
    // The same history gives the same tables, in another folder.
    let again = Snapshot::write(folder.path(), &history, Origin::MadeUp).unwrap();
    let (mut one, other) = (written.manifest().clone(), again.manifest());
    assert_ne!(one.folder, other.folder);
    one.folder.clone_from(&other.folder);
    assert_eq!(&one, other);
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn no_byte_can_be_another() {
    let folder = tempfile::tempdir().unwrap();
    let history = made();
    let snapshot = Snapshot::write(folder.path(), &history, Origin::MadeUp).unwrap();
    let mut manifest = snapshot.manifest().clone();
    let of_tables = folder.path().join(&manifest.folder);
    let mut paths = vec![folder.path().join(manifest::FILE)];
    paths.extend(
        tables(&mut manifest)
            .into_iter()
            .map(|(name, _)| of_tables.join(name)),
    );
    assert_eq!(paths.len(), 9);
    let mut rng = fastrand::Rng::with_seed(7);
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let refused = |change: &str| match read(folder.path()) {
            // The manifest's last byte ends a line, and nothing else.
            Ok(same) => {
                assert!(
                    path.ends_with(manifest::FILE),
                    "{change} in {}",
                    path.display()
                );
                assert_eq!(all(&same), all(&history));
            }
            Err(SnapshotError::File { source, .. }) => {
                assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
            }
            Err(error) => assert!(!matches!(
                error,
                SnapshotError::Form { .. } | SnapshotError::Busy { .. }
            )),
        };
        for place in (0..bytes.len()).step_by(1 + bytes.len() / 150) {
            let mut other = bytes.clone();
            other[place] ^= 1 << rng.u8(..8);
            fs::write(&path, other).unwrap();
            refused("a bit");
        }
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).unwrap();
            refused("an end");
        }
        fs::write(&path, [&bytes[..], b"\0"].concat()).unwrap();
        refused("one more");
        fs::remove_file(&path).unwrap();
        refused("no file");
        fs::write(&path, bytes).unwrap();
    }
    assert_eq!(all(&read(folder.path()).unwrap()), all(&history));
}

/// Gives a changed table the digest that it has now, as somebody who means harm would.
fn seal(folder: &Path, snapshot: &Snapshot, name: &str, bytes: &[u8]) {
    let mut manifest = snapshot.manifest().clone();
    fs::write(folder.join(&manifest.folder).join(name), bytes).unwrap();
    for (other, table) in tables(&mut manifest) {
        if other == name {
            table.bytes = bytes.len() as u64;
            table.sha256 = manifest::hex(Sha256::digest(bytes));
        }
    }
    fs::write(
        folder.join(manifest::FILE),
        manifest::text(&manifest).unwrap(),
    )
    .unwrap();
}

#[test]
fn tables_that_were_made_to_do_harm_are_an_error_or_a_history() {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = Snapshot::write(folder.path(), &made(), Origin::MadeUp).unwrap();
    let mut manifest = snapshot.manifest().clone();
    let names: Vec<String> = tables(&mut manifest)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let mut rng = fastrand::Rng::with_seed(11);
    for name in names {
        let bytes = fs::read(folder.path().join(&manifest.folder).join(&name)).unwrap();
        for _ in 0..60 {
            let mut other = bytes.clone();
            for _ in 0..rng.usize(1..4) {
                let place = rng.usize(..other.len());
                other[place] = rng.u8(..);
            }
            seal(folder.path(), &snapshot, &name, &other);
            if let Err(error) = read(folder.path()) {
                assert!(matches!(error, SnapshotError::Damaged { .. }), "{error}");
            }
        }
        seal(folder.path(), &snapshot, &name, &bytes);
    }
    read(folder.path()).unwrap();
}

//! `standing checkpoint`.

use std::thread::sleep;
use std::time::Duration;

use super::{checkpoint, complain, ground, is_file, tamper, verifier};
use crate::common::{Ledger, Ran};

/// The size that a checkpoint says.
fn size(note: &str) -> u64 {
    note.lines().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_checkpoint_is_printed_kept_and_the_same_while_the_log_is() {
    let ledger = ground(1);
    let note = checkpoint(&ledger);
    let lines: Vec<&str> = note.lines().collect();
    assert_eq!((lines[0], lines[1], lines[3]), ("example.com/log", "7", ""));
    assert!(lines[4].starts_with("\u{2014} example.com/log "), "{note}");
    assert_eq!(lines.len(), 5);
    assert_eq!(checkpoint(&ledger), note);
    let written = ledger.run(&["checkpoint", "-o", "kept"]).good();
    assert_eq!(written.out, "");
    assert_eq!(
        written.err,
        "wrote `kept`: 7 events, signed as `example.com/log`\n"
    );
    assert_eq!(ledger.read("kept"), note);
    let verified = ledger.run(&["verify", "--against", "kept"]).good();
    assert_eq!(verified.lines()[0]["checkpoints"], 1);
    assert_eq!(verified.lines()[0]["root"], lines[2]);
}

#[test]
fn within_a_second_the_same_is_answered() {
    let ledger = ground(1);
    let first = checkpoint(&ledger);
    for turn in 1..4 {
        let before = std::time::Instant::now();
        complain(&ledger, turn..turn + 1);
        let answered = ledger.run(&["checkpoint"]).good();
        if before.elapsed() > Duration::from_millis(900) {
            continue; // A slow machine.
        }
        if answered.out == first {
            assert!(
                answered.err.contains("is less than a second old"),
                "{}",
                answered.err
            );
        }
    }
    sleep(Duration::from_millis(1_100));
    let later = ledger.run(&["checkpoint"]).good();
    assert_eq!((size(&later.out), later.err.as_str()), (10, ""));
}

#[test]
fn a_log_without_events_can_be_signed() {
    let ledger = Ledger::bare();
    ledger.run(&["keys", "new", "example.com/log"]).good();
    let note = checkpoint(&ledger);
    assert_eq!(size(&note), 0);
    assert_eq!(
        note.lines().nth(2),
        Some("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    );
    let verified = ledger.run(&["verify"]).good();
    assert_eq!(verified.lines()[0]["checkpoints"], 1);
}

#[test]
fn without_a_key_nothing_is_signed() {
    let ledger = ground(1);
    std::fs::remove_file(ledger.path("standing.key")).unwrap();
    let refused = ledger.run(&["checkpoint"]).with_code(1);
    assert_eq!(
        refused.err,
        "error: there is no key to sign with\n\
         hint: make one with `standing keys new NAME`, or name its file with `--key` or STANDING_KEY\n"
    );
    let command = |value: &str| {
        let mut command = ledger.command(&["checkpoint"]);
        let ran: Ran = command.env("STANDING_KEY", value).output().unwrap().into();
        ran
    };
    assert!(
        command("none.key")
            .with_code(1)
            .err
            .contains("there is no key `none.key`")
    );
    assert!(
        command("PRIVATE+KEY+x")
            .with_code(1)
            .err
            .contains("STANDING_KEY: this is no key")
    );
}

#[test]
fn without_a_ledger_or_a_place_to_write_nothing_is_signed() {
    let ledger = Ledger::none();
    ledger.run(&["keys", "new", "example.com/log"]).good();
    let refused = ledger.run(&["checkpoint"]).with_code(1);
    assert!(
        refused.err.contains("there is no ledger at `"),
        "{}",
        refused.err
    );
    let ledger = ground(1);
    let refused = ledger.run(&["checkpoint", "-o", "none/kept"]).with_code(1);
    assert!(
        refused.err.contains("`none/kept` cannot be written"),
        "{}",
        refused.err
    );
}

#[test]
fn another_key_signs_the_same_log() {
    let ledger = ground(1);
    let first = checkpoint(&ledger);
    ledger
        .run(&["keys", "new", "example.com/log", "-o", "new.key"])
        .good();
    let second = ledger.run(&["checkpoint", "--key", "new.key"]).good().out;
    assert_eq!(first.lines().next(), second.lines().next());
    assert_eq!(first.lines().nth(2), second.lines().nth(2));
    assert_ne!(first, second);
    // Of one size one checkpoint is kept, the first.
    let (old, new) = (
        verifier(&ledger, "standing.key"),
        verifier(&ledger, "new.key"),
    );
    let verified = ledger.run(&["verify", "--key", &old]).good();
    assert_eq!(verified.lines()[0]["signatures"], 1);
    ledger.run(&["verify", "--key", &new]).with_code(1);
    sleep(Duration::from_millis(1_100));
    complain(&ledger, 1..2);
    ledger.run(&["checkpoint", "--key", "new.key"]).good();
    let verified = ledger.run(&["verify", "--key", &old, "--key", &new]).good();
    assert_eq!(verified.lines()[0]["signatures"], 2);
    let refused = ledger.run(&["verify", "--key", &old]).with_code(1);
    assert_eq!(refused.lines()[0]["findings"][0]["code"], "checkpoint");
}

#[test]
fn a_log_that_was_rewritten_is_not_signed_again() {
    if !is_file() {
        return;
    }
    for (sql, message) in [
        // The last events are gone.
        (
            "DELETE FROM events WHERE position > 6",
            "events were taken out of the log: `example.com/log` has signed 9, and 6 are there",
        ),
        // An event has another hash, as one has that was rewritten whole.
        (
            "UPDATE events SET hash = zeroblob(32) WHERE position = 8",
            "the log was rewritten: its first 9 events are not those that `example.com/log` has signed",
        ),
    ] {
        let ledger = ground(3);
        checkpoint(&ledger);
        tamper(&ledger, sql);
        for args in [&["checkpoint"][..], &["tiles", "out"], &["prove", "6"]] {
            let refused = ledger.run(args).with_code(1);
            assert!(refused.err.contains(message), "{}", refused.err);
            assert!(
                refused
                    .err
                    .contains("hint: whoever has the older checkpoint can show it")
            );
            assert_eq!(refused.out, "");
        }
    }
}

#[test]
fn a_kept_checkpoint_that_is_none_is_said_to_be_none() {
    if !is_file() {
        return;
    }
    let ledger = ground(3);
    checkpoint(&ledger);
    tamper(&ledger, "UPDATE checkpoints SET note = 'nothing'");
    let refused = ledger.run(&["checkpoint"]).with_code(1);
    assert!(
        refused
            .err
            .contains("what it keeps as the checkpoint of 9 events is none"),
        "{}",
        refused.err
    );
}

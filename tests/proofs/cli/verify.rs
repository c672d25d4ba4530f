//! `standing verify` of a ledger: what holds, and a checkpoint that somebody kept.

use serde_json::json;

use super::{checkpoint, complain, ground, tamper, verifier};
use crate::common::events::{complaint, with};
use crate::common::{Ledger, Ran};

fn verify(ledger: &Ledger, args: &[&str]) -> Ran {
    let mut all = vec!["verify"];
    all.extend(args);
    ledger.run(&all)
}

#[test]
fn a_whole_ledger_is_said_to_be_one() {
    let ledger = Ledger::none();
    ledger.run(&["demo", "--help"]).good();
    let ledger = Ledger::new();
    let history = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/history.jsonl");
    ledger.import_text(std::fs::read(history).unwrap(), &["--trust-recorded-time"]);
    let verified = verify(&ledger, &[]).good();
    assert_eq!(verified.err, "");
    let report = &verified.lines()[0];
    assert_eq!(
        (&report["events"], &report["tree_size"]),
        (&json!(171), &json!(171))
    );
    assert_eq!(report["findings"], json!([]));
    assert_eq!(
        report["private"],
        json!({"checked": 0, "erased": 0, "absent": 0})
    );
    let table = verify(&ledger, &["--format", "table"]).good().out;
    assert!(table.contains("EVENTS  TREE SIZE  ROOT"), "{table}");
    assert_eq!(table.lines().count(), 2, "{table}");
    assert_eq!(verify(&ledger, &["-q"]).good().err, "");
}

#[test]
fn many_tiles_and_checkpoints_are_compared() {
    let ledger = ground(100);
    for until in [300, 700, 1_000] {
        checkpoint(&ledger);
        let from = ledger.audit(&["--limit", "2000"]).len() - 6;
        std::thread::sleep(std::time::Duration::from_millis(1_050));
        complain(&ledger, from..until);
    }
    checkpoint(&ledger);
    let report = &verify(&ledger, &["--key", "standing.key"]).good().lines()[0];
    assert_eq!(report["events"], 1_006);
    assert_eq!(
        (&report["checkpoints"], &report["signatures"]),
        (&json!(4), &json!(4))
    );
}

#[test]
fn private_content_is_compared_where_it_is() {
    let ledger = ground(1);
    let private = |id: &str| {
        with(
            complaint(id),
            "private",
            json!({"name": "Li Lei", "n": 1.50}),
        )
    };
    ledger
        .import(&[private("p1"), private("p2"), private("p3")])
        .counts(3, 0, 0);
    ledger.run(&["erase", "9", "--reason", "asked for"]).good();
    let report = &verify(&ledger, &[]).good().lines()[0];
    assert_eq!(
        report["private"],
        json!({"checked": 2, "erased": 1, "absent": 0})
    );
    // A copy without what is private is whole.
    ledger.run(&["copy", "--to", "copy.db"]).good();
    let report = &verify(&ledger, &["--ledger", "copy.db"]).good().lines()[0];
    assert_eq!(
        report["private"],
        json!({"checked": 0, "erased": 1, "absent": 2})
    );
    ledger
        .run(&["copy", "--to", "copy2.db", "--with-private"])
        .good();
    let report = &verify(&ledger, &["--ledger", "copy2.db"]).good().lines()[0];
    assert_eq!(
        report["private"],
        json!({"checked": 2, "erased": 1, "absent": 0})
    );
}

#[test]
fn without_a_key_signatures_are_said_not_to_be_checked() {
    let ledger = ground(1);
    checkpoint(&ledger);
    std::fs::rename(ledger.path("standing.key"), ledger.path("away.key")).unwrap();
    let verified = verify(&ledger, &[]).good();
    assert!(
        verified
            .err
            .contains("hint: the signatures of the kept checkpoints were not checked")
    );
    assert_eq!(verified.lines()[0]["signatures"], 0);
    // A key that happens to lie there and is another one changes nothing; one that is named does.
    ledger.run(&["keys", "new", "example.com/log"]).good();
    let verified = verify(&ledger, &[]).good();
    assert_eq!(verified.lines()[0]["signatures"], 0);
    let refused = verify(&ledger, &["--key", "standing.key"]).with_code(1);
    assert_eq!(refused.lines()[0]["findings"][0]["code"], "checkpoint");
    let good = verifier(&ledger, "away.key");
    assert_eq!(
        verify(&ledger, &["--key", &good]).good().lines()[0]["signatures"],
        1
    );
}

/// The signature's line is not itself signed: whoever changes the name on it makes a checkpoint that
/// nobody has signed, and must not have it passed over as somebody else's.
#[test]
fn a_kept_checkpoint_in_nobodys_name_is_found_without_naming_the_key() {
    for (from, to) in [
        ("— example.com/log ", "— example.com/lag "),
        ("example.com/log\n", "example.com/lag\n"),
    ] {
        let ledger = ground(1);
        checkpoint(&ledger);
        let sql = format!("UPDATE checkpoints SET note = replace(note, '{from}', '{to}')");
        tamper(&ledger, &sql);
        let refused = verify(&ledger, &[]).with_code(1);
        assert_eq!(refused.lines()[0]["findings"][0]["code"], "checkpoint");
    }
}

#[test]
fn a_log_goes_on_from_each_checkpoint_that_it_gave() {
    let ledger = ground(3);
    let key = verifier(&ledger, "standing.key");
    ledger.write("old", checkpoint(&ledger));
    complain(&ledger, 3..400);
    // The auditor has the checkpoint and the key, and the log from elsewhere.
    ledger.run(&["copy", "--to", "copy.db"]).good();
    for args in [
        vec!["--against", "old"],
        vec!["--against", "old", "--key", &key],
        vec!["--against", "old", "--key", &key, "--ledger", "copy.db"],
    ] {
        let report = &verify(&ledger, &args).good().lines()[0];
        assert_eq!(report["events"], 406);
    }
}

#[test]
fn a_log_that_was_shortened_is_said_to_be() {
    let ledger = ground(3);
    let key = verifier(&ledger, "standing.key");
    ledger.write("old", checkpoint(&ledger));
    tamper(
        &ledger,
        "DELETE FROM events WHERE position > 7; DELETE FROM checkpoints",
    );
    // By itself a beginning of a log is one.
    verify(&ledger, &[]).good();
    let refused = verify(&ledger, &["--against", "old", "--key", &key]).with_code(1);
    let found = &refused.lines()[0]["findings"][0];
    assert_eq!(found["code"], "rewritten");
    assert_eq!(
        found["message"],
        "events were taken out of the log: `example.com/log` has signed 9, and 7 are there"
    );
    assert!(
        refused
            .err
            .contains("error: the ledger is not what it says: 1 thing is wrong")
    );
}

#[test]
fn a_log_that_was_rewritten_is_said_to_be() {
    // The same events but for one, in a ledger that is whole in itself.
    let ledger = ground(300);
    let key = verifier(&ledger, "standing.key");
    ledger.write("old", checkpoint(&ledger));
    let other = ground(299);
    complain(&other, 999..1_300);
    let args = [
        "--against",
        &ledger.path("old").display().to_string(),
        "--key",
        &key,
    ];
    verify(&other, &[]).good();
    let refused = verify(&other, &args).with_code(1);
    let found = &refused.lines()[0]["findings"][0];
    assert_eq!(
        found["message"],
        "the log was rewritten: its first 306 events are not those that `example.com/log` has signed"
    );
    let table = [&args[..], &["--format", "table"]].concat();
    let refused = verify(&other, &table).with_code(1);
    assert!(
        refused
            .out
            .contains("the log was rewritten: its first 306 events"),
        "{}",
        refused.out
    );
}

#[test]
fn a_checkpoint_that_is_none_compares_with_nothing() {
    let ledger = ground(3);
    let key = verifier(&ledger, "standing.key");
    let note = checkpoint(&ledger);
    ledger
        .run(&["keys", "new", "example.com/log", "-o", "other.key"])
        .good();
    let other = ledger.run(&["checkpoint", "--key", "other.key"]).good().out;
    for (content, message) in [
        (String::new(), "the note has no signatures"),
        ("hello".to_owned(), "the note has no signatures"),
        (
            note.replace("\n9\n", "\n8\n"),
            "the signature of `example.com/log` does not hold",
        ),
        (
            other.clone(),
            "the note is not signed by `example.com/log` (key ",
        ),
    ] {
        ledger.write("old", content);
        let refused = verify(&ledger, &["--against", "old", "--key", &key]).with_code(1);
        assert!(refused.err.contains(message), "{}", refused.err);
        assert!(refused.err.contains("`old`: "), "{}", refused.err);
    }
    // Signed by a key that is not at hand, it is compared all the same, and said not to be checked.
    ledger.write("old", other);
    let verified = verify(&ledger, &["--against", "old"]).good();
    assert!(
        verified
            .err
            .contains("the signature of `old` was not checked"),
        "{}",
        verified.err
    );
    let refused = verify(&ledger, &["--against", "none"]).with_code(1);
    assert!(
        refused.err.contains("`none` cannot be read"),
        "{}",
        refused.err
    );
    let refused = verify(&ledger, &["old", "--against", "old"]).with_code(1);
    assert!(
        refused.err.contains("cannot be used with"),
        "{}",
        refused.err
    );
}

//! `standing prove`, and `standing verify` of what it makes.

use serde_json::json;

use super::{checkpoint, complain, ground, tamper, verifier};
use crate::common::events::{complaint, with};
use crate::common::{Ledger, Ran, text};

/// Checks a proof in a folder where nothing else is.
fn checked(proof: &str, key: &str) -> Ran {
    let elsewhere = Ledger::none();
    elsewhere.write("event.tlog-proof", proof);
    elsewhere.run(&["verify", "event.tlog-proof", "--key", key])
}

#[test]
fn every_event_is_proved_to_somebody_who_has_the_key_and_nothing_else() {
    let ledger = ground(300);
    let key = verifier(&ledger, "standing.key");
    let trail = ledger.audit(&["--limit", "400"]);
    for position in [1, 2, 6, 7, 255, 256, 257, 305, 306] {
        let proof = ledger.run(&["prove", &position.to_string()]).good().out;
        let shown = checked(&proof, &key).good();
        let shown = &shown.lines()[0];
        let event = &trail[position - 1];
        assert_eq!(shown["position"], position);
        assert_eq!(shown["event"]["id"], event["id"]);
        assert_eq!(shown["recordedtime"], shown["event"]["recordedtime"]);
        assert_eq!(
            (text(shown, "origin"), &shown["tree_size"]),
            ("example.com/log", &json!(306))
        );
        assert_eq!(shown["root"], checkpoint(&ledger).lines().nth(2).unwrap());
    }
}

#[test]
fn what_is_shown_of_a_proof_is_a_line_and_the_event() {
    let ledger = ground(1);
    ledger.run(&["prove", "7", "-o", "7.tlog-proof"]).good();
    let shown = ledger
        .run(&[
            "verify",
            "7.tlog-proof",
            "--key",
            "standing.key",
            "--format",
            "table",
        ])
        .good();
    let lines: Vec<&str> = shown.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", shown.out);
    assert!(lines[0].contains("POSITION  RECORDED"), "{}", shown.out);
    assert!(
        lines[1].contains("complaint.received  a1       example.com/log  7"),
        "{}",
        shown.out
    );
    assert!(lines[2].starts_with("{\"data\":"), "{}", shown.out);
    // From standard input, too.
    let proof = ledger.read("7.tlog-proof");
    let read = ledger.feed(
        &["verify", "-", "--key", "standing.key", "--format", "table"],
        proof,
    );
    assert_eq!(read.good().out, shown.out);
}

#[test]
fn a_position_that_is_none_is_told_so() {
    let ledger = ground(1);
    for position in ["0", "8", "18446744073709551615"] {
        let refused = ledger.run(&["prove", position]).with_code(1);
        let message = format!("error: the log has no position {position}: it ends at 7\n");
        assert!(refused.err.starts_with(&message), "{}", refused.err);
        assert!(
            refused
                .err
                .contains("hint: `standing audit` lists the events")
        );
    }
    for position in ["-1", "x", "1.0", "18446744073709551616"] {
        ledger.run(&["prove", "--", position]).with_code(1);
    }
}

#[test]
fn an_event_is_proved_as_soon_as_it_is_recorded() {
    let ledger = ground(1);
    checkpoint(&ledger);
    for turn in 1..3 {
        complain(&ledger, turn..turn + 1);
        let position = 7 + turn;
        let proof = ledger.run(&["prove", &position.to_string()]).good().out;
        let shown = checked(&proof, &verifier(&ledger, "standing.key")).good();
        assert_eq!(shown.lines()[0]["position"], position);
    }
}

#[test]
fn without_a_key_the_first_checkpoint_that_holds_the_event_will_do() {
    let ledger = ground(1);
    let key = verifier(&ledger, "standing.key");
    let first = checkpoint(&ledger);
    std::fs::rename(ledger.path("standing.key"), ledger.path("away.key")).unwrap();
    complain(&ledger, 1..2);
    let proof = ledger.run(&["prove", "5"]).good().out;
    assert!(proof.ends_with(&first), "{proof}");
    checked(&proof, &key).good();
    let refused = ledger.run(&["prove", "8"]).with_code(1);
    assert!(
        refused
            .err
            .contains("no checkpoint was signed since position 8 was recorded"),
        "{}",
        refused.err
    );
    assert!(
        refused
            .err
            .contains("hint: sign one with `standing checkpoint`"),
        "{}",
        refused.err
    );
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    ledger.run(&["checkpoint", "--key", "away.key"]).good();
    checked(&ledger.run(&["prove", "8"]).good().out, &key).good();
    assert!(ledger.run(&["prove", "5"]).good().out.ends_with(&first));
}

#[test]
fn a_proof_has_nothing_private_and_survives_its_erasure() {
    let ledger = ground(1);
    let key = verifier(&ledger, "standing.key");
    let event = with(complaint("p"), "private", json!({"name": "Han Meimei"}));
    ledger.import(&[event]).counts(1, 0, 0);
    let before = ledger.run(&["prove", "8"]).good().out;
    let shown = checked(&before, &key).good();
    assert!(
        shown.out.contains("\"private\":\"hmac-sha256:"),
        "{}",
        shown.out
    );
    assert!(!shown.out.contains("Han Meimei") && !before.contains("Han Meimei"));
    ledger.run(&["erase", "8", "--reason", "asked for"]).good();
    assert_eq!(checked(&before, &key).good().out, shown.out);
    let after = ledger.run(&["prove", "8"]).good().out;
    assert_eq!(after.lines().nth(1), before.lines().nth(1));
    assert_eq!(
        checked(&after, &key).good().lines()[0]["event"],
        shown.lines()[0]["event"]
    );
}

#[test]
fn a_proof_shows_nothing_to_whoever_does_not_know_the_log() {
    let ledger = ground(1);
    let proof = ledger.run(&["prove", "7"]).good().out;
    ledger.write("p", &proof);
    // Without a key: not even the one that lies there is taken for the right one.
    let refused = ledger.run(&["verify", "p"]).with_code(1);
    assert!(
        refused
            .err
            .contains("a proof is checked by the verifier key of the log"),
        "{}",
        refused.err
    );
    assert!(
        refused.err.contains("hint: name it with `--key`"),
        "{}",
        refused.err
    );
    // One that was set is.
    let ran: Ran = ledger
        .command(&["verify", "p"])
        .env("STANDING_KEY", "standing.key")
        .output()
        .unwrap()
        .into();
    ran.good();
    ledger
        .run(&["keys", "new", "example.com/log", "-o", "other.key"])
        .good();
    let refused = checked(&proof, &verifier(&ledger, "other.key")).with_code(1);
    assert!(
        refused
            .err
            .contains("the note is not signed by `example.com/log` (key "),
        "{}",
        refused.err
    );
    assert_eq!(refused.out, "");
    ledger
        .run(&["keys", "new", "example.com/other", "-o", "third.key"])
        .good();
    let refused = checked(&proof, &verifier(&ledger, "third.key")).with_code(1);
    assert!(
        refused.err.contains("is not signed by `example.com/other`"),
        "{}",
        refused.err
    );
    // Several keys that a log has had.
    let keys = ["other.key", "standing.key"].map(|file| verifier(&ledger, file));
    ledger
        .run(&["verify", "p", "--key", &keys[0], "--key", &keys[1]])
        .good();
    for key in ["nothing", "example.com/log+0+0", "none.key"] {
        let refused = ledger.run(&["verify", "p", "--key", key]).with_code(1);
        assert!(refused.err.contains(&format!("`{key}`")), "{}", refused.err);
    }
}

#[test]
fn a_file_that_is_no_proof_is_told_so() {
    let ledger = ground(1);
    let key = verifier(&ledger, "standing.key");
    let proof = ledger.run(&["prove", "7"]).good().out;
    for (file, message) in [
        (String::new(), "this is no proof: line 1"),
        (checkpoint(&ledger), "this is no proof: line 1"),
        (
            proof.replace("index 6", "index 5"),
            "the event is not the one at position 6 of the log",
        ),
        (
            proof.replace("index 6", "index 7"),
            "the tree has no leaf with that index",
        ),
        (
            proof.replace("\n7\n", "\n8\n"),
            "the signature of `example.com/log` does not hold",
        ),
        (
            proof.replace("\nextra ", "\nindex "),
            "this is no proof: line 2",
        ),
    ] {
        let refused = checked(&file, &key).with_code(1);
        assert!(refused.err.contains(message), "{message}: {}", refused.err);
        assert!(
            refused.err.contains("`event.tlog-proof`: "),
            "{}",
            refused.err
        );
        assert_eq!(refused.out, "");
    }
    // What is JSON is taken for a bundle.
    let refused = checked("{\"id\":\"1\"}\n", &key).with_code(1);
    let message = "line 1 is not the header of a bundle (missing field `format`";
    assert!(refused.err.contains(message), "{}", refused.err);
    let refused = ledger.run(&["verify", "none", "--key", &key]).with_code(1);
    assert!(
        refused.err.contains("`none` cannot be read"),
        "{}",
        refused.err
    );
    let refused = ledger.run(&["verify", ".", "--key", &key]).with_code(1);
    assert!(
        refused.err.contains("`.` cannot be read"),
        "{}",
        refused.err
    );
    // A file without end is not read to it.
    #[cfg(unix)]
    {
        let refused = ledger
            .run(&["verify", "/dev/zero", "--key", &key])
            .with_code(1);
        assert!(refused.err.contains("it has more than"), "{}", refused.err);
    }
}

#[test]
fn a_damaged_event_is_not_proved() {
    let ledger = ground(3);
    checkpoint(&ledger);
    tamper(
        &ledger,
        "UPDATE events SET json = replace(json, 'normal', 'strong') WHERE position = 8",
    );
    let refused = ledger.run(&["prove", "8"]).with_code(1);
    assert!(
        refused
            .err
            .contains("the event at position 8 is not the one that its tree holds"),
        "{}",
        refused.err
    );
    assert!(
        refused
            .err
            .contains("hint: `standing verify` names all that is wrong")
    );
    ledger.run(&["prove", "7"]).good();
}

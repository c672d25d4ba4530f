//! `standing bundle`, and `standing verify` of what it makes.

use serde_json::{Value, json};

use super::{complain, ground, tamper, verifier};
use crate::common::events::{T, app, complaint, developer, event, sha256, with};
use crate::common::{Ledger, Ran};

const AS_OF: &str = "2016-06-01T00:00:00Z";

/// Two developers, whose events take turns in the log, with a retraction and an appeal among them.
pub(crate) fn two_developers() -> Ledger {
    let ledger = ground(20);
    ledger
        .import(&[developer("d2"), app("b1", "d2", "in_site")])
        .counts(2, 0, 0);
    for turn in 0..5 {
        complain(&ledger, 20 + 10 * turn..30 + 10 * turn);
        let other = with(complaint(&format!("other-{turn}")), "subject", "b1");
        ledger.import(&[other]).counts(1, 0, 0);
    }
    let reference = json!({"id": "c3", "source": complaint("c3")["source"]});
    ledger
        .import(&[
            event(
                "r1",
                "event.retracted",
                T,
                "a1",
                json!({"event": reference, "reason": "a mistake"}),
            ),
            event(
                "ap1",
                "appeal.filed",
                T,
                "a1",
                json!({"event": {"id": "c4", "source": complaint("c4")["source"]}, "statement": "no"}),
            ),
        ])
        .counts(2, 0, 0);
    ledger
}

fn bundle(ledger: &Ledger, subject: &str) -> String {
    ledger
        .run(&["bundle", subject, "--as-of", AS_OF])
        .good()
        .out
}

/// Checks a bundle in a folder where nothing else is.
fn checked(bundle: impl AsRef<[u8]>, key: &str) -> Ran {
    let elsewhere = Ledger::none();
    elsewhere.write("a.bundle", bundle);
    elsewhere.run(&["verify", "a.bundle", "--key", key])
}

/// What is found wrong with a bundle: the code, and where.
fn wrong(beside: &Ledger, bundle: impl AsRef<[u8]>, key: &str) -> (String, Value) {
    beside.write("a.bundle", bundle);
    let ran = beside
        .run(&["verify", "a.bundle", "--key", key])
        .with_code(1);
    assert!(
        ran.err.starts_with("error: `a.bundle` proves nothing: "),
        "{}",
        ran.err
    );
    let report = &ran.lines()[0];
    assert_eq!(report["bundle"], Value::Null);
    let finding = &report["findings"][0];
    let code = finding["code"].as_str().unwrap().to_owned();
    (code, finding["position"].clone())
}

/// The lines of a bundle with its header as JSON.
fn parts(bundle: &str) -> (Value, Vec<String>) {
    let mut lines = bundle.lines().map(str::to_owned);
    let header = serde_json::from_str(&lines.next().unwrap()).unwrap();
    (header, lines.collect())
}

fn whole(header: &Value, lines: &[String]) -> String {
    format!("{header}\n{}\n", lines.join("\n"))
}

#[test]
fn a_bundle_shows_to_somebody_who_has_the_key_and_nothing_else_what_assess_answers() {
    let ledger = two_developers();
    let key = verifier(&ledger, "standing.key");
    for (subject, of, events) in [("d1", "d1", 78), ("a1", "d1", 78), ("b1", "d2", 10)] {
        let bundle = bundle(&ledger, subject);
        let assessed = ledger
            .run(&["assess", "--developer", of, "--as-of", AS_OF])
            .good();
        assert_eq!(bundle.lines().last(), assessed.out.lines().next());
        let shown = checked(&bundle, &key).good();
        let report = &shown.lines()[0];
        assert_eq!(report["findings"], json!([]));
        assert_eq!(report["bundle"]["developer"], of);
        assert_eq!(report["bundle"]["events"], events, "{subject}");
        assert_eq!(report["bundle"]["rulebooks"], 3);
        assert_eq!(report["bundle"]["tree_size"], 85);
        assert_eq!(report["unproved"].as_array().unwrap().len(), 2);
        let (header, lines) = parts(&bundle);
        let trail = ledger.audit(&["--limit", "400"]);
        for line in &lines[..events] {
            let line: Value = serde_json::from_str(line).unwrap();
            let position = line[0].as_u64().unwrap();
            let event = &trail[usize::try_from(position).unwrap() - 1];
            assert_eq!(line[1]["id"], event["id"]);
        }
        assert_eq!(header["calendars"][0]["name"], "CN");
    }
}

#[test]
fn a_bundle_of_what_was_known_then_stays_the_same() {
    let ledger = two_developers();
    let key = verifier(&ledger, "standing.key");
    let then = |ledger: &Ledger| {
        let asked = ["bundle", "d1", "--as-of", AS_OF, "--known-at", "@20"];
        ledger.run(&asked).good().out
    };
    let (header, lines) = parts(&then(&ledger));
    assert_eq!(header["known_at"], 20);
    complain(&ledger, 200..210);
    let (_, later) = parts(&then(&ledger));
    assert_eq!(lines.last(), later.last());
    checked(then(&ledger), &key).good();
    for (asked, code) in [
        ("@0", "nothing was known then"),
        ("@900", "ends at position"),
    ] {
        let refused = ledger
            .run(&["bundle", "d1", "--known-at", asked])
            .with_code(1);
        assert!(refused.err.contains(code), "{}", refused.err);
    }
    ledger.run(&["bundle", "nobody"]).with_code(1);
    ledger
        .run(&["bundle", "d1", "--as-of", "1999-01-01T00:00:00Z"])
        .with_code(1);
}

#[test]
fn whatever_is_changed_in_a_bundle_is_found() {
    let ledger = two_developers();
    let key = verifier(&ledger, "standing.key");
    let good = bundle(&ledger, "d1");
    let (header, lines) = parts(&good);
    let events = usize::try_from(header["events"].as_u64().unwrap()).unwrap();
    let with_lines = |change: &dyn Fn(&mut Vec<String>, &mut Value)| {
        let (mut lines, mut header) = (lines.clone(), header.clone());
        change(&mut lines, &mut header);
        wrong(&ledger, whole(&header, &lines), &key)
    };
    let code = |change: &dyn Fn(&mut Vec<String>, &mut Value)| with_lines(change).0;
    checked(whole(&header, &lines), &key).good();

    // Events: dropped, with the count or without; changed; moved; doubled; of another position.
    assert_eq!(code(&|lines, _| drop(lines.remove(10))), "form");
    let dropped = code(&|lines, header| {
        lines.remove(10);
        header["events"] = json!(events - 1);
    });
    assert_eq!(dropped, "not_included");
    let changed = code(&|lines, _| lines[10] = lines[10].replace("normal", "strong"));
    assert_eq!(changed, "not_included");
    let moved = with_lines(&|lines, _| lines.swap(10, 11));
    assert_eq!(moved.0, "order");
    assert_eq!(moved.1.as_u64().unwrap(), 11);
    assert_eq!(code(&|lines, _| lines[11] = lines[10].clone()), "order");
    let twice =
        code(&|lines, _| lines[10] = lines[10].replace("{\"data\"", "{\"id\":\"x\",\"data\""));
    assert_eq!(twice, "not_included");
    let huge = code(&|lines, _| lines[events - 1] = lines[events - 1].replacen("[", "[9", 1));
    assert_eq!(huge, "question");
    for number in ["99999999999999999999999", "-1", "1e9", "0.5", "null", "01"] {
        let line = format!("[{number},{{}}]");
        assert_eq!(
            code(&|lines, _| lines[0].clone_from(&line)),
            "form",
            "{number}"
        );
    }
    // Spaces that JSON allows and the form does not.
    assert_eq!(
        code(&|lines, _| lines[3] = lines[3].replacen(',', ", ", 1)),
        "form"
    );

    // A rulebook's text.
    let book = code(&|lines, _| lines[0] = lines[0].replacen("level", "lever", 1));
    assert_eq!(book, "not_included");

    // Hashes.
    assert_eq!(
        code(&|lines, _| lines.swap(events, events + 1)),
        "not_included"
    );
    assert_eq!(
        code(&|lines, _| lines[events] = "\"AAAA\"".to_owned()),
        "form"
    );
    let fewer = code(&|lines, header| {
        lines.remove(events);
        header["hashes"] = json!(header["hashes"].as_u64().unwrap() - 1);
    });
    assert_eq!(fewer, "not_included");

    // The answer, with its digest or without; the question.
    let last = lines.len() - 1;
    let other = lines[last].replacen("\"active\"", "\"left\"", 1);
    assert_ne!(other, lines[last]);
    assert_eq!(code(&|lines, _| lines[last].clone_from(&other)), "answer");
    let digest = sha256(&other);
    let with_digest = code(&|lines, header| {
        lines[last].clone_from(&other);
        header["answer_sha256"] = json!(digest);
    });
    assert_eq!(with_digest, "answer");
    for (name, value, found) in [
        ("as_of", json!("2014-05-02T00:00:00Z"), "answer"),
        ("as_of", json!("soon"), "form"),
        ("known_at", json!(20), "question"),
        ("known_at", json!(86), "question"),
        ("known_at", json!(u64::MAX), "question"),
        ("known_at", json!(1e300), "form"),
        ("developer", json!("d2"), "other_developer"),
        ("events", json!(u64::MAX), "form"),
        ("hashes", json!(u64::MAX), "form"),
        ("calendars", json!([]), "calendar"),
        ("format", json!("standing-bundle/2"), "format"),
        ("more", json!(1), "form"),
        ("checkpoint", json!("no"), "checkpoint"),
        (
            "checkpoint",
            json!(
                header["checkpoint"]
                    .as_str()
                    .unwrap()
                    .replacen("85", "86", 1)
            ),
            "checkpoint",
        ),
    ] {
        let changed = code(&|_, header| header[name] = value.clone());
        assert_eq!(changed, found, "{name} {value}");
    }
    for (name, value) in [
        ("name", json!("XX")),
        ("through", json!(2014)),
        ("through", json!(2999)),
        ("sha256", json!("00")),
    ] {
        let changed = code(&|_, header| header["calendars"][0][name] = value.clone());
        assert_eq!(changed, "calendar", "{name}");
    }
    let twice = good.replacen('{', "{\"developer\":\"d1\",", 1);
    assert_eq!(wrong(&ledger, twice, &key).0, "form");

    // Another key.
    let others = Ledger::none();
    others.run(&["keys", "new", "example.com/log"]).good();
    assert_eq!(
        wrong(&ledger, &good, &verifier(&others, "standing.key")).0,
        "checkpoint"
    );

    // Cut off, and gone on with.
    for length in [good.len() - 1, good.len() / 2, good.find('\n').unwrap() + 1] {
        let (found, _) = wrong(&ledger, &good[..length], &key);
        assert!(
            ["cut_off", "form"].contains(&found.as_str()),
            "{length}: {found}"
        );
    }
    assert_eq!(wrong(&ledger, format!("{good}\n"), &key).0, "form");
    assert_eq!(wrong(&ledger, "{", &key).0, "form");
    assert_eq!(
        wrong(&ledger, format!("{{{}", "[".repeat(200_000)), &key).0,
        "form"
    );
    assert_eq!(
        wrong(&ledger, [good.as_bytes(), b"\xff"].concat(), &key).0,
        "form"
    );
}

#[test]
fn events_of_somebody_else_are_found_even_where_they_are_proved() {
    let ledger = two_developers();
    let key = verifier(&ledger, "standing.key");
    // Whoever has the whole log can prove any of its events; those of `d2` under the name of `d1`.
    let (mut header, lines) = parts(&bundle(&ledger, "d2"));
    header["developer"] = json!("d1");
    let (code, position) = wrong(&ledger, whole(&header, &lines), &key);
    assert_eq!((code.as_str(), position), ("other_developer", json!(27)));
}

#[test]
fn private_content_is_in_no_bundle_and_its_erasure_changes_no_answer() {
    let ledger = ground(1);
    let mut event = complaint("told");
    event["private"] = json!({"name": "Ann Elder"});
    ledger.import(&[event.clone()]).counts(1, 0, 0);
    let key = verifier(&ledger, "standing.key");
    let before = bundle(&ledger, "d1");
    assert!(!before.contains("Ann Elder"));
    checked(&before, &key).good();
    ledger.run(&["erase", "8", "--reason", "asked for"]).good();
    let after = bundle(&ledger, "d1");
    assert_eq!(parts(&before).1.last(), parts(&after).1.last());
    checked(&after, &key).good();
    checked(&before, &key).good();
}

#[test]
fn a_ledger_that_somebody_changed_gives_no_bundle() {
    let ledger = ground(3);
    bundle(&ledger, "d1");
    tamper(
        &ledger,
        "UPDATE events SET json = replace(json, 'normal', 'strong') WHERE position = 8",
    );
    let refused = ledger.run(&["bundle", "d1", "--as-of", AS_OF]).with_code(1);
    assert!(refused.err.contains("standing verify"), "{}", refused.err);
}

//! `standing keys`, and what other commands make of keys.

use super::{ground, verifier};
use crate::common::{Ledger, Ran};

fn new(ledger: &Ledger, args: &[&str]) -> Ran {
    let mut all = vec!["keys", "new"];
    all.extend(args);
    ledger.run(&all)
}

#[test]
fn a_key_is_made_once_and_for_its_owner_only() {
    let ledger = Ledger::none();
    let made = new(&ledger, &["example.com/log"]).good();
    assert!(made.out.starts_with("example.com/log+"), "{}", made.out);
    assert!(
        made.err
            .starts_with("made `standing.key`: keep it secret, and keep a copy")
    );
    let file = ledger.read("standing.key");
    assert!(file.starts_with("PRIVATE+KEY+example.com/log+") && file.ends_with('\n'));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(ledger.path("standing.key")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(ledger.run(&["keys", "show"]).good().out, made.out);
    let again = new(&ledger, &["example.com/log"]).with_code(1);
    assert!(
        again.err.contains("`standing.key` is there already"),
        "{}",
        again.err
    );
    assert!(
        again.err.contains("hint: name another file with `-o`"),
        "{}",
        again.err
    );
    assert_eq!(ledger.read("standing.key"), file);
    let other = new(&ledger, &["example.com/log", "-o", "other.key"]).good();
    assert_ne!(other.out, made.out);
    // Nothing of the secret is ever printed.
    let secret = file.trim_end().splitn(5, '+').nth(4).unwrap();
    for ran in [made, again, other, ledger.run(&["keys", "show", "-v"])] {
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret));
    }
}

#[test]
fn a_name_is_an_address_without_its_scheme() {
    let ledger = Ledger::none();
    let refused = new(&ledger, &["https://example.com/log/"]).with_code(1);
    assert!(
        refused.err.contains("hint: such as `example.com/log`"),
        "{}",
        refused.err
    );
    for name in [
        "", "a b", "a+b", "a\tb", "a\nb", "a\u{a0}b", "a\u{85}b", "a\u{7f}b",
    ] {
        let refused = new(&ledger, &[name]).with_code(1);
        assert!(
            refused.err.contains("a key's name has at least one"),
            "{name:?}: {}",
            refused.err
        );
        assert!(!ledger.path("standing.key").exists());
    }
    new(&ledger, &["例え.example/日誌"]).good();
}

#[test]
fn where_a_key_is_looked_for() {
    let ledger = Ledger::none();
    let none = ledger.run(&["keys", "show"]).with_code(1);
    assert!(
        none.err.contains("there is no key to sign with"),
        "{}",
        none.err
    );
    assert!(
        none.err.contains("`standing keys new NAME`"),
        "{}",
        none.err
    );
    new(&ledger, &["here", "-o", "standing.key"]).good();
    new(&ledger, &["there", "-o", "there.key"]).good();
    let secret = ledger.read("there.key").trim_end().to_owned();
    let shown = |variable: &str, args: &[&str]| {
        let mut command = ledger.command(args);
        let ran: Ran = command
            .env("STANDING_KEY", variable)
            .output()
            .unwrap()
            .into();
        ran.good().out
    };
    // The environment has the key or its file; empty, it has nothing; what is typed goes first.
    assert!(shown("there.key", &["keys", "show"]).starts_with("there+"));
    assert!(shown(&secret, &["keys", "show"]).starts_with("there+"));
    assert!(shown("", &["keys", "show"]).starts_with("here+"));
    assert!(shown(&secret, &["keys", "show", "standing.key"]).starts_with("here+"));
    // A file with a verifier key has one to show, too.
    let public = shown("", &["keys", "show", "there.key"]);
    ledger.write("there.pub", &public);
    assert_eq!(shown("", &["keys", "show", "there.pub"]), public);
}

#[test]
fn what_is_no_key_is_told_so() {
    let ledger = ground(1);
    let good = ledger.read("standing.key");
    let public = verifier(&ledger, "standing.key");
    for (content, message) in [
        ("", "this is no key"),
        ("\n", "this is no key"),
        ("hello\n", "this is no key"),
        (
            &public,
            "this is a verifier key, and a signer key is asked for",
        ),
        (&good.replace("+KEY+", "+key+"), "this is no key"),
        (
            &good.replace("example.com/log", "example.com/lag"),
            "the key's id does not fit",
        ),
        (&good[..good.len() - 10], "this is no key"),
        (&good.replace("+KEY++", "+KEY+"), ""),
        (
            "PRIVATE+KEY+a+00000000+AQ==",
            "the key's bytes are no Ed25519 key",
        ),
        (
            "PRIVATE+KEY+a+00000000+Ag==",
            "of an algorithm that is not known here (byte 2)",
        ),
    ] {
        ledger.write("bad.key", content);
        let refused = ledger.run(&["checkpoint", "--key", "bad.key"]);
        if !message.is_empty() {
            refused.clone().with_code(1);
            assert!(refused.err.contains(message), "{content}: {}", refused.err);
            assert!(refused.err.contains("`bad.key`"), "{}", refused.err);
        }
    }
    ledger.write("bad.key", [0xff, 0, 0xfe]);
    let refused = ledger.run(&["checkpoint", "--key", "bad.key"]).with_code(1);
    assert!(
        refused.err.contains("`bad.key`: this is no key"),
        "{}",
        refused.err
    );
    let refused = ledger
        .run(&["checkpoint", "--key", "none.key"])
        .with_code(1);
    assert!(
        refused.err.contains("there is no key `none.key`"),
        "{}",
        refused.err
    );
    let refused = ledger.run(&["checkpoint", "--key", "."]).with_code(1);
    assert!(
        refused.err.contains("the key `.` cannot be read"),
        "{}",
        refused.err
    );
    let refused = ledger
        .run(&["keys", "new", "x", "-o", "none/x.key"])
        .with_code(1);
    assert!(
        refused.err.contains("`none/x.key` cannot be written"),
        "{}",
        refused.err
    );
}

#[test]
fn a_signer_key_is_not_to_be_typed() {
    let ledger = ground(1);
    let secret = ledger.read("standing.key").trim_end().to_owned();
    let public = verifier(&ledger, "standing.key");
    for args in [
        ["checkpoint", "--key", &secret],
        ["verify", "--key", &secret],
        ["tiles", "--key", &secret],
    ] {
        let mut args = args.to_vec();
        if args[0] == "tiles" {
            args.push("out");
        }
        let refused = ledger.run(&args).with_code(1);
        assert!(
            refused
                .err
                .contains("whoever sees the command line has it now"),
            "{}",
            refused.err
        );
        assert!(
            refused
                .err
                .contains(&format!("its verifier key is `{public}`")),
            "{}",
            refused.err
        );
        assert!(!refused.err.contains(&secret), "{}", refused.err);
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_remarked_on() {
    use std::os::unix::fs::PermissionsExt;
    let ledger = ground(1);
    let said = ledger.run(&["checkpoint"]).good().err;
    assert_eq!(said, "");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(ledger.path("standing.key"), open).unwrap();
    let said = ledger.run(&["checkpoint"]).good().err;
    assert!(
        said.contains("`standing.key` can be read by others"),
        "{said}"
    );
    assert!(said.contains("hint: `chmod 600 standing.key`"), "{said}");
}

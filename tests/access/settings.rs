//! What can be said of a service: by flags, by variables, by a file.

use super::common::{Ledger, Ran};

fn printed(ledger: &Ledger, args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = ledger.command(&[&["serve", "--print-config"], args].concat());
    for (name, value) in variables {
        command.env(name, value);
    }
    command.output().unwrap().into()
}

fn has(ran: &Ran, line: &str) {
    assert!(
        ran.out.lines().any(|found| found == line),
        "{line}: {ran:?}"
    );
}

#[test]
fn flags_go_before_variables_and_those_before_the_file() {
    let ledger = Ledger::new();
    ledger.write(
        "a.toml",
        "rate = 1\nburst = 2\nbody-max = 3\nopen = [\"docs\"]\n",
    );
    let args = ["--config", "a.toml", "--rate", "10"];
    let variables = [("STANDING_RATE", "20"), ("STANDING_BURST", "30")];
    let ran = printed(&ledger, &args, &variables).good();
    for line in [
        "rate = 10",
        "burst = 30",
        "body-max = 3",
        "open = [\"docs\"]",
    ] {
        has(&ran, line);
    }
    let by_variable = [
        ("STANDING_CONFIG", "a.toml"),
        ("STANDING_OPEN", "log,metrics"),
    ];
    let ran = printed(&ledger, &[], &by_variable).good();
    has(&ran, "rate = 1");
    has(&ran, "open = [\"log\", \"metrics\"]");
}

#[test]
fn what_is_printed_says_the_same_as_a_file() {
    let ledger = Ledger::new();
    let first = printed(&ledger, &["--listen", "[::1]:9", "--burst", "7"], &[]).good();
    ledger.write("b.toml", &first.out);
    let again = printed(&ledger, &["--config", "b.toml"], &[]).good();
    assert_eq!(again.out, first.out);
}

#[test]
fn the_file_may_name_the_ledger_and_no_password_is_printed() {
    let ledger = Ledger::none();
    ledger.write("c.toml", "ledger = \"postgres://ann:secret@h/d\"\n");
    let mut command = ledger.command(&["serve", "--print-config", "--config", "c.toml"]);
    let ran = Ran::from(command.env_remove("STANDING_LEDGER").output().unwrap()).good();
    has(&ran, "ledger = \"postgres://ann:***@h/d\"");
    let args = ["--config", "c.toml", "--ledger", "mine.db"];
    has(&printed(&ledger, &args, &[]).good(), "ledger = \"mine.db\"");
}

#[test]
fn a_file_with_something_else_in_it_is_refused_with_the_place() {
    let ledger = Ledger::new();
    for (text, says) in [
        ("rate = 1\nlisten-on = \"x\"\n", "line 2"),
        ("listen-on = \"x\"\n", "unknown field `listen-on`"),
        ("rate = \"many\"\n", "line 1"),
        ("rate = 0\n", "`rate` is at least 1"),
        ("open = [\"all\"]\n", "unknown variant `all`"),
        ("rate = \n", "line 1"),
    ] {
        ledger.write("wrong.toml", text);
        let ran = printed(&ledger, &["--config", "wrong.toml"], &[]).with_code(1);
        assert!(
            ran.err.contains("`wrong.toml`") && ran.err.contains(says),
            "{}",
            ran.err
        );
    }
    let ran = printed(&ledger, &["--config", "none.toml"], &[]).with_code(1);
    assert!(
        ran.err.contains("`none.toml` cannot be read"),
        "{}",
        ran.err
    );
}

#[test]
fn an_address_that_others_reach_needs_tls_or_somebody_who_says_that_it_does_not() {
    let ledger = Ledger::new();
    for address in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80"] {
        let ran = printed(&ledger, &["--listen", address], &[]).with_code(1);
        assert!(ran.err.contains("--insecure"), "{}", ran.err);
        printed(&ledger, &["--listen", address, "--insecure"], &[]).good();
        let tls = ["--listen", address, "--tls-cert", "c", "--tls-key", "k"];
        printed(&ledger, &tls, &[]).good();
    }
}

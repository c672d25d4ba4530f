//! Ledgers on a server, by their URL: what somebody is told who has it not quite right.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use common::Ledger;
use common::server::Database;

/// What a command says on stderr that fails for want of a ledger at that URL.
#[track_caller]
fn said(url: &str, command: &[&str]) -> String {
    let ran = Ledger::none().run(&[&["--ledger", url], command].concat());
    let ran = ran.with_code(1);
    assert_eq!(ran.out, "");
    ran.err
}

#[test]
fn a_url_that_leads_nowhere_is_explained() {
    for (url, error, hint) in [
        (
            "postgres://ann:hunter2@127.0.0.1:1/log",
            "error: no PostgreSQL server answers at `postgres://ann:***@127.0.0.1:1/log`: ",
            "hint: make sure that the server runs there and takes connections",
        ),
        (
            "postgresql://ann:hunter2@127.0.0.1:port/log",
            "error: `postgresql://ann:***@127.0.0.1:port/log` is no URL of a PostgreSQL database: ",
            "hint: it looks like `postgres://ann@localhost:5432/standing`",
        ),
        (
            "postgres://127.0.0.1:1/log?password=hunter2&sslmod=require",
            "error: `postgres://127.0.0.1:1/log?password=***&sslmod=require` is no URL of a \
             PostgreSQL database: there is no parameter `sslmod`",
            "hint: it looks like ",
        ),
    ] {
        for command in [&["assess"][..], &["init"], &["-v", "-v", "import", "-"]] {
            let said = said(url, command);
            assert!(said.contains(error) && said.contains(hint), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[test]
fn a_database_without_a_ledger_is_told_from_none() {
    let Some(database) = Database::new() else {
        return;
    };
    let none = format!("{}_not", database.url());
    for command in [&["init"][..], &["assess"]] {
        let said = said(&none, command);
        let name = format!("{}_not", database.name());
        let hint = format!("hint: make it with `createdb -E UTF8 -T template0 {name}`\n");
        assert!(
            said.contains(&format!("error: the server has no database `{name}` ("))
                && said.ends_with(&hint),
            "{said}"
        );
    }
    let said_of_empty = said(&database.url(), &["assess"]);
    assert!(
        said_of_empty.contains("error: there is no ledger at `postgres://standing:***@")
            && said_of_empty.contains("hint: make one with `standing init --preset weibo`"),
        "{said_of_empty}"
    );
    let ledger = Ledger::none();
    let url = database.url();
    let made = ledger.run(&["--ledger", &url, "init", "--preset", "weibo"]);
    assert!(
        made.good()
            .err
            .starts_with("made `postgres://standing:***@"),
    );
    let again = said(&url, &["init"]);
    assert!(again.contains("is a ledger with events already"), "{again}");
}

#[test]
fn an_account_that_may_not_is_told_so() {
    let Some(database) = Database::new() else {
        return;
    };
    let wrong = said(&database.url_of("standing", "hunter2"), &["init"]);
    assert!(
        wrong.contains("password authentication failed for user \"standing\"")
            && wrong.contains("hint: check the account and its password")
            && !wrong.contains("hunter2"),
        "{wrong}"
    );
    let account = format!("a_{}", database.name());
    database.execute(&format!("CREATE ROLE {account} LOGIN PASSWORD 'hunter2'"));
    let denied = said(&database.url_of(&account, "hunter2"), &["init"]);
    database.execute(&format!("DROP ROLE {account}"));
    assert!(
        denied.contains("permission denied for schema public")
            && denied.contains("must be allowed to create in the schema"),
        "{denied}"
    );
}

#[test]
fn a_url_of_something_else_is_no_name_of_a_file() {
    for url in ["mysql://localhost/standing", "https://example.com/log.db"] {
        let said = said(url, &["init"]);
        assert!(
            said.contains(&format!("error: `{url}` is no URL")),
            "{said}"
        );
        assert!(said.contains("postgres://"), "{said}");
    }
}

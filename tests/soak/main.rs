//! The service under load while it is restarted and its database is lost: nothing that was told is untrue
//! afterwards.
//!
//! Writers append over HTTP one by one, in lists and in streams; readers read what was acknowledged and
//! check it; meanwhile the service is killed and told to end by turns, and its database is lost. Then every
//! event is at the position that was told, once, `standing verify` finds the ledger good and `standing
//! readmodel check` the tables.
//!
//! `cargo test --test soak` does so for a minute. All of it, in a night and with more, is
//! `cargo test --release --test soak -- --appends 3600000 --reads 1000000 --restarts 10 --losses 2`.

mod arguments;
mod check;
mod client;
mod events;
mod postgres;
mod reader;
mod service;
mod shared;
mod soak;
mod trouble;
mod writer;

use std::process::ExitCode;

use arguments::Wanted;
use libtest_mimic::{Failed, Trial};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(postgres::BESIDE_SERVER) {
        return postgres::main();
    }
    match Wanted::from_arguments(std::env::args()) {
        Ok((wanted, arguments)) => libtest_mimic::run(&arguments, cases(wanted)).exit_code(),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn cases(wanted: Wanted) -> Vec<Trial> {
    let served = postgres::can_serve();
    if !served {
        eprintln!("note: a case is ignored that needs PostgreSQL");
    }
    let told = |figures: anyhow::Result<String>| {
        println!("{}", figures.map_err(|error| format!("{error:#}"))?);
        Ok::<(), Failed>(())
    };
    let sqlite = Trial::test("sqlite", move || told(soak::on_sqlite(wanted)));
    let postgres = Trial::test("postgres", move || told(postgres::beside_server(wanted)));
    vec![sqlite, postgres.with_ignored_flag(!served)]
}

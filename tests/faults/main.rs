//! Faults, and what is left after them: no acknowledged event lost, none half there, no gap, no
//! event twice, no reader that skips.
//!
//! `cargo test --test faults` tries all of them; `cargo test --test faults -- --kills 5000 --seed 42
//! --case kill` tries one of them harder, and again in the way in which it failed.

mod answer;
mod arguments;
mod check;
mod claims;
mod disk;
mod import;
mod inject;
mod kill;
mod order;
mod plan;
mod power;
mod process;
mod reader;
mod round;
mod store;
mod trace;
mod tree;
mod writer;

use std::process::ExitCode;

use arguments::Wanted;
use libtest_mimic::{Failed, Trial};

fn main() -> ExitCode {
    let mut arguments = std::env::args();
    if arguments.nth(1).as_deref() == Some(writer::AS_WRITER) {
        return writer::main();
    }
    match Wanted::from_arguments(std::env::args()) {
        Ok((wanted, arguments)) => libtest_mimic::run(&arguments, cases(wanted)).exit_code(),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A case: its name, and what it does and comes to.
type Case = (
    &'static str,
    fn(&'static str, Wanted) -> anyhow::Result<String>,
);

fn cases(wanted: Wanted) -> Vec<Trial> {
    let cases: [Case; 9] = [
        (
            "kill::one_ledger_again_and_again",
            kill::one_ledger_again_and_again,
        ),
        (
            "kill::a_new_ledger_while_it_is_made",
            kill::a_new_ledger_while_it_is_made,
        ),
        ("kill::one_of_several_writers", kill::one_of_several_writers),
        ("kill::imports_are_completed", import::imports_are_completed),
        ("inject::into_appends", inject::into_appends),
        ("inject::into_making_a_ledger", inject::into_making_a_ledger),
        ("inject::into_recovery", inject::into_recovery),
        (
            "order::no_answer_before_the_disk_has_it",
            order::no_answer_before_the_disk_has_it,
        ),
        ("power::is_cut_at_any_moment", power::is_cut_at_any_moment),
    ];
    let trial = |(name, case): Case| {
        Trial::test(name, move || {
            let figures = case(name, wanted).map_err(|error| Failed::from(format!("{error:#}")))?;
            println!("{name}: {figures} (seed {})", wanted.seed);
            Ok(())
        })
    };
    cases.into_iter().map(trial).collect()
}

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
mod flip;
mod flip_rows;
mod full;
mod import;
mod inject;
mod kill;
mod mounts;
mod order;
mod plan;
mod postgres;
mod power;
mod process;
mod proxy;
mod reader;
mod readonly;
mod round;
mod server;
mod store;
mod trace;
mod tree;
mod writer;

use std::process::ExitCode;

use arguments::Wanted;
use libtest_mimic::{Failed, Trial};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some(writer::AS_WRITER) => return writer::main(),
        Some(server::BESIDE_SERVER) => return server::main(),
        Some(mounts::IN_NAMESPACE) => return mounts::main(),
        _ => {}
    }
    match Wanted::from_arguments(std::env::args()) {
        Ok((wanted, arguments)) => libtest_mimic::run(&arguments, cases(wanted)).exit_code(),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What a case does, given its name, and what it came to.
type Work = fn(&'static str, Wanted) -> anyhow::Result<String>;

/// What a case needs of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    Strace,
    Mounts,
    Server,
}

impl Needs {
    /// Whether it is there; where not, the case is ignored and somebody is told why.
    fn are_met(self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Strace => trace::can_trace(),
            Self::Mounts => mounts::can_mount(),
            Self::Server => server::can_serve(),
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Strace => "`strace`, and the right to use it",
            Self::Mounts => "the right to mount a file system",
            Self::Server => "PostgreSQL",
        }
    }
}

const CASES: [(&str, Needs, Work); 19] = [
    (
        "kill::one_ledger_again_and_again",
        Needs::Nothing,
        kill::one_ledger_again_and_again,
    ),
    (
        "kill::a_new_ledger_while_it_is_made",
        Needs::Nothing,
        kill::a_new_ledger_while_it_is_made,
    ),
    (
        "kill::one_of_several_writers",
        Needs::Nothing,
        kill::one_of_several_writers,
    ),
    (
        "kill::imports_are_completed",
        Needs::Nothing,
        import::imports_are_completed,
    ),
    ("inject::into_appends", Needs::Strace, inject::into_appends),
    (
        "inject::into_making_a_ledger",
        Needs::Strace,
        inject::into_making_a_ledger,
    ),
    (
        "inject::into_recovery",
        Needs::Strace,
        inject::into_recovery,
    ),
    (
        "order::no_answer_before_the_disk_has_it",
        Needs::Strace,
        order::no_answer_before_the_disk_has_it,
    ),
    (
        "power::is_cut_at_any_moment",
        Needs::Strace,
        power::is_cut_at_any_moment,
    ),
    (
        "full::import_goes_on_when_there_is_room",
        Needs::Mounts,
        mounts::in_namespace,
    ),
    (
        "full::writers_go_on_when_there_is_room",
        Needs::Mounts,
        mounts::in_namespace,
    ),
    (
        "readonly::nothing_is_written_and_that_is_told",
        Needs::Mounts,
        mounts::in_namespace,
    ),
    (
        "flip::every_one_that_matters_is_found",
        Needs::Nothing,
        flip::every_one_that_matters_is_found,
    ),
    (
        "postgres::writers_are_killed",
        Needs::Server,
        server::beside_server,
    ),
    (
        "postgres::the_server_is_killed",
        Needs::Server,
        server::beside_server,
    ),
    (
        "postgres::connections_are_cut",
        Needs::Server,
        server::beside_server,
    ),
    (
        "postgres::commits_go_unanswered",
        Needs::Server,
        server::beside_server,
    ),
    (
        "postgres::a_lost_server_is_told",
        Needs::Server,
        server::beside_server,
    ),
    (
        "flip::every_changed_column_is_found",
        Needs::Server,
        server::beside_server,
    ),
];

fn cases(wanted: Wanted) -> Vec<Trial> {
    let mut unmet: Vec<Needs> = Vec::new();
    let trials = CASES.map(|(name, needs, work)| {
        let met = needs.are_met();
        if !met && !unmet.contains(&needs) {
            unmet.push(needs);
        }
        Trial::test(name, move || {
            if !met {
                return Err(format!("this takes {}", needs.told()).into());
            }
            let figures = work(name, wanted).map_err(|error| Failed::from(format!("{error:#}")))?;
            println!("{name}: {figures} (seed {})", wanted.seed);
            Ok(())
        })
        .with_ignored_flag(!met)
    });
    for needs in unmet {
        eprintln!("note: cases are ignored that need {}", needs.told());
    }
    trials.into()
}

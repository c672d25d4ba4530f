//! Faults of a ledger on a server: its writers killed, the server killed, connections cut, and
//! commits of which nobody hears what became.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::answer::Answer;
use crate::arguments::Wanted;
use crate::check::{Checked, check};
use crate::claims::unknown;
use crate::import::{Files, good, log, standing, tally};
use crate::kill::{Figures, LIVES, killed_again, killed_beside_others, killed_while_made};
use crate::plan::numbers;
use crate::process::{Moment, Writing, writer};
use crate::proxy::{Breaks, Proxy};
use crate::reader::{Manner, Reading};
use crate::round::round;
use crate::server::Server;
use crate::store::{Store, wait_for};
use crate::writer::Orders;

/// The writers that are killed on SQLite for each that is killed here.
const SHARE: u64 = 4;

pub(crate) fn kill_writers(case: &'static str, wanted: Wanted, server: &Server) -> Result<String> {
    let mut figures = Figures::default();
    let kills = wanted.kills / SHARE;
    type Kill = fn(&Store, u64) -> Result<(Checked, u64)>;
    let kinds: [(Kill, u64); 3] = [
        (killed_again, (kills / 2).div_ceil(LIVES)),
        (killed_beside_others, kills / 8),
        (killed_while_made, kills / 4),
    ];
    for (kill, rounds) in kinds {
        for seed in wanted.seed..wanted.seed + rounds {
            figures.add(&round(case, seed, |_| kill(&server.database()?, seed))?);
        }
    }
    Ok(figures.to_string())
}

/// How many ledgers each of the cases below has, and how often it does its worst to each.
const LEDGERS: u64 = 2;
const FAULTS: u64 = 6;

/// What rounds came to.
#[derive(Default)]
struct Outcome {
    faults: u64,
    acknowledged: u64,
    unknown: u64,
    was_there: u64,
}

impl Outcome {
    fn add(&mut self, faults: u64, said: &[Answer], checked: &Checked) {
        let count = |wanted: fn(&Answer) -> bool| said.iter().filter(|a| wanted(a)).count() as u64;
        self.faults += faults;
        self.acknowledged += checked.acknowledged;
        self.unknown += count(|answer| matches!(answer, Answer::Unknown { .. }));
        self.was_there += count(|answer| {
            matches!(
                answer,
                Answer::Settled {
                    was_there: true,
                    ..
                }
            )
        });
    }

    fn told(&self, faults: &str) -> String {
        format!(
            "{LEDGERS} ledgers, {} {faults}, {} events acknowledged, losses: 0; {} batches unknown, \
             {} of them found when they were sent again, the others appended then",
            self.faults, self.acknowledged, self.unknown, self.was_there
        )
    }
}

pub(crate) fn kill_server(case: &'static str, wanted: Wanted, server: &Server) -> Result<String> {
    let mut outcome = Outcome::default();
    // Commits that take their time, so that the server dies in the middle of some.
    for setting in ["commit_delay = 10000", "commit_siblings = 0"] {
        server.execute(&format!("ALTER ROLE current_user SET {setting}"))?;
    }
    for seed in wanted.seed..wanted.seed + LEDGERS {
        round(case, seed, |_| {
            let store = server.database()?;
            let mut rng = numbers(seed, &[0]);
            let writing = [0, 1].map(|life| {
                let orders = Orders {
                    tries: 10_000,
                    ..Orders::new(store.clone(), seed, life, 4, u64::MAX)
                };
                Writing::start(writer(&orders)?)
            });
            let mut writing = writing.into_iter().collect::<Result<Vec<_>>>()?;
            for number in 0..FAULTS {
                for one in &mut writing {
                    one.wait_for(|answer| answer.acknowledged().is_some())?;
                }
                std::thread::sleep(Duration::from_micros(rng.u64(..150_000)));
                match number % 2 {
                    0 => server.kill()?,
                    _ => server.stop_at_once()?,
                }
                server.start()?;
            }
            let mut said = Vec::new();
            for mut one in writing {
                one.wait_for(|answer| answer.acknowledged().is_some())?;
                said.extend(one.kill_at(Moment::After(Duration::ZERO))?.said);
            }
            let checked = settle_and_check(&store, seed, &mut said)?;
            outcome.add(FAULTS, &said, &checked);
            Ok(())
        })?;
    }
    Ok(outcome.told("times that the server was killed and started again"))
}

/// Has a writer whom nothing happens to settle what stayed unknown, and checks.
fn settle_and_check(store: &Store, seed: u64, said: &mut Vec<Answer>) -> Result<Checked> {
    let orders = Orders {
        settle: unknown(said),
        ..Orders::new(store.clone(), seed, 1_000, 1, 2)
    };
    let ended = Writing::start(writer(&orders)?)?.end()?;
    ensure!(!ended.was_killed()?);
    said.extend(ended.said);
    let left = unknown(said);
    ensure!(left.is_empty(), "still unknown: {left:?}");
    wait_for(check(store, seed, said))
}

pub(crate) fn cut_connections(
    case: &'static str,
    wanted: Wanted,
    server: &Server,
) -> Result<String> {
    let mut outcome = Outcome::default();
    for seed in wanted.seed..wanted.seed + LEDGERS {
        round(case, seed, |_| {
            let store = made(server, seed)?;
            let reading = Reading::start(&store, Manner::Stays, numbers(seed, &[1]));
            let mut said = Vec::new();
            // Half from the server's side, half on the way.
            let mut cut = terminate(server, &store, seed, &mut said)?;
            cut += broken(server, &store, seed, Breaks::Anywhere, &mut said)?;
            let checked = settle_and_check(&store, seed, &mut said)?;
            outcome.add(cut, &said, &checked);
            // Its connections were cut too, so it may have given up; what it saw must stand.
            if let Err(error) = reading.end(&checked.log) {
                ensure!(error.to_string().contains("the reader"), error);
            }
            Ok(())
        })?;
    }
    Ok(outcome.told("connections cut"))
}

pub(crate) fn cut_commits(case: &'static str, wanted: Wanted, server: &Server) -> Result<String> {
    let mut outcome = Outcome::default();
    for seed in wanted.seed..wanted.seed + LEDGERS {
        round(case, seed, |_| {
            let store = made(server, seed)?;
            let mut said = Vec::new();
            let cut = broken(server, &store, seed, Breaks::AtCommit, &mut said)?;
            let checked = settle_and_check(&store, seed, &mut said)?;
            outcome.add(cut, &said, &checked);
            Ok(())
        })?;
    }
    ensure!(
        outcome.was_there > 0 && outcome.was_there < outcome.unknown,
        "no commit was done, or none was not: {}",
        outcome.told("connections cut at the commit")
    );
    Ok(outcome.told("connections cut at the commit"))
}

/// A ledger, made while nothing happens.
fn made(server: &Server, seed: u64) -> Result<Store> {
    let store = server.database()?;
    let orders = Orders::new(store.clone(), seed, 900, 1, 0);
    let ended = Writing::start(writer(&orders)?)?.end()?;
    ensure!(!ended.was_killed()?);
    Ok(store)
}

/// Has the server end connections under a writer. How many.
fn terminate(server: &Server, store: &Store, seed: u64, said: &mut Vec<Answer>) -> Result<u64> {
    let mut rng = numbers(seed, &[2]);
    let orders = Orders::new(store.clone(), seed, 0, 4, u64::MAX);
    let mut writing = Writing::start(writer(&orders)?)?;
    writing.wait_for(|answer| answer.acknowledged().is_some())?;
    let cut = wait_for(async {
        let mut conn = server.connect().await?;
        let mut cut = 0;
        while cut < 5 * FAULTS {
            tokio::time::sleep(Duration::from_micros(rng.u64(..20_000))).await;
            cut += u64::from(server.cut_one(&mut conn, store).await?);
        }
        Ok(cut)
    })?;
    writing.wait_for(|answer| answer.acknowledged().is_some())?;
    said.extend(writing.kill_at(Moment::After(Duration::ZERO))?.said);
    Ok(cut)
}

/// Writes on a way on which connections break. How many did.
fn broken(
    server: &Server,
    store: &Store,
    seed: u64,
    breaks: Breaks,
    said: &mut Vec<Answer>,
) -> Result<u64> {
    let address = server.address()?;
    let proxy = Proxy::start(address, breaks, numbers(seed, &[3]))?;
    let way: Store = proxy.url(&store.to_string(), address).parse()?;
    let mut life = 100;
    while proxy.broken() < 10 * FAULTS {
        ensure!(life < 1_000, "no connection breaks");
        let orders = Orders::new(way.clone(), seed, life, 3, 12);
        // Those who cannot even open the ledger say so and end.
        let ended = Writing::start(writer(&orders)?)?.end()?;
        ensure!(
            matches!(ended.status.code(), Some(0 | 1)),
            "the writer broke: {ended:?}"
        );
        said.extend(ended.said);
        life += 1;
    }
    Ok(proxy.broken())
}

/// The program loses its server: at once, or in the middle of an import. It says so, and the next
/// import completes what it left.
pub(crate) fn lose_server(case: &'static str, wanted: Wanted, server: &Server) -> Result<String> {
    let mut lost = 0;
    let mut kept = 0;
    for seed in wanted.seed..wanted.seed + FAULTS {
        round(case, seed, |folder| {
            let store = server.database()?;
            let init = standing(folder, &store)
                .args(["init", "--preset", "weibo"])
                .output()?;
            good(init)?;
            let files = Files::write(folder, 6, 20)?;
            let bytes = 1 << numbers(seed, &[0]).usize(8..17);
            let told = import_and_lose(folder, server, &store, &files, bytes);
            lost += told.with_context(|| format!("lost after {bytes} bytes"))?;
            wait_for(store.at_rest())?;
            let there = files.check_whole(&wait_for(log(&store))?)?;
            kept += there;
            let completed = good(files.import(folder, &store).output()?)?;
            let expected = (files.count() - there, there, 0);
            ensure!(
                tally(&completed)? == expected,
                "{completed:?} is not {expected:?}"
            );
            fs::remove_file(folder.join("rejects.jsonl")).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
            Ok(())
        })?;
    }
    Ok(format!(
        "{FAULTS} ledgers, the server lost {lost} times and {lost} times told; {kept} events were \
         there already for the next import, losses: 0"
    ))
}

/// Imports on a way that ends after so many bytes. Whether the server was lost, and told to be.
fn import_and_lose(
    folder: &Path,
    server: &Server,
    store: &Store,
    files: &Files,
    bytes: usize,
) -> Result<u64> {
    let address = server.address()?;
    let proxy = Proxy::start(address, Breaks::ForGood(bytes), fastrand::Rng::with_seed(0))?;
    let way: Store = proxy.url(&store.to_string(), address).parse()?;
    let output = files.import(folder, &way).output()?;
    if proxy.broken() == 0 {
        good(output)?;
        return Ok(0);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(1)
            && (stderr.contains("no PostgreSQL server answers")
                || stderr.contains("connection to the ledger's server is lost")),
        "{}: {stderr}",
        output.status
    );
    Ok(1)
}

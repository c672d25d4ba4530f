//! All of it at once.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::arguments::Wanted;
use crate::check;
use crate::client::Client;
use crate::postgres::Server;
use crate::reader::Reader;
use crate::service::Service;
use crate::shared::Shared;
use crate::trouble::Trouble;
use crate::writer::Writer;

/// On a ledger in a file; what it came to.
pub(crate) fn on_sqlite(wanted: Wanted) -> Result<String> {
    soak(wanted, "standing.db", None)
}

/// On a ledger in the database of a server.
pub(crate) fn on_postgres(wanted: Wanted, server: &Server) -> Result<String> {
    soak(wanted, &server.url, Some(server))
}

fn soak(wanted: Wanted, ledger: &str, server: Option<&Server>) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let mut service = Service::new(folder.path(), ledger)?;
    let done = work(wanted, &mut service, server);
    done.with_context(|| {
        format!(
            "seed {}; the service said:\n{}",
            wanted.seed,
            service.said()
        )
    })
}

fn work(wanted: Wanted, service: &mut Service, server: Option<&Server>) -> Result<String> {
    let (recorder, auditor) = (service.token("recorder")?, service.token("auditor")?);
    service.start()?;
    service.ready()?;
    let shared = Shared::default();
    let mut seeds = fastrand::Rng::with_seed(wanted.seed);
    let address = service.address;
    let begun = Instant::now();
    let (positions, took, down) = std::thread::scope(|scope| {
        let writers = (0..wanted.writers).map(|number| {
            let writer = Writer {
                number,
                client: Client::new(address, &recorder),
                rng: seeds.fork(),
                shared: &shared,
                positions: Vec::new(),
            };
            let until = |number| wanted.appends * number / wanted.writers;
            let share = until(number + 1) - until(number);
            scope.spawn(move || writer.shared.watch(|| writer.run(share)))
        });
        let writers: Vec<_> = writers.collect();
        let readers = (0..wanted.readers).map(|_| {
            let reader = Reader {
                client: Client::new(address, &auditor),
                rng: seeds.fork(),
                shared: &shared,
            };
            scope.spawn(move || reader.shared.watch(|| reader.run(wanted.reads)))
        });
        let readers: Vec<_> = readers.collect();
        let down = shared.watch(|| troubles(wanted, service, server, &shared));
        let positions: Result<Vec<Vec<u64>>> = writers.into_iter().map(joined).collect();
        let wrote = begun.elapsed();
        let read: Result<Vec<()>> = readers.into_iter().map(joined).collect();
        read?;
        Ok::<_, anyhow::Error>((positions?, (wrote, begun.elapsed()), down?))
    })?;
    let mut client = Client::new(address, &auditor);
    let last = check::log(&mut client, &positions)?;
    check::tables_know(&mut client, &shared, last)?;
    service.end()?;
    check::ledger(service)?;
    Ok(figures(&shared, took, &down, wanted.seed))
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().map_err(|_| anyhow!("a thread panicked"))?
}

/// Lets troubles happen as writers get on; how long each kept the service from answering.
fn troubles(
    wanted: Wanted,
    service: &mut Service,
    server: Option<&Server>,
    shared: &Shared,
) -> Result<Vec<(Trouble, Duration)>> {
    let all = Trouble::all(wanted);
    let each = wanted.appends / (all.len() as u64 + 1);
    let mut down = Vec::new();
    for (trouble, from) in all.into_iter().zip((1..).map(|number| number * each)) {
        let (mut since, mut before) = (Instant::now(), 0);
        loop {
            let appended = shared.appended.load(Ordering::Relaxed);
            if appended >= from {
                break;
            }
            if appended > before {
                (since, before) = (Instant::now(), appended);
            }
            shared.pause(since)?;
        }
        down.push((trouble, trouble.happen(service, server)?));
    }
    Ok(down)
}

fn figures(
    shared: &Shared,
    (wrote, read): (Duration, Duration),
    down: &[(Trouble, Duration)],
    seed: u64,
) -> String {
    let count = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    let (appended, answers) = (count(&shared.appended), count(&shared.read));
    let mut text = format!(
        "{appended} appended ({:.0}/s), {} sent again, {answers} read ({:.0}/s), seed {seed}",
        appended as f64 / wrote.as_secs_f64(),
        count(&shared.unknown),
        answers as f64 / read.as_secs_f64(),
    );
    for (trouble, took) in down {
        text.push_str(&format!(
            "\n  {trouble}: answered again after {:.2} s",
            took.as_secs_f64()
        ));
    }
    text
}

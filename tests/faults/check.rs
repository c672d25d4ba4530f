//! What must be true of a ledger whatever was done to those who wrote it.
//!
//! It is checked from outside, from the log as anybody reads it and from what was said: nothing
//! here knows how a store keeps its events.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, ensure};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use standing::ledger::{Key, Ledger, Private, Query, StoredEvent};
use standing_projections::{Event, Position};

use crate::answer::Answer;
use crate::claims::{Claims, batch_of};
use crate::plan::{BatchName, Name, developer_of};
use crate::store::Store;
use crate::tree;

/// How many events are asked for at once.
const PAGE: usize = 700;

/// A ledger that was found right, and what was compared.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) log: Vec<StoredEvent>,
    /// How many events were acknowledged.
    pub(crate) acknowledged: u64,
    /// How many batches were unknown and then known.
    pub(crate) settled: u64,
    /// How many batches nobody heard of again.
    pub(crate) unheard: u64,
}

/// Opens the ledger and holds it against what was said to have happened to it.
pub(crate) async fn check(store: &Store, seed: u64, said: &[Answer]) -> Result<Checked> {
    store.at_rest().await?;
    let ledger = store.open_existing().await.context("cannot be opened")?;
    let checked = check_open(&*ledger, seed, said).await;
    ledger.close().await;
    checked
}

async fn check_open(ledger: &dyn Ledger, seed: u64, said: &[Answer]) -> Result<Checked> {
    let log = read_all(ledger).await?;
    check_order(&log)?;
    check_contents(ledger, &log).await?;
    check_questions(ledger, &log).await?;
    let leaves = check_tree(ledger, &log).await?;
    let places = check_batches(&log)?;
    let claims = Claims {
        seed,
        log: &log,
        leaves: &leaves,
        places: &places,
    };
    let (acknowledged, settled) = claims.check(said)?;
    let damage = ledger.integrity().await?;
    ensure!(damage.is_empty(), "the database is damaged: {damage:?}");
    let heard: HashSet<BatchName> = said.iter().filter_map(batch_of).collect();
    let unheard = places.keys().filter_map(|name| match name {
        Name::Own {
            batch, index: 0, ..
        } => Some(batch),
        _ => None,
    });
    Ok(Checked {
        acknowledged,
        settled,
        unheard: unheard.filter(|batch| !heard.contains(batch)).count() as u64,
        log,
    })
}

/// The whole log, page by page.
pub(crate) async fn read_all(ledger: &dyn Ledger) -> Result<Vec<StoredEvent>> {
    let mut log: Vec<StoredEvent> = Vec::new();
    loop {
        let query = Query {
            after: log.last().map_or(Position(0), |event| event.position),
            limit: PAGE,
            ..Query::default()
        };
        let page = ledger.read(&query).await?;
        if page.is_empty() {
            return Ok(log);
        }
        log.extend(page);
    }
}

/// No gap, no key twice, no step back in recorded time.
pub(crate) fn check_order(log: &[StoredEvent]) -> Result<()> {
    let mut keys = HashSet::new();
    for (index, event) in log.iter().enumerate() {
        let position = event.position.0;
        ensure!(position == index as u64 + 1, "a gap before {position}");
        ensure!(
            keys.insert((&event.source, &event.id)),
            "`{}` is there twice",
            event.id
        );
        ensure!(
            index == 0 || log[index - 1].recordedtime <= event.recordedtime,
            "position {position} was recorded before the one before it"
        );
    }
    Ok(())
}

/// Every event is to the byte what its id says that was sent, and what it says in private is there.
async fn check_contents(ledger: &dyn Ledger, log: &[StoredEvent]) -> Result<()> {
    for part in log.chunks(PAGE) {
        let positions: Vec<Position> = part.iter().map(|event| event.position).collect();
        let private = ledger.private(&positions).await?;
        ensure!(private.len() == part.len());
        for (event, private) in part.iter().zip(&private) {
            let checked = check_content(event, private.as_ref());
            checked.with_context(|| format!("position {}", event.position.0))?;
        }
    }
    Ok(())
}

fn check_content(stored: &StoredEvent, private: Option<&Private>) -> Result<()> {
    let name = Name::from_id(&stored.id)?;
    let mut body = name.body();
    match (body.get_mut("private"), private) {
        (None, None) => {}
        (Some(sent), Some(private)) => {
            let content = serde_json_canonicalizer::to_string(sent)?;
            ensure!(private.content == content, "other private content is there");
            *sent = commitment(private)?.into();
        }
        _ => anyhow::bail!("half there: the event and its private content"),
    }
    body.insert(
        "recordedtime".into(),
        stored.recordedtime.to_string().into(),
    );
    // RFC 8785 by somebody else's hand.
    let wanted = serde_json_canonicalizer::to_string(&body)?;
    ensure!(stored.json == wanted, "{} is not {wanted}", stored.json);
    let event =
        Event::from_object(&name.body()).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    let attributes = (
        &event.source,
        &event.id,
        event.kind,
        event.time,
        &event.subject,
    );
    let found = (
        &stored.source,
        &stored.id,
        stored.kind,
        stored.time,
        &stored.subject,
    );
    ensure!(attributes == found, "{found:?} is not {attributes:?}");
    ensure!(stored.developer == Some(developer_of(&event.subject)) && stored.target.is_none());
    Ok(())
}

/// What a log says of private content: HMAC-SHA-256 under its key.
fn commitment(private: &Private) -> Result<String> {
    let mut code = Hmac::<Sha256>::new_from_slice(&private.key)?;
    code.update(private.content.as_bytes());
    let code: tree::Hash = code.finalize().into_bytes().into();
    Ok(format!("hmac-sha256:{}", tree::hex(&code)))
}

/// The hashes that the ledger keeps are those of its events' bytes. The leaves' hashes.
async fn check_tree(ledger: &dyn Ledger, log: &[StoredEvent]) -> Result<Vec<tree::Hash>> {
    let leaves: Vec<tree::Hash> = log.iter().map(|e| tree::leaf(e.json.as_bytes())).collect();
    let mut levels = tree::levels(&leaves);
    // Above the last there is nothing.
    levels.push(Vec::new());
    for (level, wanted) in (0..).zip(&levels) {
        let found = ledger.hashes(level, 0, u64::MAX).await?;
        ensure!(
            found.iter().map(|hash| &hash.0).eq(wanted),
            "level {level} of the tree is not that of the events"
        );
    }
    Ok(leaves)
}

/// Other ways to ask for the same events give the same events.
async fn check_questions(ledger: &dyn Ledger, log: &[StoredEvent]) -> Result<()> {
    let head = ledger.head().await?;
    ensure!(
        head.position.0 == log.len() as u64,
        "another head: {head:?}"
    );
    ensure!(head.recordedtime == log.last().map(|event| event.recordedtime));
    for part in log.chunks(PAGE) {
        let keys = part.iter().map(|event| Key {
            source: &event.source,
            id: &event.id,
        });
        let found = ledger.find(&keys.collect::<Vec<_>>()).await?;
        ensure!(
            found.iter().map(Option::as_ref).eq(part.iter().map(Some)),
            "events that are read are not found by key"
        );
    }
    let mut by_subject = Vec::new();
    for subject in 0..7 {
        let query = Query {
            subjects: vec![format!("app-{subject}")],
            limit: usize::MAX,
            ..Query::default()
        };
        by_subject.extend(ledger.read(&query).await?);
    }
    by_subject.sort_by_key(|event| event.position);
    ensure!(
        by_subject == log,
        "events that are read are not found by subject"
    );
    Ok(())
}

/// Every batch is whole and in one piece. Where each event is.
fn check_batches(log: &[StoredEvent]) -> Result<HashMap<Name, u64>> {
    let mut places = HashMap::with_capacity(log.len());
    for event in log {
        places.insert(Name::from_id(&event.id)?, event.position.0);
    }
    for (name, position) in &places {
        if let Name::Own { batch, index, size } = *name {
            for other in 0..size {
                let other_name = Name::Own {
                    batch,
                    index: other,
                    size,
                };
                let wanted = position + other - index;
                ensure!(
                    places.get(&other_name) == Some(&wanted),
                    "{batch:?} is not whole: {other_name:?} is not at {wanted}"
                );
            }
        }
    }
    Ok(places)
}

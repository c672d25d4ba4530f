//! Whether the cost of an append, and of a proof, changes as a ledger grows.

use std::sync::Arc;
use std::time::Instant as Stopwatch;

use standing::ledger::tree::{Hash, verify};
use standing::ledger::{Condition, Ledger, Query, Recorded};
use standing_projections::Position;

use super::{BATCH, append_bulk, complaint, stores};

const MILLION: u64 = 1_000_000;

/// Appends that many millions of events, and says after each what the last cost, what a single
/// append waits, and how long a proof takes.
pub(super) async fn run(millions: u64) {
    let store = stores::new("sqlite").await;
    for million in 1..=millions {
        let from = (million - 1) * MILLION;
        let mut spent = std::time::Duration::ZERO;
        for portion in 0..5 {
            let start = store.ledger.head().await.unwrap().position.0;
            let until = from + (portion + 1) * MILLION / 5;
            spent += append_bulk(&store.ledger, start..until).await;
        }
        let size = store.ledger.head().await.unwrap().position.0;
        println!(
            "{million} M: bulk {:.0}/s (batches of {BATCH}); single {:.2} ms; inclusion proof p50 \
             {:.2} ms, p99 {:.2} ms",
            (size - from) as f64 / spent.as_secs_f64(),
            single(&store.ledger, size).await,
            proofs(&store.ledger, 0.5).await,
            proofs(&store.ledger, 0.99).await,
        );
    }
    store.end().await;
}

/// How many milliseconds a single append waits, at the median of 200.
async fn single(ledger: &Arc<dyn Ledger>, size: u64) -> f64 {
    let mut waits = Vec::new();
    for number in size..size + 200 {
        let new = [complaint(number)];
        let begun = Stopwatch::now();
        ledger
            .append(&new, Recorded::Now, &Condition::Always)
            .await
            .unwrap();
        waits.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    waits.sort_by(f64::total_cmp);
    waits[waits.len() / 2]
}

/// How many milliseconds it takes to prove an event anywhere in the log, at a quantile of 500.
async fn proofs(ledger: &Arc<dyn Ledger>, quantile: f64) -> f64 {
    let size = ledger.head().await.unwrap().position.0;
    let mut waits = Vec::new();
    for turn in 0..500u64 {
        let index = turn.wrapping_mul(0x9E37_79B9_7F4A_7C15) % size;
        let begun = Stopwatch::now();
        let tiles = ledger.tiles(size, &[index]).await.unwrap();
        let (head, path) = (tiles.head().unwrap(), tiles.inclusion(index).unwrap());
        waits.push(begun.elapsed().as_secs_f64() * 1e3);
        if turn < 3 {
            let query = Query {
                after: Position(index),
                limit: 1,
                ..Query::default()
            };
            let event = ledger.read(&query).await.unwrap().remove(0);
            let leaf = Hash::of_leaf(event.json.as_bytes());
            verify::inclusion(leaf, index, head, &path).unwrap();
        }
    }
    waits.sort_by(f64::total_cmp);
    waits[(waits.len() as f64 * quantile) as usize]
}

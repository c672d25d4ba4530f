//! Reading the tree: hashes of the events and of the levels above them.

use sqlx::postgres::{PgBindIterExt, PgConnection};

use super::super::tree::{Hash, TILE_WIDTH, Tiles};
use super::read::place;

/// Entries of levels of the tree, each a level, a first entry and how many. One row for each run, and
/// one question for all: handing over each hash by itself costs more than finding it.
const RUNS: &str = "SELECT wanted.index, CASE wanted.level \
    WHEN 0 THEN (SELECT string_agg(hash, '' ORDER BY position) FROM events \
        WHERE position > wanted.first AND position <= wanted.first + wanted.count) \
    ELSE (SELECT string_agg(hash, '' ORDER BY number) FROM tree \
        WHERE tree.level = wanted.level AND number >= wanted.first \
        AND number < wanted.first + wanted.count) END \
    FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY \
        AS wanted(level, first, count, index)";

async fn runs(
    conn: &mut PgConnection,
    wanted: &[(u8, u64, u64)],
) -> Result<Vec<Vec<Hash>>, sqlx::Error> {
    // No log is longer than its positions can say.
    let bounded = |n: u64| n.min(1 << 60).cast_signed();
    let run = wanted.iter();
    let rows: Vec<(i64, Option<Vec<u8>>)> = sqlx::query_as(RUNS)
        .bind(run.clone().map(|(level, ..)| i16::from(*level)).bind_iter())
        .bind(run.clone().map(|(_, first, _)| bounded(*first)).bind_iter())
        .bind(run.map(|(.., count)| bounded(*count)).bind_iter())
        .fetch_all(conn)
        .await?;
    let mut found = vec![Vec::new(); wanted.len()];
    for (index, bytes) in rows {
        let hashes = bytes.as_deref().unwrap_or_default().chunks(32);
        let hashes: Option<Vec<Hash>> = hashes.map(Hash::from_slice).collect();
        let hashes =
            hashes.ok_or_else(|| sqlx::Error::Decode("a hash of the tree is none".into()))?;
        if let Some(place) = place(&mut found, index) {
            *place = hashes;
        }
    }
    Ok(found)
}

/// Entries of a level of the tree.
pub(super) async fn hashes(
    conn: &mut PgConnection,
    level: u8,
    from: u64,
    count: u64,
) -> Result<Vec<Hash>, sqlx::Error> {
    let found = runs(conn, &[(level, from, count)]).await?;
    Ok(found.into_iter().next().unwrap_or_default())
}

/// The tiles that proofs about these leaves need.
pub(super) async fn tiles(
    conn: &mut PgConnection,
    size: u64,
    leaves: &[u64],
) -> Result<Tiles, sqlx::Error> {
    let ids = Tiles::needed(size, leaves);
    let wanted = ids
        .iter()
        .map(|id| (id.level, id.number * TILE_WIDTH, id.width(size)));
    let found = runs(conn, &wanted.collect::<Vec<_>>()).await?;
    let mut tiles = Tiles::new(size);
    for (id, hashes) in ids.into_iter().zip(found) {
        tiles.insert(id, hashes);
    }
    Ok(tiles)
}

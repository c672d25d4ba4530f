//! Telling: what is otherwise on the board since it was last told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use standing_projections::Position;

use super::super::Checkpoint;
use super::super::changes::{Cell, Cells};
use super::super::schema::Kept;
use super::super::store::Store;
use super::{BoardChange, Change, KEPT, Shown};
use crate::ledger::StoreError;

/// An app as it was told, or as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct App {
    /// None where it is listed and not shown.
    shown: Option<Shown>,
    rank: Option<i64>,
}

/// Whose change it may be.
pub(in crate::readmodel) enum Of<'a> {
    /// These apps'.
    Apps(&'a BTreeSet<String>),
    /// Anybody's: the tables were made anew.
    All,
}

/// What is told in one go: the apps as they were told and as they are.
struct Round<'a> {
    at: &'a Checkpoint,
    events: &'a HashMap<String, Position>,
    was: BTreeMap<String, App>,
    is: BTreeMap<String, App>,
    changes: Vec<BoardChange>,
}

/// Tells what is otherwise on the board since it was last told, in the transaction that is under way.
/// `events` has the newest event of each developer of whom one came.
pub(in crate::readmodel) async fn tell(
    store: &mut Store,
    of: Of<'_>,
    at: &Checkpoint,
    events: &HashMap<String, Position>,
) -> Result<(), StoreError> {
    let first = first_ones(store).await?;
    let mut asked = match of {
        Of::Apps(apps) => apps.clone(),
        Of::All => different(store).await?,
    };
    asked.extend(first.iter().cloned());
    let mut round = Round {
        at,
        events,
        was: told(store, &asked).await?,
        is: shown(store, &asked).await?,
        changes: Vec::new(),
    };
    for (rank, app) in (1..).zip(&first) {
        if let Some(app) = round.is.get_mut(app) {
            app.rank = Some(rank);
        }
    }
    // Whoever was among the first and is not any more may be somebody of whom nothing else came.
    let left = round.was.iter().filter(|(_, app)| app.rank.is_some());
    let left = left
        .map(|(app, _)| app)
        .filter(|app| !round.is.contains_key(*app));
    let left: BTreeSet<String> = left.cloned().collect();
    round.is.extend(shown(store, &left).await?);
    round.compare();
    round.write(store).await
}

impl Round<'_> {
    /// Finds what is to be told: who came, went or changed, by app, and then the ranks.
    fn compare(&mut self) {
        let apps: BTreeSet<String> = self.was.keys().chain(self.is.keys()).cloned().collect();
        let mut ranks = Vec::new();
        for app in apps {
            let (was, is) = (self.was.get(&app).cloned(), self.is.get(&app).cloned());
            let shown = is.as_ref().and_then(|is| is.shown.clone());
            let told = was.as_ref().and_then(|was| was.shown.clone());
            let rank = was.as_ref().and_then(|was| was.rank);
            match (&told, &shown) {
                (None, Some(_)) => {
                    let change = if was.is_some() {
                        Change::Resumed
                    } else {
                        Change::Listed
                    };
                    self.change(change, &app, shown.clone(), None);
                }
                (Some(_), None) => {
                    let change = if is.is_some() {
                        Change::Suspended
                    } else {
                        Change::Delisted
                    };
                    self.change(change, &app, told, None);
                }
                // It was suspended, and is not listed any more.
                (None, None) if is.is_none() => self.change(Change::Delisted, &app, None, None),
                (None, None) => {}
                (Some(was), Some(is)) if was.listed_since != is.listed_since => {
                    self.change(Change::Listed, &app, shown.clone(), rank);
                }
                (Some(was), Some(is)) => {
                    if was.score != is.score {
                        let eligible = was.eligible;
                        let entry = Shown {
                            eligible,
                            ..is.clone()
                        };
                        self.change(Change::Score, &app, Some(entry), rank);
                    }
                    if was.eligible != is.eligible {
                        let change = match is.eligible {
                            true => Change::Eligible,
                            false => Change::Ineligible,
                        };
                        self.change(change, &app, shown.clone(), rank);
                    }
                }
            }
            let before = rank.filter(|_| shown.is_some());
            let after = is.and_then(|is| is.rank);
            if before != after {
                ranks.push((after, app, shown));
            }
        }
        ranks.sort_by_key(|(rank, ..)| rank.unwrap_or(i64::MAX));
        for (rank, app, shown) in ranks {
            self.change(Change::Rank, &app, shown, rank);
        }
    }

    fn change(&mut self, change: Change, app: &str, entry: Option<Shown>, rank: Option<i64>) {
        let gone = matches!(change, Change::Suspended | Change::Delisted);
        let developer = entry.as_ref().map(|entry| entry.developer.as_str());
        let event = developer
            .and_then(|developer| self.events.get(developer))
            .copied();
        self.changes.push(BoardChange {
            sequence: 0,
            position: self.at.position,
            as_of: self.at.as_of,
            event: event.filter(|_| change != Change::Rank),
            change,
            app: app.to_owned(),
            entry: entry.filter(|_| !gone),
            rank: rank.map(i64::cast_unsigned),
        });
    }

    async fn write(mut self, store: &mut Store) -> Result<(), StoreError> {
        if self.changes.is_empty() {
            return Ok(());
        }
        store.write_through().await?;
        let last = store
            .ask("SELECT last FROM plaza_feed", &[], &[Kept::Integer])
            .await?;
        let mut last = match last.first().and_then(|row| row.first()) {
            Some(Cell::Integer(last)) => *last,
            _ => 0,
        };
        let apps: BTreeSet<String> = self.changes.iter().map(|one| one.app.clone()).collect();
        for change in &mut self.changes {
            last += 1;
            change.sequence = last.cast_unsigned();
        }
        let rows: Vec<_> = self.changes.iter().map(BoardChange::row).collect();
        store.insert("plaza_changes", &KEPT, &rows, "").await?;
        let (kept, gone): (BTreeSet<&String>, BTreeSet<&String>) =
            apps.iter().partition(|app| self.is.contains_key(*app));
        let rows = kept
            .iter()
            .filter_map(|app| Some(self.is.get(*app)?.row(app)));
        let rows: Vec<_> = rows.collect();
        let conflict = "ON CONFLICT (app) DO UPDATE SET developer = excluded.developer, \
             score = excluded.score, listed_since = excluded.listed_since, \
             eligible = excluded.eligible, rank = excluded.rank";
        store.insert("plaza_told", &TOLD, &rows, conflict).await?;
        let list = store.dialect().list();
        let gone = Cell::Text(serde_json::json!(gone).to_string());
        let sql = format!("DELETE FROM plaza_told WHERE app IN {list}");
        store.execute(&sql, &[gone]).await?;
        let sql = "UPDATE plaza_feed SET last = $1";
        store.execute(sql, &[Cell::Integer(last)]).await
    }
}

/// How the columns of `plaza_told` are kept.
const TOLD: [Kept; 6] = [
    Kept::Text,
    Kept::Text,
    Kept::Integer,
    Kept::Integer,
    Kept::Boolean,
    Kept::Integer,
];

type Value = serde_json::Value;

impl BoardChange {
    fn row(&self) -> Value {
        let entry = self.entry.as_ref();
        serde_json::json!([
            self.sequence,
            self.position.0,
            self.as_of.micros(),
            self.event.map(|event| event.0),
            self.change.as_str(),
            self.app,
            entry.map(|entry| entry.developer.as_str()),
            entry.map(|entry| entry.score),
            entry.map(|entry| entry.listed_since.micros()),
            entry.map(|entry| entry.eligible),
            self.rank,
        ])
    }
}

impl App {
    fn row(&self, app: &str) -> Value {
        let shown = self.shown.as_ref();
        serde_json::json!([
            app,
            shown.map(|shown| shown.developer.as_str()),
            shown.map(|shown| shown.score),
            shown.map(|shown| shown.listed_since.micros()),
            shown.map(|shown| shown.eligible),
            self.rank,
        ])
    }
}

/// The apps that rank first, in their order.
async fn first_ones(store: &mut Store) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT app FROM board ORDER BY score DESC, listed_since, app \
         LIMIT (SELECT ranks FROM plaza_feed)";
    Ok(named(store, sql).await?.collect())
}

/// The apps that are otherwise than they were told, but for their ranks.
async fn different(store: &mut Store) -> Result<BTreeSet<String>, StoreError> {
    let is = "SELECT apps.app, board.developer, board.score, board.listed_since, \
         CASE WHEN board.app IS NOT NULL THEN apps.certification_eligible END \
         FROM apps LEFT JOIN board ON board.app = apps.app \
         WHERE board.app IS NOT NULL OR apps.review_state = 'listed'";
    let told = "SELECT app, developer, score, listed_since, eligible FROM plaza_told";
    let sql = format!(
        "SELECT app FROM ({is} EXCEPT {told}) AS come \
         UNION SELECT app FROM ({told} EXCEPT {is}) AS gone"
    );
    Ok(named(store, &sql).await?.collect())
}

/// The apps that a statement names.
async fn named(store: &mut Store, sql: &str) -> Result<impl Iterator<Item = String>, StoreError> {
    let rows = store.ask(sql, &[], &[Kept::Text]).await?;
    Ok(rows.into_iter().map(|row| Cells::of(row).text()))
}

/// Apps that are listed or shown, as the tables have them.
async fn shown(
    store: &mut Store,
    apps: &BTreeSet<String>,
) -> Result<BTreeMap<String, App>, StoreError> {
    let sql = format!(
        "SELECT apps.app, board.developer, board.score, board.listed_since, \
         apps.certification_eligible, NULL FROM apps LEFT JOIN board ON board.app = apps.app \
         WHERE (board.app IS NOT NULL OR apps.review_state = 'listed') AND apps.app IN {}",
        store.dialect().list()
    );
    read(store, &sql, apps).await
}

/// Apps as they were told; those that rank first with them.
async fn told(
    store: &mut Store,
    apps: &BTreeSet<String>,
) -> Result<BTreeMap<String, App>, StoreError> {
    let columns = "SELECT app, developer, score, listed_since, eligible, rank FROM plaza_told";
    let list = store.dialect().list();
    // Each of the two by an index of its own.
    let sql = format!("{columns} WHERE app IN {list} UNION {columns} WHERE rank IS NOT NULL");
    read(store, &sql, apps).await
}

async fn read(
    store: &mut Store,
    sql: &str,
    apps: &BTreeSet<String>,
) -> Result<BTreeMap<String, App>, StoreError> {
    let list = Cell::Text(serde_json::json!(apps).to_string());
    let rows = store.ask(sql, &[list], &TOLD).await?;
    let apps = rows.into_iter().map(|row| {
        let mut row = Cells::of(row);
        let app = row.text();
        let (shown, rank) = (row.shown(), row.optional_integer());
        (app, App { shown, rank })
    });
    Ok(apps.collect())
}

//! New, empty stores to append to.

use std::any::Any;
use std::sync::Arc;

use standing::ledger::{Ledger, OpenMode, Options, PostgresLedger, SqliteLedger};

use super::database::Database;
use super::{bare, postgres};

/// A ledger, and what it lies in.
pub(super) struct Store {
    pub(super) ledger: Arc<dyn Ledger>,
    _lies_in: Box<dyn Any>,
}

impl Store {
    pub(super) async fn end(self) {
        self.ledger.close().await;
    }
}

/// A new ledger.
pub(super) async fn new(store: &str) -> Store {
    match store {
        "sqlite" => {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("log.db");
            let ledger = SqliteLedger::open(path, OpenMode::Create).await.unwrap();
            Store {
                ledger: Arc::new(ledger),
                _lies_in: Box::new(folder),
            }
        }
        "postgres" => {
            let database = Database::new().expect("run this with `scripts/with-postgres`");
            let options = Options::default();
            let url = database.url();
            let ledger = PostgresLedger::open_with(&url, OpenMode::Create, options);
            Store {
                ledger: Arc::new(ledger.await.unwrap()),
                _lies_in: Box::new(database),
            }
        }
        other => panic!("`{other}` is no store: `sqlite` or `postgres`"),
    }
}

/// Rows a second that the store's database takes.
pub(super) async fn bare(store: &str, events: u64) -> f64 {
    match store {
        "sqlite" => bare::sqlite(events).await,
        "postgres" => postgres::bare(events).await,
        other => panic!("`{other}` is no store: `sqlite` or `postgres`"),
    }
}

//! New, empty stores to append to.

use std::sync::Arc;

use standing::ledger::{Ledger, OpenMode, SqliteLedger};

use super::bare;

/// A ledger, and what it lies in.
pub(super) struct Store {
    pub(super) ledger: Arc<dyn Ledger>,
    _folder: Option<tempfile::TempDir>,
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
                _folder: Some(folder),
            }
        }
        other => panic!("`{other}` is no store: `sqlite`"),
    }
}

/// Rows a second that the store's database takes.
pub(super) async fn bare(store: &str, events: u64) -> f64 {
    match store {
        "sqlite" => bare::sqlite(events).await,
        other => panic!("`{other}` is no store: `sqlite`"),
    }
}

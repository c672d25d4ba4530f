//! A round: a folder, a seed, something done to a ledger in it, and how to have it again.

use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Does that in a folder of its own. Where it fails, the folder is kept and the failure says how to
/// repeat it.
pub(crate) fn round<T>(case: &str, seed: u64, work: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let folder = TempDir::with_prefix("standing-faults-")?;
    work(folder.path()).with_context(|| {
        let folder = folder.keep();
        format!(
            "what is left is in `{}`; repeat with: \
             cargo test --test faults -- --seed {seed} --case {case}",
            folder.display()
        )
    })
}

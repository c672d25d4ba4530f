//! What the property tests are made of: rulebooks of every shape, accepted histories, asks.

#![allow(dead_code)] // Each test file takes what it needs.

pub(crate) mod books;
pub(crate) mod desk;
pub(crate) mod everybody;
pub(crate) mod junk;
pub(crate) mod ledger;

use proptest::test_runner::{Config as ProptestConfig, FileFailurePersistence};

/// So many cases, unless `PROPTEST_CASES` says otherwise; what failed once is kept and tried first.
pub(crate) fn cases(cases: u32, regressions: &'static str) -> ProptestConfig {
    let wanted = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: wanted.and_then(|n| n.parse().ok()).unwrap_or(cases),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions))),
        max_shrink_iters: 1024,
        ..ProptestConfig::default()
    }
}

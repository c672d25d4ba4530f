//! Histories of every shape, kept and read again.

use proptest::prelude::*;
use proptest::sample::Index;
use standing::history::snapshot::{Origin, Snapshot};
use standing_projections::Position;
use standing_projections::facts::History;

use crate::histories::cases;
use crate::histories::desk::{Shape, ledger};
use crate::histories::ledger::{Record, ask, explained, history};

/// What failed once is tried first from then on.
const REGRESSIONS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/snapshot/drawn.regressions"
);

fn take(history: &mut History, records: &[Record]) {
    for record in records {
        history.take(record.position, &record.event, record.target);
    }
    history.settle();
}

proptest! {
    #![proptest_config(cases(40, REGRESSIONS))]

    #[test]
    fn a_history_that_was_kept_answers_as_the_events_do(
        ledger in ledger(Shape::ANY),
        cut in any::<Index>(),
        known_at in any::<Index>(),
        at in ask(),
    ) {
        let (before, tail) = ledger.records.split_at(cut.index(ledger.records.len() + 1));
        let folder = tempfile::tempdir().unwrap();
        Snapshot::write(folder.path(), &history(before), Origin::MadeUp).unwrap();
        let mut kept = Snapshot::open(folder.path()).unwrap().read().unwrap();
        prop_assert_eq!(kept.head().0, before.len() as u64);
        take(&mut kept, tail);
        // And once more, with what came after it.
        Snapshot::write(folder.path(), &kept, Origin::MadeUp).unwrap();
        let again = Snapshot::open(folder.path()).unwrap().read().unwrap();
        let (as_of, head) = (ledger.as_of(&at), ledger.head());
        let known_at = Position(known_at.index(ledger.records.len() + 1) as u64);
        let plain = history(&ledger.records);
        for known_at in [head, known_at] {
            let want = explained(&plain, as_of, known_at);
            prop_assert_eq!(&want, &explained(&kept, as_of, known_at));
            prop_assert_eq!(&want, &explained(&again, as_of, known_at));
        }
        let want = explained(&plain, as_of, known_at);
        prop_assert_eq!(&want, &explained(&again.known_at(known_at), as_of, known_at));
    }
}

//! Bytes from anywhere, and pieces of true texts put together anyhow.

use proptest::prelude::*;
use standing::proof::note::Note;
use standing::proof::{Checkpoint, EventProof, SignerKey, VerifierKey};

use super::log::{Log, key, verifier};

/// Reads the bytes as everything; whatever is read must verify as what it is made from, or not at all.
fn try_all(bytes: &[u8]) {
    let true_one = Log::new(7, "a1");
    if let Ok(proof) = EventProof::parse(bytes) {
        assert_eq!(
            EventProof::parse(proof.to_string().as_bytes()).as_ref(),
            Ok(&proof)
        );
        if let Ok(proved) = proof.verify(&[verifier()]) {
            assert_eq!(proved.checkpoint.head, true_one.head());
            let index = (proved.event.position.0 - 1) as usize;
            assert_eq!(proved.event.json, true_one.leaves[index]);
        }
    }
    if let Ok(checkpoint) = Checkpoint::open(bytes, &[verifier()]) {
        assert_eq!(checkpoint.head, true_one.head());
    }
    let _ = Checkpoint::claimed(bytes);
    let _ = Note::parse(bytes).map(|note| note.verify(&[]).unwrap_err());
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(key) = text.parse::<VerifierKey>() {
            assert_eq!(key.to_string(), text);
        }
        if let Ok(key) = SignerKey::parse(text) {
            assert_eq!(*key.to_text(), text);
        }
    }
}

/// The lines of two proofs of the log, and some of nobody's.
fn lines() -> Vec<String> {
    let log = Log::new(7, "a1");
    let texts = [log.proof(4).to_string(), log.proof(6).to_string()];
    let mut lines: Vec<String> = texts
        .iter()
        .flat_map(|text| text.split_inclusive('\n').map(str::to_owned))
        .collect();
    lines.extend(
        [
            "extra \n",
            "index 18446744073709551615\n",
            "\n\n",
            "\u{2014} x AAAAAAA=\n",
        ]
        .map(str::to_owned),
    );
    lines.push(format!("{}\n", verifier()));
    lines.push(format!("{}\n", *key().to_text()));
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        try_all(&bytes);
    }

    #[test]
    fn text_does_not_panic(text in "[\\PC\n\u{2014}+/= ]{0,300}") {
        try_all(text.as_bytes());
    }

    #[test]
    fn lines_of_true_proofs_in_any_order_say_nothing_new(
        chosen in proptest::collection::vec(proptest::sample::select(lines()), 0..20),
    ) {
        try_all(chosen.concat().as_bytes());
    }

    #[test]
    fn changed_bytes_of_a_true_proof_say_nothing_new(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut file = Log::new(7, "a1").proof(4).to_string().into_bytes();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        try_all(&file);
    }
}

//! Proof files.

use standing::ledger::tree::Hash;
use standing::ledger::tree::verify::ProofError;
use standing::proof::{Checkpoint, CheckpointError, EventProof, EventProofError, Proved};
use standing_projections::Position;

use super::log::{Log, key, other_key, other_name, verifier};
use super::mutations;

fn check(file: &[u8]) -> Result<Proved, EventProofError> {
    EventProof::parse(file)?.verify(&[verifier()])
}

fn check_text(file: &str) -> Result<Proved, EventProofError> {
    check(file.as_bytes())
}

#[test]
fn every_event_of_a_log_is_proved() {
    for size in [1, 2, 3, 7, 8, 100] {
        let log = Log::new(size, "a1");
        for index in 0..size {
            let file = log.proof(index).to_string();
            assert_eq!(
                EventProof::parse(file.as_bytes()).unwrap(),
                log.proof(index)
            );
            let proved = check_text(&file).unwrap();
            assert_eq!(proved.event.position, Position(index + 1));
            assert_eq!(proved.event.json, log.leaves[index as usize]);
            assert_eq!(proved.event.id, index.to_string());
            assert_eq!(proved.checkpoint.head, log.head());
        }
    }
}

#[test]
fn no_change_of_a_proof_is_believed() {
    let file = Log::new(7, "a1").proof(4).to_string();
    for changed in mutations::of_bytes(file.as_bytes()).chain(mutations::cut(file.as_bytes())) {
        let found = check(&changed);
        assert!(found.is_err(), "{:?}", String::from_utf8_lossy(&changed));
    }
}

#[test]
fn lines_of_a_proof_have_one_order() {
    let file = Log::new(7, "a1").proof(4).to_string();
    let expected = check_text(&file).unwrap();
    let signature = file.split_inclusive('\n').next_back().unwrap();
    for changed in mutations::of_lines(&file) {
        match check_text(&changed) {
            // The signature given twice is the signature.
            Ok(proved) => {
                assert_eq!(changed, format!("{file}{signature}"));
                assert_eq!(proved, expected);
            }
            Err(_) => assert_ne!(changed, format!("{file}{signature}")),
        }
    }
}

#[test]
fn a_witness_beside_the_log_changes_nothing() {
    let proof = Log::new(7, "a1").proof(4);
    let expected = proof.verify(&[verifier()]).unwrap();
    let witness = "\u{2014} witness.example/w1 AAAAAAE=\n";
    let file = format!("{proof}{witness}");
    assert_eq!(check_text(&file).unwrap(), expected);
    // Whatever is done to its line, either the file is none or it says the same.
    let start = file.len() - witness.len();
    let mut taken = 0;
    for changed in mutations::of_bytes(witness.as_bytes()) {
        if let Ok(proved) = check(&[&file.as_bytes()[..start], &changed].concat()) {
            assert_eq!(proved, expected);
            taken += 1;
        }
    }
    assert!(taken > 0);
}

#[test]
fn no_field_can_be_taken_from_elsewhere() {
    let log = Log::new(7, "a1");
    let proof = log.proof(4);
    let not_included = |position, reason| {
        let position = Position(position);
        Err(EventProofError::NotIncluded { position, reason })
    };
    // Another index, with a way of the same length and of another.
    for index in [0, 1, 2, 3, 5] {
        let found = EventProof {
            index,
            ..proof.clone()
        }
        .verify(&[verifier()]);
        assert_eq!(found, not_included(index + 1, ProofError::OtherRoot));
    }
    let found = EventProof {
        index: 6,
        ..proof.clone()
    }
    .verify(&[verifier()]);
    let length = ProofError::Length {
        found: 3,
        needed: 2,
    };
    assert_eq!(found, not_included(7, length));
    for index in [7, 8, u64::MAX - 1, u64::MAX] {
        let found = EventProof {
            index,
            ..proof.clone()
        }
        .verify(&[verifier()]);
        let position = index.saturating_add(1);
        assert_eq!(found, not_included(position, ProofError::NoSuchLeaf));
    }
    // Another leaf: of the same log, of another, changed, none, an inner node's children.
    let mut node = vec![1];
    node.extend(proof.path[0].0);
    for leaf in [
        log.leaves[3].clone().into_bytes(),
        Log::new(7, "a2").leaves[4].clone().into_bytes(),
        log.leaves[4]
            .replace("outage.ended", "outage.started")
            .into_bytes(),
        Vec::new(),
        node,
    ] {
        let leaf = Some(leaf);
        let found = EventProof {
            leaf,
            ..proof.clone()
        }
        .verify(&[verifier()]);
        assert_eq!(found, not_included(5, ProofError::OtherRoot));
    }
    let found = EventProof {
        leaf: None,
        ..proof.clone()
    }
    .verify(&[verifier()]);
    assert_eq!(found, Err(EventProofError::NoEvent));
    // Another way: of another leaf, of another log, too short, too long, in another order.
    let mut longer = proof.path.clone();
    longer.push(Hash::default());
    let mut turned = proof.path.clone();
    turned.reverse();
    for path in [
        log.path(3),
        Log::new(7, "a2").path(4),
        proof.path[1..].to_vec(),
        Vec::new(),
        longer,
        turned,
        vec![Hash::default(); 64],
    ] {
        let found = EventProof {
            path,
            ..proof.clone()
        }
        .verify(&[verifier()]);
        assert!(
            matches!(found, Err(EventProofError::NotIncluded { .. })),
            "{found:?}"
        );
    }
    // Another checkpoint: of another size, of another log, of another key, of another origin.
    for other in [Log::new(6, "a1"), Log::new(8, "a1"), Log::new(7, "a2")] {
        let checkpoint = other.checkpoint(&key());
        let found = EventProof {
            checkpoint,
            ..proof.clone()
        }
        .verify(&[verifier()]);
        assert!(
            matches!(found, Err(EventProofError::NotIncluded { .. })),
            "{found:?}"
        );
    }
    for key in [other_key(), other_name()] {
        let checkpoint = log.checkpoint(&key);
        let found = EventProof {
            checkpoint,
            ..proof.clone()
        }
        .verify(&[verifier()]);
        let Err(EventProofError::Checkpoint(CheckpointError::Note(_))) = found else {
            panic!("{found:?}");
        };
    }
    // Another verifier.
    for key in [other_key(), other_name()] {
        assert!(proof.verify(&[key.verifier().clone()]).is_err());
    }
}

#[test]
fn a_smaller_log_does_not_pass_for_a_larger_one() {
    // The same leaf with a true proof in a tree of another size, under this one's checkpoint.
    let (one, other) = (Log::new(7, "a1"), Log::new(8, "a1"));
    for index in 0..7 {
        let mixed = EventProof {
            checkpoint: other.checkpoint(&key()),
            ..one.proof(index)
        };
        // The first four leaves are in one subtree of both; what is beside it differs.
        assert!(mixed.verify(&[verifier()]).is_err(), "{index}");
    }
}

#[test]
fn a_leaf_in_the_log_must_be_an_event() {
    let prove = |leaf: &[u8]| {
        let head = standing::ledger::tree::Edge::default()
            .grow(&[Hash::of_leaf(leaf)])
            .head();
        let proof = EventProof {
            leaf: Some(leaf.to_vec()),
            index: 0,
            path: Vec::new(),
            checkpoint: Checkpoint::sign(head, &key()).unwrap(),
        };
        check_text(&proof.to_string())
    };
    prove(Log::new(1, "a1").leaves[0].as_bytes()).unwrap();
    for leaf in ["", "{}", "[1]", "\u{0}", "{\"id\":\"1\"}"] {
        let found = prove(leaf.as_bytes());
        assert!(
            matches!(found, Err(EventProofError::NoLeaf(_))),
            "{found:?}"
        );
    }
    let found = prove(&[0xff]);
    assert!(
        matches!(found, Err(EventProofError::NoLeaf(_))),
        "{found:?}"
    );
    let unknown = Log::new(1, "a1").leaves[0].replace("outage.ended", "no.such");
    let found = prove(unknown.as_bytes());
    assert!(
        matches!(found, Err(EventProofError::NoLeaf(_))),
        "{found:?}"
    );
}

#[test]
fn what_is_no_proof_is_told_from_one_by_its_line() {
    let proof = Log::new(7, "a1").proof(4);
    let file = proof.to_string();
    let checkpoint = &proof.checkpoint;
    let line_of = |file: &str| match EventProof::parse(file.as_bytes()) {
        Err(EventProofError::Form { line, .. }) => line,
        other => panic!("{other:?}"),
    };
    assert_eq!(line_of(""), 1);
    assert_eq!(line_of(checkpoint), 1);
    assert_eq!(line_of(&file.replace("@v1", "@v2")), 1);
    assert_eq!(line_of(&file.replace('\n', "\r\n")), 1);
    assert_eq!(line_of(&file.replace("extra ", "extra extra ")), 2);
    assert_eq!(line_of(&file.replace("extra ", "extra  ")), 2);
    assert_eq!(line_of(&file.replace("extra ", "EXTRA ")), 2);
    assert_eq!(line_of(&file.replace("index 4", "index 04")), 3);
    assert_eq!(line_of(&file.replace("index 4", "index +4")), 3);
    assert_eq!(line_of(&file.replace("index 4", "index 4 ")), 3);
    assert_eq!(line_of(&file.replace("index 4\n", "")), 3);
    let hash = standing::proof::hash_to_text(proof.path[1]);
    assert_eq!(line_of(&file.replace(&hash, &hash[1..])), 5);
    assert_eq!(line_of(&file.replace(&hash, &format!(" {hash}"))), 5);
    let many = EventProof {
        path: vec![Hash::default(); 65],
        ..proof.clone()
    };
    assert_eq!(line_of(&many.to_string()), 68);
    let long = vec![b'x'; standing::proof::PROOF_BYTES_MAX + 1];
    assert_eq!(EventProof::parse(&long), Err(EventProofError::TooLong));
    // Without its event it is of the form, and proves nothing by itself.
    let without = EventProof {
        leaf: None,
        ..proof
    };
    let read = EventProof::parse(without.to_string().as_bytes()).unwrap();
    assert_eq!(read.verify(&[verifier()]), Err(EventProofError::NoEvent));
}

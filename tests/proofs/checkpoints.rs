//! Checkpoints, and the notes that they are in.

use standing::ledger::tree::{Hash, TreeHead};
use standing::proof::note::{self, NoteError};
use standing::proof::{Checkpoint, CheckpointError, SignerKey};

use super::log::{Log, ORIGIN, key, other_key, other_name, verifier};
use super::mutations;

fn open(note: &str) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::open(note.as_bytes(), &[verifier()])
}

/// The lines of a note's text, signed by the key of the log.
fn signed(text: &str) -> String {
    note::sign(text, &key()).unwrap()
}

#[test]
fn a_checkpoint_is_three_lines_and_a_signature() {
    let log = Log::new(5, "a1");
    let note = log.checkpoint(&key());
    let lines: Vec<&str> = note.lines().collect();
    assert_eq!(lines.len(), 5, "{note}");
    assert_eq!((lines[0], lines[1], lines[3]), (ORIGIN, "5", ""));
    let root = standing::proof::hash_to_text(log.head().root);
    assert_eq!(lines[2], root);
    assert!(lines[4].starts_with("\u{2014} example.com/log "), "{note}");
    let checkpoint = open(&note).unwrap();
    assert_eq!(
        (checkpoint.origin.as_str(), checkpoint.head),
        (ORIGIN, log.head())
    );
    // Signing is a function of text and key, so it can be done again.
    assert_eq!(log.checkpoint(&key()), note);
}

#[test]
fn no_change_of_a_checkpoint_is_believed() {
    let note = Log::new(5, "a1").checkpoint(&key());
    let changes = mutations::of_bytes(note.as_bytes()).chain(mutations::cut(note.as_bytes()));
    for changed in changes {
        let shown = String::from_utf8_lossy(&changed).into_owned();
        let found = Checkpoint::open(&changed, &[verifier()]);
        assert!(found.is_err(), "{shown:?}");
    }
}

#[test]
fn lines_of_a_checkpoint_have_one_order() {
    let note = Log::new(5, "a1").checkpoint(&key());
    let signature = note.split_inclusive('\n').next_back().unwrap();
    for changed in mutations::of_lines(&note) {
        match open(&changed) {
            // The signature given twice is the signature.
            Ok(checkpoint) => {
                assert_eq!(changed, format!("{note}{signature}"));
                assert_eq!(checkpoint, open(&note).unwrap());
            }
            Err(_) => assert_ne!(changed, format!("{note}{signature}")),
        }
    }
}

#[test]
fn signatures_of_others_change_nothing() {
    let log = Log::new(5, "a1");
    let note = log.checkpoint(&key());
    let expected = open(&note).unwrap();
    let (text, own) = note.split_once("\n\n").unwrap();
    // Another key of the same name, the same key under another name, an algorithm that nobody knows.
    let of_others = [other_key(), other_name()].map(|key| {
        let note = note::sign(&format!("{text}\n"), &key).unwrap();
        note.split_once("\n\n").unwrap().1.to_owned()
    });
    let unknown = "\u{2014} witness.example/w1 AAAAAAE=\n".to_owned();
    for other in of_others.iter().chain([&unknown]) {
        for note in [
            format!("{text}\n\n{own}{other}"),
            format!("{text}\n\n{other}{own}"),
            format!("{text}\n\n{other}{own}{other}"),
        ] {
            assert_eq!(open(&note).unwrap(), expected, "{note}");
        }
        // Alone they say nothing.
        let alone = open(&format!("{text}\n\n{other}"));
        let Err(CheckpointError::Note(NoteError::UnknownKeys { .. })) = alone else {
            panic!("{alone:?}");
        };
    }
    // As many as the format asks for and more, but not without end.
    let many = format!("{text}\n\n{}{own}", unknown.repeat(99));
    assert_eq!(open(&many).unwrap(), expected);
    let too_many = format!("{text}\n\n{}{own}", unknown.repeat(100));
    assert_eq!(open(&too_many), Err(NoteError::TooManySignatures.into()));
    let too_long = format!("{text}\n{}\n\n{own}", "x".repeat(note::NOTE_BYTES_MAX));
    assert_eq!(open(&too_long), Err(NoteError::TooLong.into()));
}

#[test]
fn a_signature_that_does_not_hold_spoils_one_that_does() {
    let note = Log::new(5, "a1").checkpoint(&key());
    let of_another = Log::new(6, "a1").checkpoint(&key());
    let forged = of_another.split_once("\n\n").unwrap().1;
    let expected = Err(NoteError::Forged {
        name: ORIGIN.to_owned(),
    }
    .into());
    assert_eq!(open(&format!("{note}{forged}")), expected);
    let (text, own) = note.split_once("\n\n").unwrap();
    assert_eq!(open(&format!("{text}\n\n{forged}{own}")), expected);
    // Too short for a signature, and no 64 bytes long.
    let bytes = verifier().id().to_be_bytes();
    use base64::Engine;
    for rest in [vec![1], vec![1; 63], vec![1; 65], vec![0; 64]] {
        let line =
            base64::engine::general_purpose::STANDARD.encode([bytes.to_vec(), rest].concat());
        let note = format!("{note}\u{2014} {ORIGIN} {line}\n");
        assert_eq!(open(&note), expected);
    }
}

#[test]
fn a_part_of_another_checkpoint_does_not_fit() {
    let one = Log::new(5, "a1").checkpoint(&key());
    for other in [
        Log::new(6, "a1").checkpoint(&key()),
        Log::new(5, "a2").checkpoint(&key()),
        Log::new(5, "a1").checkpoint(&other_key()),
        Log::new(5, "a1").checkpoint(&other_name()),
    ] {
        let (mine, theirs): (Vec<&str>, Vec<&str>) =
            (one.lines().collect(), other.lines().collect());
        for line in 0..mine.len() {
            let mut mixed = mine.clone();
            mixed[line] = theirs[line];
            let mixed = format!("{}\n", mixed.join("\n"));
            assert!(mixed == one || open(&mixed).is_err(), "{mixed}");
        }
    }
}

#[test]
fn a_key_speaks_for_its_own_log_only() {
    // The log's own key, under what another log would say.
    let head = Log::new(5, "a1").head();
    let root = standing::proof::hash_to_text(head.root);
    let note = signed(&format!("example.com/other\n5\n{root}\n"));
    assert_eq!(
        open(&note),
        Err(CheckpointError::OtherOrigin {
            origin: "example.com/other".to_owned(),
            key: ORIGIN.to_owned(),
        })
    );
    for key in [other_key(), other_name()] {
        let found = Checkpoint::open(Log::new(5, "a1").checkpoint(&key).as_bytes(), &[verifier()]);
        let Err(CheckpointError::Note(NoteError::UnknownKeys { wanted, found })) = found else {
            panic!("{found:?}");
        };
        assert!(wanted.contains(ORIGIN) && found.contains(key.verifier().name()));
    }
}

#[test]
fn what_is_signed_must_be_a_checkpoint_too() {
    let root = standing::proof::hash_to_text(Hash::of_leaf(b"x"));
    let nothing = standing::proof::hash_to_text(Hash::of_nothing());
    let malformed = |what| Err(CheckpointError::Malformed { what });
    for (text, expected) in [
        (format!("\n5\n{root}\n"), malformed("origin")),
        ("\n".to_owned(), malformed("origin")),
        (format!("{ORIGIN}\n"), malformed("size")),
        (format!("{ORIGIN}\n05\n{root}\n"), malformed("size")),
        (format!("{ORIGIN}\n+5\n{root}\n"), malformed("size")),
        (format!("{ORIGIN}\n-5\n{root}\n"), malformed("size")),
        (format!("{ORIGIN}\n 5\n{root}\n"), malformed("size")),
        (format!("{ORIGIN}\n5 \n{root}\n"), malformed("size")),
        (format!("{ORIGIN}\n\n{root}\n"), malformed("size")),
        (
            format!("{ORIGIN}\n18446744073709551616\n{root}\n"),
            malformed("size"),
        ),
        (format!("{ORIGIN}\n5\n"), malformed("root")),
        (format!("{ORIGIN}\n5\n\n"), malformed("root")),
        (format!("{ORIGIN}\n5\nAAAA\n"), malformed("root")),
        (format!("{ORIGIN}\n5\n{root} \n"), malformed("root")),
        (format!("{ORIGIN}\n5\n{}\n", &root[..43]), malformed("root")),
        (format!("{ORIGIN}\n5\n{root}\n\n"), malformed("extension")),
        (
            format!("{ORIGIN}\n5\n{root}\n\nmore\n"),
            malformed("extension"),
        ),
        (
            format!("{ORIGIN}\n0\n{root}\n"),
            Err(CheckpointError::NotEmpty),
        ),
    ] {
        assert_eq!(open(&signed(&text)), expected, "{text}");
    }
    assert_eq!(
        open(&signed(&format!("{ORIGIN}\n0\n{nothing}\n")))
            .unwrap()
            .head,
        TreeHead::empty()
    );
    // Extensions are signed with the rest, and mean nothing here.
    let extended = open(&signed(&format!("{ORIGIN}\n5\n{root}\nmore\nand more\n"))).unwrap();
    assert_eq!(extended.head.size, 5);
}

#[test]
fn only_plain_text_is_signed() {
    for text in [
        "",
        "no newline",
        "bell\u{7}\n",
        "return\r\n",
        "tab\t\n",
        "nul\0\n",
    ] {
        assert_eq!(
            note::sign(text, &key()),
            Err(NoteError::NotText),
            "{text:?}"
        );
    }
    let long = format!("{}\n", "x".repeat(note::NOTE_BYTES_MAX - 10));
    assert_eq!(note::sign(&long, &key()), Err(NoteError::TooLong));
    // Empty lines in a text are its own affair: the last one parts the signatures.
    let text = "a\n\n\nb\n\n";
    let signed = signed(text);
    assert_eq!(note::Note::parse(signed.as_bytes()).unwrap().text(), text);
}

#[test]
fn who_signs_is_asked_before_what_is_said() {
    let stranger = SignerKey::from_secret("example.com/stranger", &[9; 32]).unwrap();
    let note = note::sign("anything\n", &stranger).unwrap();
    let found = open(&note);
    let Err(CheckpointError::Note(NoteError::UnknownKeys { .. })) = found else {
        panic!("{found:?}");
    };
}

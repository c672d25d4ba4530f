//! Keys as text.

use standing::proof::{KeyError, SignerKey, VerifierKey};

use super::log::{key, other_key, verifier};
use super::mutations;

/// The example of the format's specification.
const PUBLISHED: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

#[test]
fn the_published_key_checks_the_published_note() {
    let note = "This is an example message.\n\n\u{2014} example.com/foo \
        Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let key: VerifierKey = PUBLISHED.parse().unwrap();
    assert_eq!((key.name(), key.id()), ("example.com/foo", 0x530d_903a));
    let note = standing::proof::note::Note::parse(note.as_bytes()).unwrap();
    assert_eq!(note.verify(std::slice::from_ref(&key)).unwrap(), [&key]);
    assert_eq!(note.text(), "This is an example message.\n");
}

#[test]
fn a_key_comes_back_from_its_text() {
    let signer = SignerKey::generate("example.com/log").unwrap();
    let text = signer.to_text();
    assert!(text.starts_with("PRIVATE+KEY+example.com/log+"));
    let again = SignerKey::parse(&text).unwrap();
    assert_eq!(again.verifier(), signer.verifier());
    assert_eq!(*again.to_text(), *text);
    let verifier: VerifierKey = signer.verifier().to_string().parse().unwrap();
    assert_eq!(&verifier, signer.verifier());
    assert_ne!(
        SignerKey::generate("a").unwrap().verifier(),
        SignerKey::generate("a").unwrap().verifier()
    );
}

#[test]
fn what_is_shown_of_a_signer_key_is_not_secret() {
    let shown = format!("{:?}", key());
    let text = key().to_text();
    let secret = text.splitn(5, '+').nth(4).unwrap();
    assert!(shown.contains(&verifier().to_string()), "{shown}");
    assert!(
        !shown.contains(secret) && !shown.contains("PRIVATE"),
        "{shown}"
    );
}

#[test]
fn a_key_of_the_other_kind_is_told_apart() {
    let found = key().to_text().parse::<VerifierKey>();
    assert_eq!(found, Err(KeyError::Private));
    let found = SignerKey::parse(&verifier().to_string()).unwrap_err();
    assert_eq!(found, KeyError::Public);
    let found = SignerKey::parse("anything else").unwrap_err();
    assert_eq!(found, KeyError::Form);
}

#[test]
fn no_change_of_a_key_makes_another() {
    let text = verifier().to_string();
    for changed in mutations::of_bytes(text.as_bytes()).chain(mutations::cut(text.as_bytes())) {
        if let Ok(changed) = std::str::from_utf8(&changed) {
            assert!(changed.parse::<VerifierKey>().is_err(), "{changed:?}");
        }
    }
    let text = key().to_text();
    for changed in mutations::of_bytes(text.as_bytes()).chain(mutations::cut(text.as_bytes())) {
        if let Ok(changed) = std::str::from_utf8(&changed) {
            assert!(SignerKey::parse(changed).is_err(), "{changed:?}");
        }
    }
}

#[test]
fn no_part_of_one_key_fits_another() {
    let (one, other) = (verifier().to_string(), other_key().verifier().to_string());
    let (one, other): (Vec<_>, Vec<_>) =
        (one.splitn(3, '+').collect(), other.splitn(3, '+').collect());
    for (id, bytes) in [(one[1], other[2]), (other[1], one[2])] {
        let found = format!("{}+{id}+{bytes}", one[0]).parse::<VerifierKey>();
        assert_eq!(found, Err(KeyError::Id));
    }
    let found = format!("example.com/other+{}+{}", one[1], one[2]).parse::<VerifierKey>();
    assert_eq!(found, Err(KeyError::Id));
}

#[test]
fn a_key_that_is_put_together_well_must_be_a_key_as_well() {
    use base64::Engine;
    use sha2::{Digest, Sha256};
    let text = |name: &str, bytes: &[u8]| {
        let id = Sha256::new()
            .chain_update(name)
            .chain_update("\n")
            .chain_update(bytes)
            .finalize();
        let id: String = id[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        let bytes = base64::engine::general_purpose::STANDARD.encode(bytes);
        format!("{name}+{id}+{bytes}")
    };
    let parse = |name: &str, bytes: &[u8]| text(name, bytes).parse::<VerifierKey>();
    // The neutral element: with it as a key, one signature would hold for every text.
    let mut neutral = [0; 33];
    (neutral[0], neutral[1]) = (1, 1);
    assert_eq!(parse("a", &neutral), Err(KeyError::Bytes));
    // No point of the curve has that y.
    let mut no_point = [0; 33];
    (no_point[0], no_point[1]) = (1, 2);
    assert_eq!(parse("a", &no_point), Err(KeyError::Bytes));
    let public = &[[1].as_slice(), &[9; 31]].concat();
    assert_eq!(parse("a", public), Err(KeyError::Bytes));
    let public = &[[1].as_slice(), &[9; 33]].concat();
    assert_eq!(parse("a", public), Err(KeyError::Bytes));
    assert_eq!(parse("a", &[4; 33]), Err(KeyError::Algorithm { found: 4 }));
    assert_eq!(parse("a", &[]), Err(KeyError::Form));
    for name in [
        "",
        "a b",
        "a\u{a0}b",
        "a\nb",
        "a\tb",
        "a\u{7f}b",
        "a\u{2028}",
    ] {
        assert_eq!(parse(name, &neutral), Err(KeyError::Name), "{name:?}");
        assert!(SignerKey::generate(name).is_err(), "{name:?}");
    }
    assert!(SignerKey::generate("a+b").is_err());
    assert!(SignerKey::generate("例え.example/日誌").is_ok());
}

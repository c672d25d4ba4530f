//! Keys as text.
//!
//! A verifier key is `name+id+key` ([C2SP signed-note](https://c2sp.org/signed-note)), a signer key
//! the same after `PRIVATE+KEY+` (the form of Go's `sumdb/note`, which other tools read too). The
//! algorithm is Ed25519, byte 0x01, and no other. A key's name is also the log's: the origin line of
//! its checkpoints. What must stay true: a signer key is never printed by accident, and its bytes are
//! wiped from memory when it goes.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::text::{base64, from_base64};

/// The byte before an Ed25519 key.
const ED25519: u8 = 0x01;

/// What a signer key begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// How many bytes an Ed25519 signature has.
pub const SIGNATURE_BYTES: usize = 64;

/// Why a text is not the key that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It does not have the parts of a key.
    #[error(
        "this is no key: a verifier key is a name, eight hexadecimal digits and base64, with `+` between"
    )]
    Form,
    /// The name cannot be one.
    #[error("a key's name has at least one character, and no spaces, `+` or control characters")]
    Name,
    /// The algorithm is another one.
    #[error(
        "the key is of an algorithm that is not known here (byte {found}); known is Ed25519 (byte 1)"
    )]
    Algorithm {
        /// The byte that names it.
        found: u8,
    },
    /// The key's bytes are no key.
    #[error("the key's bytes are no Ed25519 key")]
    Bytes,
    /// The id is not that of the name and the key.
    #[error(
        "the key's id does not fit its name and bytes: it is mistyped or was put together wrongly"
    )]
    Id,
    /// It is a signer key where a verifier key is asked for.
    #[error("this is a signer key, which is secret, and a verifier key is asked for")]
    Private,
    /// It is a verifier key where a signer key is asked for.
    #[error(
        "this is a verifier key, and a signer key is asked for, which begins with `PRIVATE+KEY+`"
    )]
    Public,
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

/// Checks what a key, and with it a log, is to be named.
///
/// # Errors
/// [`KeyError::Name`], where it is empty or has Unicode spaces, `+` or control characters in it.
pub fn check_name(name: &str) -> Result<(), KeyError> {
    if !is_name(name) || name.contains(char::is_control) {
        return Err(KeyError::Name);
    }
    Ok(())
}

/// Whether the format allows that name in a signature line.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

/// The id of a key: the first four bytes of SHA-256 over name, newline, algorithm and key.
fn id(name: &str, public: &[u8]) -> u32 {
    let mut hasher = Sha256::new();
    hasher.update(name);
    hasher.update([b'\n', ED25519]);
    hasher.update(public);
    let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
    u32::from_be_bytes([a, b, c, d])
}

/// The parts of `name+id+key`: name, id, and the bytes after the algorithm's.
fn parts(text: &str) -> Result<(&str, u32, Zeroizing<[u8; 32]>), KeyError> {
    let (name, rest) = text.split_once('+').ok_or(KeyError::Form)?;
    let (digits, key) = rest.split_once('+').ok_or(KeyError::Form)?;
    check_name(name)?;
    let plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != 8 || !digits.bytes().all(plain) {
        return Err(KeyError::Form);
    }
    let id = u32::from_str_radix(digits, 16).map_err(|_| KeyError::Form)?;
    let bytes = Zeroizing::new(from_base64(key).ok_or(KeyError::Form)?);
    match bytes.as_slice() {
        [] => Err(KeyError::Form),
        [ED25519, key @ ..] => {
            let mut copy = Zeroizing::new([0; 32]);
            if key.len() != copy.len() {
                return Err(KeyError::Bytes);
            }
            copy.copy_from_slice(key);
            Ok((name, id, copy))
        }
        [found, ..] => Err(KeyError::Algorithm { found: *found }),
    }
}

/// A key that checks signatures. It may be given to anyone; its text form is made by `to_string`.
///
/// ```
/// use standing::proof::VerifierKey;
/// let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
/// let key: VerifierKey = text.parse().unwrap();
/// assert_eq!(key.name(), "example.com/foo");
/// assert_eq!(key.to_string(), text);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The name of the key and of the log that it signs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What, with the name, a signature line says of its key.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// Whether this is a signature of the text by the key (RFC 8032). Signatures that would hold for
    /// other texts too, which no signer makes, are none.
    #[must_use]
    pub fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        let signature: Result<[u8; SIGNATURE_BYTES], _> = signature.try_into();
        signature.is_ok_and(|bytes| {
            let signature = Signature::from_bytes(&bytes);
            self.key.verify_strict(text, &signature).is_ok()
        })
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        if text.starts_with(PRIVATE) {
            return Err(KeyError::Private);
        }
        let (name, given, bytes) = parts(text)?;
        if id(name, &*bytes) != given {
            return Err(KeyError::Id);
        }
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Bytes)?;
        if key.is_weak() {
            return Err(KeyError::Bytes);
        }
        let name = name.to_owned();
        Ok(Self {
            name,
            id: given,
            key,
        })
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [ED25519; 33];
        bytes[1..].copy_from_slice(self.key.as_bytes());
        write!(f, "{}+{:08x}+{}", self.name, self.id, base64(&bytes))
    }
}

/// A key that signs. Whoever has it can sign for the log.
///
/// ```
/// use standing::proof::SignerKey;
/// let key = SignerKey::generate("example.com/log").unwrap();
/// let again = SignerKey::parse(&key.to_text()).unwrap();
/// assert_eq!(again.verifier(), key.verifier());
/// assert!(key.verifier().verifies(b"text", &key.sign(b"text")));
/// ```
pub struct SignerKey {
    key: SigningKey,
    verifier: VerifierKey,
}

impl SignerKey {
    /// A new key of that name, from the operating system's random bytes.
    ///
    /// # Errors
    /// [`KeyError::Name`] and [`KeyError::NoRandomness`].
    pub fn generate(name: &str) -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *secret).map_err(|_| KeyError::NoRandomness)?;
        Self::from_secret(name, &secret)
    }

    /// The key of that name with that secret (the seed of RFC 8032).
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn from_secret(name: &str, secret: &[u8; 32]) -> Result<Self, KeyError> {
        check_name(name)?;
        let key = SigningKey::from_bytes(secret);
        let public = key.verifying_key();
        let verifier = VerifierKey {
            name: name.to_owned(),
            id: id(name, public.as_bytes()),
            key: public,
        };
        Ok(Self { key, verifier })
    }

    /// The key of a text that begins with `PRIVATE+KEY+`.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let Some(rest) = text.strip_prefix(PRIVATE) else {
            let public = text.parse::<VerifierKey>();
            return Err(public.err().unwrap_or(KeyError::Public));
        };
        let (name, given, secret) = parts(rest)?;
        let signer = Self::from_secret(name, &secret)?;
        if signer.verifier.id != given {
            return Err(KeyError::Id);
        }
        Ok(signer)
    }

    /// The text that [`SignerKey::parse`] reads. It is secret.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([ED25519; 33]);
        bytes[1..].copy_from_slice(self.key.as_bytes());
        let secret = Zeroizing::new(base64(&*bytes));
        let VerifierKey { name, id, .. } = &self.verifier;
        Zeroizing::new(format!("{PRIVATE}{name}+{id:08x}+{}", *secret))
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature of a text (RFC 8032).
    #[must_use]
    pub fn sign(&self, text: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.key.sign(text).to_bytes()
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerKey")
            .field("verifier", &self.verifier.to_string())
            .finish_non_exhaustive()
    }
}

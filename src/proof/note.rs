//! Signed notes ([C2SP signed-note](https://c2sp.org/signed-note)): a text, an empty line, and
//! signature lines.
//!
//! A note may carry signatures of keys that a reader does not know; they are passed over, as the
//! format wants it. One of a known key that does not hold makes the whole note void. What must stay
//! true: [`Note::text`] is only a claim until [`Note::verify`] has named a key.

use super::key::{SignerKey, VerifierKey, is_name};
use super::text::{base64, from_base64};

/// The most bytes of a note that is read.
pub const NOTE_BYTES_MAX: usize = 1_000_000;

/// The most signatures of a note that is read; the format asks for 16 at least.
pub const SIGNATURES_MAX: usize = 100;

/// What a signature line begins with.
const SIGNATURE_MARK: &str = "\u{2014} ";

/// Why a note is none, or not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// There is more of it than is ever read.
    #[error("the note has more than {NOTE_BYTES_MAX} bytes")]
    TooLong,
    /// It is not UTF-8, or has control characters in it.
    #[error("the note is no plain text: it is not UTF-8, or has control characters in it")]
    NotText,
    /// There is no empty line with signatures after it.
    #[error("the note has no signatures: they come after an empty line, each on a line of its own")]
    NoSignatures,
    /// A signature line is none.
    #[error("line {line} of the note's signatures is no signature line")]
    SignatureLine {
        /// The line, counted from 1 at the first signature.
        line: usize,
    },
    /// There are more signatures than are ever read.
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// A signature says that it is of a known key, and is not.
    #[error(
        "the signature of `{name}` does not hold: the text was changed, or the signature forged"
    )]
    Forged {
        /// The key's name.
        name: String,
    },
    /// No signature is of a known key.
    #[error("the note is not signed by {wanted}; it is signed by {found}")]
    UnknownKeys {
        /// The keys that are known.
        wanted: String,
        /// The keys that have signed, as they say.
        found: String,
    },
}

/// A note as it was read. What it says is not to be believed before it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    signatures: Vec<SignatureLine<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct SignatureLine<'a> {
    name: &'a str,
    id: u32,
    signature: Vec<u8>,
}

impl<'a> SignatureLine<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(SIGNATURE_MARK)?.split_once(' ')?;
        let bytes = from_base64(signature)?;
        let (id, signature) = bytes.split_first_chunk()?;
        (is_name(name) && !signature.is_empty()).then(|| Self {
            name,
            id: u32::from_be_bytes(*id),
            signature: signature.to_vec(),
        })
    }

    fn is_of(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.id == key.id()
    }
}

impl<'a> Note<'a> {
    /// Reads a note.
    ///
    /// # Errors
    /// Where it is not of the form, see [`NoteError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotText)?;
        if !is_plain(note) {
            return Err(NoteError::NotText);
        }
        // The last empty line parts the text, which keeps its last newline, from the signatures.
        let empty = note.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, lines) = (&note[..=empty], &note[empty + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let mut signatures = Vec::new();
        for (line, read) in (1..).zip(lines.split('\n').map(SignatureLine::parse)) {
            if line > SIGNATURES_MAX {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(read.ok_or(NoteError::SignatureLine { line })?);
        }
        Ok(Self { text, signatures })
    }

    /// The text, which is a claim of anybody's until [`Note::verify`] has named a key.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Whether it has a signature by a key of that name, as it says itself.
    #[must_use]
    pub fn claims_to_be_signed_by(&self, name: &str) -> bool {
        self.signatures.iter().any(|line| line.name == name)
    }

    /// Which of these keys have signed the text: at least one, in the order of `keys`.
    ///
    /// # Errors
    /// [`NoteError::Forged`], where a signature of one of the keys does not hold, even beside one
    /// that does; [`NoteError::UnknownKeys`], where there is none of them.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signed = Vec::new();
        for key in keys {
            let mut of_key = self.signatures.iter().filter(|line| line.is_of(key));
            let holds =
                |line: &SignatureLine<'_>| key.verifies(self.text.as_bytes(), &line.signature);
            match of_key.clone().next() {
                None => {}
                Some(_) if of_key.all(holds) => signed.push(key),
                Some(_) => {
                    let name = key.name().to_owned();
                    return Err(NoteError::Forged { name });
                }
            }
        }
        if signed.is_empty() {
            let lines = self.signatures.iter();
            return Err(NoteError::UnknownKeys {
                wanted: named(keys.iter().map(|key| (key.name(), key.id()))),
                found: named(lines.map(|line| (line.name, line.id))),
            });
        }
        Ok(signed)
    }
}

/// Signs a text. It must be plain and end in a newline, else there is no note of it.
///
/// ```
/// use standing::proof::{SignerKey, note::{Note, sign}};
/// let key = SignerKey::generate("example.com/log").unwrap();
/// let note = sign("a text\n", &key).unwrap();
/// let read = Note::parse(note.as_bytes()).unwrap();
/// assert_eq!(read.verify(&[key.verifier().clone()]).unwrap(), [key.verifier()]);
/// assert_eq!(read.text(), "a text\n");
/// ```
///
/// # Errors
/// [`NoteError::NotText`] and [`NoteError::TooLong`].
pub fn sign(text: &str, key: &SignerKey) -> Result<String, NoteError> {
    if !text.ends_with('\n') || !is_plain(text) {
        return Err(NoteError::NotText);
    }
    let verifier = key.verifier();
    let mut bytes = verifier.id().to_be_bytes().to_vec();
    bytes.extend(key.sign(text.as_bytes()));
    let (name, signature) = (verifier.name(), base64(&bytes));
    let note = format!("{text}\n{SIGNATURE_MARK}{name} {signature}\n");
    if note.len() > NOTE_BYTES_MAX {
        return Err(NoteError::TooLong);
    }
    Ok(note)
}

/// No control characters below U+0020 but newlines.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte >= 0x20 || byte == b'\n')
}

/// The first keys of a list, as people are told of them.
fn named<'a>(keys: impl Iterator<Item = (&'a str, u32)>) -> String {
    const SHOWN: usize = 3;
    let mut names: Vec<String> = keys
        .take(SHOWN + 1)
        .map(|(name, id)| format!("`{name}` (key {id:08x})"))
        .collect();
    if names.len() > SHOWN {
        names[SHOWN] = "others".to_owned();
    }
    names.join(", ")
}

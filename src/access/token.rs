//! Tokens: what is shown once, and what is kept of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use standing_projections::Instant;
use zeroize::Zeroizing;

use super::{Caller, Role};

/// What a token begins with, so that people and programs that look for secrets know one.
const PREFIX: &str = "standing_";

/// The bytes of chance in a token.
const SECRET_BYTES: usize = 32;

/// The bytes of chance in a token's id, which is no secret.
const ID_BYTES: usize = 6;

/// What is kept of a token's text: its SHA-256. With 256 bits of chance in it, nothing slower is needed.
pub type TokenHash = [u8; 32];

/// A token as it is shown, once.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// Where the system gives no chance.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        getrandom::fill(bytes.as_mut_slice())?;
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
        Ok(Self(Zeroizing::new(format!("{PREFIX}{}", text.as_str()))))
    }

    /// The text that is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// What is kept of a token of that text.
#[must_use]
pub fn hash(text: &str) -> TokenHash {
    Sha256::digest(text.as_bytes()).into()
}

/// Whether a text has the form of a token: what has not need not be looked for.
#[must_use]
pub(super) fn is_token(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|rest| {
        // Four characters are three bytes.
        rest.len() == (SECRET_BYTES * 4).div_ceil(3)
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    })
}

/// The id of a new token.
///
/// # Errors
/// Where the system gives no chance.
pub fn new_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; ID_BYTES];
    getrandom::fill(&mut bytes)?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("t{hex}"))
}

/// What a token is good for, where what the service gives everybody is not meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenLimits {
    /// Requests a second.
    pub rate: Option<u32>,
    /// The most bytes of a body that is no stream.
    pub body_max: Option<u64>,
    /// How many seconds a request that is no stream may take.
    pub time_max: Option<u32>,
}

/// What is known of a token; not the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// What it is called by; no secret.
    pub id: String,
    /// What whoever shows it is to the service.
    pub role: Role,
    /// The developer that one of that role is.
    pub subject: Option<String>,
    /// The pseudonymous id that events which come with it carry as `actor`.
    pub actor: String,
    /// What it is for, in words.
    pub note: String,
    /// What it is good for.
    #[serde(flatten)]
    pub limits: TokenLimits,
    /// When it was made.
    pub created: Instant,
    /// From when on it is no good any more.
    pub expires: Option<Instant>,
    /// Since when it has been taken back.
    pub revoked: Option<Instant>,
}

impl Token {
    /// Whether it lets somebody in at that instant.
    #[must_use]
    pub fn is_good_at(&self, now: Instant) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }

    /// Who shows it.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::new(&self.id, self.role, &self.actor, self.subject.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_has_the_form_of_one_and_others_have_not() {
        let secret = Secret::generate().unwrap();
        assert!(is_token(secret.as_str()), "{}", secret.as_str());
        assert_eq!(secret.hash(), hash(secret.as_str()));
        assert_ne!(secret.hash(), Secret::generate().unwrap().hash());
        assert!(!format!("{secret:?}").contains(secret.as_str()));
        let text = secret.as_str();
        for wrong in [
            "",
            "standing_",
            &text[..text.len() - 1],
            &format!("{text}A"),
            &text.replace("standing_", "standing-"),
            &format!("{}é", &text[..text.len() - 2]),
        ] {
            assert!(!is_token(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_good_until_it_expires_or_is_revoked() {
        let at = |micros| Instant::from_micros(micros).unwrap();
        let token = Token {
            id: "t1".to_owned(),
            role: Role::Auditor,
            subject: None,
            actor: "t1".to_owned(),
            note: String::new(),
            limits: TokenLimits::default(),
            created: at(0),
            expires: Some(at(10)),
            revoked: None,
        };
        assert!(token.is_good_at(at(9)) && !token.is_good_at(at(10)));
        let revoked = Token {
            revoked: Some(at(1)),
            ..token
        };
        assert!(!revoked.is_good_at(at(2)));
    }
}

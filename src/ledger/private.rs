//! What an event says in private: kept beside the log, so that it can be erased (SPEC §10).
//!
//! The log holds a commitment to it, HMAC-SHA-256 under a random key that is kept with the content:
//! whoever has both can show that the content is what was sent, and once both are gone the
//! commitment says nothing, not even to somebody who guesses the content.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::StoreError;
use super::tree::Hash;

/// An event's private content, and the key of the commitment to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Private {
    /// The key.
    pub key: [u8; 32],
    /// The content: canonical JSON (RFC 8785) of the object that was sent.
    pub content: String,
}

impl std::fmt::Debug for Private {
    /// Says nothing of the content: what is printed for debugging ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Private").finish_non_exhaustive()
    }
}

impl Private {
    /// Private content under a new key.
    pub(super) fn new(content: &Value) -> Result<Self, StoreError> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| StoreError::failed(error.to_string()))?;
        let content = super::leaf::canonical(content);
        Ok(Self { key, content })
    }

    /// What the leaf holds under `private`: `hmac-sha256:` and the hexadecimal of the code.
    ///
    /// ```
    /// use standing::ledger::Private;
    /// let private = Private { key: [0; 32], content: r#"{"name":"Li"}"#.into() };
    /// assert!(private.commitment().starts_with("hmac-sha256:"));
    /// ```
    #[must_use]
    pub fn commitment(&self) -> String {
        // HMAC fills a key up to the length of a block with zeros.
        let mut key = [0; 64];
        key[..32].copy_from_slice(&self.key);
        let mut code = <Hmac<Sha256> as KeyInit>::new(&key.into());
        code.update(self.content.as_bytes());
        format!("hmac-sha256:{}", Hash(code.finalize().into_bytes().into()))
    }
}

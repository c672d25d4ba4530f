//! The secret of an endpoint, and the signature that is made with it.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What such a secret begins with.
const PREFIX: &str = "whsec_";

/// The bytes of chance in one that is made here; the specification has 24 to 64.
const BYTES: usize = 32;

/// The secret that whoever sends and whoever receives have.
///
/// ```
/// use standing::webhooks::WebhookSecret;
/// // The example of the specification's own libraries.
/// let secret: WebhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
/// let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, r#"{"test": 2432232314}"#);
/// assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
/// ```
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl WebhookSecret {
    /// A new one.
    ///
    /// # Errors
    /// Where the system gives no chance.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new(vec![0; BYTES]);
        getrandom::fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// As it is shown.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(self.0.as_slice())))
    }

    /// The signature of what is sent at a time, in seconds since 1970.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let Ok(mut code) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            // A key of any length will do.
            return String::new();
        };
        code.update(format!("{id}.{timestamp}.").as_bytes());
        code.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(code.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(***)")
    }
}

impl FromStr for WebhookSecret {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a webhook's secret is `whsec_` and base64";
        let text = text.strip_prefix(PREFIX).ok_or(wrong)?;
        let bytes = STANDARD.decode(text).map_err(|_| wrong)?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_as_it_is_shown_and_not_printed_otherwise() {
        let secret = WebhookSecret::generate().unwrap();
        let text = secret.to_text();
        let again: WebhookSecret = text.parse().unwrap();
        assert_eq!(secret.sign("a", 1, "b"), again.sign("a", 1, "b"));
        assert_ne!(secret.sign("a", 1, "b"), secret.sign("a", 2, "b"));
        assert!(!format!("{secret:?}").contains(&text[6..]));
        assert!("whsec_?".parse::<WebhookSecret>().is_err());
        assert!("MfKQ".parse::<WebhookSecret>().is_err());
    }
}

//! How numbers and hashes stand in the text formats: one way each, so that no two texts say the
//! same thing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::ledger::tree::Hash;

/// Bytes as base64 (RFC 4648, section 4, with padding).
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a base64 text; none where it is not the one text that [`base64`] gives for them.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A hash as checkpoints and proofs have it: base64.
///
/// ```
/// use standing::ledger::tree::Hash;
/// use standing::proof::{hash_from_text, hash_to_text};
/// let text = hash_to_text(Hash::of_nothing());
/// assert_eq!(text, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
/// assert_eq!(hash_from_text(&text), Some(Hash::of_nothing()));
/// ```
#[must_use]
pub fn hash_to_text(hash: Hash) -> String {
    base64(&hash.0)
}

/// The hash of such a text; none where it is not one.
#[must_use]
pub fn hash_from_text(text: &str) -> Option<Hash> {
    Hash::from_slice(&from_base64(text)?)
}

/// A whole number in ASCII digits without leading zeros and signs.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = text == "0" || !text.starts_with('0');
    (digits && plain).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_in_one_way_only() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for text in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            " 1",
            "1 ",
            "1_0",
            "0x1",
            "１",
            "18446744073709551616",
        ] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_are_written_in_one_way_only() {
        assert_eq!(from_base64("AQ=="), Some(vec![1]));
        // Without padding, with bits that nobody reads, in the other alphabet, with white space.
        for text in [
            "AQ", "AQ=", "AR==", "-_==", "AQ==\n", " AQ==", "A Q==", "AQ==AQ==",
        ] {
            assert_eq!(from_base64(text), None, "{text}");
        }
        assert_eq!(hash_from_text("AQ=="), None);
    }
}

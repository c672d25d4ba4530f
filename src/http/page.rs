//! Pages: how many there are on one, and where the next one begins.
//!
//! A page goes on after a key (a position, an id), never after a count, so that what comes in between
//! moves nothing. What is asked for and up to where the log was known are in the token with it: all pages
//! of one question are of one state of the log. A token grants nothing that could not be asked for
//! without; its checksum is there to refuse what was cut short or made up, not to keep anything secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::Problem;
use super::problem::Code;

/// The bytes of a token's checksum.
const SUM_BYTES: usize = 8;

/// How many there are at most on a page: 1 to 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit(pub(super) usize);

impl Limit {
    const MAX: usize = 1_000;
}

impl Default for Limit {
    fn default() -> Self {
        Self(100)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match usize::deserialize(deserializer)? {
            limit @ 1..=Self::MAX => Ok(Self(limit)),
            limit => Err(D::Error::custom(format!(
                "a page has 1 to {} entries, not {limit}",
                Self::MAX
            ))),
        }
    }
}

/// The token of a page of a resource: what was asked for and where the page begins.
///
/// # Errors
/// Where it cannot be written as JSON, which is a fault of this program.
pub(super) fn token(resource: &str, page: &impl Serialize) -> Result<String, Problem> {
    let mut bytes = serde_json::to_vec(page).map_err(Problem::internal)?;
    let sum = sum(resource, &bytes);
    bytes.extend(sum);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The page of a token that was given out for that resource.
///
/// # Errors
/// `page.invalid`, where it is none.
pub(super) fn of_token<T: DeserializeOwned>(resource: &str, token: &str) -> Result<T, Problem> {
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (page, found) = bytes.split_at_checked(bytes.len().checked_sub(SUM_BYTES)?)?;
        (sum(resource, page) == found).then(|| serde_json::from_slice(page).ok())?
    };
    let invalid = "this is no page of this resource: take `next` of the page before as it is";
    read().ok_or_else(|| Problem::new(Code::PageInvalid, invalid).at("?page"))
}

fn sum(resource: &str, page: &[u8]) -> [u8; SUM_BYTES] {
    let digest = Sha256::new()
        .chain_update(resource)
        .chain_update([0])
        .chain_update(page)
        .finalize();
    std::array::from_fn(|index| digest[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_to_its_page_and_to_no_other() {
        let page = (String::from("第"), 7_u64);
        let given = token("events", &page).unwrap();
        assert_eq!(of_token::<(String, u64)>("events", &given).unwrap(), page);
        of_token::<(String, u64)>("plaza", &given).unwrap_err();
        let mut wrong: Vec<String> = (0..given.len())
            .map(|index| {
                let other = if &given[index..=index] == "A" {
                    "B"
                } else {
                    "A"
                };
                let mut text = given.clone();
                text.replace_range(index..=index, other);
                text
            })
            .collect();
        wrong.extend((0..given.len()).map(|length| given[..length].to_owned()));
        wrong.extend(["=", "é", "AAAAAAAAAAA"].map(str::to_owned));
        for text in wrong {
            of_token::<(String, u64)>("events", &text).unwrap_err();
        }
    }
}

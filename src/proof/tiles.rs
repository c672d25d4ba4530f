//! The log as plain files ([C2SP tlog-tiles](https://c2sp.org/tlog-tiles)): their paths and contents.
//!
//! A file, once it is full, never changes, so that any web server and any cache can serve a log.
//! A leaf stands in its bundle after its length in two bytes, so no leaf may have more than
//! [`LEAF_BYTES_MAX`] bytes.

use super::text::decimal;
use crate::ledger::tree::{Hash, TILE_WIDTH, TileId};

/// The most bytes of a leaf that a bundle can hold.
pub const LEAF_BYTES_MAX: usize = u16::MAX as usize;

/// The path of a tile of that width: 256, or fewer for the last of a level.
///
/// ```
/// use standing::ledger::tree::TileId;
/// use standing::proof::tiles::tile_path;
/// let id = TileId { level: 0, number: 1_234_067 };
/// assert_eq!(tile_path(id, 256), "tile/0/x001/x234/067");
/// assert_eq!(tile_path(id, 8), "tile/0/x001/x234/067.p/8");
/// ```
#[must_use]
pub fn tile_path(id: TileId, width: u64) -> String {
    path(&id.level.to_string(), id.number, width)
}

/// The path of the bundle of leaves that belongs to a tile of level 0.
///
/// ```
/// assert_eq!(standing::proof::tiles::bundle_path(5, 256), "tile/entries/005");
/// ```
#[must_use]
pub fn bundle_path(number: u64, width: u64) -> String {
    path("entries", number, width)
}

fn path(level: &str, number: u64, width: u64) -> String {
    let mut number_path = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        number_path = format!("x{:03}/{number_path}", rest % 1000);
        rest /= 1000;
    }
    match width {
        TILE_WIDTH => format!("tile/{level}/{number_path}"),
        width => format!("tile/{level}/{number_path}.p/{width}"),
    }
}

/// Which tile of a level, and how much of it, as a path says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TilePath {
    /// Its number.
    pub number: u64,
    /// How many entries: 256, or fewer for the last of a level.
    pub width: u64,
}

impl TilePath {
    /// Reads what follows the level in a path; none where it is not the one way to write it.
    ///
    /// ```
    /// use standing::proof::tiles::TilePath;
    /// assert_eq!(TilePath::parse("x001/067.p/8"), Some(TilePath { number: 1_067, width: 8 }));
    /// assert_eq!(TilePath::parse("67"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, width) = match text.split_once(".p/") {
            Some((name, width)) => (name, decimal(width)?),
            None => (text, TILE_WIDTH),
        };
        let mut number: u64 = 0;
        for part in name.split('/') {
            let digits = part.strip_prefix('x').unwrap_or(part);
            let thousand = digits.parse::<u64>().ok()?;
            number = number.checked_mul(1_000)?.checked_add(thousand)?;
        }
        let parsed = Self { number, width };
        // A number that is too great names entries that no log has.
        let fits = number <= u64::MAX / TILE_WIDTH / 2 && (1..=TILE_WIDTH).contains(&width);
        (fits && path("0", number, width) == format!("tile/0/{text}")).then_some(parsed)
    }
}

/// A tile's bytes: its hashes, one after the other.
#[must_use]
pub fn tile(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Adds a leaf to a bundle; none where it has too many bytes for one.
#[must_use]
pub fn push_leaf(bundle: &mut Vec<u8>, leaf: &[u8]) -> Option<()> {
    let length = u16::try_from(leaf.len()).ok()?;
    bundle.extend(length.to_be_bytes());
    bundle.extend(leaf);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_parted_by_the_thousand() {
        for (number, path) in [
            (0, "000"),
            (999, "999"),
            (1_000, "x001/000"),
            (1_234_067, "x001/x234/067"),
            (1_000_000_000, "x001/x000/x000/000"),
            (u64::MAX >> 8, "x072/x057/x594/x037/x927/935"),
        ] {
            let id = TileId { level: 3, number };
            assert_eq!(tile_path(id, 256), format!("tile/3/{path}"));
            assert_eq!(bundle_path(number, 1), format!("tile/entries/{path}.p/1"));
        }
    }

    #[test]
    fn a_path_is_read_as_it_is_written_and_in_no_other_way() {
        for number in [0, 7, 999, 1_000, 1_234_067, u64::MAX >> 9] {
            for width in [1, 8, 255, 256] {
                let text = bundle_path(number, width);
                let text = text.strip_prefix("tile/entries/").unwrap();
                assert_eq!(
                    TilePath::parse(text),
                    Some(TilePath { number, width }),
                    "{text}"
                );
            }
        }
        for text in [
            "",
            "0",
            "00",
            "0000",
            "x000/000",
            "x001",
            "001/000",
            "000.p/0",
            "000.p/256",
            "000.p/257",
            "000.p/",
            "000.p/08",
            "000.p",
            "+00",
            "x072/x057/x594/x037/x927/935",
            "../checkpoint",
        ] {
            assert_eq!(TilePath::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_leaf_of_64_kib_is_too_long_for_a_bundle() {
        let mut bundle = Vec::new();
        push_leaf(&mut bundle, b"ab").unwrap();
        push_leaf(&mut bundle, &[7; LEAF_BYTES_MAX]).unwrap();
        assert_eq!(push_leaf(&mut bundle, &[7; LEAF_BYTES_MAX + 1]), None);
        assert_eq!(bundle[..6], [0, 2, b'a', b'b', 255, 255]);
        assert_eq!(bundle.len(), 4 + 2 + LEAF_BYTES_MAX);
    }
}

//! Standings in little room: what SPEC §9 prints of a developer, in 64-bit words.
//!
//! A [`Standing`](crate::Standing) says what decided each of its parts, and takes several times the
//! memory of the facts behind it. Whoever keeps everybody's answers packs them: about 10 bytes an
//! event. Ids, codes and what the ladder says are not in the words; they are read with the same history
//! and the same rules.
//!
//! An instant is a word that is one more than its microseconds, 0 where there is none; a code is the number
//! of a name, or one of a few above all of them; two numbers of 32 bits share a word, the first of them below.

mod read;
mod write;

pub use read::Packed;

/// Codes that are no names.
mod code {
    pub(super) const NONE: u32 = u32::MAX;
    pub(super) const COMPLAINTS: u32 = u32::MAX - 1;
    pub(super) const OUTAGE: u32 = u32::MAX - 2;
}

/// The bits of an app's second word.
mod bits {
    pub(super) const PERMISSION: u32 = 0;
    pub(super) const STATE: u32 = 8;
    pub(super) const KEY_DISABLED: u32 = 16;
    pub(super) const ON_HOLD: u32 = 17;
    /// Whether there are conditions of certification.
    pub(super) const CONDITIONS: u32 = 18;
    /// One for each condition that is met.
    pub(super) const MET: u32 = 19;
}

/// The bits of a month's first word, above the month.
mod month {
    /// 0 where there is none.
    pub(super) const TIER: u32 = 32;
    pub(super) const OUTAGE_DAYS: u32 = 34;
    /// Whether the counts take three words, not one with [`SHORT`](super::SHORT) bits.
    pub(super) const WIDE: u32 = 40;
}

/// The bits of a month's counts in one word: complaints by class, unclassified codes, violations, sanctions.
const SHORT: [u32; 6] = [16, 16, 8, 8, 8, 8];

/// The bits of a violation's first word, above its code.
mod violation {
    /// How many events are its evidence; [`MANY`] where the next word says it.
    pub(super) const EVIDENCE: u32 = 32;
    pub(super) const MANY: u64 = 0xff;
    pub(super) const LEVEL: u32 = 40;
    /// Whether it reached its level later than it began.
    pub(super) const LATER: u32 = 48;
    /// Whether the positions after the first are a word each, not half a word above the first.
    pub(super) const FAR: u32 = 49;
}

/// The bits of a sanction's second word.
mod sanction {
    pub(super) const ROW: u32 = 0;
    pub(super) const RULES: u32 = 32;
    pub(super) const LEVEL: u32 = 56;
}

/// The bits of an obligation's first word, above the number of the sanction that brings it.
mod obligation {
    pub(super) const KIND: u32 = 32;
    pub(super) const STATE: u32 = 40;
    pub(super) const LATE: u32 = 48;
}

const fn pair(first: u32, second: u32) -> u64 {
    first as u64 | (second as u64) << 32
}

/// The lower half of a word.
const fn low(word: u64) -> u32 {
    (word & 0xffff_ffff) as u32
}

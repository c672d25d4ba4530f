//! What this program is asked for: the arguments of any test program, and a few of its own.

use anyhow::{Context, Result};

/// The program's own arguments; all others are those of a test program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// How many writers are killed.
    pub(crate) kills: u64,
    /// How many bits are flipped.
    pub(crate) flips: u64,
    /// What everything that looks random follows from.
    pub(crate) seed: u64,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            kills: 240,
            flips: 240,
            seed: fastrand::u64(..1_000_000_000),
        }
    }
}

impl Wanted {
    /// Parts the arguments into this program's and those of a test program.
    pub(crate) fn from_arguments(
        arguments: impl Iterator<Item = String>,
    ) -> Result<(Self, libtest_mimic::Arguments)> {
        let mut wanted = Self::default();
        let mut others = Vec::new();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || {
                let value = arguments.next();
                value.with_context(|| format!("`{argument}` takes a value"))
            };
            match argument.as_str() {
                "--kills" => wanted.kills = value()?.parse().context("`--kills`")?,
                "--flips" => wanted.flips = value()?.parse().context("`--flips`")?,
                "--seed" => wanted.seed = value()?.parse().context("`--seed`")?,
                "--case" => others.push(value()?),
                _ => others.push(argument),
            }
        }
        Ok((wanted, libtest_mimic::Arguments::from_iter(others)))
    }
}

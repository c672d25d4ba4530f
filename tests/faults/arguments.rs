//! What this program is asked for: the arguments of any test program, and a few of its own.

use anyhow::{Context, Result, bail};

/// The program's own arguments; all others are those of a test program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// How many writers are killed.
    pub(crate) kills: u64,
    /// For how many of them one more is killed that writes to a server.
    pub(crate) share: u64,
    /// How many bits are flipped.
    pub(crate) flips: u64,
    /// What everything that looks random follows from.
    pub(crate) seed: u64,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            kills: 240,
            share: 4,
            flips: 160,
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
        let (mut case, mut store) = (None, None);
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
                "--case" => case = Some(value()?),
                "--store" => match &*value()? {
                    "sqlite" => store = Some("kill::"),
                    "postgres" => {
                        wanted.share = 1;
                        store = Some("postgres::");
                    }
                    _ => bail!("`--store` is `sqlite` or `postgres`"),
                },
                _ => others.push(argument),
            }
        }
        // A store stands for its cases, where none is named.
        others.extend(case.or(store.map(str::to_owned)));
        Ok((wanted, libtest_mimic::Arguments::from_iter(others)))
    }
}

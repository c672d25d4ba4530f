//! What this program is asked for: the arguments of any test program, and a few of its own.

use anyhow::{Context, Result};

/// The program's own arguments; all others are those of a test program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// How many events are appended.
    pub(crate) appends: u64,
    /// How many answers are read and checked.
    pub(crate) reads: u64,
    /// How often the service is killed, or told to end, and started again.
    pub(crate) restarts: u64,
    /// How often the database is lost.
    pub(crate) losses: u64,
    pub(crate) writers: u64,
    pub(crate) readers: u64,
    /// What everything that looks random follows from.
    pub(crate) seed: u64,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            appends: 4_000,
            reads: 2_000,
            restarts: 2,
            losses: 1,
            writers: 4,
            readers: 2,
            seed: fastrand::u64(..1_000_000_000),
        }
    }
}

impl Wanted {
    /// Parts the arguments into this program's and those of a test program.
    pub(crate) fn from_arguments(
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<(Self, libtest_mimic::Arguments)> {
        let mut wanted = Self::default();
        let mut others = Vec::new();
        while let Some(argument) = arguments.next() {
            let Some(number) = wanted.named(&argument) else {
                others.push(argument);
                continue;
            };
            let value = arguments.next();
            let value = value.with_context(|| format!("`{argument}` takes a value"))?;
            *number = value.parse().context(argument)?;
        }
        Ok((wanted, libtest_mimic::Arguments::from_iter(others)))
    }

    fn named(&mut self, argument: &str) -> Option<&mut u64> {
        Some(match argument {
            "--appends" => &mut self.appends,
            "--reads" => &mut self.reads,
            "--restarts" => &mut self.restarts,
            "--losses" => &mut self.losses,
            "--writers" => &mut self.writers,
            "--readers" => &mut self.readers,
            "--seed" => &mut self.seed,
            _ => return None,
        })
    }

    /// The same as arguments.
    pub(crate) fn to_arguments(self) -> Vec<String> {
        let all = [
            ("--appends", self.appends),
            ("--reads", self.reads),
            ("--restarts", self.restarts),
            ("--losses", self.losses),
            ("--writers", self.writers),
            ("--readers", self.readers),
            ("--seed", self.seed),
        ];
        let all = all.map(|(name, number)| [name.to_owned(), number.to_string()]);
        all.into_iter().flatten().collect()
    }
}

//! The measures there are (SPEC §6), and sets of them.

use crate::words::words;

words! {
    /// What a platform does to an app.
    Measure {
        /// The developer is told, and nothing else: it has no interval.
        Warning = "warning",
        /// No new user may authorize the app.
        StopNewAuthorizations = "stop_new_authorizations",
        /// The app's entrance is closed.
        CloseApp = "close_app",
        /// Every call of an interface fails.
        BlockApi = "block_api",
        /// The app is taken offline.
        TakeOffline = "take_offline",
    }
}

/// Whether measures, by name, are a warning and nothing else: that has no interval (SPEC §4).
#[must_use]
pub fn is_warning_alone(names: &[String]) -> bool {
    !names.is_empty() && names.iter().all(|name| name == Measure::Warning.as_str())
}

/// A set of measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Measures(u8);

impl Measures {
    /// The set with just this one.
    #[must_use]
    pub const fn only(measure: Measure) -> Self {
        Self(1 << measure as u8)
    }

    /// What the ending of a cooperation puts on every app of the developer (SPEC §5).
    pub const TERMINATION: Measures =
        Measures(Self::only(Measure::BlockApi).0 | Self::only(Measure::TakeOffline).0);

    /// Whether the measure is in the set.
    #[must_use]
    pub const fn contains(self, measure: Measure) -> bool {
        self.0 & Self::only(measure).0 != 0
    }

    /// The set as bits, for packing.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of those bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1_1111)
    }

    /// Those that run for a time: all but `warning`.
    pub fn lasting(self) -> impl Iterator<Item = Measure> {
        let mut left = self.0 & !Self::only(Measure::Warning).0;
        std::iter::from_fn(move || {
            let next = Measure::ALL.get(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(*next)
        })
    }
}

impl FromIterator<Measure> for Measures {
    fn from_iter<I: IntoIterator<Item = Measure>>(measures: I) -> Self {
        Self(
            measures
                .into_iter()
                .fold(0, |bits, m| bits | Self::only(m).0),
        )
    }
}

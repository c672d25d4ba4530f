//! The states of a review, and what each allows.

use crate::event::Stage;
use crate::words::words;

words! {
    /// Where an app is in its review.
    ReviewState {
        /// An enterprise app without a declaration.
        Undeclared = "undeclared",
        /// A declaration waits.
        DeclarationPending = "declaration_pending",
        /// The declaration was rejected.
        DeclarationRejected = "declaration_rejected",
        /// In the making.
        Developing = "developing",
        /// A copy waits.
        CopyPending = "copy_pending",
        /// The copy was rejected.
        CopyRejected = "copy_rejected",
        /// The copy was approved.
        CopyApproved = "copy_approved",
        /// The copy's approval was taken back.
        CopyRevoked = "copy_revoked",
        /// The plaza waits.
        PlazaPending = "plaza_pending",
        /// The plaza was refused; the copy's approval stands.
        PlazaRejected = "plaza_rejected",
        /// In the plaza.
        Listed = "listed",
        /// Taken from the plaza.
        Delisted = "delisted",
    }
}

impl ReviewState {
    /// Whether the copy's approval holds in it.
    #[must_use]
    pub const fn copy_approved(self) -> bool {
        matches!(
            self,
            Self::CopyApproved
                | Self::PlazaPending
                | Self::PlazaRejected
                | Self::Listed
                | Self::Delisted
        )
    }

    /// The stage it waits for, if it waits.
    #[must_use]
    pub const fn pending(self) -> Option<Stage> {
        match self {
            Self::DeclarationPending => Some(Stage::Declaration),
            Self::CopyPending => Some(Stage::Copy),
            Self::PlazaPending => Some(Stage::Plaza),
            _ => None,
        }
    }

    /// Whether a stage may be submitted from it (the channel may forbid the plaza).
    #[must_use]
    pub const fn accepts(self, stage: Stage) -> bool {
        match stage {
            Stage::Declaration => matches!(self, Self::Undeclared | Self::DeclarationRejected),
            Stage::Copy => matches!(
                self,
                Self::Developing | Self::CopyRejected | Self::CopyRevoked
            ),
            Stage::Plaza => {
                matches!(
                    self,
                    Self::CopyApproved | Self::PlazaRejected | Self::Delisted
                )
            }
        }
    }
}

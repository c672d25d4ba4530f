//! Why an event is refused: a closed set of stable codes (SPEC §2).
//!
//! A refusal names the code, says in a sentence what is wrong, and points (RFC 6901) at the place
//! in the event. Callers match on the code and never on the message.

use std::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)+) => {
        /// What is wrong with a refused event, in the order in which it is looked for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order in which intake looks for them.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// The stable text of the code.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)+ }
            }
        }
    };
}

codes! {
    /// Not JSON, not an object, an attribute missing, of the wrong type or empty, no such instant,
    /// U+0000, a duplicate key, nesting over 32, more than 64 KiB.
    EventMalformed = "event.malformed",
    /// No such type.
    EventTypeUnknown = "event.type_unknown",
    /// `data` does not fit the type.
    EventDataInvalid = "event.data_invalid",
    /// The idempotency key was used for something else.
    EventConflict = "event.conflict",
    /// `time` is more than five minutes after the ledger's clock.
    EventTimeInFuture = "event.time_in_future",
    /// A trusted import goes back in recorded time.
    RecordedtimeDecreases = "recordedtime.decreases",
    /// The subject (or an app's developer) is not registered.
    SubjectUnknown = "subject.unknown",
    /// A developer or an app is registered by that id already.
    SubjectExists = "subject.exists",
    /// A code that no published rulebook has.
    CodeUnknown = "code.unknown",
    /// A grade that the rules at `time` do not have.
    GradeUnknown = "grade.unknown",
    /// Not one of the measures of SPEC §6.
    MeasureUnknown = "measure.unknown",
    /// No such event is known.
    RefUnknown = "ref.unknown",
    /// A registration, a rulebook or an erasure cannot be retracted.
    RefNotRetractable = "ref.not_retractable",
    /// The app has an outage of that id.
    OutageExists = "outage.exists",
    /// The app has no outage of that id.
    OutageUnknown = "outage.unknown",
    /// The outage has ended.
    OutageAlreadyEnded = "outage.already_ended",
    /// The outage began after that instant.
    OutageEndsBeforeStart = "outage.ends_before_start",
    /// The step is not one the app's state allows.
    ReviewOutOfOrder = "review.out_of_order",
    /// The app is on hold: no approval is accepted.
    ReviewOnHold = "review.on_hold",
    /// The rulebook's text, version or checksum is not acceptable.
    RulebookInvalid = "rulebook.invalid",
    /// Nothing can be judged before a rulebook is published.
    RulebookNone = "rulebook.none",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An event is refused: the code, a sentence, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// What is wrong, for a person.
    pub message: String,
    /// A JSON pointer into the event; empty for the whole of it.
    pub pointer: String,
}

impl Refusal {
    /// A refusal at a place of the event.
    #[must_use]
    pub fn new(code: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            pointer: pointer.into(),
        }
    }
}

//! A plan: rulebooks that were reviewed, with the question that was asked and what came of it, as a file.
//!
//! Whoever publishes a plan asks the question again and publishes only where the answer is still the same.
//! The file is one JSON object; its keys are those of [`Plan`], and a key that is not known is an error.
//! Every rulebook carries the SHA-256 of its text, and the plan the SHA-256 of all else in it, so that a
//! person can tell by one number that what is published is what was reviewed.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use standing_projections::rulebook::RulebookError;
use standing_projections::{Instant, LocalMonth, Position, Rulebook};

use crate::intake::sha256_hex;

/// What a plan of this form says under `format`.
pub const FORMAT: &str = "standing-plan/1";

/// The longest file that is read as a plan.
pub const PLAN_BYTES_MAX: u64 = 16 << 20;

/// Why a file is no plan to go by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It is longer than any plan.
    #[error("it has more than {PLAN_BYTES_MAX} bytes")]
    TooLong,
    /// It is no JSON, or not that of a plan.
    #[error("it is no plan: {0}")]
    Malformed(String),
    /// It is of another form.
    #[error("its format is `{0}`, and this program knows `{FORMAT}`")]
    Format(String),
    /// It has no version to publish.
    #[error("it has no rulebook")]
    Empty,
    /// It asks of no instant.
    #[error("it asks of no instant")]
    NoInstant,
    /// Something in it is not as it was written.
    #[error("it was changed after it was written: {0} is not what its sha256 says")]
    Changed(String),
    /// A rulebook in it does not parse.
    #[error("the rulebook `{0}` in it: {1}")]
    Rulebook(String, RulebookError),
    /// A rulebook in it is another one than the plan says.
    #[error("the rulebook `{0}` in it calls itself `{1}`")]
    Misnamed(String, String),
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: String,
    /// The log that it was made on.
    pub log: LogAt,
    /// What was asked.
    pub question: Asked,
    /// The versions that were known, by position.
    pub baseline: Vec<Held>,
    /// The versions to publish, in that order.
    pub rulebooks: Vec<Text>,
    /// What came of it.
    pub outcome: Found,
    /// The SHA-256 of the rest, as canonical JSON (RFC 8785), in hexadecimal.
    pub sha256: String,
}

/// A log as far as it was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogAt {
    /// The position that was known.
    pub known_at: Position,
    /// The root of the tree over the events up to it, in base64 as checkpoints have it.
    pub root: String,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The instants.
    pub as_of: Vec<Instant>,
    /// From which month on the rulebooks were taken to hold, where that was asked.
    pub from: Option<LocalMonth>,
}

/// A version that was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The rulebook.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The event that published it.
    pub position: Position,
    /// The SHA-256 of its text, in hexadecimal.
    pub sha256: String,
}

impl Held {
    /// What a published version is.
    #[must_use]
    pub fn of(position: Position, book: &Rulebook) -> Self {
        Self {
            id: book.id.clone(),
            version: book.version.clone(),
            position,
            sha256: sha256_hex(&book.text),
        }
    }
}

/// A version to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The rulebook.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its text, in hexadecimal.
    pub sha256: String,
    /// Its text.
    pub toml: String,
}

impl Text {
    /// What a rulebook is.
    #[must_use]
    pub fn of(book: &Rulebook) -> Self {
        Self {
            id: book.id.clone(),
            version: book.version.clone(),
            sha256: sha256_hex(&book.text),
            toml: book.text.clone(),
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The SHA-256 of the outcome ([`super::Answer::sha256`]).
    pub sha256: String,
    /// The counts at each instant, for people.
    pub summary: Vec<Value>,
}

impl Plan {
    /// The plan with its own SHA-256.
    ///
    /// # Errors
    /// None that a plan can give which came of an answer.
    pub fn seal(mut self) -> Result<Self, PlanError> {
        self.sha256 = self.digest()?;
        Ok(self)
    }

    fn digest(&self) -> Result<String, PlanError> {
        let malformed = |error: serde_json::Error| PlanError::Malformed(error.to_string());
        let mut rest = serde_json::to_value(self).map_err(malformed)?;
        if let Value::Object(rest) = &mut rest {
            rest.remove("sha256");
        }
        let canonical = serde_json_canonicalizer::to_string(&rest).map_err(malformed)?;
        Ok(sha256_hex(&canonical))
    }

    /// Reads a plan and the rulebooks in it, in their order.
    ///
    /// # Errors
    /// Where it is none of this form, or not as it was written.
    ///
    /// ```
    /// use standing::whatif::{Plan, PlanError};
    /// let error = Plan::read(br#"{"format": "standing-plan/2"}"#).unwrap_err();
    /// assert_eq!(error, PlanError::Format("standing-plan/2".to_owned()));
    /// ```
    pub fn read(bytes: &[u8]) -> Result<(Self, Vec<Rulebook>), PlanError> {
        // Of another form nothing else is known, so that is asked first.
        #[derive(Deserialize)]
        struct Form {
            format: String,
        }
        if bytes.len() as u64 > PLAN_BYTES_MAX {
            return Err(PlanError::TooLong);
        }
        let malformed = |error: serde_json::Error| PlanError::Malformed(error.to_string());
        let Form { format } = serde_json::from_slice(bytes).map_err(malformed)?;
        if format != FORMAT {
            return Err(PlanError::Format(format));
        }
        let plan: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        if plan.rulebooks.is_empty() {
            return Err(PlanError::Empty);
        }
        if plan.question.as_of.is_empty() {
            return Err(PlanError::NoInstant);
        }
        let mut books = Vec::new();
        for text in &plan.rulebooks {
            let name = format!("{}@{}", text.id, text.version);
            if sha256_hex(&text.toml) != text.sha256 {
                return Err(PlanError::Changed(format!("the rulebook `{name}`")));
            }
            let book = Rulebook::parse(&text.toml)
                .map_err(|error| PlanError::Rulebook(name.clone(), error))?;
            let own = format!("{}@{}", book.id, book.version);
            if own != name {
                return Err(PlanError::Misnamed(name, own));
            }
            books.push(book);
        }
        if plan.digest()? != plan.sha256 {
            return Err(PlanError::Changed("the plan".to_owned()));
        }
        Ok((plan, books))
    }
}

//! Publishing rulebooks: a version is an event like any other.

use serde_json::{Map, Value, json};
use standing_projections::rulebook::RulebookError;
use standing_projections::{Instant, Position, Refusal, Rulebook};

use super::admit::{AdmitError, Candidate, Intake, Outcome, Trust};
use super::judge::sha256_hex;

/// Who publishes the rulebooks that this program publishes.
pub(crate) const SOURCE: &str = "/standing/rulebooks";

/// Why a rulebook was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It does not parse.
    #[error(transparent)]
    Invalid(#[from] RulebookError),
    /// The ledger refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be appended.
    #[error(transparent)]
    Admit(#[from] AdmitError),
}

/// Publishes versions of a rulebook, recorded at an instant or now; their positions, in order.
///
/// A version that was published before with the same text is left as it is.
///
/// # Errors
/// The first that is not accepted; those before it are published.
pub async fn publish(
    intake: &mut Intake,
    texts: &[impl AsRef<str>],
    recorded_time: Option<Instant>,
) -> Result<Vec<Position>, PublishError> {
    let at = recorded_time.unwrap_or_else(|| intake.now());
    let trust = if recorded_time.is_some() {
        Trust::Events
    } else {
        Trust::Clock
    };
    let outcomes = intake.admit(events(texts, at)?, trust).await?;
    positions(outcomes)
}

/// Publishes versions of a rulebook where the log still ends at a position; none where it does not any more,
/// and nothing is published then.
///
/// # Errors
/// As [`publish`].
///
/// ```
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # runtime.block_on(async {
/// use standing::intake::{Intake, publish_at};
/// use standing::ledger::{Ledger, OpenMode, SqliteLedger};
/// use standing_projections::{Instant, Position, rulebook::preset};
/// use std::sync::Arc;
/// let directory = tempfile::tempdir().unwrap();
/// let ledger = SqliteLedger::open(directory.path().join("log.db"), OpenMode::Create).await.unwrap();
/// let ledger: Arc<dyn Ledger> = Arc::new(ledger);
/// let now: Instant = "2017-01-01T00:00:00Z".parse().unwrap();
/// let mut intake = Intake::new(ledger.clone(), Arc::new(move || now));
/// let texts = preset::named("weibo").unwrap();
/// let published = publish_at(&mut intake, &texts[..1], Position(0)).await.unwrap();
/// assert_eq!(published, Some(vec![Position(1)]));
/// // The log ends elsewhere by now.
/// let published = publish_at(&mut intake, &texts[1..], Position(0)).await.unwrap();
/// assert_eq!(published, None);
/// assert_eq!(ledger.head().await.unwrap().position, Position(1));
/// let published = publish_at(&mut intake, &texts[1..], Position(1)).await.unwrap();
/// assert_eq!(published, Some(vec![Position(2), Position(3)]));
/// # });
/// ```
pub async fn publish_at(
    intake: &mut Intake,
    texts: &[impl AsRef<str>],
    end: Position,
) -> Result<Option<Vec<Position>>, PublishError> {
    let batch = events(texts, intake.now())?;
    let outcomes = intake.admit_at(batch, Trust::Clock, end).await?;
    outcomes.map(positions).transpose()
}

/// The events by which versions are published.
fn events(texts: &[impl AsRef<str>], at: Instant) -> Result<Vec<Candidate>, PublishError> {
    let mut batch: Vec<Candidate> = Vec::new();
    for text in texts {
        let mut event = publication(&Rulebook::parse(text.as_ref())?, at);
        event.insert("recordedtime".to_owned(), at.to_string().into());
        batch.push(Candidate::new(event));
    }
    Ok(batch)
}

/// The event by which a version is published.
#[must_use]
pub fn publication(book: &Rulebook, at: Instant) -> Map<String, Value> {
    let event = json!({
        "specversion": "1.0",
        "id": format!("{}@{}", book.id, book.version),
        "source": SOURCE,
        "type": "rulebook.published",
        "time": at,
        "subject": book.id,
        "data": {"version": book.version, "toml": book.text, "sha256": sha256_hex(&book.text)},
    });
    match event {
        Value::Object(event) => event,
        _ => Map::new(),
    }
}

fn positions(outcomes: Vec<Outcome>) -> Result<Vec<Position>, PublishError> {
    let position = |outcome| match outcome {
        Outcome::Appended(position) | Outcome::Duplicate(position) => Ok(position),
        Outcome::Refused(rejected) => Err(rejected.refusal.into()),
    };
    outcomes.into_iter().map(position).collect()
}

//! Telling others of the board's changes by HTTP, as Standard Webhooks has it.
//!
//! Each endpoint has its own place in the sequence of changes (`readmodel::feed`) and is told them one after
//! another, each with the same id however often it is tried, and signed with the endpoint's secret. What cannot be
//! delivered is tried again by a schedule of days; then it is laid aside as a dead letter, and the next one is told.
//! What must stay true: a place moves on only after an answer that took the change, or with its dead letter in the
//! same transaction, so that a crash loses nothing; and nobody is connected to whose address is not public, unless
//! that is allowed.

mod address;
mod client;
mod deliver;
mod kept;
mod schedule;
mod secret;
mod store;

use serde::Serialize;
use standing_projections::Instant;

pub use client::{Client, Target, TargetError};
pub use deliver::Deliverer;
pub use schedule::Schedule;
pub use secret::WebhookSecret;
pub use store::Endpoints;

use crate::readmodel::Told;

/// Somebody who is told.
#[derive(Clone, Debug, Serialize)]
pub struct Endpoint {
    /// What it is called by.
    pub id: String,
    /// Where it is told.
    pub url: String,
    /// What is sent is signed with it.
    #[serde(skip)]
    pub secret: WebhookSecret,
    /// What it is for, in words.
    pub note: String,
    /// When it was added.
    pub created: Instant,
    /// Since when it wants no more: it answered 410.
    pub ended: Option<Instant>,
    /// What was delivered to it, or given up, in order; none before it was told anything.
    #[serde(serialize_with = "as_text")]
    pub place: Option<Told>,
    /// When it was begun anew with the first change, because the sequence had to begin anew.
    pub begun_anew: Option<Instant>,
    /// How many times the next change was tried.
    pub tried: u32,
    /// When the next one is tried.
    pub due: Instant,
    /// Why the last attempt failed.
    pub failure: Option<String>,
    /// How many dead letters it has.
    pub dead: u64,
    /// How many of these are to be sent once more.
    pub resending: u64,
}

/// What could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// To whom.
    pub webhook: String,
    /// Which change: the id that it was sent with.
    #[serde(serialize_with = "text_of")]
    pub id: Told,
    /// What was sent.
    #[serde(skip)]
    pub body: String,
    /// When it was given up, or tried the last time.
    pub at: Instant,
    /// Why.
    pub failure: String,
    /// Whether it is to be sent once more.
    pub resend: bool,
}

fn as_text<S: serde::Serializer>(place: &Option<Told>, serializer: S) -> Result<S::Ok, S::Error> {
    match place {
        Some(place) => serializer.collect_str(place),
        None => serializer.serialize_none(),
    }
}

fn text_of<S: serde::Serializer>(place: &Told, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(place)
}

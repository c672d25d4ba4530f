//! The task that brings the history forward as the log goes on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::Live;

/// How long at most until the log is looked at again, for events that others append.
const LOOK: Duration = Duration::from_millis(25);
/// How long until it is tried again where the log could not be read.
const AGAIN: Duration = Duration::from_secs(1);

/// Brings the history forward until told to end: at once when it is poked, and every 25 ms, for events that others
/// append.
pub async fn follow(live: Arc<Live>, poke: Arc<Notify>, mut end: watch::Receiver<bool>) {
    while !*end.borrow() {
        let pause = match live.advance().await {
            Ok(true) => continue,
            Ok(false) => LOOK,
            Err(error) => {
                tracing::warn!(%error, "the log is not followed");
                AGAIN
            }
        };
        tokio::select! {
            () = poke.notified() => {}
            () = tokio::time::sleep(pause) => {}
            _ = end.wait_for(|end| *end) => {}
        }
    }
}

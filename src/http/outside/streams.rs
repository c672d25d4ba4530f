//! Streams of one token: so many at once, since each has a connection for as long as it likes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many streams a token has at once.
pub(super) const STREAMS_MAX: u32 = 64;

/// How many streams there are, by token.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams(Arc<Mutex<HashMap<String, u32>>>);

impl Streams {
    /// Begins a stream, which lasts until what is given is dropped; none, where there are too many.
    pub(super) fn begin(&self, token: &str) -> Option<Stream> {
        let mut all = self.all();
        let count = all.entry(token.to_owned()).or_default();
        if *count >= STREAMS_MAX {
            return None;
        }
        *count += 1;
        Some(Stream {
            all: self.clone(),
            token: token.to_owned(),
        })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that goes on.
#[derive(Debug)]
pub(super) struct Stream {
    all: Streams,
    token: String,
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut all = self.all.all();
        if let Some(count) = all.get_mut(&self.token) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.token);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_so_many_streams_at_once_and_others_theirs() {
        let streams = Streams::default();
        let mut held: Vec<Stream> = (0..STREAMS_MAX)
            .map(|_| streams.begin("t1").unwrap())
            .collect();
        assert!(streams.begin("t1").is_none());
        assert!(streams.begin("t2").is_some());
        held.pop();
        assert!(streams.begin("t1").is_some());
        drop(held);
        assert!(streams.all().is_empty());
    }
}

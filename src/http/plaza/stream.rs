//! Changes of the board as Server-Sent Events.
//!
//! Each stream reads the tables for itself, from where it is, and is told by one task when there is more: whoever
//! is slow holds up nobody and is held no more than a few pages for.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant as Moment;
use tokio_stream::wrappers::ReceiverStream;

use super::changes::PlazaChange;
use crate::http::Service;
use crate::http::headers::REVALIDATED;
use crate::http::outside::Pass;
use crate::readmodel::Told;

/// How many changes are read at once.
const PAGE: usize = 500;
/// How long nothing is said at most, so that both sides know that the other is there.
const SILENCE: Duration = Duration::from_secs(10);
/// How often a token is looked at while nothing is told.
const LOOK: Duration = Duration::from_secs(1);
/// How long somebody may leave lying what was sent.
const STALLED: Duration = Duration::from_secs(60);

/// The answer, which begins at once.
pub(super) fn answer(
    service: Arc<Service>,
    pass: Pass,
    told: watch::Receiver<Told>,
    after: Told,
) -> Response {
    let (texts, answer) = mpsc::channel(2);
    let stream = Stream {
        service,
        pass,
        texts,
        after,
    };
    tokio::spawn(async move { stream.run(told).await });
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(answer)));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/event-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(REVALIDATED));
    // Proxies that gather what they pass on would keep it.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct Stream {
    service: Arc<Service>,
    pass: Pass,
    texts: mpsc::Sender<Result<Bytes, Infallible>>,
    /// What was sent last.
    after: Told,
}

impl Stream {
    /// Tells what there is and what comes, until somebody ends it; whoever follows comes again where it was.
    async fn run(mut self, mut told: watch::Receiver<Told>) {
        let mut ending = self.service.ending.clone();
        let mut said = Moment::now();
        // How long to wait before coming again.
        let mut text = "retry: 1000\n\n".to_owned();
        loop {
            let looked = Moment::now();
            if !self.pass.is_good().await || *ending.borrow() {
                return;
            }
            if *told.borrow_and_update() != self.after {
                let Some(more) = self.more().await else {
                    return;
                };
                text += &more;
            }
            if text.is_empty() && said.elapsed() >= SILENCE {
                text = ":\n\n".to_owned();
            }
            if !text.is_empty() {
                let sent = Ok(Bytes::from(std::mem::take(&mut text)));
                if self.texts.send_timeout(sent, STALLED).await.is_err() {
                    return;
                }
                said = Moment::now();
                continue;
            }
            tokio::select! {
                _ = told.changed() => {}
                _ = ending.wait_for(|ending| *ending) => return,
                () = self.texts.closed() => return,
                () = tokio::time::sleep_until(looked + LOOK) => {}
            }
        }
    }

    /// The next changes, as they are sent; none, where the stream cannot go on.
    async fn more(&mut self) -> Option<String> {
        let reader = &self.service.current.reader;
        let (_, is, changes) = reader.changes(self.after.last, PAGE).await.ok()?;
        if is.epoch != self.after.epoch {
            return None;
        }
        let mut text = String::new();
        for change in changes {
            self.after.last = change.sequence;
            let data = serde_json::to_string(&PlazaChange::from(change)).ok()?;
            text += &format!("id: {}\nevent: change\ndata: {data}\n\n", self.after);
        }
        Some(text)
    }
}

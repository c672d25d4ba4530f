//! Connections: how many there are at once, and how long one may leave what is sent to it.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// Takes connections while there is room. One more is ended at once: those who wait for room would
/// take it themselves.
#[derive(Clone, Debug)]
pub struct Connections {
    room: Arc<Semaphore>,
    stall: Duration,
}

impl Connections {
    /// Room for so many at once; one that takes nothing of its answer for as long as `stall` is ended.
    #[must_use]
    pub fn new(max: usize, stall: Duration) -> Self {
        let room = Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS)));
        Self { room, stall }
    }
}

impl<S> Accept<TcpStream, S> for Connections {
    type Stream = Connection<TcpStream>;
    type Service = S;
    type Future = Ready<io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let taken = Arc::clone(&self.room).try_acquire_owned();
        let connection = match taken {
            Err(_) => {
                tracing::warn!("a connection is refused: there are as many as there may be");
                Err(io::ErrorKind::ConnectionRefused.into())
            }
            Ok(room) => stream.set_nodelay(true).map(|()| {
                let connection = Connection {
                    stream,
                    stall: self.stall,
                    deadline: None,
                    _room: room,
                };
                (connection, service)
            }),
        };
        ready(connection)
    }
}

/// A connection, and the room that it takes.
#[derive(Debug)]
pub struct Connection<T> {
    stream: T,
    stall: Duration,
    /// When what is sent has waited for too long; set while it waits.
    deadline: Option<Pin<Box<Sleep>>>,
    _room: OwnedSemaphorePermit,
}

impl<T> Connection<T> {
    /// What came of sending, or that it has waited for too long.
    fn sent<R>(&mut self, sent: Poll<io::Result<R>>, cx: &mut Context<'_>) -> Poll<io::Result<R>> {
        if sent.is_ready() {
            self.deadline = None;
            return sent;
        }
        let stall = self.stall;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(stall)));
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let sent = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.sent(sent, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let sent = Pin::new(&mut this.stream).poll_write_vectored(cx, bytes);
        this.sent(sent, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let sent = Pin::new(&mut this.stream).poll_flush(cx);
        this.sent(sent, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let sent = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.sent(sent, cx)
    }
}

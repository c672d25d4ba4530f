//! Connections: how many there are at once, and how long one may leave what is sent to it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
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
    peers: Peers,
    peer_max: usize,
    stall: Duration,
}

impl Connections {
    /// Room for so many at once, and for so many of one peer; one that takes nothing of its answer for as long
    /// as `stall` is ended.
    #[must_use]
    pub fn new(max: usize, peer_max: usize, stall: Duration) -> Self {
        Self {
            room: Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS))),
            peers: Peers::default(),
            peer_max,
            stall,
        }
    }

    /// The room for one more of a peer.
    fn room_for(&self, peer: IpAddr) -> io::Result<Room> {
        let full = |whose| {
            tracing::warn!(%peer, "a connection is refused: there are as many {whose}as there may be");
            io::Error::from(io::ErrorKind::ConnectionRefused)
        };
        let of_all = Arc::clone(&self.room).try_acquire_owned();
        let of_all = of_all.map_err(|_| full(""))?;
        let of_peer = self.peers.one_more(peer, self.peer_max);
        let of_peer = of_peer.ok_or_else(|| full("of this peer "))?;
        Ok(Room {
            _of_all: of_all,
            _of_peer: of_peer,
        })
    }
}

/// How many connections each peer has.
#[derive(Clone, Debug, Default)]
struct Peers(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Peers {
    fn one_more(&self, peer: IpAddr, max: usize) -> Option<OfPeer> {
        let network = network(peer);
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = peers.entry(network).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        let peers = self.clone();
        Some(OfPeer { peers, network })
    }
}

/// Who is one peer: an address, and of IPv6 all that are handed out to one together (/64).
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        address => address,
    }
}

/// A connection among those of its peer.
#[derive(Debug)]
struct OfPeer {
    peers: Peers,
    network: IpAddr,
}

impl Drop for OfPeer {
    fn drop(&mut self) {
        let mut peers = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = peers.entry(self.network) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// The room that a connection takes.
#[derive(Debug)]
struct Room {
    _of_all: OwnedSemaphorePermit,
    _of_peer: OfPeer,
}

impl<S> Accept<TcpStream, S> for Connections {
    type Stream = Connection<TcpStream>;
    type Service = S;
    type Future = Ready<io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let taken = stream.peer_addr().and_then(|peer| {
            let room = self.room_for(peer.ip())?;
            stream.set_nodelay(true)?;
            Ok(room)
        });
        ready(taken.map(|room| {
            let connection = Connection {
                stream,
                stall: self.stall,
                deadline: None,
                _room: room,
            };
            (connection, service)
        }))
    }
}

/// A connection, and the room that it takes.
#[derive(Debug)]
pub struct Connection<T> {
    stream: T,
    stall: Duration,
    /// When what is sent has waited for too long; set while it waits.
    deadline: Option<Pin<Box<Sleep>>>,
    _room: Room,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_leaves_room_for_others() {
        let connections = Connections::new(4, 2, Duration::ZERO);
        let room = |peer: &str| connections.room_for(peer.parse().unwrap());
        let held = [room("10.0.0.1").unwrap(), room("::ffff:10.0.0.1").unwrap()];
        room("10.0.0.1").unwrap_err();
        let network = [room("fd00::1").unwrap(), room("fd00::2").unwrap()];
        // There is no room for anybody now.
        room("10.0.0.2").unwrap_err();
        drop(held);
        room("fd00::3").unwrap_err();
        let others = [room("10.0.0.1").unwrap(), room("fd00:0:0:1::1").unwrap()];
        drop((network, others));
        assert!(connections.peers.0.lock().unwrap().is_empty());
    }
}

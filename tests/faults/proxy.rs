//! A way to the server on which connections break.
//!
//! A connection that breaks at a random place mostly breaks while nothing is at stake. So there are
//! ways on which it breaks at the commit: before the server hears of it, or after it has answered
//! and before the writer hears that.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

/// Where connections break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breaks {
    /// After any number of bytes, either way.
    Anywhere,
    /// At a commit, before or after the server has done it.
    AtCommit,
    /// After that many bytes to the server, and from then on there is no way at all.
    ForGood(usize),
}

/// A way to the server.
pub(crate) struct Proxy {
    port: u16,
    breaks: Arc<AtomicU64>,
    closed: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) fn start(server: &str, breaks: Breaks, rng: fastrand::Rng) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = Self {
            port: listener.local_addr()?.port(),
            breaks: Arc::default(),
            closed: Arc::default(),
        };
        let way = Way {
            server: server.to_owned(),
            breaks,
            rng: Mutex::new(rng),
            count: Arc::clone(&proxy.breaks),
            closed: Arc::clone(&proxy.closed),
        };
        std::thread::spawn(move || way.serve(&listener));
        Ok(proxy)
    }

    /// The URL that leads this way instead of straight to the server.
    pub(crate) fn url(&self, url: &str, server: &str) -> String {
        url.replace(
            &format!("@{server}/"),
            &format!("@127.0.0.1:{}/", self.port),
        )
    }

    /// How many connections were broken.
    pub(crate) fn broken(&self) -> u64 {
        self.breaks.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for the next connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

struct Way {
    server: String,
    breaks: Breaks,
    rng: Mutex<fastrand::Rng>,
    count: Arc<AtomicU64>,
    closed: Arc<AtomicBool>,
}

/// Where one connection breaks.
#[derive(Clone, Copy, Debug)]
struct Break {
    /// After so many bytes to the server.
    up: usize,
    /// After so many bytes from the server.
    down: usize,
    /// At that commit.
    commit: usize,
    /// Whether the server hears of the commit.
    done: bool,
}

impl Way {
    fn serve(self, listener: &TcpListener) {
        let way = Arc::new(self);
        for client in listener.incoming() {
            if way.closed.load(Ordering::SeqCst) {
                return;
            }
            let server = TcpStream::connect(&*way.server);
            let (Ok(client), Ok(server)) = (client, server) else {
                continue;
            };
            way.carry(client, server);
        }
    }

    fn next_break(&self) -> Break {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let never = Break {
            up: usize::MAX,
            down: usize::MAX,
            commit: usize::MAX,
            done: true,
        };
        match self.breaks {
            // Small numbers are as likely as large ones.
            Breaks::Anywhere => {
                let (up, down) = (rng.u32(6..17), rng.u32(6..17));
                Break {
                    up: rng.usize(1..1 << up),
                    down: rng.usize(1..1 << down),
                    ..never
                }
            }
            Breaks::AtCommit => Break {
                commit: rng.usize(1..12),
                done: rng.bool(),
                ..never
            },
            Breaks::ForGood(up) => Break { up, ..never },
        }
    }

    /// Carries a connection's bytes both ways, until it breaks.
    fn carry(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let cut = Cut {
            at: self.next_break(),
            way: Arc::clone(self),
            answers: Arc::new(AtomicBool::new(true)),
            broken: Arc::default(),
            commits: Arc::default(),
        };
        let streams = || Some((client.try_clone().ok()?, server.try_clone().ok()?));
        let (Some(up), Some(down)) = (streams(), streams()) else {
            return;
        };
        let also = cut.clone();
        std::thread::spawn(move || cut.up(up.0, up.1));
        std::thread::spawn(move || also.down(down.0, down.1));
    }
}

#[derive(Clone)]
struct Cut {
    at: Break,
    way: Arc<Way>,
    /// Whether what the server says is still passed on.
    answers: Arc<AtomicBool>,
    broken: Arc<AtomicBool>,
    /// How many commits have passed.
    commits: Arc<AtomicUsize>,
}

/// Whether the server says that a statement which was a transaction by itself has inserted rows: what
/// the commit says of it, and that no transaction is open.
fn committed_at_once(said: &[u8]) -> bool {
    let has = |words: &[u8]| said.windows(words.len()).any(|part| part == words);
    has(b"INSERT 0 ") && !has(b"INSERT 0 0\0") && has(b"Z\0\0\0\x05I")
}

impl Cut {
    /// To the server.
    fn up(&self, mut client: TcpStream, mut server: TcpStream) {
        let mut buffer = [0; 8_192];
        let mut bytes = 0;
        while let Ok(read @ 1..) = client.read(&mut buffer) {
            let sent = &buffer[..read.min(self.at.up - bytes)];
            let commit = sent.windows(6).any(|word| word == b"COMMIT");
            if commit && self.is_due() {
                if !self.at.done {
                    return self.break_off(&client, &server);
                }
                self.answers.store(false, Ordering::SeqCst);
            }
            bytes += sent.len();
            if server.write_all(sent).is_err() {
                break;
            }
            if bytes == self.at.up {
                if let Breaks::ForGood(_) = self.way.breaks {
                    self.way.closed.store(true, Ordering::SeqCst);
                }
                return self.break_off(&client, &server);
            }
        }
        let _ = server.shutdown(Shutdown::Both);
        let _ = client.shutdown(Shutdown::Both);
    }

    /// From the server.
    fn down(&self, mut client: TcpStream, mut server: TcpStream) {
        let mut buffer = [0; 8_192];
        let mut bytes = 0;
        while let Ok(read @ 1..) = server.read(&mut buffer) {
            if !self.answers.load(Ordering::SeqCst) {
                return self.break_off(&client, &server);
            }
            let sent = &buffer[..read.min(self.at.down - bytes)];
            if committed_at_once(sent) && self.is_due() {
                return self.break_off(&client, &server);
            }
            bytes += sent.len();
            if client.write_all(sent).is_err() {
                break;
            }
            if bytes == self.at.down {
                return self.break_off(&client, &server);
            }
        }
        let _ = server.shutdown(Shutdown::Both);
        let _ = client.shutdown(Shutdown::Both);
    }

    /// Whether a commit that passes is the one at which the connection breaks.
    fn is_due(&self) -> bool {
        self.commits.fetch_add(1, Ordering::SeqCst) + 1 == self.at.commit
    }

    fn break_off(&self, client: &TcpStream, server: &TcpStream) {
        if !self.broken.swap(true, Ordering::SeqCst) {
            self.way.count.fetch_add(1, Ordering::SeqCst);
        }
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    }
}

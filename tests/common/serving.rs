//! The service as a process, and whoever asks it something over a socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use super::Ledger;

/// A service that runs until it is dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) at: SocketAddr,
    lines: Mutex<Receiver<String>>,
    /// What it said until it listened.
    pub(crate) said: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The code of the problem that it is.
    pub(crate) fn code(&self) -> String {
        let kind = self.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{self:?}");
        self.json()["code"].as_str().unwrap().to_owned()
    }
}

impl Ledger {
    /// Serves the ledger on a port that is free.
    pub(crate) fn serve(&self, args: &[&str]) -> Serving {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
        all.extend(args);
        let mut command = self.command(&all);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut said = String::new();
        let at = loop {
            let line = lines
                .recv()
                .unwrap_or_else(|_| panic!("the service ended: {said}"));
            said.push_str(&line);
            said.push('\n');
            if let Some((_, at)) = line.split_once("listening on ") {
                break at.split_once("://").unwrap().1.parse().unwrap();
            }
        };
        Serving {
            child,
            at,
            lines: Mutex::new(lines),
            said,
        }
    }

    /// A new token.
    pub(crate) fn token(&self, role: &str, args: &[&str]) -> String {
        let mut all = vec!["tokens", "new", "--format", "table", "--role", role];
        all.extend(args);
        self.run(&all).good().out.trim().to_owned()
    }
}

impl Serving {
    /// A connection to it.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.at).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
    }

    /// The next line that it says.
    pub(crate) fn line(&self) -> String {
        let lines = self.lines.lock().unwrap();
        lines.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Asks with a token.
    pub(crate) fn ask(&self, method: &str, path: &str, token: Option<&str>) -> Answer {
        self.send(method, path, token, &[], b"")
    }

    /// Asks with a token, headers and a body.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let head = head(method, path, token, headers, body.len());
        let mut stream = self.connect();
        // Who is turned away early may find the door closed before all is sent.
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(body);
        answer(stream)
    }

    /// Asks for something with JSON in it.
    pub(crate) fn json(&self, path: &str, token: &str) -> Value {
        let answer = self.ask("GET", path, Some(token));
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }
}

/// The head of a request.
pub(crate) fn head(
    method: &str,
    path: &str,
    token: Option<&str>,
    headers: &[(&str, &str)],
    length: usize,
) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
    if let Some(token) = token {
        head.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if length > 0 {
        head.push_str(&format!("content-length: {length}\r\n"));
    }
    head + "\r\n"
}

/// All that comes until the connection ends.
pub(crate) fn answer(mut stream: impl Read) -> Answer {
    let mut bytes = Vec::new();
    // A connection that is cut after the answer has given the answer.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut answer = Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    };
    if answer.header("transfer-encoding") == Some("chunked") {
        answer.body = joined(body);
    }
    answer
}

/// A body that came in chunks.
fn joined(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((length, rest)) = chunks.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            break;
        }
        body.push_str(&rest[..length]);
        chunks = &rest[length + 2..];
    }
    body
}

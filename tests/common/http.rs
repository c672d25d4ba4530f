//! The service, running, and a client that does what it is told: also what no decent client does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::Ledger;

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// `standing serve`, until it is dropped, with a token for each role that its tests need.
pub(crate) struct Server {
    child: Child,
    address: String,
    tokens: Vec<(&'static str, String)>,
}

/// Makes a token of a role, whose actor is named like the role.
pub(crate) fn token(ledger: &Ledger, role: &str, more: &[&str]) -> String {
    let mut args = vec!["tokens", "new", "--role", role, "--format", "json"];
    args.extend(more);
    let made: Value = serde_json::from_str(&ledger.run(&args).good().out).unwrap();
    super::text(&made[0], "token").to_owned()
}

impl Server {
    /// Serves a ledger.
    pub(crate) fn start(ledger: &Ledger, more: &[&str]) -> Self {
        let roles = ["recorder", "auditor", "rule-maker"];
        let tokens = roles.map(|role| (role, token(ledger, role, &["--actor", role])));
        let mut command = ledger.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.args(more).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on http") {
            line.clear();
            assert!(
                said.read_line(&mut line).unwrap() > 0,
                "the service has ended"
            );
        }
        let (_, address) = line.trim_end().rsplit_once('/').unwrap();
        // Somebody must read what else it says.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::stderr()));
        let address = address.to_owned();
        let tokens = tokens.to_vec();
        Self {
            child,
            address,
            tokens,
        }
    }

    /// The token of a role, as the header has it.
    pub(crate) fn bearer(&self, role: &str) -> String {
        let mut tokens = self.tokens.iter();
        let (_, token) = tokens.find(|(name, _)| *name == role).unwrap();
        format!("Bearer {token}")
    }

    /// The token that such a request needs.
    fn needed(&self, method: &str, path: &str) -> String {
        self.bearer(match method {
            "POST" if path.starts_with("/v1/events") => "recorder",
            "POST" => "rule-maker",
            _ => "auditor",
        })
    }

    /// A connection.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends a request and reads the answer. Without a token among the headers it is sent with the one
    /// that it needs.
    #[track_caller]
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut stream = self.connect();
        let length = body.len().to_string();
        let bearer = self.needed(method, path);
        let mut all = vec![("content-length", length.as_str()), ("connection", "close")];
        all.extend(headers);
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            all.push(("authorization", &bearer));
        }
        stream
            .write_all(head(method, path, &all).as_bytes())
            .unwrap();
        // One that is refused early may not be read to its end.
        let _ = stream.write_all(body);
        Answer::read(stream)
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    /// Sends a body of some type to `/v1/events`.
    #[track_caller]
    pub(crate) fn send(&self, content_type: &str, body: impl AsRef<[u8]>) -> Answer {
        let headers = [("content-type", content_type)];
        self.ask("POST", "/v1/events", &headers, body.as_ref())
    }

    /// Sends one event.
    #[track_caller]
    pub(crate) fn event(&self, event: &Value) -> Answer {
        self.send("application/cloudevents+json", event.to_string())
    }

    /// Begins a stream of lines in chunks.
    pub(crate) fn stream(&self, path: &str) -> TcpStream {
        let mut stream = self.connect();
        let bearer = self.bearer("recorder");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/x-ndjson"),
            ("transfer-encoding", "chunked"),
            ("connection", "close"),
        ];
        stream
            .write_all(head("POST", path, &headers).as_bytes())
            .unwrap();
        stream
    }

    /// Ends it as a kill or a power cut does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to end.
    pub(crate) fn tell_to_end(&self) {
        let id = self.child.id().to_string();
        let told = std::process::Command::new("kill")
            .args(["-TERM", &id])
            .status();
        assert!(told.unwrap().success());
    }

    /// Waits until it has ended; its exit code.
    pub(crate) fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request up to its body.
pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

/// A chunk of a body.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", bytes.len());
    [size.as_bytes(), bytes, b"\r\n"].concat()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads an answer to its end.
    #[track_caller]
    pub(crate) fn read(stream: TcpStream) -> Self {
        let mut reader = Reading::begin(stream);
        let mut body = Vec::new();
        reader.read_to_end(&mut body).unwrap();
        let Reading {
            status, headers, ..
        } = reader;
        Self {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The JSON of an answer with that status.
    #[track_caller]
    pub(crate) fn with(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The code and the pointer of a problem with that status.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> (String, String) {
        let problem = self.with(status);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(problem["status"], status);
        let member = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        (member("code"), member("pointer"))
    }
}

/// An answer whose body is read as it comes.
pub(crate) struct Reading {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    reader: BufReader<TcpStream>,
    left: Left,
}

/// What is left of a body.
enum Left {
    Chunks,
    Chunk(u64),
    Bytes(u64),
}

impl Reading {
    #[track_caller]
    pub(crate) fn begin(stream: TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let status = line
            .split(' ')
            .nth(1)
            .unwrap_or_else(|| panic!("no answer: {line:?}"));
        let status = status.parse().unwrap();
        let mut headers = Vec::new();
        loop {
            line.clear();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let header = |name: &str| {
            let mut found = headers.iter().filter(|(key, _)| key == name);
            found.next().map(|(_, value)| value.as_str())
        };
        let left = match header("content-length") {
            Some(length) => Left::Bytes(length.parse().unwrap()),
            None if header("transfer-encoding") == Some("chunked") => Left::Chunks,
            None => Left::Bytes(0),
        };
        Self {
            status,
            headers,
            reader,
            left,
        }
    }

    /// The next line of the body; none at its end, or where it breaks off.
    pub(crate) fn line(&mut self) -> Option<Value> {
        let mut text = Vec::new();
        let mut byte = [0];
        while self.read(&mut byte).ok()? == 1 && byte[0] != b'\n' {
            text.push(byte[0]);
        }
        serde_json::from_slice(&text).ok()
    }
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if let Left::Chunks = self.left {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let length = u64::from_str_radix(line.trim_end(), 16);
            let broken = std::io::ErrorKind::UnexpectedEof;
            self.left = match length.map_err(|_| broken)? {
                0 => Left::Bytes(0),
                length => Left::Chunk(length),
            };
        }
        let (Left::Chunk(left) | Left::Bytes(left)) = &mut self.left else {
            return Ok(0);
        };
        let read = self.reader.by_ref().take(*left).read(buffer)?;
        *left -= read as u64;
        if matches!(self.left, Left::Chunk(0)) {
            self.reader.read_line(&mut String::new())?;
            self.left = Left::Chunks;
        }
        Ok(read)
    }
}

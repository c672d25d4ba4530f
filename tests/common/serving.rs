//! The service as a process, and whoever asks it something over a socket.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use super::Ledger;
use super::http::{Answer, head, head_with};

/// How long anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// `standing serve`, until it is dropped.
pub(crate) struct Server {
    child: Child,
    address: String,
    /// For each role that most tests need, where it was started with them.
    tokens: Vec<(&'static str, String)>,
    lines: Mutex<Receiver<String>>,
    /// What it said until it was ready.
    pub(crate) said: String,
}

impl Ledger {
    /// A new token.
    pub(crate) fn token(&self, role: &str, args: &[&str]) -> String {
        let mut all = vec!["tokens", "new", "--format", "table", "--role", role];
        all.extend(args);
        self.run(&all).good().out.trim().to_owned()
    }

    /// Serves the ledger on a port that is free, and waits until it is ready.
    pub(crate) fn serve(&self, args: &[&str]) -> Server {
        let mut server = self.begin_to_serve(args);
        while !server.said.contains("ready: ") {
            let line = server.line();
            server.said.push_str(&line);
            server.said.push('\n');
        }
        server
    }

    /// Serves the ledger on a port that is free; it may not be ready yet.
    pub(crate) fn begin_to_serve(&self, args: &[&str]) -> Server {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        Server::begin(command.args(args).stdout(Stdio::null()))
    }
}

impl Server {
    /// Begins a service, and waits until it listens.
    pub(crate) fn begin(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        // Somebody must read all that it says.
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                eprintln!("{line}");
                let _ = sender.send(line);
            }
        });
        let mut said = String::new();
        let address = loop {
            let line = lines
                .recv()
                .unwrap_or_else(|_| panic!("the service ended: {said}"));
            said.push_str(&line);
            said.push('\n');
            if let Some((_, at)) = line.split_once("listening on ") {
                break at.split_once("://").unwrap().1.to_owned();
            }
        };
        Self {
            child,
            address,
            tokens: Vec::new(),
            lines: Mutex::new(lines),
            said,
        }
    }

    /// Serves a ledger, with a token for each role that most tests need, whose actor is named like the role.
    pub(crate) fn start(ledger: &Ledger, args: &[&str]) -> Self {
        let roles = ["recorder", "auditor", "rule-maker", "approver"];
        let tokens = roles.map(|role| (role, ledger.token(role, &["--actor", role])));
        let mut server = ledger.serve(args);
        server.tokens = tokens.to_vec();
        server
    }

    /// What it prints beside its messages, where the command has a pipe for it.
    pub(crate) fn printed(&mut self) -> impl BufRead {
        BufReader::new(self.child.stdout.take().unwrap())
    }

    /// Where it is, for programs.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The token of a role.
    pub(crate) fn token(&self, role: &str) -> &str {
        let mut tokens = self.tokens.iter();
        let (_, token) = tokens.find(|(name, _)| *name == role).unwrap();
        token
    }

    /// The token of a role, as the header has it.
    pub(crate) fn bearer(&self, role: &str) -> String {
        format!("Bearer {}", self.token(role))
    }

    /// The token that such a request needs.
    fn needed(&self, method: &str, path: &str) -> &str {
        self.token(match method {
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
        let shown = headers.iter().any(|(name, _)| *name == "authorization");
        let token = (!shown).then(|| self.needed(method, path));
        self.send_with(method, path, token, headers, body)
    }

    /// Sends a request with a token, or without one, and reads the answer.
    #[track_caller]
    pub(crate) fn send_with(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let head = head_with(method, path, token, headers, body.len());
        let mut stream = self.connect();
        // Who is turned away early may find the door closed before all is sent.
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(body);
        Answer::read(stream)
    }

    /// Asks with a token, or without one.
    #[track_caller]
    pub(crate) fn ask_with(&self, method: &str, path: &str, token: Option<&str>) -> Answer {
        self.send_with(method, path, token, &[], b"")
    }

    /// Asks with a token for something with JSON in it.
    #[track_caller]
    pub(crate) fn json_with(&self, path: &str, token: &str) -> Value {
        self.ask_with("GET", path, Some(token)).with(200)
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

    /// Sends it a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// The next line that it says.
    pub(crate) fn line(&self) -> String {
        let lines = self.lines.lock().unwrap();
        lines.recv_timeout(PATIENCE).unwrap()
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

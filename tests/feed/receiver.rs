//! Somebody who is told by HTTP, and answers as the test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Requests, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Map, Value};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// What somebody was sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) headers: Map<String, Value>,
    pub(crate) body: String,
}

impl Request {
    fn read(stream: &TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        reader.read_line(&mut head).unwrap();
        let mut headers = Map::new();
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 2 {
            let (name, value) = line.trim_end().split_once(": ").unwrap();
            headers.insert(name.to_ascii_lowercase(), value.into());
            line.clear();
        }
        let length = headers["content-length"].as_str().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        Self {
            head,
            headers,
            body: String::from_utf8(body).unwrap(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.headers["webhook-id"].as_str().unwrap()
    }

    /// The change that it tells.
    pub(crate) fn change(&self) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["type"], "plaza.change");
        assert_eq!(body["timestamp"], body["data"]["as_of"]);
        body["data"].clone()
    }
}

/// Somebody who is told; `answer` is what it says to the how-manieth request, from 0: nothing for ever, where it
/// is none.
pub(crate) struct Receiver {
    pub(crate) address: String,
    requests: Requests<Request>,
}

impl Receiver {
    pub(crate) fn begin(
        answer: impl Fn(usize, &Request) -> Option<String> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            let mut left_open = Vec::new();
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let request = Request::read(&stream);
                match answer(number, &request) {
                    Some(answer) => drop(stream.write_all(answer.as_bytes())),
                    None => left_open.push(stream),
                }
                if sender.send(request).is_err() {
                    return;
                }
            }
        });
        Self { address, requests }
    }

    /// The next request.
    #[track_caller]
    pub(crate) fn next(&self) -> Request {
        self.requests.recv_timeout(PATIENCE).unwrap()
    }

    /// That nothing comes, for as long as would be enough.
    #[track_caller]
    pub(crate) fn is_left_alone(&self) {
        let nothing = self.requests.recv_timeout(Duration::from_secs(2));
        assert_eq!(nothing.unwrap_err(), RecvTimeoutError::Timeout);
    }
}

/// An answer of that status.
pub(crate) fn status(status: &str) -> Option<String> {
    Some(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"))
}

pub(crate) fn taken() -> Option<String> {
    status("204 No Content")
}

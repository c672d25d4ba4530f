//! What goes over a connection, read and written as it is: also what no decent client sends.

use std::io::{BufRead, BufReader, Read};

use serde_json::Value;

/// A request up to its body.
pub(crate) fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head + "\r\n"
}

/// A request up to a body of so many bytes, with a token, on a connection that ends with the answer.
pub(crate) fn head_with(
    method: &str,
    path: &str,
    token: Option<&str>,
    headers: &[(&str, &str)],
    length: usize,
) -> String {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let length = (length > 0).then(|| length.to_string());
    let mut all = vec![("connection", "close")];
    all.extend(bearer.iter().map(|bearer| ("authorization", &**bearer)));
    all.extend(length.iter().map(|length| ("content-length", &**length)));
    all.extend(headers);
    head(method, path, &all)
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
    pub(crate) fn read(stream: impl Read + 'static) -> Self {
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

    /// The code of the problem that it is.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        self.problem(self.status).0
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
    reader: BufReader<Box<dyn Read>>,
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
    pub(crate) fn begin(stream: impl Read + 'static) -> Self {
        let mut reader: BufReader<Box<dyn Read>> = BufReader::new(Box::new(stream));
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

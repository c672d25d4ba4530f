//! A client that keeps its connection while there is one, and says when there is none.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Client {
    address: SocketAddr,
    token: String,
    stream: Option<BufReader<TcpStream>>,
}

/// An answer, as far as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether it came to its end.
    pub(crate) whole: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr, token: &str) -> Self {
        Self {
            address,
            token: token.to_owned(),
            stream: None,
        }
    }

    /// Reads a path, as who has the content of that tag, where there is one.
    pub(crate) fn get(&mut self, path: &str, tag: Option<&str>) -> io::Result<Answer> {
        let headers: Vec<_> = tag.map(|tag| ("if-none-match", tag)).into_iter().collect();
        self.ask("GET", path, &headers, "")
    }

    pub(crate) fn post(&mut self, path: &str, kind: &str, body: &str) -> io::Result<Answer> {
        self.ask("POST", path, &[("content-type", kind)], body)
    }

    fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> io::Result<Answer> {
        let mut text = format!(
            "{method} {path} HTTP/1.1\r\nhost: soak\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n",
            self.token,
            body.len()
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(body);
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                BufReader::new(stream)
            }
        };
        stream.get_mut().write_all(text.as_bytes())?;
        let answer = answer(&mut stream)?;
        let kept = answer.whole && answer.header("connection") != Some("close");
        self.stream = kept.then_some(stream);
        Ok(answer)
    }
}

/// An answer whose head has come; its body may break off.
fn answer(stream: &mut impl BufRead) -> io::Result<Answer> {
    let line = line(stream)?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.ok_or(ErrorKind::InvalidData)?;
    let mut headers = Vec::new();
    loop {
        let line = self::line(stream)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer {
        status,
        headers,
        body: Vec::new(),
        whole: false,
    };
    let chunked = answer.header("transfer-encoding") == Some("chunked");
    let length = answer.header("content-length");
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    let read = match chunked {
        true => chunks(stream, &mut answer.body),
        false => part(stream, length, &mut answer.body),
    };
    answer.whole = read.is_ok();
    Ok(answer)
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    match stream.read_line(&mut line)? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end().to_owned()),
    }
}

fn chunks(stream: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let length = u64::from_str_radix(&line(stream)?, 16);
        let length = length.map_err(|_| ErrorKind::InvalidData)?;
        part(stream, length, body)?;
        line(stream)?;
        if length == 0 {
            return Ok(());
        }
    }
}

/// So many bytes, added to those that have come.
fn part(stream: &mut impl Read, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
    match stream.take(length).read_to_end(body)? as u64 == length {
        true => Ok(()),
        false => Err(ErrorKind::UnexpectedEof.into()),
    }
}

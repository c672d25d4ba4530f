//! The board, followed by Server-Sent Events.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::common::http::head;
use crate::common::serving::Server;
use crate::consumer::Consumer;
use crate::followed::caught_up;
use crate::made::{Platform, ledger};

/// Somebody who listens.
struct Listener(BufReader<TcpStream>);

impl Listener {
    fn begin(server: &Server, token: &str, after: Option<&str>) -> Self {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![
            ("authorization", bearer.as_str()),
            ("accept", "text/event-stream"),
        ];
        headers.extend(after.map(|after| ("last-event-id", after)));
        let mut stream = server.connect();
        let head = head("GET", "/v1/plaza/changes", &headers);
        stream.write_all(head.as_bytes()).unwrap();
        let mut listener = Self(BufReader::new(stream));
        assert!(listener.line().unwrap().starts_with("HTTP/1.1 200"));
        let mut kind = String::new();
        while let Some(line) = listener.line().filter(|line| !line.is_empty()) {
            if let Some(value) = line.strip_prefix("content-type: ") {
                kind = value.to_owned();
            }
        }
        assert_eq!(kind, "text/event-stream");
        listener
    }

    /// The next line, whatever chunks it came in; none at the end.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim_end().to_owned()),
        }
    }

    /// The next change, and the place after it; none where the stream ends.
    fn next(&mut self) -> Option<(String, Value)> {
        let mut id = String::new();
        loop {
            let line = self.line()?;
            if let Some(is) = line.strip_prefix("id: ") {
                id = is.to_owned();
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Some((id, serde_json::from_str(data).unwrap()));
            }
        }
    }

    /// Takes changes up to a place.
    fn take_until(&mut self, consumer: &mut Consumer, place: &str) {
        while consumer.after.as_deref() != Some(place) {
            let (id, change) = self.next().unwrap();
            assert_eq!(change["sequence"], consumer.number() + 1);
            consumer.take(&change);
            consumer.after = Some(id);
        }
    }
}

#[test]
fn a_stream_goes_on_where_another_ended() {
    let ledger = ledger();
    let mut platform = Platform::new(3);
    let server = ledger.serve(&[]);
    let token = ledger.token("consumer", &[]);
    let mut consumer = Consumer::default();
    let is = caught_up(&ledger, &server, &token);
    Listener::begin(&server, &token, None).take_until(&mut consumer, &is.sequence);
    consumer.has(&is);
    let mut listener = Listener::begin(&server, &token, Some(&is.sequence));
    for _ in 0..5 {
        platform.goes_on(&ledger, 30);
        let is = caught_up(&ledger, &server, &token);
        listener.take_until(&mut consumer, &is.sequence);
        consumer.has(&is);
    }
    // It ends with the service, which does not wait for it.
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert_eq!(listener.next(), None);
    let server = ledger.serve(&[]);
    let mut listener = Listener::begin(&server, &token, consumer.after.as_deref());
    platform.goes_on(&ledger, 30);
    let is = caught_up(&ledger, &server, &token);
    listener.take_until(&mut consumer, &is.sequence);
    consumer.has(&is);
}

#[test]
fn a_stream_ends_with_its_token() {
    let ledger = ledger();
    let server = ledger.serve(&[]);
    let made = |more: &[&str]| {
        let mut args = vec!["tokens", "new", "--role", "consumer", "--format", "jsonl"];
        args.extend(more);
        let made: Value = serde_json::from_str(&ledger.run(&args).good().out).unwrap();
        ["token", "id"].map(|key| made[key].as_str().unwrap().to_owned())
    };
    let [token, id] = made(&[]);
    let end = chrono::Utc::now() + chrono::Duration::seconds(3);
    let [short, _] = made(&["--expires", &end.format("%Y-%m-%dT%H:%M:%SZ").to_string()]);
    let is = caught_up(&ledger, &server, &token);
    let [mut revoked, mut expired] =
        [&token, &short].map(|token| Listener::begin(&server, token, Some(&is.sequence)));
    ledger.run(&["tokens", "revoke", &id]).good();
    assert_eq!(revoked.next(), None);
    assert_eq!(expired.next(), None);
}

#[test]
fn who_does_not_listen_holds_up_nobody() {
    let ledger = ledger();
    let mut platform = Platform::new(4);
    let server = ledger.serve(&[]);
    let token = ledger.token("consumer", &[]);
    caught_up(&ledger, &server, &token);
    // They never read what they are sent.
    let deaf: Vec<Listener> = (0..20)
        .map(|_| Listener::begin(&server, &token, None))
        .collect();
    let mut consumer = Consumer::default();
    let mut listener = Listener::begin(&server, &token, None);
    for _ in 0..3 {
        platform.goes_on(&ledger, 100);
        let is = caught_up(&ledger, &server, &token);
        listener.take_until(&mut consumer, &is.sequence);
        consumer.has(&is);
    }
    drop(deaf);
}

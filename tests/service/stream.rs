//! Streams of events: of any length, answered while they are sent, broken off, and killed.

use std::io::Write;
use std::net::TcpStream;

use serde_json::Value;

use super::append::{proved, served};
use crate::common::Ledger;
use crate::common::events::{complaint, jsonl};
use crate::common::http::{Answer, Reading, chunk};
use crate::common::serving::Server;

/// Complaints, a line each.
fn lines(range: std::ops::Range<usize>) -> String {
    range
        .map(|n| format!("{}\n", complaint(&format!("c{n}"))))
        .collect()
}

fn write(stream: &mut TcpStream, text: &str) {
    stream.write_all(&chunk(text.as_bytes())).unwrap();
}

fn end(stream: &mut TcpStream) {
    stream.write_all(b"0\r\n\r\n").unwrap();
}

#[test]
fn each_line_is_answered_while_the_next_is_still_to_come() {
    let (ledger, server) = served();
    let mut stream = server.stream("/v1/events");
    let mut answer = None;
    for n in 0..3 {
        let text = lines(n..n + 1);
        // Not even a whole line at a time.
        let (one, other) = text.split_at(20);
        write(&mut stream, one);
        write(&mut stream, other);
        let reading = stream.try_clone().unwrap();
        let answer = answer.get_or_insert_with(|| Reading::begin(reading));
        assert_eq!(answer.status, 200);
        let outcome = answer.line().unwrap();
        assert_eq!(
            (&outcome["line"], &outcome["outcome"]),
            (&(n + 1).into(), &"appended".into())
        );
        assert_eq!(ledger.ids().len(), 2 + n + 1);
        proved(&server, &outcome);
    }
    write(&mut stream, "\n\nnot json\n{\"id\":1}");
    end(&mut stream);
    let mut answer = answer.unwrap();
    let outcome = answer.line().unwrap();
    assert_eq!(
        (&outcome["line"], &outcome["code"]),
        (&6.into(), &"event.malformed".into())
    );
    assert_eq!(answer.line().unwrap()["line"], 7);
    let tally = serde_json::json!({"outcome": "end", "appended": 3, "duplicates": 0, "refused": 2});
    assert_eq!(answer.line().unwrap(), tally);
    assert_eq!(answer.line(), None);
}

#[test]
fn a_hundred_thousand_lines_are_taken_in_their_order() {
    let (ledger, server) = served();
    const COUNT: usize = 100_000;
    let mut stream = server.stream("/v1/events");
    let mut writing = stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        for from in (0..COUNT).step_by(500) {
            write(&mut writing, &lines(from..from + 500));
        }
        end(&mut writing);
    });
    let mut answer = Reading::begin(stream.try_clone().unwrap());
    let mut first = None;
    for line in 1..=COUNT {
        let outcome = answer.line().unwrap();
        assert_eq!(outcome["line"], line);
        assert_eq!(outcome["position"], line + 5);
        if line % 9_999 == 0 {
            proved(&server, &outcome);
        }
        first.get_or_insert(outcome);
    }
    assert_eq!(answer.line().unwrap()["appended"], COUNT);
    writer.join().unwrap();
    stream.flush().unwrap();
    // Sent again, every one is known; who cannot read meanwhile is told of the refused alone.
    let mut again = server.stream("/v1/events?outcomes=refused&proof=false");
    for from in (0..COUNT).step_by(1_000) {
        write(&mut again, &lines(from..from + 1_000));
    }
    write(&mut again, "{}\n");
    end(&mut again);
    let answer = Answer::read(again);
    let told: Vec<Value> = crate::common::lines(answer.text());
    assert_eq!(told.len(), 2, "{}", answer.text());
    assert_eq!(told[0]["line"], COUNT + 1);
    assert_eq!(
        (&told[1]["duplicates"], &told[1]["refused"]),
        (&COUNT.into(), &1.into())
    );
    ledger.run(&["verify"]).good();
}

#[test]
fn what_was_answered_before_a_kill_is_in_the_log() {
    let (ledger, server) = served();
    let mut stream = server.stream("/v1/events?proof=false");
    let mut writing = stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        for from in (0..).step_by(100) {
            let text = lines(from..from + 100);
            if writing.write_all(&chunk(text.as_bytes())).is_err() {
                return;
            }
        }
    });
    let mut answer = Reading::begin(stream.try_clone().unwrap());
    let mut answered: Vec<Value> = (0..3_000).map(|_| answer.line().unwrap()).collect();
    server.kill();
    while let Some(outcome) = answer.line() {
        answered.push(outcome);
    }
    let _ = stream.flush();
    writer.join().unwrap();
    let trail = ledger.audit(&["--type", "complaint.received"]);
    assert!(trail.len() >= answered.len());
    for outcome in &answered {
        let line = outcome["line"].as_u64().unwrap();
        let event = &trail[usize::try_from(line - 1).unwrap()];
        assert_eq!(event["id"], format!("c{}", line - 1));
        assert_eq!(event["position"], outcome["position"]);
        assert_eq!(event["recordedtime"], outcome["recordedtime"]);
    }
    ledger.run(&["verify"]).good();
    // Sending all of it again leaves each event once.
    let server = Server::start(&ledger, &[]);
    let count = trail.len() + 10;
    let again = server.send("application/x-ndjson", lines(0..count));
    let told = crate::common::lines(again.text());
    let tally = told.last().unwrap();
    assert_eq!(
        (&tally["duplicates"], &tally["appended"]),
        (&trail.len().into(), &10.into())
    );
    assert_eq!(ledger.ids().len(), 2 + count);
}

#[test]
fn what_was_taken_is_finished_when_it_is_told_to_end() {
    let (ledger, server) = served();
    let mut stream = server.stream("/v1/events?proof=false");
    let mut answer = None;
    for n in 0..20 {
        write(&mut stream, &lines(n * 50..(n + 1) * 50));
        let reading = stream.try_clone().unwrap();
        let answer = answer.get_or_insert_with(|| Reading::begin(reading));
        answer.line().unwrap();
        if n == 10 {
            server.signal("TERM");
        }
    }
    end(&mut stream);
    let mut answer = answer.unwrap();
    let mut last = Value::Null;
    while let Some(outcome) = answer.line() {
        last = outcome;
    }
    assert_eq!(
        (&last["outcome"], &last["appended"]),
        (&"end".into(), &1_000.into())
    );
    drop((answer, stream));
    assert_eq!(server.wait(), Some(0));
    assert_eq!(ledger.ids().len(), 2 + 1_000);
}

#[test]
fn a_stream_that_breaks_off_leaves_what_came_whole() {
    let (ledger, server) = served();
    let mut stream = server.stream("/v1/events");
    write(&mut stream, &lines(0..3));
    write(&mut stream, &lines(3..4)[..50]);
    let mut answer = Reading::begin(stream.try_clone().unwrap());
    (0..3).for_each(|_| assert_eq!(answer.line().unwrap()["outcome"], "appended"));
    stream.write_all(b"zz\r\n").unwrap();
    let last = answer.line();
    if let Some(last) = last {
        assert_eq!(
            (&last["outcome"], &last["code"]),
            (&"failed".into(), &"body.invalid".into())
        );
    }
    assert_eq!(ledger.ids(), ["reg-d1", "reg-a1", "c0", "c1", "c2"]);
    let long = format!("{}\n{}", "x".repeat(300_000), lines(5..6));
    let told = server.send("application/x-ndjson", long);
    let told = crate::common::lines(told.text());
    assert_eq!(
        (&told[0]["code"], &told[1]["outcome"]),
        (&"event.malformed".into(), &"appended".into())
    );
}

#[test]
fn many_streams_and_an_import_share_the_log() {
    let (ledger, server) = served();
    let tallies: Vec<Value> = std::thread::scope(|scope| {
        let send = |n: usize| {
            let server = &server;
            scope.spawn(move || {
                let told = server.send("application/x-ndjson", lines(n * 200..n * 200 + 400));
                crate::common::lines(told.text()).pop().unwrap()
            })
        };
        let threads: Vec<_> = (0..8).map(send).collect();
        let imported: Vec<Value> = (0..500).map(|n| complaint(&format!("i{n}"))).collect();
        ledger.import_text(jsonl(&imported), &[]).counts(500, 0, 0);
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let sum = |name: &str| {
        tallies
            .iter()
            .map(|tally| tally[name].as_u64().unwrap())
            .sum::<u64>()
    };
    // 0 to 1,799, of which each but the outer ones was sent twice; those of an import carry no actor.
    assert_eq!(
        (sum("appended"), sum("duplicates"), sum("refused")),
        (1_800, 1_400, 0)
    );
    check(&ledger, 2 + 1_800 + 500);
}

fn check(ledger: &Ledger, count: usize) {
    assert_eq!(ledger.ids().len(), count);
    ledger.run(&["verify"]).good();
}

//! The board, told by HTTP.

use std::process::Command;

use serde_json::{Value, json};

use crate::common::serving::Server;
use crate::common::{Ledger, Ran};
use crate::consumer::{Consumer, board};
use crate::followed::caught_up;
use crate::made::{Platform, ledger};
use crate::receiver::{Receiver, Request, status, taken};

/// What a service needs to tell somebody here, and soon again.
const HERE: [&str; 5] = [
    "--webhooks-allow-private",
    "--webhooks-schedule",
    "0s,0s,0s,0s,0s,0s",
    "--webhooks-timeout",
    "2",
];

/// Adds somebody; the id and the secret.
fn add(ledger: &Ledger, url: &str, more: &[&str]) -> [String; 2] {
    let mut args = vec!["webhooks", "add", url, "--format", "jsonl"];
    args.extend(more);
    let added: Value = serde_json::from_str(&ledger.run(&args).good().out).unwrap();
    ["id", "secret"].map(|key| added[key].as_str().unwrap().to_owned())
}

fn lines(ledger: &Ledger, args: &[&str]) -> Vec<Value> {
    let mut all = args.to_vec();
    all.extend(["--format", "jsonl"]);
    let out = ledger.run(&all).good().out;
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Waits until the only endpoint is listed so.
fn until(ledger: &Ledger, is_so: impl Fn(&Value) -> bool) -> Value {
    let begun = std::time::Instant::now();
    loop {
        let listed = lines(ledger, &["webhooks", "list"]).remove(0);
        if is_so(&listed) {
            return listed;
        }
        assert!(begun.elapsed().as_secs() < 60, "{listed}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Takes what comes up to a place, each change once: what was taken may come again after a crash.
fn take_until(receiver: &Receiver, consumer: &mut Consumer, place: &str) -> Vec<Request> {
    let mut requests = Vec::new();
    while consumer.after.as_deref() != Some(place) {
        let request = receiver.next();
        let change = request.change();
        let number = change["sequence"].as_u64().unwrap();
        if number > consumer.number() {
            assert_eq!(number, consumer.number() + 1, "one was left out");
            assert!(request.id().ends_with(&format!(":{number}")));
            consumer.take(&change);
            consumer.after = Some(request.id().to_owned());
        }
        requests.push(request);
    }
    requests
}

/// The signatures, by a library that others wrote.
fn verified(secret: &str, requests: &[Request]) {
    let told = std::env::var("STANDING_PYTHON").ok();
    let python = told.clone().unwrap_or_else(|| "python3".to_owned());
    let has_package = Command::new(&python)
        .args(["-c", "import standardwebhooks"])
        .output();
    if told.is_none() && !has_package.is_ok_and(|ran| ran.status.success()) {
        eprintln!("NOT CHECKED with standardwebhooks: `python3` or its package is missing");
        return;
    }
    let requests = requests.iter();
    let sent: Vec<Value> = requests
        .map(|one| json!({"headers": one.headers, "body": one.body}))
        .collect();
    let input = std::env::temp_dir().join(format!("webhooks-{}.json", std::process::id()));
    std::fs::write(
        &input,
        json!({"secret": secret, "requests": sent}).to_string(),
    )
    .unwrap();
    let ran: Ran = Command::new(&python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/feed/verify_webhooks.py"
        ))
        .stdin(std::fs::File::open(&input).unwrap())
        .output()
        .unwrap()
        .into();
    std::fs::remove_file(&input).unwrap();
    assert_eq!(ran.good().out.trim(), sent.len().to_string());
}

#[test]
fn whoever_is_told_has_the_board_through_kills_takeovers_and_rebuilds() {
    let ledger = ledger();
    let mut platform = Platform::new(5);
    let receiver = Receiver::begin(|_, _| taken());
    let url = format!("http://{}/hooks?of=standing", receiver.address);
    let [_, secret] = add(&ledger, &url, &[]);
    let mut server: Server = ledger.serve(&HERE);
    let token = ledger.token("consumer", &[]);
    let mut consumer = Consumer::default();
    let mut all = Vec::new();
    for turn in 0..4 {
        platform.goes_on(&ledger, 20);
        match turn {
            1 => {
                server.kill();
                server = ledger.serve(&HERE);
            }
            2 => drop(ledger.run(&["readmodel", "rebuild"]).good()),
            3 => {
                // Another one takes over.
                let other = ledger.serve(&HERE);
                server.kill();
                server = other;
            }
            _ => {}
        }
        caught_up(&ledger, &server, &token);
        // What ends by itself may still change the board.
        loop {
            let is = board(&server, &token);
            all.extend(take_until(&receiver, &mut consumer, &is.sequence));
            if board(&server, &token).sequence == is.sequence {
                consumer.has(&is);
                break;
            }
        }
    }
    assert!(all[0].head.starts_with("POST /hooks?of=standing HTTP/1.1"));
    assert_eq!(all[0].headers["content-type"], "application/json");
    verified(&secret, &all);
    let listed = until(&ledger, |one| {
        one["place"].as_str() == consumer.after.as_deref()
    });
    assert_eq!(
        (&listed["state"], &listed["dead"]),
        (&json!("good"), &json!(0))
    );
    assert!(!listed.to_string().contains(&secret));
}

#[test]
fn what_was_not_taken_is_sent_again_and_is_the_same() {
    let ledger = ledger();
    let elsewhere = Receiver::begin(|_, _| taken());
    let location = format!("302 Found\r\nlocation: http://{}/", elsewhere.address);
    let receiver = Receiver::begin(move |number, _| match number {
        0 => status("500 Internal Server Error"),
        1 => Some("\u{7}garbage\r\n\r\n".to_owned()),
        2 => status(&location),
        3 => None,
        4 => Some(String::new()),
        // That is taken, whatever does not follow.
        5 => Some("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\nand".to_owned()),
        _ => taken(),
    });
    let [_, secret] = add(&ledger, &format!("http://{}", receiver.address), &[]);
    let _server = ledger.serve(&HERE);
    let attempts: Vec<Request> = (0..6).map(|_| receiver.next()).collect();
    let first = &attempts[0];
    assert!(first.id().ends_with(":1"));
    for again in &attempts {
        assert_eq!((again.id(), &again.body), (first.id(), &first.body));
    }
    verified(&secret, &attempts);
    assert!(receiver.next().id().ends_with(":2"));
    elsewhere.is_left_alone();
}

#[test]
fn who_hangs_holds_up_nobody_else() {
    let ledger = ledger();
    let deaf = Receiver::begin(|_, _| None);
    let receiver = Receiver::begin(|_, _| taken());
    for one in [&deaf, &receiver] {
        add(&ledger, &format!("http://{}/", one.address), &[]);
    }
    let server = ledger.serve(&["--webhooks-allow-private", "--webhooks-timeout", "600"]);
    let token = ledger.token("consumer", &[]);
    let is = caught_up(&ledger, &server, &token);
    let mut consumer = Consumer::default();
    take_until(&receiver, &mut consumer, &is.sequence);
    consumer.has(&is);
    // What is under way does not hold up the service's end either.
    assert!(deaf.next().id().ends_with(":1"));
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    deaf.is_left_alone();
}

#[test]
fn what_is_never_taken_is_laid_aside_and_can_be_sent_again() {
    let ledger = ledger();
    let (well, is_well) = std::sync::mpsc::channel::<()>();
    let receiver = Receiver::begin(move |_, request| {
        match request.id().ends_with(":2") && is_well.try_recv().is_err() {
            true => status("503 Service Unavailable"),
            false => taken(),
        }
    });
    let [id, _] = add(&ledger, &format!("http://{}/", receiver.address), &[]);
    let schedule = ["--webhooks-allow-private", "--webhooks-schedule", "0s"];
    let server = ledger.serve(&schedule);
    let told: Vec<Request> = (0..4).map(|_| receiver.next()).collect();
    let numbers: Vec<Value> = told
        .iter()
        .map(|one| one.change()["sequence"].clone())
        .collect();
    assert_eq!(numbers, [1, 2, 2, 3]);
    let dead = lines(&ledger, &["webhooks", "dead", &id]);
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0]["id"], told[1].id());
    assert_eq!(dead[0]["failure"], "it answered 503 Service Unavailable");
    let token = ledger.token("consumer", &[]);
    let is = caught_up(&ledger, &server, &token).sequence;
    until(&ledger, |one| one["place"] == is.as_str());
    while receiver.next().id() != is {}

    // Once more in vain, and then it is taken.
    ledger.run(&["webhooks", "resend", &id]).good();
    assert_eq!(receiver.next().id(), told[1].id());
    until(&ledger, |one| one["resending"] == 0 && one["dead"] == 1);
    well.send(()).unwrap();
    ledger
        .run(&["webhooks", "resend", &id, told[1].id()])
        .good();
    assert_eq!(receiver.next().body, told[1].body);
    until(&ledger, |one| one["dead"] == 0);
    let none = ledger.run(&["webhooks", "resend", &id]).with_code(1);
    assert!(none.err.contains("no such dead letter"), "{}", none.err);
}

#[test]
fn who_wants_no_more_is_told_no_more() {
    let ledger = ledger();
    let receiver = Receiver::begin(|_, _| status("410 Gone"));
    let [id, _] = add(&ledger, &format!("http://{}/", receiver.address), &[]);
    let _server = ledger.serve(&HERE);
    assert!(receiver.next().id().ends_with(":1"));
    let listed = until(&ledger, |one| one["state"] == "ended");
    assert_ne!(listed["ended"], Value::Null);
    receiver.is_left_alone();
    let refused = ledger.run(&["webhooks", "resend", &id]).with_code(1);
    assert!(refused.err.contains("410"), "{}", refused.err);
    ledger.run(&["webhooks", "remove", &id]).good();
    assert_eq!(lines(&ledger, &["webhooks", "list"]), Vec::<Value>::new());
    ledger.run(&["webhooks", "remove", &id]).with_code(1);
}

#[test]
fn nobody_is_reached_whom_only_this_machine_reaches() {
    let ledger = ledger();
    let receiver = Receiver::begin(|_, _| taken());
    let port = receiver.address.rsplit_once(':').unwrap().1;
    for (url, why) in [
        (
            format!("https://127.0.0.1:{port}/"),
            "127.0.0.1 is no public address",
        ),
        (
            format!("https://[::ffff:127.0.0.1]:{port}/"),
            "is no public address",
        ),
        (format!("https://localhost:{port}/"), "is no public address"),
        (format!("http://127.0.0.1:{port}/"), "without TLS"),
    ] {
        let [id, _] = add(&ledger, &url, &[]);
        let server = ledger.serve(&["--webhooks-schedule", "1h"]);
        let listed = until(&ledger, |one| one["tried"] == 1);
        let failure = listed["failure"].as_str().unwrap();
        assert!(failure.contains(why), "{url}: {failure}");
        assert_eq!(listed["state"], "failing");
        drop(server);
        ledger.run(&["webhooks", "remove", &id]).good();
    }
    receiver.is_left_alone();
    for wrong in [
        "ftp://plaza.example/",
        "plaza.example",
        "https://a:b@plaza.example/",
        "https://",
    ] {
        ledger.run(&["webhooks", "add", wrong]).with_code(1);
    }
}

#[test]
fn where_the_sequence_is_lost_it_is_told_from_its_first_change() {
    let ledger = ledger();
    let server = ledger.serve(&HERE);
    let token = ledger.token("consumer", &[]);
    let place = caught_up(&ledger, &server, &token).sequence;
    let receiver = Receiver::begin(|_, _| taken());
    let url = format!("http://{}/", receiver.address);
    add(&ledger, &url, &["--after", &place]);
    // It has the board up to there, and is told what comes.
    receiver.is_left_alone();
    server.kill();
    match ledger.place.database() {
        Some(database) => database.execute("DROP SCHEMA readmodel CASCADE"),
        None => std::fs::remove_file(ledger.path("standing.readmodel.db")).unwrap(),
    }
    let server = ledger.serve(&HERE);
    let again = caught_up(&ledger, &server, &token);
    let mut consumer = Consumer::default();
    take_until(&receiver, &mut consumer, &again.sequence);
    consumer.has(&again);
    let listed = until(&ledger, |one| one["place"] == again.sequence.as_str());
    assert_ne!(listed["begun_anew"], Value::Null);
}

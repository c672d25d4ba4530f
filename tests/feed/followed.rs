//! The board, followed by pages.

use serde_json::{Value, json};

use crate::common::serving::Server;
use crate::common::{Ledger, rulebook};
use crate::consumer::{Board, Consumer, board};
use crate::made::{Platform, ledger, now};

/// Waits until the tables know all of the log.
pub(crate) fn caught_up(ledger: &Ledger, server: &Server, token: &str) -> Board {
    let head = ledger.audit(&[]).last().unwrap()["position"].clone();
    let begun = std::time::Instant::now();
    loop {
        let path = format!("/v1/plaza?limit=1&min_position={head}");
        match server.ask_with("GET", &path, Some(token)).status {
            200 => return board(server, token),
            503 => assert!(begun.elapsed().as_secs() < 60, "the tables do not come"),
            other => panic!("{other}"),
        }
    }
}

/// The rules with other weights, from some month on.
fn other_rules(month: u32) -> String {
    let text = rulebook("weibo-2016-01-01.toml");
    let date = format!("2016-{month:02}-01");
    text.replace("2016-01-01", &date)
        .replace("weight = 30", &format!("weight = {}", 30 - month))
        .replace("weight = 10", &format!("weight = {}", 10 + month))
}

/// Each consumer has the board that is now, whenever and wherever it began.
#[track_caller]
fn all_have_the_board(consumers: &mut [Consumer], server: &Server, token: &str) {
    loop {
        for (limit, consumer) in (1..).zip(&mut *consumers) {
            consumer.go_on(server, token, limit * 7);
        }
        let is = board(server, token);
        // What ends by itself may have ended in between.
        if consumers
            .iter()
            .all(|one| one.after.as_ref() == Some(&is.sequence))
        {
            consumers.iter().for_each(|one| one.has(&is));
            return;
        }
    }
}

fn whoever_follows_has_the_board(seed: u64) {
    let ledger = ledger();
    let mut platform = Platform::new(seed);
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut server = ledger.serve(&[]);
    let token = ledger.token("consumer", &[]);
    caught_up(&ledger, &server, &token);
    let mut consumers = vec![Consumer::default(), Consumer::of_pages(&server, &token)];
    let mut month = 2;
    for turn in 0..12 {
        platform.goes_on(&ledger, rng.usize(1..40));
        match turn % 6 {
            0 => consumers.push(Consumer::of_pages(&server, &token)),
            1 => {
                server.kill();
                platform.goes_on(&ledger, 5);
                server = ledger.serve(&[]);
            }
            2 => drop(ledger.run(&["readmodel", "rebuild"]).good()),
            3 => {
                std::fs::write(ledger.path("rules.toml"), other_rules(month)).unwrap();
                ledger.run(&["rules", "publish", "rules.toml"]).good();
                month += 1;
            }
            4 => {
                // Made anew while nobody serves, after what is not told yet.
                server.kill();
                platform.goes_on(&ledger, 20);
                ledger.run(&["readmodel", "rebuild"]).good();
                server = ledger.serve(&[]);
            }
            _ => {
                let begun = std::time::Instant::now();
                while begun.elapsed().as_millis() < 1_000 {
                    consumers
                        .iter_mut()
                        .for_each(|one| one.go_on(&server, &token, 3));
                }
            }
        }
        caught_up(&ledger, &server, &token);
        all_have_the_board(&mut consumers, &server, &token);
    }
    let told = consumers[0].number();
    assert!(told > 100, "little has happened: {told}");
}

#[test]
fn whoever_follows_has_the_board_whatever_happens() {
    whoever_follows_has_the_board(1);
}

#[test]
fn whoever_follows_has_the_board_whatever_else_happens() {
    whoever_follows_has_the_board(2);
}

/// The changes after a place, and the place after them.
fn changes(server: &Server, token: &str, after: &str) -> (Vec<Value>, String) {
    let path = format!("/v1/plaza/changes?limit=1000&after={after}");
    let page = server.json_with(&path, token);
    let sequence = page["sequence"].as_str().unwrap().to_owned();
    (page["changes"].as_array().unwrap().clone(), sequence)
}

#[test]
fn what_is_told_says_what_changed_and_what_is_behind_it() {
    let ledger = ledger();
    let server = ledger.serve(&[]);
    let token = ledger.token("consumer", &[]);
    let mut place = caught_up(&ledger, &server, &token).sequence;
    let mut next = |event: Option<Value>| {
        let event = event.map(|event| {
            ledger.import(&[event]).counts(1, 0, 0);
            ledger.audit(&[]).last().unwrap()["position"].clone()
        });
        caught_up(&ledger, &server, &token);
        let begun = std::time::Instant::now();
        loop {
            let (told, after) = changes(&server, &token, &place);
            if !told.is_empty() {
                place = after;
                let of_app = told.iter().filter(|one| one["app"] == "a0-0");
                let of_app: Vec<Value> = of_app.cloned().collect();
                for change in &of_app {
                    let behind = match change["change"] == "rank" {
                        true => &Value::Null,
                        false => event.as_ref().unwrap_or(&Value::Null),
                    };
                    assert_eq!(&change["event"], behind, "{change}");
                    let known = event.as_ref().unwrap_or(&change["position"]);
                    assert_eq!(&change["position"], known, "{change}");
                }
                return of_app;
            }
            assert!(begun.elapsed().as_secs() < 60, "nothing is told");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    let said = |told: &[Value]| -> Vec<(String, Value, Value)> {
        let one = |change: &Value| {
            let entry = &change["entry"];
            let shown = json!([entry["score"], entry["eligible"]]);
            let kind = change["change"].as_str().unwrap().to_owned();
            (kind, shown, change["rank"].clone())
        };
        told.iter().map(one).collect()
    };
    let change = |kind: &str, shown: Value, rank: u64| {
        let rank = if rank == 0 { Value::Null } else { rank.into() };
        (kind.to_owned(), shown, rank)
    };
    let reason = json!({"reason": "something"});
    let none = json!([null, null]);

    let told = next(Some(now(
        "x1",
        "behavior.observed",
        json!({"code": "all_inner_links"}),
    )));
    assert_eq!(said(&told), [change("score", json!([10, true]), 1)]);

    let end = chrono::Utc::now() + chrono::Duration::seconds(3);
    let until = end.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let data = json!({"measures": ["take_offline"], "until": until, "reason": "something"});
    let told = next(Some(now("x2", "measure.imposed", data)));
    let gone = [
        change("suspended", none.clone(), 0),
        change("rank", none.clone(), 0),
    ];
    assert_eq!(said(&told)[..1], gone[..1]);
    // It ends by itself: nobody sent anything.
    let told = next(None);
    let back = json!([10, true]);
    assert_eq!(said(&told)[0].0, "resumed");
    assert_eq!(said(&told).last(), Some(&change("rank", back, 1)));
    assert!(told[0]["as_of"].as_str().unwrap()[..19] >= until[..19]);

    let data = json!({"condition": "platform_related", "met": false});
    let told = next(Some(now("x3", "certification.assessed", data)));
    assert_eq!(said(&told), [change("ineligible", json!([10, false]), 1)]);

    let told = next(Some(now("x4", "app.delisted", reason)));
    assert_eq!(said(&told)[0], change("delisted", none, 0));
}

#[test]
fn as_many_ranks_are_told_as_are_wanted() {
    let ledger = ledger();
    let mut platform = Platform::new(5);
    let token = ledger.token("consumer", &[]);
    for ranks in [2, 5, 0] {
        let server = ledger.serve(&["--plaza-ranks", &ranks.to_string()]);
        platform.goes_on(&ledger, 60);
        caught_up(&ledger, &server, &token);
        let mut consumer = Consumer::default();
        let is = loop {
            consumer.go_on(&server, &token, 1_000);
            let is = board(&server, &token);
            if consumer.after.as_ref() == Some(&is.sequence) {
                break is;
            }
        };
        consumer.has_ranks(&is, ranks);
    }
}

#[test]
fn a_place_that_there_is_not_is_refused() {
    let ledger = ledger();
    let server = ledger.serve(&[]);
    let token = ledger.token("consumer", &[]);
    let place = caught_up(&ledger, &server, &token).sequence;
    let ask = |after: &str| {
        let path = format!("/v1/plaza/changes?after={after}");
        server.ask_with("GET", &path, Some(&token))
    };
    ask(&place).with(200);
    let (epoch, number) = place.split_once(':').unwrap();
    let ahead: u64 = number.parse::<u64>().unwrap() + 1;
    let other = epoch.replace(&epoch[..1], if &epoch[..1] == "0" { "1" } else { "0" });
    for after in [format!("{epoch}:{ahead}"), format!("{other}:{number}")] {
        let refused = ask(&after);
        assert_eq!(refused.problem(409).0, "sequence.unknown", "{after}");
        assert!(refused.text().contains(&place), "{}", refused.text());
    }
    for wrong in ["1", "x:1", &format!("{epoch}:-1"), &format!("{epoch}:")] {
        let expected = ("parameter.invalid".into(), "?after".into());
        assert_eq!(ask(wrong).problem(400), expected, "{wrong}");
    }
    let headers = [("last-event-id", "nothing")];
    let answer = server.send_with("GET", "/v1/plaza/changes", Some(&token), &headers, b"");
    assert_eq!(answer.problem(400).1, "Last-Event-ID");
}

#[test]
fn where_what_was_told_is_lost_it_is_told_anew_by_another_name() {
    let ledger = ledger();
    let server = ledger.serve(&[]);
    let token = ledger.token("consumer", &[]);
    let place = caught_up(&ledger, &server, &token).sequence;
    server.kill();
    match ledger.place.database() {
        Some(database) => database.execute("DROP SCHEMA readmodel CASCADE"),
        None => std::fs::remove_file(ledger.path("standing.readmodel.db")).unwrap(),
    }
    let server = ledger.serve(&[]);
    let again = caught_up(&ledger, &server, &token);
    let path = format!("/v1/plaza/changes?after={place}");
    let refused = server.ask_with("GET", &path, Some(&token));
    assert_eq!(refused.problem(409).0, "sequence.unknown");
    let mut consumer = Consumer::default();
    consumer.go_on(&server, &token, 10);
    consumer.has(&again);
}

//! `GET /v1/developers/{developer}/notices`.

use serde_json::Value;

use super::common::serving::Server;
use super::{ground, violation_on};

const AS_OF: &str = "2016-03-20T00:00:00Z";

#[test]
fn the_service_tells_what_the_command_prints_page_by_page() {
    let ledger = ground();
    let days = 1..=7;
    let events: Vec<Value> = days
        .map(|day| violation_on(&format!("v{day}"), day, "bulk_scraping"))
        .collect();
    ledger.import_trusted(&events).counts(7, 0, 0);
    let server = Server::start(&ledger, &[]);
    for lang in ["en", "zh"] {
        let args = ["notices", "d1", "--format", "jsonl", "--as-of", AS_OF];
        let printed = ledger.run(&[&args[..], &["--lang", lang]].concat());
        let printed = printed.good().lines();
        let path = "/v1/developers/d1/notices";
        let mut page = format!("{path}?as_of={AS_OF}&lang={lang}&limit=3");
        let mut told = Vec::new();
        loop {
            let answer = server.get(&page);
            let body = answer.with(200);
            assert_eq!(answer.header("standing-as-of"), Some(AS_OF));
            told.extend(body["notices"].as_array().unwrap().clone());
            let Some(next) = body["next"].as_str() else {
                break;
            };
            page = format!("{path}?limit=2&page={next}");
        }
        // Seven sanctions, and the downgrade that the sixth brings.
        assert_eq!(told.len(), 8);
        assert_eq!(told, printed);
    }
    let of_another = server.get(&format!("/v1/developers/d1/notices?as_of={AS_OF}&limit=1"));
    let next = of_another.with(200)["next"].as_str().unwrap().to_owned();
    let path = format!("/v1/developers/d2/notices?page={next}");
    assert_eq!(server.get(&path).problem(400).0, "page.invalid");
    let both = format!("/v1/developers/d1/notices?page={next}&lang=zh");
    assert_eq!(server.get(&both).problem(400).1, "?page");
    assert_eq!(
        server.get("/v1/developers/nobody/notices").problem(404).0,
        "subject.unknown"
    );
}

#[test]
fn a_developer_is_shown_its_own_notices_only() {
    let ledger = ground();
    let token = ledger.token("developer", &["--developer", "d1"]);
    ledger
        .import_trusted(&[violation_on("v", 1, "bulk_scraping")])
        .counts(1, 0, 0);
    let server = Server::start(&ledger, &[]);
    let own = server.json_with("/v1/developers/d1/notices", &token);
    assert_eq!(own["notices"].as_array().unwrap().len(), 1);
    for other in ["d2", "nobody"] {
        let path = format!("/v1/developers/{other}/notices");
        let refused = server.ask_with("GET", &path, Some(&token));
        assert_eq!(refused.problem(403).0, "access.denied", "{other}");
    }
}

//! The authorization matrix: each role on each route that the service says it has, held against the
//! page that people read.

use serde_json::{Value, json};
use standing::access::Role;
use standing_projections::event::Kind;

use super::common::events::{T, app, complaint, developer, event, retraction, violation, with};
use super::common::serving::Server;
use super::common::{Ledger, text};
use super::page;

/// A ledger with two developers, and a token of each role; the developer's is that of `d1`.
fn ground() -> (Ledger, Vec<(Role, String)>) {
    let ledger = Ledger::new();
    let mut of_d2 = violation("v2", "a2", "bulk_scraping");
    of_d2["source"] = "/test".into();
    let events = [
        developer("d1"),
        app("a1", "d1", "in_site"),
        developer("d2"),
        app("a2", "d2", "in_site"),
        violation("v1", "a1", "bulk_scraping"),
        with(
            with(complaint("ticket-of-bob"), "source", "/users/bob"),
            "actor",
            "desk-of-bob",
        ),
        with(
            retraction(
                "r1",
                "a1",
                json!({"id": "ticket-of-bob", "source": "/users/bob"}),
            ),
            "actor",
            "desk-of-bob",
        ),
        of_d2,
    ];
    ledger.import(&events).counts(8, 0, 0);
    let tokens = Role::ALL.map(|role| {
        let args: &[&str] = match role {
            Role::Developer => &["--developer", "d1"],
            _ => &[],
        };
        (role, ledger.token(role.as_str(), args))
    });
    (ledger, tokens.into())
}

fn token_of(tokens: &[(Role, String)], role: Role) -> &str {
    &tokens.iter().find(|(of, _)| *of == role).unwrap().1
}

/// A path with something in the place of each parameter, which is `d1`'s where it can be.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{developer}" => "d1",
        "{app}" => "a1",
        "{position}" => "5",
        part if part.starts_with('{') => "0",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn is_turned_away(status: u16) -> bool {
    matches!(status, 401 | 403)
}

#[test]
fn each_role_may_do_on_each_route_what_the_page_says_and_nothing_else() {
    let (ledger, tokens) = ground();
    let service = ledger.serve(&[]);
    // Its tables may come a moment later.
    let auditor = token_of(&tokens, Role::Auditor);
    while service.ask_with("GET", "/v1/plaza", Some(auditor)).status == 503 {}
    let (actions, routes) = (page::actions(), page::routes());
    let document = service.json_with("/v1/openapi.json", token_of(&tokens, Role::Auditor));
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            let needs = routes
                .get(&(method.clone(), page::unnamed(path)))
                .unwrap_or_else(|| panic!("{method} {path} is not in docs/access.md"));
            let open = operation["security"] == json!([{}]);
            assert_eq!(open, *needs == "nothing", "{method} {path}: {operation}");
            let body: &[u8] = if method == "POST" { b"{}" } else { b"" };
            let headers = [("content-type", "application/json")];
            let ask = |token| service.send_with(&method, &filled(path), token, &headers, body);
            let stranger = ask(None);
            assert_eq!(
                stranger.status == 401,
                !open,
                "{method} {path}: {stranger:?}"
            );
            if open {
                continue;
            }
            assert_eq!(
                stranger.header("www-authenticate"),
                Some("Bearer realm=\"standing\"")
            );
            for (role, token) in &tokens {
                let answer = ask(Some(token));
                let may = actions[needs].contains(role);
                assert_eq!(
                    is_turned_away(answer.status),
                    !may,
                    "{role}: {method} {path}: {answer:?}"
                );
                assert!(answer.status < 500, "{answer:?}");
                if !may {
                    assert_eq!(answer.code(), "access.denied");
                }
                // What can be answered is what is written down.
                let status = answer.status.to_string();
                assert!(
                    operation["responses"].get(&status).is_some(),
                    "{method} {path} does not say that it answers {status}"
                );
                asked += 1;
            }
        }
    }
    assert!(asked >= 70, "{asked}");
}

#[test]
fn what_is_no_route_and_no_method_is_said_to_be_none() {
    let (ledger, tokens) = ground();
    let service = ledger.serve(&[]);
    for (role, token) in &tokens {
        for path in ["/", "/v1", "/v1/secrets", "/v1/events/", "/docs/../v1/x"] {
            let answer = service.ask_with("GET", path, Some(token));
            assert!(
                answer.status == 404 || answer.status == 403,
                "{role}: {path}: {answer:?}"
            );
        }
        for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FLY"] {
            let answer = service.ask_with(method, "/v1/events", Some(token));
            assert_eq!(answer.status, 405, "{role}: {method}: {answer:?}");
            assert_eq!(answer.header("allow"), Some("POST, GET, HEAD"));
            assert_eq!(answer.code(), "method.not_allowed");
        }
    }
}

/// Data that fits each type.
fn data_of(kind: Kind) -> Value {
    let reference = json!({"id": "v1", "source": "/test"});
    match kind {
        Kind::DeveloperRegistered => json!({"name": "n", "kind": "connection"}),
        Kind::DeveloperGraded => json!({"grade": "senior"}),
        Kind::DeveloperLeft => json!({}),
        Kind::DeveloperTerminated
        | Kind::DeveloperReinstated
        | Kind::AppDelisted
        | Kind::AppKeyDisabled
        | Kind::AppKeyEnabled => json!({"reason": "r"}),
        Kind::AppRegistered => json!({"developer": "d1", "name": "n", "channel": "in_site"}),
        Kind::AppPermissionChanged => json!({"permission": "partner"}),
        Kind::ViolationFound
        | Kind::ViolationRemedied
        | Kind::BehaviorObserved
        | Kind::BehaviorCeased => json!({"code": "none"}),
        Kind::ComplaintReceived => json!({"class": "normal"}),
        Kind::OutageStarted => json!({"outage": "o", "cause": "developer"}),
        Kind::OutageEnded | Kind::OutageExplained => json!({"outage": "o"}),
        Kind::OutageDayRecorded => json!({"date": "2016-03-01", "cause": "developer"}),
        Kind::UsageReported => json!({"date": "2016-03-01", "daily_users": 1}),
        Kind::CertificationAssessed => json!({"condition": "platform_related", "met": true}),
        Kind::ReviewSubmitted | Kind::ReviewApproved => json!({"stage": "copy"}),
        Kind::ReviewRejected => json!({"stage": "copy", "reasons": ["r"]}),
        Kind::InspectionFailed => json!({"severity": "minor", "findings": ["f"]}),
        Kind::InspectionRemedied | Kind::ReportRemedied => json!({}),
        Kind::ReportConfirmed => json!({"severity": "ordinary"}),
        Kind::MeasureImposed => json!({"measures": ["block_api"], "until": null, "reason": "r"}),
        Kind::MeasureLifted => json!({"measures": ["block_api"], "reason": "r"}),
        Kind::DataDeletionOrdered | Kind::DataDeletionConfirmed => json!({"scope": "all"}),
        Kind::EventRetracted | Kind::PrivateErased | Kind::DecisionWithdrawn => {
            json!({"event": reference, "reason": "r"})
        }
        Kind::DecisionProposed => json!({
            "type": "developer.terminated", "data": {"reason": "r"}, "reason": "r",
        }),
        Kind::DecisionConfirmed => json!({"event": reference}),
        Kind::AppealFiled => json!({"event": reference, "statement": "s"}),
        Kind::AppealDecided => json!({"event": reference, "outcome": "denied", "reason": "r"}),
        Kind::RulebookPublished => json!({"version": "v", "toml": "", "sha256": "0"}),
    }
}

/// The code with which an event was refused; none, where it was taken.
fn refused(service: &Server, token: &str, event: &Value) -> Option<String> {
    let headers = [("content-type", "application/cloudevents+json")];
    let body = event.to_string();
    let answer = service.send_with("POST", "/v1/events", Some(token), &headers, body.as_bytes());
    match answer.status {
        200 | 201 => None,
        _ => Some(answer.code()),
    }
}

#[test]
fn each_role_may_send_the_types_that_the_page_says() {
    let (ledger, tokens) = ground();
    let service = ledger.serve(&[]);
    let kinds = page::kinds();
    for role in [Role::Recorder, Role::Reviewer, Role::Approver] {
        let token = token_of(&tokens, role);
        for kind in Kind::ALL {
            // About nobody that is registered: what may be sent is refused for that, or for itself.
            let event = event("m", kind.as_str(), T, "nobody", data_of(*kind));
            let code = refused(
                &service,
                token,
                &with(event, "id", format!("{role}-{kind}")),
            );
            let may = kinds[kind.as_str()].contains(&role);
            let denied = code.as_deref() == Some("access.denied");
            assert_eq!(denied, !may, "{role}: {kind}: {code:?}");
            assert_ne!(code.as_deref(), Some("event.data_invalid"), "{kind}");
        }
    }
}

#[test]
fn every_event_carries_the_actor_of_its_token() {
    let (ledger, _) = ground();
    let service = ledger.serve(&[]);
    let token = ledger.token("recorder", &["--actor", "desk-7"]);
    assert_eq!(refused(&service, &token, &complaint("c9")), None);
    let another = with(complaint("c10"), "actor", "desk-8");
    assert_eq!(
        refused(&service, &token, &another).as_deref(),
        Some("actor.mismatch")
    );
    let reader = ledger.token("auditor", &[]);
    let stored = service.json_with("/v1/events/12", &reader);
    assert_eq!(text(&stored, "actor"), "desk-7");
    assert_eq!(text(&stored, "id"), "c9");
    let page = service.json_with("/v1/events?after=11", &reader);
    assert_eq!(text(&page["events"][0], "actor"), "desk-7");
}

#[test]
fn a_developer_sees_its_own_and_not_who_complained() {
    let (ledger, tokens) = ground();
    let service = ledger.serve(&[]);
    let token = token_of(&tokens, Role::Developer);
    let page = service.json_with("/v1/events", token);
    let told = page.to_string();
    for hidden in ["bob", "a2", "d2", "actor"] {
        assert!(!told.contains(hidden), "{hidden}: {told}");
    }
    let events = page["events"].as_array().unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| text(event, "type")).collect();
    assert_eq!(
        kinds,
        [
            "developer.registered",
            "app.registered",
            "violation.found",
            "complaint.received",
            "event.retracted"
        ]
    );
    for path in [
        "/v1/events?developer=d2",
        "/v1/events?private=true",
        "/v1/events/9",
        "/v1/events/9/proof",
        "/v1/log/tile/entries/000",
    ] {
        let answer = service.ask_with("GET", path, Some(token));
        assert_eq!(answer.status, 403, "{path}: {answer:?}");
    }
    // Written in another way it is no way around.
    for path in [
        "/v1/log/tile/%65ntries/000",
        "/v1/events/%39",
        "/v1//events/9",
    ] {
        let answer = service.ask_with("GET", path, Some(token));
        assert!(
            matches!(answer.status, 400 | 403 | 404),
            "{path}: {answer:?}"
        );
    }
    // Nor is there a hole where somebody's name would be.
    let path = "/v1/apps/a1/explain?format=text";
    let why = service.ask_with("GET", path, Some(token));
    assert!(why.text().contains("complaint"), "{}", why.text());
    for hidden in ["bob", "from )"] {
        assert!(!why.text().contains(hidden), "{}", why.text());
    }
    let of_another = service.json_with("/v1/events?subject=a2", token);
    assert_eq!(of_another["events"], json!([]));
}

//! Decisions over HTTP: who may take which, what a refusal says, and what a dry run shows.

use serde_json::{Value, json};

use super::common::http::Answer;
use super::common::serving::Server;
use super::ground;

fn send(service: &Server, token: &str, query: &str, key: Option<&str>, body: &Value) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    let path = format!("/v1/decisions{query}");
    let body = body.to_string();
    service.send_with("POST", &path, Some(token), &headers, body.as_bytes())
}

fn appeal(position: u64) -> Value {
    json!({"type": "appeal.filed", "position": position, "data": {"statement": "not us"}})
}

fn decided(position: u64) -> Value {
    let data = json!({"outcome": "granted", "reason": "checked"});
    json!({"type": "appeal.decided", "position": position, "data": data})
}

#[test]
fn a_developer_appeals_about_its_own_and_an_approver_grants_it() {
    let (ledger, first) = ground();
    let own = ledger.token("developer", &["--developer", "d1", "--actor", "dev-1"]);
    let other = ledger.token("developer", &["--developer", "d2", "--actor", "dev-2"]);
    let reviewer = ledger.token("reviewer", &["--actor", "ann"]);
    let approver = ledger.token("approver", &["--actor", "bob"]);
    let recorder = ledger.token("recorder", &["--actor", "desk"]);
    let service = ledger.serve(&[]);
    while service.ask_with("GET", "/v1/plaza", Some(&approver)).status == 503 {}
    let ask = |token: &str, body: &Value| send(&service, token, "", None, body);

    // Another's event is as one that is not there.
    let foreign = ask(&other, &appeal(first));
    let nowhere = ask(&other, &appeal(999_999));
    assert_eq!((foreign.status, nowhere.status), (404, 404));
    assert_eq!(foreign.text(), nowhere.text());
    let by_name = json!({"type": "appeal.filed", "subject": "a2",
        "data": {"statement": "s", "event": {"id": "v1", "source": "/test"}}});
    assert_eq!(ask(&other, &by_name).status, 404);
    for (token, body) in [
        (&own, decided(first)),
        (&reviewer, decided(first)),
        (&recorder, appeal(first)),
    ] {
        assert_eq!(ask(token, &body).problem(403).0, "access.denied");
    }

    let filed = send(&service, &own, "", Some("k1"), &appeal(first));
    let position = filed.with(201)["positions"][0].clone();
    let again = send(&service, &own, "", Some("k1"), &appeal(first));
    assert_eq!(again.with(200)["positions"], json!([position]));
    let mut reworded = appeal(first);
    reworded["data"]["statement"] = "another".into();
    let conflict = send(&service, &own, "", Some("k1"), &reworded);
    assert_eq!(conflict.problem(409).0, "key.conflict");
    let pending = ask(&own, &appeal(first)).with(409);
    assert_eq!(pending["code"], "appeal.pending");
    assert_eq!(pending["state"], "pending");
    assert_eq!(pending["legal_now"][0], "appeal.decided outcome=granted");
    let waiting = service.json_with("/v1/decisions", &reviewer);
    assert_eq!(waiting["decisions"][0]["position"], position);

    let shown = send(&service, &approver, "?dry_run=true", None, &decided(first)).with(200);
    let changes = shown["changes"].as_array().unwrap();
    assert!(
        changes.iter().any(|one| one["field"] == "sanction"),
        "{shown}"
    );
    assert_eq!(service.json_with("/v1/decisions", &reviewer), waiting);
    let taken = ask(&approver, &decided(first)).with(201);
    let position = taken["positions"][0].as_u64().unwrap();
    let path = format!("/v1/developers/d1?min_position={position}");
    let standing = service.json_with(&path, &reviewer).to_string();
    assert!(
        !standing.contains(&format!("\"evidence\":[{first}]")),
        "{standing}"
    );
    assert_eq!(
        service.json_with("/v1/decisions", &reviewer)["decisions"],
        json!([])
    );
}

#[test]
fn a_termination_is_proposed_by_one_and_confirmed_by_another() {
    let (ledger, _) = ground();
    let reviewer = ledger.token("reviewer", &["--actor", "ann"]);
    let approver = ledger.token("approver", &["--actor", "bob"]);
    let same_person = ledger.token("approver", &["--actor", "ann"]);
    let service = ledger.serve(&[]);
    while service.ask_with("GET", "/v1/plaza", Some(&approver)).status == 503 {}
    let ask = |token: &str, body: &Value| send(&service, token, "", None, body);

    let at_once = json!({"type": "developer.terminated", "subject": "d2", "data": {"reason": "r"}});
    let refused = ask(&approver, &at_once).with(409);
    assert_eq!(refused["code"], "decision.needs_proposal");
    assert_eq!(
        refused["legal_now"],
        json!(["decision.proposed type=developer.terminated"])
    );
    let propose = json!({"type": "decision.proposed", "subject": "d2", "data": {
        "type": "developer.terminated", "data": {"reason": "r"}, "reason": "r"}});
    let proposal = ask(&reviewer, &propose).with(201)["positions"][0]
        .as_u64()
        .unwrap();
    let confirm = json!({"type": "decision.confirmed", "position": proposal, "data": {}});
    assert_eq!(ask(&reviewer, &confirm).status, 403);
    assert_eq!(
        ask(&same_person, &confirm).with(409)["code"],
        "decision.took_part"
    );
    let shown = send(&service, &approver, "?dry_run=true", None, &confirm).with(200);
    let status = shown["changes"].as_array().unwrap().iter();
    let status: Vec<_> = status.filter(|one| one["field"] == "status").collect();
    assert_eq!(status[0]["to"], "terminated", "{shown}");
    let taken = ask(&approver, &confirm).with(201);
    assert_eq!(taken["positions"], json!([proposal + 1, proposal + 2]));
    let closed = ask(&approver, &confirm).with(409);
    assert_eq!(
        (&closed["code"], &closed["state"]),
        (&json!("proposal.closed"), &json!("confirmed"))
    );
}

#[test]
fn what_is_no_decision_is_refused_with_its_place() {
    let (ledger, _) = ground();
    let approver = ledger.token("approver", &["--actor", "bob"]);
    let service = ledger.serve(&[]);
    while service.ask_with("GET", "/v1/plaza", Some(&approver)).status == 503 {}
    let before = ledger.audit(&[]).len();
    let cases = [
        (json!({}), 400, "body.invalid"),
        (json!({"type": "no.such", "data": {}}), 400, "body.invalid"),
        (
            json!({"type": "violation.found", "subject": "a1", "data": {"code": "x"}}),
            400,
            "body.invalid",
        ),
        (
            json!({"type": "measure.lifted", "subject": "nobody",
            "data": {"measures": ["block_api"], "reason": "r"}}),
            422,
            "subject.unknown",
        ),
        (
            json!({"type": "measure.lifted", "subject": "a1",
            "data": {"measures": ["no_such"], "reason": "r"}}),
            422,
            "measure.unknown",
        ),
        (
            json!({"type": "measure.lifted", "subject": "a1", "data": {}}),
            422,
            "event.data_invalid",
        ),
        (
            json!({"type": "decision.confirmed", "position": 1, "data": {}}),
            422,
            "ref.unknown",
        ),
        (
            json!({"type": "decision.confirmed", "position": 99999, "data": {}}),
            404,
            "position.unknown",
        ),
        (
            json!({"type": "decision.proposed", "subject": "a1", "data": {
            "type": "developer.terminated", "data": {"reason": "r"}, "reason": "r"}}),
            422,
            "subject.unknown",
        ),
    ];
    for (body, status, code) in cases {
        let answer = send(&service, &approver, "", None, &body);
        assert_eq!(answer.problem(status).0, code, "{body}");
    }
    assert_eq!(ledger.audit(&[]).len(), before);
}

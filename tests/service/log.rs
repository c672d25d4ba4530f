//! The log as those who check it read it.

use serde_json::Value;

use crate::common::Ledger;
use crate::common::events::{app, complaint, developer, jsonl};
use crate::common::serving::Server;

/// A ledger with a key and so many complaints.
fn signed(count: usize) -> Ledger {
    let ledger = Ledger::new();
    ledger.run(&["keys", "new", "example.com/log"]).good();
    ledger
        .import(&[developer("d1"), app("a1", "d1", "in_site")])
        .counts(2, 0, 0);
    let many: Vec<Value> = (0..count).map(|n| complaint(&format!("c{n}"))).collect();
    ledger
        .import_text(jsonl(&many), &[])
        .counts(count as u64, 0, 0);
    ledger
}

#[test]
fn what_is_served_is_what_is_written_as_files() {
    let ledger = signed(900);
    let server = Server::start(&ledger, &[]);
    let checkpoint = server.get("/v1/log/checkpoint");
    assert_eq!(checkpoint.header("standing-position"), Some("905"));
    ledger.run(&["tiles", "out"]).good();
    assert_eq!(ledger.read("out/checkpoint"), checkpoint.text());
    let mut found = 0;
    let mut folders = vec!["tile".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(ledger.path("out").join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
            if entry.path().is_dir() {
                folders.push(path);
                continue;
            }
            let served = server.get(&format!("/v1/log/{path}"));
            assert_eq!(served.status, 200, "{path}");
            assert!(
                served
                    .header("cache-control")
                    .unwrap()
                    .contains("immutable")
            );
            assert!(
                served.body == std::fs::read(entry.path()).unwrap(),
                "{path}"
            );
            found += 1;
        }
    }
    assert_eq!(found, 9, "four tiles, four bundles, and the tile above");
    // Of a tile that is whole, its beginnings too: a checkpoint of them may have been signed.
    let whole = server.get("/v1/log/tile/0/001").body;
    assert_eq!(server.get("/v1/log/tile/0/001.p/7").body, whole[..7 * 32]);
    for (path, status, code) in [
        ("tile/0/004", 404, "tile.unknown"),
        ("tile/0/003", 404, "tile.unknown"),
        ("tile/0/003.p/138", 404, "tile.unknown"),
        ("tile/1/000", 404, "tile.unknown"),
        ("tile/2/000", 404, "tile.unknown"),
        ("tile/8/000", 404, "tile.unknown"),
        ("tile/200/000.p/1", 404, "tile.unknown"),
        ("tile/entries/003", 404, "tile.unknown"),
        ("tile/entries/x009/x999/999.p/1", 404, "tile.unknown"),
        ("tile/0/0", 404, "tile.unknown"),
        ("tile/0/000.p/0", 404, "tile.unknown"),
        ("tile/0/..%2F..%2Fevents", 404, "tile.unknown"),
        ("tile/x/000", 400, "parameter.invalid"),
        ("tile/entries/-01", 404, "tile.unknown"),
    ] {
        assert_eq!(
            server.get(&format!("/v1/log/{path}")).problem(status).0,
            code,
            "{path}"
        );
    }
}

#[test]
fn a_proof_is_checked_by_who_has_the_key_and_nothing_else() {
    let ledger = signed(300);
    let server = Server::start(&ledger, &[]);
    let elsewhere = Ledger::none();
    let key = ledger.run(&["keys", "show"]).good().out;
    for position in [1, 256, 305] {
        let proof = server.get(&format!("/v1/events/{position}/proof"));
        assert_eq!(proof.status, 200);
        elsewhere.write("p.tlog-proof", &proof.body);
        let verified = elsewhere
            .run(&["verify", "p.tlog-proof", "--key", key.trim()])
            .good();
        assert!(
            verified.out.contains(&format!("{position}")),
            "{}",
            verified.out
        );
    }
    // What is new is in no checkpoint that is a moment old: the answer waits for one.
    let sent = server.event(&complaint("new")).with(201);
    let proof = server.get(&format!("/v1/events/{}/proof", sent["position"]));
    elsewhere.write("p.tlog-proof", &proof.body);
    elsewhere
        .run(&["verify", "p.tlog-proof", "--key", key.trim()])
        .good();
    assert_eq!(
        server.get("/v1/events/400/proof").problem(404).0,
        "position.unknown"
    );
    ledger.run(&["verify"]).good();
}

#[test]
fn without_a_key_nothing_is_signed() {
    let ledger = Ledger::new();
    let server = Server::start(&ledger, &[]);
    assert_eq!(
        server.get("/v1/log/checkpoint").problem(404).0,
        "log.unsigned"
    );
    assert_eq!(
        server.get("/v1/events/1/proof").problem(404).0,
        "log.unsigned"
    );
    assert_eq!(server.get("/v1/log/tile/0/000.p/3").status, 200);
    // Where somebody else signs the log, what they signed proves it.
    ledger
        .run(&["keys", "new", "example.com/log", "-o", "elsewhere.key"])
        .good();
    ledger.run(&["checkpoint", "--key", "elsewhere.key"]).good();
    let key = ledger.run(&["keys", "show", "elsewhere.key"]).good().out;
    ledger.write("p.tlog-proof", &server.get("/v1/events/1/proof").body);
    ledger
        .run(&["verify", "p.tlog-proof", "--key", key.trim()])
        .good();
}

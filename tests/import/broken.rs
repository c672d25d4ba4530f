//! Files that break on the way.

use serde_json::Value;

use super::{gz, zst};
use crate::common::Ledger;
use crate::common::events::*;

#[test]
fn what_was_read_before_a_file_broke_is_taken_and_told() {
    let events: Vec<Value> = [
        developer("d1"),
        app("a1", "d1", "general"),
        complaint("bad 1"),
    ]
    .into_iter()
    .chain((0..2000).map(|n| complaint(&format!("c{n}"))))
    .collect();
    let mut lines = jsonl(&events).replace("bad 1\"", "bad 1");
    // Of what compresses little, half a file is many events.
    for n in 2000..4000 {
        let noise = sha256(&n.to_string());
        lines.push_str(&format!(
            "{}\n",
            with(complaint(&format!("c{n}")), "noise", noise)
        ));
    }
    for (name, whole) in [
        ("cut.gz", gz(lines.as_bytes())),
        ("cut.zst", zst(lines.as_bytes())),
    ] {
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle..middle + 64].fill(0xA5);
        let import = |bytes: &[u8]| {
            let ledger = Ledger::new();
            ledger.write(name, bytes);
            let ran = ledger.run(&["import", name]).with_code(1);
            let error = format!("error: `{name}` cannot be read past line");
            assert!(ran.err.contains(&error), "{}", ran.err);
            assert!(ran.err.contains("hint: the file may be "), "{}", ran.err);
            let imported = ledger.imported(ran, "rejects.jsonl");
            assert!(imported.appended > 100, "{imported:?}");
            assert_eq!(imported.rejects[0]["line"], 3);
            (ledger, imported)
        };
        // What a damaged file gives before the damage is found may be anything.
        import(&damaged);
        let (ledger, imported) = import(&whole[..whole.len() - 40]);
        assert_eq!(imported.refused, 1);
        let taken = ledger.ids();
        assert_eq!(
            taken[2..],
            (0..taken.len() - 2)
                .map(|n| format!("c{n}"))
                .collect::<Vec<_>>()
        );
        // The whole file then gives the rest.
        let rest = ledger.import_text(&whole, &[]);
        rest.counts(4002 - taken.len() as u64, taken.len() as u64, 1);
        // And a file that is not there loses nothing of the one before it.
        std::fs::remove_file(ledger.path("rejects.jsonl")).unwrap();
        ledger.write("refused.jsonl", "{\n");
        let ran = ledger
            .run(&["import", "refused.jsonl", "none.jsonl"])
            .with_code(1);
        let imported = ledger.imported(ran, "rejects.jsonl");
        assert_eq!((imported.refused, imported.rejects.len()), (1, 1));
    }
    // Nothing of the first bytes.
    let ledger = Ledger::new();
    for bytes in [&gz(b"{}")[..8], b"\x1f\x8b", b"\x28\xb5\x2f\xfd"] {
        let ran = ledger.feed(&["import", "-"], bytes).with_code(1);
        assert!(
            ran.err
                .contains("`standard input` cannot be read past line 1"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn a_bad_line_among_many_costs_itself() {
    let ledger = Ledger::new();
    ledger
        .import(&[developer("d1"), app("a1", "d1", "general")])
        .counts(2, 0, 0);
    let mut sent = String::new();
    for n in 0..20_000 {
        match n {
            // The last line of one batch and the first of the next, too.
            8_191 | 8_192 | 12_345 => sent.push_str("{\"specversion\":\"1.0\"\n"),
            _ => sent.push_str(&format!("{}\n", complaint(&format!("c{n}")))),
        }
    }
    let imported = ledger.import_text(&sent, &[]);
    imported.counts(19_997, 0, 3);
    let lines: Vec<u64> = imported
        .rejects
        .iter()
        .map(|line| line["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [8_192, 8_193, 12_346]);
    assert_eq!(ledger.audit(&["--after", "20000"]).len(), 2);
}

//! Events that do not fit what the ledger knows.

use serde_json::{Value, json};
use standing_projections::refusal::Code::*;

use super::{Row, row};
use crate::common::events::*;

/// What stands in the log before the table.
pub(super) fn ground() -> Vec<Value> {
    let step = |id: &str, kind: &str, app: &str, data: Value| event(id, kind, T, app, data);
    vec![
        developer("d1"),
        app("a1", "d1", "in_site"),
        app("held", "d1", "in_site"),
        app("w1", "d1", "website"),
        publication("newer", "weibo", "2016-02-01", &newer()),
        complaint("c1"),
        outage("o1", "started", "2016-02-01T00:00:00Z", "down"),
        outage("o2", "ended", "2016-02-02T00:00:00Z", "down"),
        outage("o3", "started", "2016-02-05T00:00:00Z", "open"),
        step("h1", "review.submitted", "held", json!({"stage": "copy"})),
        step(
            "h2",
            "inspection.failed",
            "held",
            json!({"severity": "minor", "findings": []}),
        ),
        step("w-1", "review.submitted", "w1", json!({"stage": "copy"})),
        step("w-2", "review.approved", "w1", json!({"stage": "copy"})),
    ]
}

/// What an import by the ledger's clock refuses after [`ground`].
pub(super) fn rows() -> Vec<Row> {
    let good = complaint;
    let data = |event: Value, data: Value| with(event, "data", data);
    let mut rows = vec![
        // event.conflict
        row(
            &data(complaint("c1"), json!({"class": "strong"})),
            EventConflict,
            "/id",
            good("c1-again"),
        ),
        // event.time_in_future
        row(
            &with(good("f1"), "time", FUTURE),
            EventTimeInFuture,
            "/time",
            good("f1"),
        ),
        // subject.unknown
        row(
            &with(good("s1"), "subject", "a9"),
            SubjectUnknown,
            "/subject",
            good("s1"),
        ),
        row(
            &with(good("s2"), "subject", "d1"),
            SubjectUnknown,
            "/subject",
            good("s2"),
        ),
        row(
            &app("a2", "d9", "general"),
            SubjectUnknown,
            "/data/developer",
            app("a2", "d1", "general"),
        ),
        row(
            &app("a3", "a1", "general"),
            SubjectUnknown,
            "/data/developer",
            app("a3", "d1", "general"),
        ),
        // subject.exists
        row(
            &with(developer("a1"), "id", "s3"),
            SubjectExists,
            "/subject",
            developer("d2"),
        ),
        row(
            &with(app("d1", "d1", "general"), "id", "s4"),
            SubjectExists,
            "/subject",
            app("a4", "d1", "general"),
        ),
        // code.unknown
        row(
            &violation("k1", "a1", "no_such"),
            CodeUnknown,
            "/data/code",
            violation("k1", "a1", "bulk_scraping"),
        ),
        // Of the reserved codes there are remedies only.
        row(
            &violation("k2", "a1", "complaints"),
            CodeUnknown,
            "/data/code",
            violation("k2", "a1", "unlawful_app"),
        ),
        row(
            &event(
                "k3",
                "behavior.observed",
                T,
                "a1",
                json!({"code": "bulk_scraping"}),
            ),
            CodeUnknown,
            "/data/code",
            event(
                "k3",
                "behavior.observed",
                T,
                "a1",
                json!({"code": "server_down"}),
            ),
        ),
        row(
            &event("k4", "behavior.ceased", T, "a1", json!({"code": "x"})),
            CodeUnknown,
            "/data/code",
            event(
                "k4",
                "behavior.ceased",
                T,
                "a1",
                json!({"code": "server_down"}),
            ),
        ),
        row(
            &event("k5", "violation.remedied", T, "a1", json!({"code": "x"})),
            CodeUnknown,
            "/data/code",
            event(
                "k5",
                "violation.remedied",
                T,
                "a1",
                json!({"code": "complaints"}),
            ),
        ),
        row(
            &event(
                "k6",
                "review.rejected",
                T,
                "held",
                json!({"stage": "copy", "reasons": ["unclear_source", "taste"]}),
            ),
            CodeUnknown,
            "/data/reasons/1",
            event(
                "k6",
                "review.rejected",
                T,
                "held",
                json!({"stage": "copy", "reasons": ["unclear_source"]}),
            ),
        ),
        // grade.unknown
        row(
            &event("g1", "developer.graded", T, "d1", json!({"grade": "gold"})),
            GradeUnknown,
            "/data/grade",
            event(
                "g1",
                "developer.graded",
                T,
                "d1",
                json!({"grade": "advanced"}),
            ),
        ),
        row(
            &event(
                "g2",
                "developer.registered",
                T,
                "d3",
                json!({"name": "", "kind": "service", "grade": "gold"}),
            ),
            GradeUnknown,
            "/data/grade",
            event(
                "g2",
                "developer.registered",
                T,
                "d3",
                json!({"name": "", "kind": "service", "grade": "partner"}),
            ),
        ),
        // measure.unknown
        row(
            &event(
                "e1",
                "measure.imposed",
                T,
                "a1",
                json!({"measures": ["warning", "ban"], "until": null, "reason": ""}),
            ),
            MeasureUnknown,
            "/data/measures/1",
            event(
                "e1",
                "measure.imposed",
                T,
                "a1",
                json!({"measures": ["warning"], "until": null, "reason": ""}),
            ),
        ),
        row(
            &event(
                "e2",
                "measure.lifted",
                T,
                "a1",
                json!({"measures": ["ban"], "reason": ""}),
            ),
            MeasureUnknown,
            "/data/measures/0",
            event(
                "e2",
                "measure.lifted",
                T,
                "a1",
                json!({"measures": [], "reason": ""}),
            ),
        ),
        // ref.unknown
        row(
            &retraction("r1", "a1", json!({"id": "no-such"})),
            RefUnknown,
            "/data/event",
            retraction("r1", "a1", json!({"id": "c1"})),
        ),
        row(
            &retraction("r2", "a1", json!({"id": "c1", "source": "/other"})),
            RefUnknown,
            "/data/event",
            retraction("r2", "a1", json!({"id": "c1", "source": "/test"})),
        ),
        row(
            &retraction("r3", "held", json!({"id": "c1"})),
            RefUnknown,
            "/subject",
            retraction("r3", "a1", json!({"id": "c1"})),
        ),
        // ref.not_retractable
        row(
            &retraction("r4", "a1", json!({"id": "reg-a1"})),
            RefNotRetractable,
            "/data/event",
            retraction("r4", "a1", json!({"id": "c1"})),
        ),
        row(
            &retraction("r5", "weibo", json!({"id": "newer"})),
            RefNotRetractable,
            "/data/event",
            retraction("r5", "a1", json!({"id": "c1"})),
        ),
        // outage.*
        row(
            &outage("u1", "started", T, "down"),
            OutageExists,
            "/data/outage",
            outage("u1", "started", T, "down-2"),
        ),
        row(
            &outage("u2", "ended", T, "none"),
            OutageUnknown,
            "/data/outage",
            outage("u2", "explained", T, "down"),
        ),
        row(
            &outage("u3", "explained", T, "none"),
            OutageUnknown,
            "/data/outage",
            outage("u3", "explained", T, "open"),
        ),
        row(
            &outage("u4", "ended", T, "down"),
            OutageAlreadyEnded,
            "/data/outage",
            good("u4"),
        ),
        row(
            &outage("u5", "ended", "2016-02-04T23:59:59.999999Z", "open"),
            OutageEndsBeforeStart,
            "/time",
            outage("u5", "ended", "2016-02-05T00:00:00Z", "open"),
        ),
        // review.out_of_order, review.on_hold
        row(
            &event("v1", "review.approved", T, "a1", json!({"stage": "copy"})),
            ReviewOutOfOrder,
            "/type",
            event("v1", "review.submitted", T, "a1", json!({"stage": "copy"})),
        ),
        row(
            &event("v2", "review.submitted", T, "w1", json!({"stage": "plaza"})),
            ReviewOutOfOrder,
            "/data/stage",
            event(
                "v2",
                "report.confirmed",
                T,
                "w1",
                json!({"severity": "ordinary"}),
            ),
        ),
        row(
            &event(
                "v3",
                "app.key_disabled",
                "2016-02-29T23:59:59Z",
                "w1",
                json!({"reason": ""}),
            ),
            ReviewOutOfOrder,
            "/time",
            event("v3", "app.key_disabled", T, "w1", json!({"reason": ""})),
        ),
        row(
            &event("v4", "review.approved", T, "held", json!({"stage": "copy"})),
            ReviewOnHold,
            "/type",
            event("v4", "inspection.remedied", T, "held", json!({})),
        ),
    ];
    // rulebook.invalid
    let book = newer().replace("2016-02-01", "2016-03-01");
    let published = |id: &str, version: &str, toml: &str| publication(id, "weibo", version, toml);
    let mut wrong_sum = published("b1", "2016-03-01", &book);
    wrong_sum["data"]["sha256"] = "00".into();
    let versions: Vec<String> = (2..8).map(|day| format!("2016-03-{day:02}")).collect();
    let mended = |id: &str, index: usize| {
        let version = versions[index].as_str();
        published(id, version, &book.replace("2016-03-01", version))
    };
    rows.extend([
        row(&wrong_sum, RulebookInvalid, "/data/sha256", mended("b1", 0)),
        row(
            &published("b2", "2016-03-01", "id = "),
            RulebookInvalid,
            "/data/toml",
            mended("b2", 1),
        ),
        row(
            &publication(
                "b3",
                "other",
                "2016-03-01",
                &book.replace("id = \"weibo\"", "id = \"other\""),
            ),
            RulebookInvalid,
            "/subject",
            mended("b3", 2),
        ),
        row(
            &published(
                "b4",
                "2016-03-01",
                &book.replace("Asia/Shanghai", "Asia/Tokyo"),
            ),
            RulebookInvalid,
            "/data/toml",
            mended("b4", 3),
        ),
        row(
            &published("b5", "2016-02-01", &newer()),
            RulebookInvalid,
            "/data/version",
            mended("b5", 4),
        ),
        row(
            &publication("b6", "other", "2016-03-01", &book),
            RulebookInvalid,
            "/subject",
            mended("b6", 5),
        ),
    ]);
    rows
}

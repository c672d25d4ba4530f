//! What may be recorded next of an app (SPEC §8): by a batch, by imports one after the other, and
//! one event at a time through the desk, which must all say the same.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;
#[path = "legality/states.rs"]
mod states;

use common::events::{app, developer, event};
use common::{Ledger, Ran, text};
use serde_json::Value;

/// A line of a script: an event, and what is to become of it.
struct Step {
    event: Value,
    /// The code and the pointer, where it is refused.
    refused: Option<(String, String)>,
}

/// Reads `id | time | type | subject | data | ok` or `… | code pointer`.
fn script(text: &str) -> Vec<Step> {
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [id, time, kind, subject, data, outcome] = cells[..] else {
                panic!("{line}");
            };
            let data = serde_json::from_str(data).unwrap();
            let refused = outcome.split_once(' ');
            assert_eq!(refused.is_none(), outcome == "ok", "{line}");
            Step {
                event: event(id, kind, time, subject, data),
                refused: refused.map(|(code, at)| (code.to_owned(), at.to_owned())),
            }
        })
        .collect()
}

/// A ledger with the apps that the scripts speak of.
fn ledger() -> Ledger {
    let ledger = Ledger::new();
    let apps = ["e", "s", "g", "w"].map(|id| {
        let channel = match id {
            "e" => "enterprise",
            "s" => "in_site",
            "g" => "general",
            _ => "website",
        };
        app(id, "dev", channel)
    });
    ledger.import(&[developer("dev")]).counts(1, 0, 0);
    ledger.import(&apps).counts(4, 0, 0);
    ledger
}

/// The event as it is typed.
fn record(ledger: &Ledger, event: &Value) -> Ran {
    let mut args = vec![
        "record".to_owned(),
        text(event, "type").to_owned(),
        text(event, "subject").to_owned(),
    ];
    for flag in ["id", "source", "time"] {
        args.extend([format!("--{flag}"), text(event, flag).to_owned()]);
    }
    for (key, value) in event["data"].as_object().unwrap() {
        args.push(match value {
            Value::String(value) => format!("{key}={value}"),
            Value::Array(items) => {
                let items: Vec<&str> = items.iter().map(|item| item.as_str().unwrap()).collect();
                format!("{key}={}", items.join(";"))
            }
            Value::Object(of) => format!("{key}.id={}", text(&of.clone().into(), "id")),
            other => format!("{key}={other}"),
        });
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    ledger.run(&args)
}

/// Plays a script in all three ways.
#[track_caller]
fn play(text_of: &str) {
    let steps = script(text_of);
    let sent: Vec<Value> = steps.iter().map(|step| step.event.clone()).collect();
    let wanted: Vec<(&str, &str, &str)> = steps
        .iter()
        .filter_map(|step| {
            let (code, pointer) = step.refused.as_ref()?;
            Some((text(&step.event, "id"), code.as_str(), pointer.as_str()))
        })
        .collect();
    let batch = ledger();
    let imported = batch.import(&sent);
    let got: Vec<(&str, &str, &str)> = imported
        .rejects
        .iter()
        .map(|line| {
            let id = text(&line["event"], "id");
            (id, text(line, "code"), text(line, "pointer"))
        })
        .collect();
    assert_eq!(got, wanted, "in one batch: {}", imported.rejects_text);
    let mut refusals = imported.rejects.iter();

    let (apart, desk) = (ledger(), ledger());
    for step in &steps {
        let alone = apart.import(std::slice::from_ref(&step.event));
        let recorded = record(&desk, &step.event);
        if step.refused.is_none() {
            assert_eq!(
                alone.appended, 1,
                "alone: {} {}",
                step.event, alone.rejects_text
            );
            assert_eq!(
                recorded.code, 0,
                "recorded: {} {}",
                step.event, recorded.err
            );
            continue;
        }
        let refusal = refusals.next().unwrap();
        assert_eq!(
            &alone.rejects[0]["code"], &refusal["code"],
            "alone: {}",
            step.event
        );
        for part in ["message", "pointer"] {
            assert_eq!(
                alone.rejects[0][part], refusal[part],
                "alone: {}",
                step.event
            );
        }
        let message = format!(
            "error: {}: {} (at {})\n",
            text(refusal, "code"),
            text(refusal, "message"),
            text(refusal, "pointer")
        );
        assert_eq!(
            recorded.with_code(2).err,
            message,
            "recorded: {}",
            step.event
        );
    }
    let trail = |ledger: &Ledger| ledger.ids();
    assert_eq!(trail(&apart), trail(&batch));
    assert_eq!(trail(&desk), trail(&batch));
    let standing = |ledger: &Ledger| {
        ledger
            .run(&["assess", "--as-of", "2020-01-01T00:00:00Z"])
            .good()
    };
    assert_eq!(standing(&apart).out, standing(&batch).out);
    assert_eq!(standing(&desk).out, standing(&batch).out);
}

#[test]
fn outages_begin_and_end_once_each() {
    play(
        r#"
        o1 | 2016-03-02T00:00:00Z | outage.started   | s | {"outage":"x","cause":"developer"} | ok
        o2 | 2016-03-03T00:00:00Z | outage.started   | s | {"outage":"x","cause":"platform"}  | outage.exists /data/outage
        o3 | 2016-03-03T00:00:00Z | outage.started   | e | {"outage":"x","cause":"platform"}  | ok
        o4 | 2016-03-01T23:59:59.999999Z | outage.ended | s | {"outage":"x"} | outage.ends_before_start /time
        o5 | 2016-03-02T00:00:00Z | outage.ended     | s | {"outage":"x"} | ok
        o6 | 2016-03-05T00:00:00Z | outage.ended     | s | {"outage":"x"} | outage.already_ended /data/outage
        o7 | 2016-03-01T00:00:00Z | outage.ended     | s | {"outage":"x"} | outage.already_ended /data/outage
        o8 | 2016-03-01T00:00:00Z | outage.explained | s | {"outage":"x"} | ok
        o9 | 2016-03-05T00:00:00Z | outage.explained | s | {"outage":"y"} | outage.unknown /data/outage
        # An outage is not begun anew once it is over.
        p1 | 2016-03-06T00:00:00Z | outage.started   | s | {"outage":"x","cause":"developer"} | outage.exists /data/outage
        # A retracted end: it can end again.
        p2 | 2016-03-06T00:00:00Z | event.retracted  | s | {"event":{"id":"o5"},"reason":""} | ok
        p3 | 2016-03-06T00:00:00Z | outage.ended     | s | {"outage":"x"} | ok
        # The retraction taken back: the first end counts again, and that it is over stays so.
        p4 | 2016-03-06T00:00:00Z | event.retracted  | s | {"event":{"id":"p2"},"reason":""} | ok
        p5 | 2016-03-07T00:00:00Z | outage.ended     | s | {"outage":"x"} | outage.already_ended /data/outage
        # A retracted start: there is no such outage, until there is one of that id again.
        p6 | 2016-03-07T00:00:00Z | event.retracted  | s | {"event":{"id":"o1"},"reason":""} | ok
        p7 | 2016-03-07T00:00:00Z | outage.ended     | s | {"outage":"x"} | outage.unknown /data/outage
        p8 | 2016-03-07T00:00:00Z | outage.explained | s | {"outage":"x"} | outage.unknown /data/outage
        # The start of an app without it is the other app's still.
        p9 | 2016-03-07T00:00:00Z | outage.ended     | e | {"outage":"x"} | ok
        "#,
    );
}

#[test]
fn an_outage_taken_back_can_be_recorded_anew() {
    play(
        r#"
        o1 | 2016-03-02T00:00:00Z | outage.started  | s | {"outage":"x","cause":"developer"} | ok
        o2 | 2016-03-02T00:00:00Z | event.retracted | s | {"event":{"id":"o1"},"reason":""} | ok
        o3 | 2016-03-04T00:00:00Z | outage.started  | s | {"outage":"x","cause":"developer"} | ok
        o4 | 2016-03-03T00:00:00Z | outage.ended    | s | {"outage":"x"} | outage.ends_before_start /time
        o5 | 2016-03-05T00:00:00Z | outage.ended    | s | {"outage":"x"} | ok
        # An appeal that is denied changes nothing, one that is granted takes the end back.
        o6 | 2016-03-05T00:00:00Z | appeal.filed    | s | {"event":{"id":"o5"},"statement":""} | ok
        o7 | 2016-03-05T00:00:00Z | appeal.decided  | s | {"event":{"id":"o5"},"outcome":"denied","reason":""} | ok
        o8 | 2016-03-06T00:00:00Z | outage.ended    | s | {"outage":"x"} | outage.already_ended /data/outage
        o9 | 2016-03-05T00:00:00Z | appeal.decided  | s | {"event":{"id":"o5"},"outcome":"granted","reason":""} | ok
        p1 | 2016-03-06T00:00:00Z | outage.ended    | s | {"outage":"x"} | ok
        "#,
    );
}

#[test]
fn an_inspection_holds_until_it_is_remedied_and_observed() {
    play(
        r#"
        i1 | 2016-03-07T00:00:00Z | review.submitted    | s | {"stage":"copy"} | ok
        i2 | 2016-03-07T01:00:00Z | inspection.failed   | s | {"severity":"minor","findings":["a"]} | ok
        i3 | 2016-03-07T02:00:00Z | inspection.failed   | s | {"severity":"serious","findings":[]} | ok
        i4 | 2016-03-08T00:00:00Z | review.approved     | s | {"stage":"copy"} | review.on_hold /type
        # What does not wait is told before that it is held.
        i5 | 2016-03-08T00:00:00Z | review.approved     | s | {"stage":"plaza"} | review.out_of_order /type
        i6 | 2016-03-07T00:00:00Z | review.approved     | s | {"stage":"copy"} | review.out_of_order /time
        # A rejection is no approval.
        i7 | 2016-03-08T00:00:00Z | review.rejected     | s | {"stage":"copy","reasons":["any"]} | ok
        i8 | 2016-03-08T00:00:00Z | review.submitted    | s | {"stage":"copy"} | ok
        # One remedy meets both; then there is none left.
        i9 | 2016-03-09T00:00:00Z | inspection.remedied | s | {} | ok
        j1 | 2016-03-09T00:00:00Z | inspection.remedied | s | {} | review.out_of_order /type
        j2 | 2016-03-15T23:59:59.999999Z | review.approved | s | {"stage":"copy"} | review.on_hold /type
        j3 | 2016-03-16T00:00:00Z | review.approved     | s | {"stage":"copy"} | ok
        # A failure taken back holds nothing.
        j4 | 2016-03-17T00:00:00Z | review.submitted    | s | {"stage":"plaza"} | ok
        j5 | 2016-03-17T00:00:00Z | inspection.failed   | s | {"severity":"minor","findings":[]} | ok
        j6 | 2016-03-18T00:00:00Z | review.submitted    | s | {"stage":"copy"} | ok
        j7 | 2016-03-18T00:00:00Z | review.approved     | s | {"stage":"copy"} | review.on_hold /type
        j8 | 2016-03-18T00:00:00Z | event.retracted     | s | {"event":{"id":"j5"},"reason":""} | ok
        j9 | 2016-03-18T00:00:00Z | inspection.remedied | s | {} | review.out_of_order /type
        k1 | 2016-03-18T00:00:00Z | review.approved     | s | {"stage":"copy"} | ok
        "#,
    );
}

#[test]
fn a_report_holds_for_its_working_days() {
    play(
        r#"
        # Ten working days after Monday 7 March, local: Tuesday 22 March 0:00 in Shanghai.
        r1 | 2016-03-07T00:00:00Z | report.confirmed | s | {"severity":"ordinary"} | ok
        r2 | 2016-03-07T00:00:00Z | review.submitted | s | {"stage":"copy"} | ok
        r3 | 2016-03-08T00:00:00Z | report.remedied  | s | {} | ok
        r4 | 2016-03-08T00:00:00Z | report.remedied  | s | {} | review.out_of_order /type
        r5 | 2016-03-21T15:59:59.999999Z | review.approved | s | {"stage":"copy"} | review.on_hold /type
        r6 | 2016-03-21T16:00:00Z | review.approved  | s | {"stage":"copy"} | ok
        # For an enterprise app the rules name a time to fix and no hold.
        r7 | 2016-03-07T00:00:00Z | report.confirmed | e | {"severity":"extreme"} | ok
        r8 | 2016-03-07T00:00:00Z | review.submitted | e | {"stage":"declaration"} | ok
        r9 | 2016-03-07T00:00:00Z | review.approved  | e | {"stage":"declaration"} | ok
        # A partner has a time to fix too, and falls to the ordinary permission with the report.
        t1 | 2016-03-07T00:00:00Z | app.permission_changed | g | {"permission":"partner"} | ok
        t2 | 2016-03-07T00:00:00Z | review.submitted | g | {"stage":"copy"} | ok
        t3 | 2016-03-07T00:00:00Z | report.confirmed | g | {"severity":"ordinary"} | ok
        t4 | 2016-03-08T00:00:00Z | review.approved  | g | {"stage":"copy"} | ok
        t5 | 2016-03-08T00:00:00Z | review.submitted | g | {"stage":"plaza"} | ok
        t6 | 2016-03-08T00:00:00Z | report.confirmed | g | {"severity":"ordinary"} | ok
        t7 | 2016-03-08T00:00:00Z | review.submitted | g | {"stage":"copy"} | ok
        t8 | 2016-03-08T00:00:00Z | review.approved  | g | {"stage":"copy"} | review.on_hold /type
        # An earlier report alone would have held it shorter.
        t9 | 2016-03-08T00:00:00Z | event.retracted  | g | {"event":{"id":"t6"},"reason":""} | ok
        u1 | 2016-03-08T00:00:00Z | review.approved  | g | {"stage":"copy"} | ok
        "#,
    );
}

#[test]
fn a_retraction_frees_the_state_and_the_time_order() {
    play(
        r#"
        f1 | 2016-03-10T00:00:00Z | review.submitted | s | {"stage":"copy"} | ok
        f2 | 2016-03-10T00:00:00Z | review.submitted | s | {"stage":"copy"} | review.out_of_order /type
        f3 | 2016-03-09T23:59:59Z | app.key_disabled | s | {"reason":""} | review.out_of_order /time
        # An outage, a complaint, a permission are of no such order.
        f4 | 2016-03-01T00:00:00Z | outage.started   | s | {"outage":"x","cause":"developer"} | ok
        f5 | 2016-03-01T00:00:00Z | complaint.received | s | {"class":"strong"} | ok
        f6 | 2016-03-01T00:00:00Z | app.permission_changed | s | {"permission":"partner"} | ok
        f7 | 2016-03-11T00:00:00Z | event.retracted  | s | {"event":{"id":"f1"},"reason":""} | ok
        f8 | 2016-03-09T23:59:59Z | app.key_disabled | s | {"reason":""} | ok
        f9 | 2016-03-12T00:00:00Z | review.submitted | s | {"stage":"copy"} | ok
        # With the first submission again, the second begins its state anew, as it stands.
        g1 | 2016-03-11T00:00:00Z | event.retracted  | s | {"event":{"id":"f7"},"reason":""} | ok
        g2 | 2016-03-12T00:00:00Z | review.approved  | s | {"stage":"copy"} | ok
        # Without either, the approval stands on nothing and counts all the same.
        g3 | 2016-03-13T00:00:00Z | event.retracted  | s | {"event":{"id":"f1"},"reason":""} | ok
        g4 | 2016-03-13T00:00:00Z | event.retracted  | s | {"event":{"id":"f9"},"reason":""} | ok
        g5 | 2016-03-13T00:00:00Z | review.submitted | s | {"stage":"copy"} | review.out_of_order /type
        g6 | 2016-03-13T00:00:00Z | review.submitted | s | {"stage":"plaza"} | ok
        g7 | 2016-03-13T00:00:00Z | review.approved  | s | {"stage":"plaza"} | ok
        g8 | 2016-03-13T00:00:00Z | app.delisted     | s | {"reason":""} | ok
        g9 | 2016-03-13T00:00:00Z | app.delisted     | s | {"reason":""} | review.out_of_order /type
        h1 | 2016-03-13T00:00:00Z | event.retracted  | s | {"event":{"id":"g8"},"reason":""} | ok
        h2 | 2016-03-13T00:00:00Z | app.delisted     | s | {"reason":""} | ok
        # A website is never shown in the plaza, whatever its state.
        w1 | 2016-03-13T00:00:00Z | review.submitted | w | {"stage":"plaza"} | review.out_of_order /data/stage
        w2 | 2016-03-13T00:00:00Z | review.submitted | w | {"stage":"copy"} | ok
        w3 | 2016-03-13T00:00:00Z | review.approved  | w | {"stage":"copy"} | ok
        w4 | 2016-03-13T00:00:00Z | review.submitted | w | {"stage":"plaza"} | review.out_of_order /data/stage
        w5 | 2016-03-13T00:00:00Z | review.submitted | w | {"stage":"declaration"} | review.out_of_order /type
        "#,
    );
}

#[test]
fn a_declaration_lapses_before_a_first_copy_alone() {
    play(
        r#"
        l1 | 2015-01-31T00:00:00Z | review.submitted | e | {"stage":"declaration"} | ok
        l2 | 2015-01-31T00:00:00Z | review.approved  | e | {"stage":"declaration"} | ok
        # Eighteen months on it holds to the instant; then a copy is a declaration again.
        l3 | 2016-07-31T00:00:00Z | review.submitted | e | {"stage":"copy"} | ok
        l4 | 2016-07-31T00:00:00Z | review.approved  | e | {"stage":"declaration"} | review.out_of_order /type
        l5 | 2016-07-31T00:00:00Z | event.retracted  | e | {"event":{"id":"l3"},"reason":""} | ok
        l6 | 2016-07-31T00:00:00.000001Z | review.submitted | e | {"stage":"copy"} | ok
        l7 | 2016-08-01T00:00:00Z | review.approved  | e | {"stage":"copy"} | review.out_of_order /type
        l8 | 2016-08-01T00:00:00Z | review.approved  | e | {"stage":"declaration"} | ok
        l9 | 2016-08-02T00:00:00Z | review.submitted | e | {"stage":"copy"} | ok
        m1 | 2016-08-03T00:00:00Z | review.rejected  | e | {"stage":"copy","reasons":[]} | ok
        # From a rejected copy, years later, it is a copy.
        m2 | 2019-08-03T00:00:00Z | review.submitted | e | {"stage":"copy"} | ok
        m3 | 2019-08-03T00:00:00Z | review.approved  | e | {"stage":"copy"} | ok
        "#,
    );
}

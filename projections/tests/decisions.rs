//! Which decision is legal now: appeals, proposals, and acts.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

use serde_json::{Value, json};
use standing_projections::decisions::{
    AppealState, Docket, Illegal, Logged, ProposalState, ProposalStep, Reason, check_act,
    decided_id,
};
use standing_projections::facts::History;
use standing_projections::questions::Effect;
use standing_projections::rulebook::{Appeals, preset};
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Event, Instant, Position};

fn at(day: i64) -> Instant {
    "2016-03-01T00:00:00Z"
        .parse::<Instant>()
        .unwrap()
        .plus_days(day)
}

/// An event at a position, by an actor, on the day of its position.
fn logged(
    position: u64,
    kind: &str,
    actor: &str,
    target: Option<u64>,
    subject: &str,
    data: Value,
) -> Logged {
    let time = at(position as i64);
    let event = json!({
        "specversion": "1.0", "id": format!("e{position}"), "source": "/s", "type": kind,
        "time": time.to_string(), "subject": subject, "data": data, "actor": actor,
    });
    Logged {
        position: Position(position),
        recordedtime: time,
        target: target.map(Position),
        event: Event::from_json(&event).unwrap(),
    }
}

fn about(target: u64) -> Value {
    json!({"event": {"id": format!("e{target}")}})
}

fn filed(position: u64, actor: &str, target: u64) -> Logged {
    let mut data = about(target);
    data["statement"] = "s".into();
    logged(position, "appeal.filed", actor, Some(target), "a1", data)
}

fn decided(position: u64, actor: &str, target: u64, outcome: &str) -> Logged {
    let mut data = about(target);
    data["reason"] = "r".into();
    data["outcome"] = outcome.into();
    logged(position, "appeal.decided", actor, Some(target), "a1", data)
}

fn violation() -> Logged {
    let data = json!({"code": "bulk_scraping"});
    logged(1, "violation.found", "ann", None, "a1", data)
}

const RULES: Appeals = Appeals {
    within_days: Some(10),
    tries: Some(2),
};

fn code<T: std::fmt::Debug>(of: Result<T, Illegal>) -> (Reason, String, Vec<String>) {
    let illegal = of.unwrap_err();
    (illegal.code, illegal.state, illegal.legal_now)
}

#[test]
fn an_appeal_is_filed_once_and_decided_by_somebody_else() {
    let docket = Docket::new(vec![]);
    let appeal = docket.appeal(&violation(), &RULES, at(2));
    appeal.file().unwrap();
    let (reason, state, legal) = code(appeal.decide("cid"));
    assert_eq!(reason, Reason::AppealNotPending);
    assert_eq!(
        (state.as_str(), legal),
        ("open", vec!["appeal.filed".to_owned()])
    );

    let docket = Docket::new(vec![filed(2, "dev", 1)]);
    let appeal = docket.appeal(&violation(), &RULES, at(3));
    let (reason, state, legal) = code(appeal.file());
    assert_eq!((reason, state.as_str()), (Reason::AppealPending, "pending"));
    assert_eq!(
        legal,
        [
            "appeal.decided outcome=granted",
            "appeal.decided outcome=denied"
        ]
    );
    // Who found the violation, and who appeals, have a part in it.
    assert_eq!(code(appeal.decide("ann")).0, Reason::TookPart);
    assert_eq!(code(appeal.decide("dev")).0, Reason::TookPart);
    appeal.decide("cid").unwrap();
    assert_eq!(docket.appealed().len(), 1);
}

#[test]
fn the_window_is_open_until_its_last_instant_and_for_ever_without_a_figure() {
    let docket = Docket::new(vec![]);
    // Recorded on day 1, so until day 11.
    let on = |rules: &Appeals, at| docket.appeal(&violation(), rules, at).state;
    assert_eq!(on(&RULES, at(11)), AppealState::Open);
    assert_eq!(on(&RULES, at(11).plus_micros(1)), AppealState::TooLate);
    assert_eq!(on(&Appeals::default(), at(9_999)), AppealState::Open);
    let late = docket.appeal(&violation(), &RULES, at(12));
    assert_eq!(code(late.file()).0, Reason::AppealTooLate);
    // One that was filed in time waits however long.
    let docket = Docket::new(vec![filed(2, "dev", 1)]);
    let appeal = docket.appeal(&violation(), &RULES, at(99));
    assert_eq!(appeal.state, AppealState::Pending);
    appeal.decide("cid").unwrap();
}

#[test]
fn denied_appeals_use_up_the_tries_and_retracted_ones_do_not() {
    let once = vec![filed(2, "dev", 1), decided(3, "cid", 1, "denied")];
    let docket = Docket::new(once.clone());
    docket.appeal(&violation(), &RULES, at(4)).file().unwrap();
    let mut twice = once;
    twice.extend([filed(4, "dev", 1), decided(5, "cid", 1, "denied")]);
    let docket = Docket::new(twice.clone());
    let appeal = docket.appeal(&violation(), &RULES, at(6));
    assert_eq!(code(appeal.file()).0, Reason::AppealTriesUsed);
    // The second denial is taken back: its appeal waits again.
    let mut data = about(5);
    data["reason"] = "r".into();
    twice.push(logged(6, "event.retracted", "cid", Some(5), "a1", data));
    let docket = Docket::new(twice);
    let appeal = docket.appeal(&violation(), &RULES, at(7));
    assert_eq!((appeal.state, appeal.denied), (AppealState::Pending, 1));
}

#[test]
fn nothing_is_appealed_that_is_disregarded_or_an_appeal_itself() {
    let events = vec![filed(2, "dev", 1), decided(3, "cid", 1, "granted")];
    let docket = Docket::new(events.clone());
    let appeal = docket.appeal(&violation(), &RULES, at(4));
    assert_eq!(code(appeal.file()).0, Reason::AppealDisregarded);
    assert_eq!(code(appeal.decide("eve")).0, Reason::AppealNotPending);
    assert!(docket.appealed().is_empty());
    let appeal = docket.appeal(&events[0], &RULES, at(4));
    assert_eq!(code(appeal.file()).0, Reason::AppealNotAppealable);
}

fn proposal() -> Logged {
    let data = json!({"type": "developer.terminated", "data": {"reason": "r"}, "reason": "r"});
    logged(2, "decision.proposed", "ann", None, "d1", data)
}

#[test]
fn a_proposal_is_confirmed_by_a_second_person_or_withdrawn_and_then_closed() {
    let docket = Docket::new(vec![proposal()]);
    let pending = docket.proposal(Position(2)).unwrap();
    assert_eq!(pending.state, ProposalState::Pending);
    assert_eq!(
        code(pending.check(ProposalStep::Confirm, "ann")).0,
        Reason::TookPart
    );
    pending.check(ProposalStep::Confirm, "bob").unwrap();
    pending.check(ProposalStep::Withdraw, "ann").unwrap();
    let mut withdrawn = about(2);
    withdrawn["reason"] = "r".into();
    for (kind, data) in [("confirmed", about(2)), ("withdrawn", withdrawn)] {
        let kind = format!("decision.{kind}");
        let docket = Docket::new(vec![
            proposal(),
            logged(3, &kind, "bob", Some(2), "d1", data),
        ]);
        let closed = docket.proposal(Position(2)).unwrap();
        for step in ProposalStep::ALL {
            let (reason, state, legal) = code(closed.check(*step, "cid"));
            assert_eq!(reason, Reason::ProposalClosed);
            assert_eq!(format!("decision.{state}"), kind);
            assert!(legal.is_empty());
        }
    }
}

#[test]
fn who_proposed_or_confirmed_does_not_decide_the_appeal_against_it() {
    let mut termination = logged(
        4,
        "developer.terminated",
        "bob",
        None,
        "d1",
        json!({"reason": "r"}),
    );
    termination.event.id = decided_id("e2");
    let mut data = json!({"event": {"id": "e2/decided"}});
    data["statement"] = "s".into();
    let docket = Docket::new(vec![
        proposal(),
        logged(3, "decision.confirmed", "bob", Some(2), "d1", about(2)),
        logged(5, "appeal.filed", "dev", Some(4), "d1", data),
    ]);
    let appeal = docket.appeal(&termination, &RULES, at(6));
    for actor in ["ann", "bob", "dev"] {
        assert_eq!(code(appeal.decide(actor)).0, Reason::TookPart, "{actor}");
    }
    appeal.decide("cid").unwrap();
}

/// Whether acts are legal, one after the other, each on what the ones before it left.
struct Acts {
    events: Vec<Event>,
}

impl Acts {
    fn new() -> Self {
        let mut acts = Self { events: Vec::new() };
        let toml = preset::named("weibo").unwrap()[0];
        let rulebook = standing_projections::Rulebook::parse(toml).unwrap();
        acts.push(
            "rulebook.published",
            &rulebook.id,
            json!({"version": rulebook.version, "toml": toml, "sha256": "-"}),
        );
        acts.push(
            "developer.registered",
            "d1",
            json!({"name": "d", "kind": "connection"}),
        );
        acts.push(
            "app.registered",
            "a1",
            json!({"developer": "d1", "name": "a", "channel": "in_site"}),
        );
        acts
    }

    fn event(&self, kind: &str, subject: &str, data: Value) -> Event {
        let position = self.events.len() as i64 + 1;
        let event = json!({
            "specversion": "1.0", "id": format!("e{position}"), "source": "/s", "type": kind,
            "time": at(position).to_string(), "subject": subject, "data": data,
        });
        Event::from_json(&event).unwrap()
    }

    fn push(&mut self, kind: &str, subject: &str, data: Value) {
        self.events.push(self.event(kind, subject, data));
    }

    fn check(
        &self,
        kind: &str,
        subject: &str,
        data: Value,
        confirmed: bool,
    ) -> Result<(), Illegal> {
        let positions = (1..).map(Position);
        let history = History::of(positions.zip(&self.events));
        let known_at = history.head();
        let timeline = Timeline::known(&history, known_at).unwrap();
        let event = self.event(kind, subject, data);
        let ask = Ask {
            as_of: event.time,
            known_at,
        };
        let effect = Effect::of(&history, &timeline, "d1", (&event, None), ask).unwrap();
        check_act(
            &event,
            confirmed,
            &effect.before().unwrap(),
            &effect.after().unwrap(),
        )
    }
}

#[test]
fn an_act_is_legal_where_it_changes_something() {
    let mut acts = Acts::new();
    let why = || json!({"reason": "r"});
    let block = |until: Value| json!({"measures": ["block_api"], "until": until, "reason": "r"});
    let lift = || json!({"measures": ["block_api"], "reason": "r"});

    // Grave ones take two.
    let (reason, state, legal) = code(acts.check("developer.terminated", "d1", why(), false));
    assert_eq!((reason, state.as_str()), (Reason::NeedsProposal, "active"));
    assert_eq!(legal, ["decision.proposed type=developer.terminated"]);
    let offline = json!({"measures": ["take_offline"], "until": null, "reason": "r"});
    let alone = acts.check("measure.imposed", "a1", offline.clone(), false);
    assert_eq!(code(alone).0, Reason::NeedsProposal);
    acts.check("measure.imposed", "a1", offline, true).unwrap();

    // A measure is imposed where it is not in force, and lifted where it is.
    let (reason, state, legal) = code(acts.check("measure.lifted", "a1", lift(), false));
    assert_eq!(reason, Reason::MeasureNotInForce);
    assert_eq!(
        (state.as_str(), legal),
        ("no measure in force", vec!["measure.imposed".to_owned()])
    );
    acts.check("measure.imposed", "a1", block(Value::Null), false)
        .unwrap();
    acts.push("measure.imposed", "a1", block(Value::Null));
    let until = at(30).to_string();
    let (reason, _, legal) = code(acts.check("measure.imposed", "a1", block(until.into()), false));
    assert_eq!(reason, Reason::ChangesNothing);
    assert_eq!(
        legal,
        ["measure.imposed", "measure.lifted measures=block_api"]
    );
    acts.check("measure.lifted", "a1", lift(), false).unwrap();

    // A grade is set to another one.
    let graded = |grade: &str| json!({"grade": grade});
    let positions = (1..).map(Position);
    let history = History::of(positions.zip(&acts.events));
    let timeline = Timeline::known(&history, history.head()).unwrap();
    let rules = &timeline.at(at(9)).book.developers;
    let other = rules
        .grades
        .iter()
        .find(|grade| **grade != rules.initial_grade)
        .unwrap();
    let same = acts.check(
        "developer.graded",
        "d1",
        graded(&rules.initial_grade),
        false,
    );
    assert_eq!(code(same).0, Reason::ChangesNothing);
    acts.check("developer.graded", "d1", graded(other), false)
        .unwrap();

    // Cooperation ends once, and is taken up where it has ended.
    let (reason, state, _) = code(acts.check("developer.reinstated", "d1", why(), false));
    assert_eq!(
        (reason, state.as_str()),
        (Reason::StatusOtherwise, "active")
    );
    acts.push("developer.terminated", "d1", why());
    let (reason, state, legal) = code(acts.check("developer.terminated", "d1", why(), true));
    assert_eq!(
        (reason, state.as_str()),
        (Reason::StatusOtherwise, "terminated")
    );
    assert_eq!(legal, ["developer.reinstated", "developer.graded"]);
    // What a termination brings is not lifted, and so nothing would change.
    acts.push("measure.lifted", "a1", lift());
    let lifted = acts.check("measure.lifted", "a1", lift(), false);
    assert_eq!(code(lifted).0, Reason::ChangesNothing);
    acts.check("developer.reinstated", "d1", why(), false)
        .unwrap();
}

//! Notices read off a standing and its explanation.

use std::collections::BTreeSet;

use standing_projections::event::{COMPLAINTS, Position};
use standing_projections::explain::{
    Graph, Node, NodeKind, app_month_id, developer_month_id, segment,
};
use standing_projections::obligations::DutyKind;
use standing_projections::provenance::{Basis, Change, Interval, Origin, Step};
use standing_projections::rulebook::Lang;
use standing_projections::rules::{Moment, Timeline};
use standing_projections::standing::{
    AppMonth, AppStanding, DeveloperMonth, MonthOutcome, Obligation, Standing,
};
use standing_projections::{Instant, LocalMonth};

use super::index::{Index, applied, duty_of};
use super::{Appeal, Clause, Event, Fall, Kind, Notice, SeenBy, Violation};

/// The notices of a developer, by the instant at which what they tell took effect.
///
/// `graph` is the explanation of the whole standing, of no single month; titles and sentences are in its
/// language, which `lang` names. Each sanction, each downgrade and each termination by a month's incidents
/// has one notice.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use standing_projections::{Ask, Event, Position, Rulebook, assess};
/// # use standing_projections::explain::{Question, Subject, explain};
/// # use standing_projections::{facts::History, rules::Timeline, rulebook::{Lang, preset}};
/// # let event = |id: &str, kind: &str, subject: &str, data: serde_json::Value| {
/// #     Event::from_json(&serde_json::json!({
/// #         "specversion": "1.0", "id": id, "source": "/desk", "type": kind,
/// #         "time": "2014-05-03T03:00:00Z", "subject": subject, "data": data,
/// #     })).unwrap()
/// # };
/// # let events = [
/// #     event("1", "developer.registered", "d1", serde_json::json!({"name": "D", "kind": "service"})),
/// #     event("2", "app.registered", "a1",
/// #         serde_json::json!({"developer": "d1", "name": "A", "channel": "general"})),
/// #     event("3", "violation.found", "a1", serde_json::json!({"code": "bulk_scraping"})),
/// # ];
/// # let history = History::of((1..).map(Position).zip(&events));
/// # let rulebook = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
/// # let timeline = Timeline::new(vec![(Position(0), rulebook)], history.names()).unwrap();
/// # let ask = Ask { as_of: "2014-05-04T00:00:00Z".parse().unwrap(), known_at: history.head() };
/// # let standing = assess(&history.developers()[0], history.names(), &timeline, ask).unwrap();
/// use ::standing::notices::notices;
/// # let question = Question { standing: &standing, timeline: &timeline,
/// #     subject: Subject::Developer, month: None, lang: Lang::En };
/// let graph = explain(&question, &BTreeMap::new());
/// let notices = notices(&standing, &timeline, &graph, Lang::En);
/// assert_eq!(notices.len(), 1);
/// assert_eq!(notices[0].id, "app:a1/2014-05/bulk_scraping/level:2/nth:1");
/// assert!(notices[0].letter(timeline.zone(), Lang::En).contains("no new user authorizations"));
/// ```
#[must_use]
pub fn notices(
    standing: &Standing<'_>,
    timeline: &Timeline,
    graph: &Graph,
    lang: Lang,
) -> Vec<Notice> {
    let read = Read {
        standing,
        timeline,
        graph,
        lang,
    };
    let mut all = Vec::new();
    for app in &standing.apps {
        let index = Index::of(app);
        let mut number = 0;
        for month in &app.months {
            for place in 0..month.sanctions.len() {
                all.push(read.sanction(&index, month, place, number));
                number += 1;
            }
        }
    }
    for turn in &standing.turns {
        if let Change::Downgraded {
            month,
            from,
            to,
            marks,
        } = turn.change
        {
            let fall = Fall {
                from: from.to_owned(),
                to: to.map(str::to_owned),
                marks,
            };
            all.extend(read.outcome(month, turn.at, Some(fall)));
        }
    }
    for month in &standing.months {
        if month.outcome == MonthOutcome::Terminated
            && let Some(at) = read.end_of(month)
        {
            all.extend(read.outcome(month.month, at, None));
        }
    }
    all.sort_by(|a, b| (a.at, a.cause, a.kind, &a.id).cmp(&(b.at, b.cause, b.kind, &b.id)));
    all
}

/// Whether there is anything to tell of a standing.
pub(super) fn is_any(standing: &Standing<'_>) -> bool {
    let mut months = standing.apps.iter().flat_map(|app| &app.months);
    months.any(|month| !month.sanctions.is_empty())
        || (standing.months.iter()).any(|month| month.outcome != MonthOutcome::None)
}

/// What is read from.
#[derive(Clone, Copy)]
struct Read<'a> {
    standing: &'a Standing<'a>,
    timeline: &'a Timeline,
    graph: &'a Graph,
    lang: Lang,
}

impl Read<'_> {
    /// The notice of a sanction of a month, by its place there and its number among all of the app's.
    fn sanction(
        &self,
        index: &Index<'_>,
        month: &AppMonth<'_>,
        place: usize,
        number: usize,
    ) -> Notice {
        let app = index.app;
        let sanction = &month.sanctions[place];
        let step = &app.steps[sanction.step];
        let base = app_month_id(app.app, month.month);
        let of = index.incidents.get(&step.incident).copied().unwrap_or(0);
        let incident_id = format!("{base}/incident:{}", of + 1);
        let (reason, seen_by, title) = match step.basis {
            Basis::Catalogue(entry) => {
                let book = &self.timeline.version(month.rules).book;
                let found = book.violations.get(entry);
                let title = found.and_then(|found| found.get_ref().title.as_ref());
                let title = title.map(|title| title.get(self.lang).to_owned());
                (incident_id, SeenBy::People, title)
            }
            basis => {
                let steps = app.steps[..sanction.step].iter();
                let before = steps.filter(|other| other.incident == step.incident);
                let nth = before.count() + 1;
                let seen_by = match basis {
                    Basis::Complaints { .. } => SeenBy::Complaints,
                    _ => SeenBy::Count,
                };
                (format!("{incident_id}/step:{nth}"), seen_by, None)
            }
        };
        let sanction_id = format!("{base}/sanction:{}", place + 1);
        let incident = month.violations.get(of);
        let code = segment(sanction.code);
        let (level, nth) = (sanction.level, sanction.nth);
        Notice {
            id: format!("{base}/{code}/level:{level}/nth:{nth}"),
            kind: Kind::Sanction,
            developer: self.standing.developer.to_owned(),
            app: Some(app.app.to_owned()),
            month: month.month,
            at: sanction.from,
            cause: sanction.cause,
            violation: Some(Violation {
                code: sanction.code.to_owned(),
                title,
                level,
                nth,
            }),
            grade: None,
            facts: self.texts([&reason]),
            events: self.events(self.evidence(month, step, of)),
            rules: self.rules_of([&reason, &sanction_id]),
            measures: index.measures(sanction, number),
            duties: index.duties(number),
            edition: self.edition(sanction.from),
            appeal: self.appeal(sanction.from),
            counted: 1,
            seen_by,
            began: incident.map_or(sanction.from, |incident| incident.since),
        }
    }

    /// The notice of what a month's incidents did to the developer.
    fn outcome(&self, month: LocalMonth, at: Moment, fall: Option<Fall>) -> Option<Notice> {
        let mut months = self.standing.months.iter();
        let judged = months.find(|judged| judged.month == month)?;
        let kind = match fall {
            Some(_) => Kind::Downgrade,
            None => Kind::Termination,
        };
        let id = match kind {
            Kind::Downgrade => "downgrade",
            _ => "termination",
        };
        let id = format!(
            "{}/{id}",
            developer_month_id(self.standing.developer, month)
        );
        let counted = judged.counted.iter().take_while(|other| **other <= at);
        let (mut facts, mut seen_by) = (self.texts([&id]), SeenBy::Count);
        let mut positions = BTreeSet::new();
        for moment in counted.clone() {
            positions.insert(moment.position);
            let Some((app, step)) = self.step_at(month, *moment) else {
                continue;
            };
            if matches!(step.basis, Basis::Catalogue(_)) {
                seen_by = SeenBy::CountOfFound;
            }
            let mut months = app.months.iter();
            if let Some(of_app) = months.find(|of_app| of_app.month == month) {
                facts.extend(self.texts([&self.incident_id(app, of_app, step)]));
            }
        }
        let ended = |interval: &&Interval| {
            interval.origin == Origin::Termination && interval.from == at.time
        };
        let applied = self.standing.apps.iter().flat_map(|app| {
            let intervals = app.intervals.iter().filter(ended);
            intervals.map(|interval| applied(app, interval, None))
        });
        let of_end = |duty: &&Obligation<'_>| {
            duty.kind == DutyKind::DeleteData && (duty.cause, duty.since) == (at.position, at.time)
        };
        let owed = self.standing.apps.iter().flat_map(|app| {
            let owed = app.obligations.iter().filter(of_end);
            owed.map(|duty| duty_of(app, duty))
        });
        let (measures, duties) = match kind {
            Kind::Termination => (applied.collect(), owed.collect()),
            _ => (Vec::new(), Vec::new()),
        };
        Some(Notice {
            rules: self.rules_of([&id]),
            id,
            kind,
            developer: self.standing.developer.to_owned(),
            app: None,
            month,
            at: at.time,
            cause: at.position,
            violation: None,
            grade: fall,
            facts,
            events: self.events(positions),
            measures,
            duties,
            edition: self.edition(at.time),
            appeal: self.appeal(at.time),
            counted: counted.clone().count(),
            seen_by,
            began: counted.clone().next().map_or(at.time, |first| first.time),
        })
    }

    /// The step at which a month's incidents ended the cooperation.
    fn end_of(&self, month: &DeveloperMonth) -> Option<Moment> {
        let is_it = |at: &&Moment| Some((at.time, at.position)) == month.at.zip(month.cause);
        month.counted.iter().find(is_it).copied()
    }

    fn step_at(&self, month: LocalMonth, at: Moment) -> Option<(&AppStanding<'_>, &Step)> {
        self.standing.apps.iter().find_map(|app| {
            let mut steps = app.steps.iter();
            let step = steps.find(|step| (step.month, step.at) == (month, at))?;
            Some((app, step))
        })
    }

    /// The id of the node of the incident that a step is of.
    fn incident_id(&self, app: &AppStanding<'_>, month: &AppMonth<'_>, step: &Step) -> String {
        let mut incidents = month.violations.iter();
        let place = incidents.position(|incident| incident.incident == step.incident);
        let n = place.map_or(0, |place| place + 1);
        format!("{}/incident:{n}", app_month_id(app.app, month.month))
    }

    /// The events that had counted for an incident of a month when it came to a step.
    fn evidence(&self, month: &AppMonth<'_>, step: &Step, of: usize) -> BTreeSet<Position> {
        match step.basis {
            Basis::Outage { .. } => {
                let days = month.days.iter().filter(|day| day.at <= step.at);
                days.map(|day| day.at.position).collect()
            }
            _ => {
                let incident = month.violations.get(of);
                let evidence = incident
                    .into_iter()
                    .flat_map(|v| v.evidence.iter().copied());
                let later = |at: Position| {
                    let time = self.event(at).time;
                    time.is_some_and(|time| (time, at) > (step.at.time, step.at.position))
                };
                let complaints = incident.is_some_and(|v| v.code == COMPLAINTS);
                evidence.filter(|at| !(complaints && later(*at))).collect()
            }
        }
    }

    fn events(&self, positions: BTreeSet<Position>) -> Vec<Event> {
        positions.into_iter().map(|at| self.event(at)).collect()
    }

    fn event(&self, position: Position) -> Event {
        let node = self.graph.nodes.get(&format!("event:{position}"));
        let text = |key| node.and_then(|node| node.details.get(key)?.as_str());
        Event {
            position,
            kind: text("type").and_then(|text| text.parse().ok()),
            time: text("time").and_then(|text| text.parse().ok()),
        }
    }

    fn texts<const N: usize>(&self, ids: [&String; N]) -> Vec<String> {
        let nodes = ids.into_iter().filter_map(|id| self.graph.nodes.get(id));
        nodes.map(|node| node.text.clone()).collect()
    }

    /// The places of the rulebook that nodes follow from.
    fn rules_of<const N: usize>(&self, ids: [&String; N]) -> Vec<Clause> {
        let nodes = ids.into_iter().filter_map(|id| self.graph.nodes.get(id));
        let because = nodes.flat_map(|node| &node.because);
        let rules = because.filter_map(|id| self.graph.nodes.get(id));
        let rules = rules.filter(|node| node.kind == NodeKind::Rule);
        rules.map(clause).collect()
    }

    fn edition(&self, at: Instant) -> String {
        self.timeline.at(at).book.version.clone()
    }

    /// How an appeal may be filed, by the rules in effect at an instant.
    fn appeal(&self, at: Instant) -> Option<Appeal> {
        let rules = self.timeline.at(at).book.appeals;
        let provided = rules.within_days.is_some() || rules.tries.is_some();
        provided.then_some(Appeal {
            within_days: rules.within_days,
            tries: rules.tries,
        })
    }
}

/// A place of a rulebook, from its node.
fn clause(node: &Node) -> Clause {
    let text = |key| node.details.get(key).and_then(|value| value.as_str());
    let owned = |key| text(key).unwrap_or_default().to_owned();
    Clause {
        rulebook: owned("rulebook"),
        version: owned("version"),
        path: owned("path"),
        clause: text("clause").map(str::to_owned),
        text: node.text.clone(),
    }
}

//! A worked example of the specification, ready to be explained.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use standing_projections::explain::{
    EventNote, Graph, NodeKind, Question, Subject, events_needed, explain,
};
use standing_projections::facts::History;
use standing_projections::rulebook::{Lang, preset};
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Event, Instant, LocalMonth, Position, Rulebook, assess};

/// A worked example: its events, its rulebooks, what it asks.
pub(crate) struct Case {
    pub(crate) events: Vec<Event>,
    data: Vec<Value>,
    pub(crate) history: History,
    pub(crate) timeline: Timeline,
    pub(crate) asks: Vec<Ask>,
}

pub(crate) fn cases() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/cases")
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Case {
    pub(crate) fn of(dir: &Path, titled: bool) -> Self {
        Self::with(dir, titled, [])
    }

    /// The example, and events that come after its own.
    pub(crate) fn with(dir: &Path, titled: bool, more: impl IntoIterator<Item = Value>) -> Self {
        let case: Value = serde_json::from_str(&read(&dir.join("case.json"))).unwrap();
        let lines: Vec<Value> = read(&dir.join("events.jsonl"))
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .chain(more)
            .collect();
        let events: Vec<Event> = lines.iter().map(|v| Event::from_json(v).unwrap()).collect();
        let history = History::of((1..).map(Position).zip(&events));
        // The presets have the titles that the cases' own rulebooks lack; the figures are the same.
        let texts: Vec<String> = if titled {
            let presets = preset::named("weibo").unwrap().iter();
            presets.map(|text| (*text).to_owned()).collect()
        } else {
            let paths = case["rulebooks"].as_array().unwrap().iter();
            paths
                .map(|path| read(&dir.join(path.as_str().unwrap())))
                .collect()
        };
        let books = texts.iter().map(|text| Rulebook::parse(text).unwrap());
        let books = books.map(|book| (Position(0), book));
        let timeline = Timeline::new(books.collect(), history.names()).unwrap();
        let asks = case["asks"].as_array().unwrap().iter().map(|asked| {
            let instant = |key: &str| asked[key].as_str().map(|at| at.parse::<Instant>().unwrap());
            let known = |at| events.iter().filter(|e| e.recordedtime <= Some(at)).count() as u64;
            Ask {
                as_of: instant("as_of").unwrap(),
                known_at: instant("known_at").map_or(history.head(), |at| Position(known(at))),
            }
        });
        Self {
            asks: asks.collect(),
            data: lines.into_iter().map(|line| line["data"].clone()).collect(),
            events,
            history,
            timeline,
        }
    }

    fn note(&self, position: Position) -> EventNote {
        let index = usize::try_from(position.0 - 1).unwrap();
        let event = &self.events[index];
        EventNote {
            id: event.id.clone(),
            source: event.source.clone(),
            time: event.time,
            recordedtime: event.recordedtime,
            kind: event.kind,
            subject: event.subject.clone(),
            data: self.data[index].clone(),
        }
    }

    pub(crate) fn explain(
        &self,
        developer: &str,
        ask: Ask,
        of: Subject<'_>,
        month: Option<LocalMonth>,
        lang: Lang,
    ) -> Option<Graph> {
        let (facts, _) = self.history.subject(developer).unwrap();
        let standing = assess(facts, self.history.names(), &self.timeline, ask)?;
        let question = Question {
            standing: &standing,
            timeline: &self.timeline,
            subject: of,
            month,
            lang,
        };
        let needed = events_needed(&question);
        let notes: BTreeMap<Position, EventNote> =
            needed.iter().map(|at| (*at, self.note(*at))).collect();
        let graph = explain(&question, &notes);
        assert_eq!(graph, explain(&question, &notes));
        let shown = graph
            .nodes
            .values()
            .filter(|node| node.kind == NodeKind::Event);
        for event in shown {
            assert!(event.details.contains_key("type"), "{}", event.text);
        }
        Some(graph)
    }
}

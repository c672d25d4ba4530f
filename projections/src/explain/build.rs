//! The nodes as they are put together, and the two kinds everything ends at: events and rulebooks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::graph::{Graph, Node, NodeKind};
use super::index::Index;
use super::phrases::Say;
use super::words::{list, word};
use super::{EventNote, Question, Subject};
use crate::event::Position;
use crate::rulebook::Lang;
use crate::rules::{Moment, Rules, Timeline};
use crate::standing::{AppStanding, Standing};
use crate::time::{Instant, LocalMonth};

/// The figures and codes of an event's data that its line shows, in order.
const SHOWN: [&str; 15] = [
    "class",
    "code",
    "stage",
    "severity",
    "outcome",
    "condition",
    "met",
    "grade",
    "permission",
    "measures",
    "until",
    "cause",
    "date",
    "daily_users",
    "reason",
];
/// How much of a text that somebody wrote a line shows.
const SHOWN_CHARS_MAX: usize = 80;

/// An explanation in the making.
pub(super) struct Build<'a> {
    pub(super) standing: &'a Standing<'a>,
    pub(super) timeline: &'a Timeline,
    pub(super) month: Option<LocalMonth>,
    pub(super) lang: Lang,
    pub(super) say: Say,
    /// Each step of each app by its month and place in the order of what happens.
    pub(super) steps: BTreeMap<(LocalMonth, Moment), (usize, usize)>,
    /// Of each app.
    pub(super) index: Vec<Index>,
    events: &'a BTreeMap<Position, EventNote>,
    nodes: BTreeMap<String, Node>,
    asked: BTreeSet<Position>,
}

impl<'a> Build<'a> {
    pub(super) fn new(question: &Question<'a>, events: &'a BTreeMap<Position, EventNote>) -> Self {
        let mut steps = BTreeMap::new();
        for (app, standing) in question.standing.apps.iter().enumerate() {
            for (place, step) in standing.steps.iter().enumerate() {
                steps.insert((step.month, step.at), (app, place));
            }
        }
        Self {
            standing: question.standing,
            timeline: question.timeline,
            month: question.month,
            lang: question.lang,
            say: Say(question.lang),
            steps,
            index: question.standing.apps.iter().map(Index::of).collect(),
            events,
            nodes: BTreeMap::new(),
            asked: BTreeSet::new(),
        }
    }

    /// The root for a subject.
    pub(super) fn subject(&mut self, subject: Subject<'_>) -> Option<String> {
        match subject {
            Subject::Developer => Some(self.developer()),
            Subject::App(id) => {
                let place = self.standing.apps.iter().position(|app| app.app == id)?;
                Some(self.app(place, true))
            }
        }
    }

    pub(super) fn finish(self, root: Option<String>) -> Graph {
        Graph {
            roots: root.into_iter().collect(),
            nodes: self.nodes,
            lang: self.lang,
        }
    }

    pub(super) fn asked(self) -> BTreeSet<Position> {
        self.asked
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.nodes.contains_key(id)
    }

    /// Puts a node in and gives its id back.
    pub(super) fn add(&mut self, id: String, node: Node) -> String {
        self.nodes.insert(id.clone(), node);
        id
    }

    pub(super) fn app_at(&self, place: usize) -> &'a AppStanding<'a> {
        &self.standing.apps[place]
    }

    /// The id of what tells the step at a moment of a month, of whichever app.
    pub(super) fn step_at(&mut self, month: LocalMonth, at: Moment) -> Option<String> {
        let (app, place) = *self.steps.get(&(month, at))?;
        self.step_of(app, place)
    }

    /// The id of the incident that the step at a moment of a month belongs to.
    pub(super) fn incident_at(&mut self, month: LocalMonth, at: Moment) -> Option<String> {
        let (app, place) = *self.steps.get(&(month, at))?;
        self.incident_of(app, self.app_at(app).steps[place].incident)
    }

    pub(super) fn is_asked(&self, month: LocalMonth) -> bool {
        self.month.is_none_or(|asked| asked == month)
    }

    pub(super) fn rules(&self, index: usize) -> &'a Rules {
        self.timeline.version(index)
    }

    pub(super) fn note(&self, position: Position) -> Option<&'a EventNote> {
        self.events.get(&position)
    }

    /// An instant in local time: `2015-03-03 09:00 +08:00`.
    pub(super) fn when(&self, at: Instant) -> String {
        self.timeline.zone().show(at)
    }

    pub(super) fn word(&self, text: &'a str) -> &'a str {
        word(self.lang, text)
    }

    /// What stands in an answer's head: as of when, as known at which event.
    pub(super) fn asked_of(&self) -> String {
        let ask = self.standing.ask;
        self.say.asked(&self.when(ask.as_of), ask.known_at.0)
    }

    /// The node of an event.
    pub(super) fn event(&mut self, position: Position) -> String {
        let id = format!("event:{position}");
        self.asked.insert(position);
        if self.has(&id) {
            return id;
        }
        let Some(note) = self.note(position) else {
            let text = self.say.event_unknown(position.0);
            let node = Node::new(NodeKind::Event, &text).with("position", position.0);
            return self.add(id, node);
        };
        let mut what = vec![word(self.lang, note.kind.as_str()).to_owned()];
        what.extend(SHOWN.iter().filter_map(|key| self.shown(key, &note.data)));
        let what = self.say.clauses(&what);
        let at = self.when(note.time);
        let text = self
            .say
            .event(position.0, &at, &what, &note.id, &note.source);
        let node = Node::new(NodeKind::Event, &text)
            .with("position", position.0)
            .with("id", note.id.as_str())
            .with("source", note.source.as_str())
            .with("type", note.kind.as_str())
            .with("subject", note.subject.as_str())
            .with("data", note.data.clone())
            .at("time", note.time)
            .at("recordedtime", note.recordedtime);
        self.add(id, node)
    }

    fn shown(&self, key: &str, data: &Value) -> Option<String> {
        let lang = self.lang;
        let text = match data.get(key)? {
            // Grades and free text are the platform's own words, not the domain's.
            Value::String(text) if key == "grade" => text.clone(),
            Value::String(text) if key == "reason" => self.quoted(text),
            Value::String(text) if key == "until" => self.when(text.parse().ok()?),
            Value::String(text) => word(lang, text).to_owned(),
            Value::Array(items) => {
                let words = items.iter().filter_map(Value::as_str);
                list(lang, words.map(|text| word(lang, text)))
            }
            Value::Bool(yes) => word(lang, if *yes { "true" } else { "false" }).to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Object(_) => return None,
        };
        match key {
            "until" => Some(self.say.until(&text)),
            "daily_users" => Some(self.say.users(&text)),
            "cause" => Some(self.say.cause(&text)),
            _ => Some(text),
        }
    }

    /// A text that somebody wrote, or the beginning of a long one.
    pub(super) fn quoted(&self, text: &str) -> String {
        let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        self.say.quoted(&shown)
    }

    /// The node of a version of the rulebook.
    pub(super) fn rulebook(&mut self, index: usize) -> String {
        let rules = self.rules(index);
        let book = &rules.book;
        let id = format!("rulebook:{}@{}", segment(&book.id), segment(&book.version));
        if self.has(&id) {
            return id;
        }
        let title = book.title.as_ref().map(|title| title.get(self.lang));
        let from = self.when(rules.effective_from);
        let text = self.say.rulebook(&book.id, &book.version, title, &from);
        let mut node = Node::new(NodeKind::Rulebook, &text)
            .with("rulebook", book.id.as_str())
            .with("version", book.version.as_str())
            .with("time_zone", book.time_zone.as_str())
            .at("effective_from", rules.effective_from);
        if let Some(source) = &book.source {
            node = node.with("source", source.get(self.lang));
        }
        // Position 0 is that of a rulebook that no event published.
        if rules.position > Position(0) {
            node = node.because([self.event(rules.position)]);
        }
        self.add(id, node)
    }

    /// The events that do not count: of the app of that number, or of the developer itself.
    pub(super) fn disregarded(&mut self, app: Option<usize>) -> Vec<String> {
        let standing = self.standing;
        let mut ids = Vec::new();
        for retraction in &standing.disregarded {
            let note = self.note(retraction.target);
            let of_month = note.is_none_or(|n| self.is_asked(self.timeline.zone().month(n.time)));
            let subject = note.map(|note| note.subject.as_str());
            let mine = match (app, subject) {
                (_, None) => true,
                (Some(app), Some(subject)) => standing.apps[app].app == subject,
                (None, Some(subject)) => standing.apps.iter().all(|other| other.app != subject),
            };
            if !(of_month && mine) {
                continue;
            }
            let text = self
                .say
                .disregarded(retraction.target.0, retraction.position.0);
            let node = Node::new(NodeKind::Disregarded, &text)
                .with("event", retraction.target.0)
                .with("by", retraction.position.0)
                .because([retraction.target, retraction.position].map(|at| self.event(at)));
            ids.push(self.add(format!("disregarded:{}", retraction.target), node));
        }
        ids
    }
}

/// A text as one part of an id: what would end the part, or a line, is written `%xx`.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || c.is_whitespace() || matches!(c, '%' | '/' | '@' | '[' | ']') {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                safe.push_str(&format!("%{byte:02x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_id_cannot_be_forged_by_another_apps_name() {
        assert_eq!(super::segment("a1/2014-05\n"), "a1%2f2014-05%0a");
        assert_eq!(super::segment("应用-1.é"), "应用-1.é");
    }
}

//! A notice as the letter that its developer reads.

use standing_projections::measure::Measure;
use standing_projections::rulebook::Lang;
use standing_projections::standing::ObligationState;
use standing_projections::text::one_line;
use standing_projections::{Instant, Zone};

use super::phrases::Say;
use super::{Correction, Duty, Event, Notice};

/// How many events a letter names; a notice has all of them.
const EVENTS_SHOWN_MAX: usize = 20;

impl Notice {
    /// The letter, with instants in the rulebook's time zone and in UTC.
    ///
    /// Sentences that come from the explanation are in the language that the notice was read in.
    #[must_use]
    pub fn letter(&self, zone: &Zone, lang: Lang) -> String {
        Letter {
            zone,
            say: Say(lang),
            text: String::new(),
        }
        .notice(self)
    }
}

impl Correction {
    /// The letter: what no longer holds, why, and what holds instead.
    #[must_use]
    pub fn letter(&self, zone: &Zone, lang: Lang) -> String {
        let mut letter = Letter {
            zone,
            say: Say(lang),
            text: String::new(),
        };
        let (say, told) = (letter.say, &self.told);
        letter.line(&say.correction());
        letter.line("");
        letter.line(&say.salutation(&one_line(&told.developer)));
        letter.line(&match self.now {
            None => say.withdrawn(&self.id),
            Some(_) => say.changed(&self.id),
        });
        let because = self.because.iter();
        let mut why: Vec<String> = because
            .map(|one| say.taken_back(one.event, one.by))
            .collect();
        if why.is_empty() {
            why.push(say.known_since(self.since));
        }
        letter.section(&say.why_changed(), why);
        if let Some(now) = &self.now {
            letter.line("");
            return letter.notice(now);
        }
        letter.text
    }
}

/// A letter as it is written.
struct Letter<'a> {
    zone: &'a Zone,
    say: Say,
    text: String,
}

impl Letter<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn section(&mut self, heading: &str, items: impl IntoIterator<Item = String>) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_none() {
            return;
        }
        self.line("");
        self.line(heading);
        for item in items {
            self.line(&format!("  - {item}"));
        }
    }

    /// An instant in local time and in UTC.
    fn when(&self, at: Instant) -> String {
        format!("{} ({at})", self.zone.show(at))
    }

    fn notice(mut self, notice: &Notice) -> String {
        let say = self.say;
        let app = notice.app.as_deref().map(one_line);
        self.line(&say.heading(notice.kind, app.as_deref()));
        self.line(&say.reference(&notice.id));
        self.line("");
        self.line(&say.salutation(&one_line(&notice.developer)));
        self.line(&say.opening(notice.kind, &self.when(notice.at)));
        let mut facts = notice.facts.clone();
        let of = notice.violation.as_ref();
        facts.extend(of.map(|of| say.nth(of.level, of.nth, notice.month)));
        self.section(&say.facts(), facts);
        let shown = notice.events.iter().take(EVENTS_SHOWN_MAX);
        let mut events: Vec<String> = shown.map(|event| self.event(event)).collect();
        if let Some(more @ 1..) = notice.events.len().checked_sub(EVENTS_SHOWN_MAX) {
            events.push(say.more_events(more));
        }
        self.section(&say.events(), events);
        let rules = notice.rules.iter().map(|rule| rule.text.clone());
        self.section(&say.rules(), rules);
        let follows = self.follows(notice);
        self.section(&say.measures(), follows);
        let mut duties: Vec<String> = notice.duties.iter().map(|duty| self.duty(duty)).collect();
        let is_owed =
            |duty: &Duty| matches!(duty.state, ObligationState::Open | ObligationState::Overdue);
        if duties.is_empty() {
            duties.push(say.nothing_to_do(notice.kind));
        } else if notice.duties.iter().any(is_owed) {
            duties.push(say.tell_us());
        }
        self.section(&say.duties(), duties);
        let way = match &notice.appeal {
            Some(appeal) => say.way(appeal, &notice.edition),
            None => vec![say.no_way(&notice.edition)],
        };
        self.section(&say.appeal(), way);
        self.text
    }

    fn event(&self, event: &Event) -> String {
        let what = event.kind.map(|kind| self.say.word(kind.as_str()));
        let at = event.time.map(|at| self.when(at));
        self.say.event(event.position, what, at.as_deref())
    }

    fn follows(&self, notice: &Notice) -> Vec<String> {
        let say = self.say;
        let measures = notice.measures.iter().map(|applied| {
            // Of a single app, the heading says which.
            let app = notice.app.is_none().then(|| one_line(&applied.app));
            let from = self.when(applied.from);
            let until = applied.until.map(|until| self.when(until));
            let what = say.word(applied.measure.as_str());
            let line = match applied.measure {
                Measure::Warning => say.warning(what, &from),
                _ => say.measure(what, app.as_deref(), (&from, until.as_deref()), notice.kind),
            };
            match applied.ended {
                Some(ended) => say.ended(&line, &self.when(ended.at), ended.by),
                None => line,
            }
        });
        let mut lines: Vec<String> = measures.collect();
        if let Some(fall) = &notice.grade {
            lines.push(say.fall(&fall.from, fall.to.as_deref()));
            lines.extend(fall.marks.then(|| say.marked()));
        }
        lines
    }

    fn duty(&self, duty: &Duty) -> String {
        let due = duty.due.map(|due| self.when(due));
        let what = self.say.word(duty.kind.as_str());
        let app = one_line(&duty.app);
        self.say.duty(what, &app, due.as_deref(), duty.state)
    }
}

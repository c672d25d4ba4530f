//! A month of an app: its tier, its incidents step by step, its sanctions (SPEC §4).

use std::collections::BTreeSet;

use super::app_month_id;
use super::build::Build;
use super::graph::{Node, NodeKind};
use super::place::Place;
use super::words::list;
use crate::event::{COMPLAINTS, ComplaintClass, OUTAGE, Position};
use crate::provenance::{Basis, OutageDay, Step};
use crate::rulebook::{Level, OutageCount};
use crate::standing::{AppMonth, Sanction};
use crate::time::{DAY_MICROS, LocalMonth};

/// How many reasons that do not count a line names; each event names its own.
const REASONS_SHOWN_MAX: usize = 8;

impl Build<'_> {
    /// The id that a month of an app has.
    pub(super) fn month_id(&self, app: usize, month: LocalMonth) -> String {
        app_month_id(self.app_at(app).app, month)
    }

    pub(super) fn app_month(&mut self, app: usize, m: usize) -> String {
        let month = &self.app_at(app).months[m];
        let id = self.month_id(app, month.month);
        if self.has(&id) {
            return id;
        }
        let name = month.month.to_string();
        let (incidents, sanctions) = (month.violations.len(), month.sanctions.len());
        let text = self.say.month(&name, month.tier, incidents, sanctions);
        let mut because = vec![self.tier(app, m)];
        // The gravest ones follow from the tier.
        let others = (0..incidents).filter(|v| Some(month.violations[*v].level) != month.tier);
        because.extend(others.map(|v| self.incident(app, m, v)));
        because.extend(self.no_level(app, month));
        because.extend(self.uncounted(app, month.month));
        for index in 0..month.unclassified.len() {
            because.push(self.unclassified(app, month, index));
        }
        because.extend((0..sanctions).map(|s| self.sanction(app, m, s)));
        let node = Node::new(NodeKind::Month, &text)
            .with("month", name)
            .with("tier", month.tier.map(Level::number))
            .with("incidents", incidents)
            .with("sanctions", sanctions)
            .with("version", self.rules(month.rules).book.version.as_str())
            .because(because);
        self.add(id, node)
    }

    fn tier(&mut self, app: usize, m: usize) -> String {
        let month = &self.app_at(app).months[m];
        let id = format!("{}/tier", self.month_id(app, month.month));
        let is_gravest = |v: &usize| Some(month.violations[*v].level) == month.tier;
        let gravest: Vec<usize> = (0..month.violations.len()).filter(is_gravest).collect();
        let numbers: Vec<usize> = gravest.iter().map(|v| v + 1).collect();
        let text = self.say.tier(month.tier, &numbers);
        let because = gravest.into_iter().map(|v| self.incident(app, m, v));
        let node = Node::new(NodeKind::Tier, &text)
            .with("tier", month.tier.map(Level::number))
            .because(because.collect::<Vec<_>>());
        self.add(id, node)
    }

    /// The id of the incident of that number of an app.
    pub(super) fn incident_of(&mut self, app: usize, incident: usize) -> Option<String> {
        let (m, v) = *self.index[app].incidents.get(&incident)?;
        Some(self.incident(app, m, v))
    }

    fn incident(&mut self, app: usize, m: usize, v: usize) -> String {
        let standing = self.app_at(app);
        let month = &standing.months[m];
        let (violation, n) = (&month.violations[v], v + 1);
        let id = format!("{}/incident:{n}", self.month_id(app, month.month));
        if self.has(&id) {
            return id;
        }
        let steps = self.steps_of(app, violation.incident);
        let name = self.say.incident(n, standing.app, &month.month.to_string());
        let at = self.when(violation.at);
        let (text, mut because) = match steps.first().map(|step| step.basis) {
            Some(Basis::Catalogue(entry)) => {
                let found = self.rules(month.rules).book.violations.get(entry);
                let title = found.and_then(|found| found.get_ref().title.as_ref());
                let title = self.titled(violation.code, title);
                let rule = self.rule(month.rules, Place::Violation(entry));
                let text = self.say.found(&name, &title, violation.level, &at);
                (text, vec![rule])
            }
            basis => {
                let counted = match basis {
                    Some(Basis::Outage { .. }) => self.say.outage_days(month.outage_days),
                    _ => self.say.complaints(counts(month)),
                };
                let since = (violation.since < violation.at).then(|| self.when(violation.since));
                let when = (at.as_str(), since.as_deref());
                let text = self
                    .say
                    .grown(&name, violation.code, violation.level, when, &counted);
                let steps = steps.iter().zip(1..);
                let steps =
                    steps.map(|(step, nth)| self.step((&id, &name), nth, month.rules, step));
                (text, steps.collect())
            }
        };
        if violation.code == OUTAGE {
            because.extend(self.outage_days(app, month));
        } else {
            // What made a step follows from it.
            let of_step = |at: &Position| steps.iter().any(|step| step.at.position == *at);
            let grown = violation.code == COMPLAINTS;
            let others = violation
                .evidence
                .iter()
                .filter(|at| !(grown && of_step(at)));
            let others: Vec<Position> = others.copied().collect();
            because.extend(self.events(&others));
        }
        let evidence: Vec<u64> = violation.evidence.iter().map(|at| at.0).collect();
        let node = Node::named(NodeKind::Incident, &name, &text)
            .with("code", violation.code)
            .with("level", violation.level.number())
            .with("evidence", evidence)
            .with("version", self.rules(month.rules).book.version.as_str())
            .at("since", violation.since)
            .at("at", violation.at)
            .because(because);
        self.add(id, node)
    }

    fn steps_of(&self, app: usize, incident: usize) -> Vec<Step> {
        let steps = &self.app_at(app).steps;
        let places = self.index[app].steps.get(&incident).into_iter().flatten();
        places.map(|place| steps[*place]).collect()
    }

    /// The id of what tells the step of that place: a step of complaints or outage days has a
    /// node of its own, a violation found is one step and its incident tells it.
    pub(super) fn step_of(&mut self, app: usize, place: usize) -> Option<String> {
        let step = self.app_at(app).steps[place];
        let incident = self.incident_of(app, step.incident)?;
        let mut places = self.index[app].steps.get(&step.incident)?.iter();
        let nth = places.position(|other| *other == place)? + 1;
        Some(match step.basis {
            Basis::Catalogue(_) => incident,
            _ => format!("{incident}/step:{nth}"),
        })
    }

    fn step(
        &mut self,
        (incident, name): (&str, &str),
        nth: usize,
        rules: usize,
        step: &Step,
    ) -> String {
        let id = format!("{incident}/step:{nth}");
        let book = &self.rules(rules).book;
        let node = |why: &str| {
            let at = self.when(step.at.time);
            let text = self.say.step(name, step.begins, step.level, &at, why);
            let name = self.say.step_name(name, step.level);
            Node::named(NodeKind::Step, &name, &text)
                .with("level", step.level.number())
                .with("begins", step.begins)
                .at("at", step.at.time)
        };
        let (node, place) = match step.basis {
            Basis::Catalogue(entry) => (node(""), Place::Violation(entry)),
            Basis::Complaints { tier, counts } => {
                let passed = self.rules(rules).passed(tier, &counts);
                let why: Vec<String> = passed
                    .map(|(class, limit)| self.say.passed(class, counts[class as usize], limit))
                    .collect();
                let mut node = node(&self.say.clauses(&why));
                for (class, counted) in ComplaintClass::ALL.iter().zip(counts) {
                    node = node.with(class.as_str(), counted);
                }
                (node, Place::ComplaintTier(tier))
            }
            Basis::Outage { tier, days } => {
                let limit = book.outages.tiers.get(tier).map_or(0, |t| t.get_ref().days);
                let in_a_row = book.outages.count == OutageCount::Consecutive;
                let why = self.say.days_reached(days, in_a_row, limit);
                (node(&why).with("days", days), Place::OutageTier(tier))
            }
        };
        let because = [self.event(step.at.position), self.rule(rules, place)];
        self.add(id, node.because(because))
    }

    fn outage_days(&mut self, app: usize, month: &AppMonth<'_>) -> Vec<String> {
        let base = self.month_id(app, month.month);
        let day = |day: &OutageDay| {
            let date = day.date.to_string();
            let (from, cause) = (self.when(day.at.time), self.word(day.cause.as_str()));
            let text = self.say.outage_day(&date, &from, day.at.block, cause);
            let event = self.event(day.at.position);
            let node = Node::new(NodeKind::OutageDay, &text)
                .with("date", date.as_str())
                .with("block", day.at.block)
                .with("cause", day.cause.as_str())
                .at("from", day.at.time)
                .because([event]);
            self.add(format!("{base}/outage-day:{date}"), node)
        };
        month.days.iter().map(day).collect()
    }

    /// What a month has of complaints and outage days, where they reach no level.
    fn no_level(&mut self, app: usize, month: &AppMonth<'_>) -> Vec<String> {
        let base = self.month_id(app, month.month);
        let book = &self.rules(month.rules).book;
        let mut ids = Vec::new();
        if !month.complaint_events.is_empty() {
            let counts = counts(month);
            let text = self.say.no_level(&self.say.complaints(counts));
            let mut because = self.events(&month.complaint_events);
            let tiers = 0..book.complaints.tiers.len();
            because.extend(tiers.map(|tier| self.rule(month.rules, Place::ComplaintTier(tier))));
            let mut node = Node::new(NodeKind::Count, &text).because(because);
            for (class, counted) in ComplaintClass::ALL.iter().zip(counts) {
                node = node.with(class.as_str(), counted);
            }
            ids.push(self.add(format!("{base}/complaints"), node));
        }
        let has_incident = month.violations.iter().any(|v| v.code == OUTAGE);
        if !month.days.is_empty() && !has_incident {
            let text = self.say.no_level(&self.say.outage_days(month.outage_days));
            let mut because = self.outage_days(app, month);
            let tiers = 0..book.outages.tiers.len();
            because.extend(tiers.map(|tier| self.rule(month.rules, Place::OutageTier(tier))));
            let node = Node::new(NodeKind::Count, &text)
                .with("days", month.outage_days)
                .because(because);
            ids.push(self.add(format!("{base}/outage-days"), node));
        }
        ids
    }

    /// The complaints of a month whose reasons do not count.
    fn uncounted(&mut self, app: usize, month: LocalMonth) -> Option<String> {
        let all = &*self.app_at(app).uncounted;
        let all = &all[all.partition_point(|complaint| complaint.month < month)..];
        let all = &all[..all.partition_point(|complaint| complaint.month == month)];
        let rules = all.first()?.rules;
        let mut seen = BTreeSet::new();
        let reasons = all.iter().map(|complaint| complaint.reason);
        let reasons: Vec<&str> = reasons.filter(|reason| seen.insert(*reason)).collect();
        let book = &self.rules(rules).book;
        let counted = book.complaints.counted_reasons.as_deref();
        let shown = reasons.iter().take(REASONS_SHOWN_MAX);
        let mut quoted: Vec<String> = shown.map(|reason| self.quoted(reason)).collect();
        if reasons.len() > REASONS_SHOWN_MAX {
            quoted.push("…".to_owned());
        }
        let text = self
            .say
            .uncounted(all.len(), &quoted, counted.unwrap_or_default());
        let mut because: Vec<String> = all.iter().map(|c| self.event(c.position)).collect();
        because.push(self.rule(rules, Place::CountedReasons));
        let node = Node::new(NodeKind::Uncounted, &text)
            .with("complaints", all.len())
            .with("reasons", reasons)
            .with("version", book.version.as_str())
            .because(because);
        Some(self.add(format!("{}/uncounted", self.month_id(app, month)), node))
    }

    /// A month in which nothing counts, and what does not.
    pub(super) fn month_empty(&mut self, app: usize, month: LocalMonth) -> String {
        let text = self.say.month_empty(&month.to_string());
        let node = Node::new(NodeKind::Month, &text)
            .with("month", month.to_string())
            .because(self.uncounted(app, month));
        self.add(self.month_id(app, month), node)
    }

    fn unclassified(&mut self, app: usize, month: &AppMonth<'_>, index: usize) -> String {
        let (base, code) = (self.month_id(app, month.month), month.unclassified[index]);
        let book = &self.rules(month.rules).book;
        let text = self.say.unclassified(code, &book.id, &book.version);
        let mut because = self.events(&month.unclassified_events[index..=index]);
        because.push(self.rulebook(month.rules));
        let node = Node::new(NodeKind::Unclassified, &text)
            .with("code", code)
            .with("version", book.version.as_str())
            .because(because);
        self.add(format!("{base}/unclassified:{}", index + 1), node)
    }

    pub(super) fn events(&mut self, positions: &[Position]) -> Vec<String> {
        positions.iter().map(|at| self.event(*at)).collect()
    }

    /// The id of the app's sanction of that number, counted over all its months.
    pub(super) fn sanction_of(&mut self, app: usize, number: usize) -> Option<String> {
        let (m, s) = *self.index[app].sanctions.get(number)?;
        Some(self.sanction(app, m, s))
    }

    fn sanction(&mut self, app: usize, m: usize, s: usize) -> String {
        let standing = self.app_at(app);
        let month = &standing.months[m];
        let (sanction, n) = (&month.sanctions[s], s + 1);
        let id = format!("{}/sanction:{n}", self.month_id(app, month.month));
        if self.has(&id) {
            return id;
        }
        let measures = sanction.measures.iter().map(|m| self.word(m));
        let measures = list(self.lang, measures);
        let interval = self.interval_of(month, sanction);
        let fix_by = sanction.fix_by.map(|by| self.when(by));
        let nth = (sanction.nth as usize, sanction.level);
        let name = self
            .say
            .sanction_name(n, standing.app, &month.month.to_string());
        let text = self
            .say
            .sanction(&name, &measures, &interval, fix_by.as_deref(), nth);
        // It is the nth by its own step and by what was the nth but one; that one tells the rest.
        let mut because: Vec<String> = self.step_of(app, sanction.step).into_iter().collect();
        if let Some(previous) = self.index[app].previous[sanction.step] {
            let brought = self.index[app].brought.get(&previous).copied();
            because.extend(match brought {
                Some(number) => self.sanction_of(app, number),
                None => self.step_of(app, previous),
            });
        }
        because.push(self.rule(month.rules, Place::Row(sanction.row)));
        let node = Node::named(NodeKind::Sanction, &name, &text)
            .with("code", sanction.code)
            .with("level", sanction.level.number())
            .with("nth", sanction.nth)
            .with("measures", sanction.measures.to_vec())
            .with("version", self.rules(month.rules).book.version.as_str())
            .at("from", sanction.from)
            .at("until", sanction.until)
            .at("fix_by", sanction.fix_by)
            .because(because);
        self.add(id, node)
    }

    /// From when until when a sanction runs, and how its length was made.
    fn interval_of(&self, month: &AppMonth<'_>, sanction: &Sanction<'_>) -> String {
        let rules = self.rules(month.rules);
        let row = rules.row(sanction.row);
        let measures = rules.figures(sanction.row).measures;
        let from = self.when(sanction.from);
        if measures.lasting().next().is_none() {
            return self.say.on(&from);
        }
        let Some(until) = sanction.until else {
            return self.say.run(&from, None, "");
        };
        let total = (until.micros() - sanction.from.micros()) / DAY_MICROS;
        let length = self
            .say
            .length(row.days, row.days_per_violation, sanction.nth, total);
        let until = self.when(until);
        self.say.run(&from, Some(&until), &length)
    }
}

/// The month's complaints by class, as the rules count them.
const fn counts(month: &AppMonth<'_>) -> [u32; 3] {
    let counted = month.complaints;
    [counted.strong, counted.normal, counted.celebrity]
}

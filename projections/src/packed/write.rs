//! From what was derived to words.

use super::{SHORT, bits, code, month, obligation, pair, sanction, violation};
use crate::app::AppFold;
use crate::assess::{Assessor, Judged};
use crate::event::Position;
use crate::facts::DeveloperFacts;
use crate::months;
use crate::obligations::Duty;
use crate::provenance::DutyRule;
use crate::standing::Value;
use crate::tiers::{Incident, Source};
use crate::time::Instant;

impl<'a> Assessor<'a> {
    /// Packs the standing of a developer behind the words that are there; whether there is one, as
    /// [`Assessor::standing`] says. A [`Packed`](super::Packed) reads it.
    pub fn pack(&mut self, developer: &'a DeveloperFacts, words: &mut Vec<u64>) -> bool {
        let as_of = self.as_of();
        let judged = self.judge(developer);
        if let Some(judged) = &judged {
            put_developer(judged, as_of, words);
        }
        judged.is_some()
    }
}

/// A place or a length of what is in memory, which is less than 2^32.
fn size(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

fn count<T>(all: &[T]) -> u32 {
    size(all.len())
}

fn instant(at: Option<Instant>) -> u64 {
    at.map_or(0, Instant::word)
}

const fn source(source: Source) -> u32 {
    match source {
        Source::Found(code) => code.number(),
        Source::Complaints => code::COMPLAINTS,
        Source::Outage => code::OUTAGE,
    }
}

fn put_developer(judged: &Judged<'_, '_>, as_of: Instant, words: &mut Vec<u64>) {
    let cooperation = judged.cooperation;
    let grade = cooperation.grade.as_bytes();
    words.extend([
        pair(cooperation.status as u32, count(grade)),
        instant(cooperation.status_since),
        instant(judged.next_change),
        pair(count(&cooperation.months), count(judged.apps)),
    ]);
    words.extend(grade.chunks(8).map(|part| {
        let mut bytes = [0; 8];
        bytes[..part.len()].copy_from_slice(part);
        u64::from_le_bytes(bytes)
    }));
    for month in &cooperation.months {
        words.extend([
            pair(month.month.word(), month.violations),
            instant(month.at.map(|at| at.time)),
            month.outcome as u64,
        ]);
    }
    for app in judged.apps {
        put_app(app, as_of, words);
    }
}

fn put_app(app: &AppFold<'_>, as_of: Instant, words: &mut Vec<u64>) {
    let lifecycle = &app.lifecycle;
    let conditions = app.certified.conditions.as_ref();
    let mut of_app = (lifecycle.permission() as u64) << bits::PERMISSION
        | (lifecycle.state() as u64) << bits::STATE
        | u64::from(lifecycle.key_disabled()) << bits::KEY_DISABLED
        | u64::from(app.on_hold) << bits::ON_HOLD
        | u64::from(conditions.is_some()) << bits::CONDITIONS;
    for (place, condition) in (bits::MET..).zip(conditions.into_iter().flatten()) {
        of_app |= u64::from(condition.met) << place;
    }
    words.extend([
        pair(size(app.place), count(app.tiers.months())),
        of_app,
        lifecycle.since().word(),
        instant(lifecycle.review_due()),
        instant(lifecycle.hold_until()),
        instant(app.on_board),
        app.score.sum().cast_unsigned(),
        app.duties.iter().len() as u64,
        app.running.in_force().count() as u64,
    ]);
    for running in app.running.in_force() {
        words.extend([running.measure as u64, instant(running.until)]);
    }
    for condition in conditions.into_iter().flatten() {
        if let Value::Count(count) = condition.value {
            words.push(count.cast_unsigned());
        }
    }
    put_months(app, words);
    for duty in app.duties.iter() {
        put_obligation(duty, as_of, words);
    }
}

fn put_months(app: &AppFold<'_>, words: &mut Vec<u64>) {
    let tiers = &app.tiers;
    for judged in months::judged(tiers, &app.sanctions) {
        let of_month = judged.month;
        let unclassified = tiers.unclassified(of_month);
        let tier = judged.tier(tiers).map_or(0, |level| level.number());
        let days = tiers.days(of_month).len() as u64;
        let [strong, normal, celebrity] = of_month.counts;
        let violations = size(judged.incidents(tiers).count());
        let (unknown, punished) = (count(unclassified), count(judged.sanctions));
        let counts = [strong, normal, celebrity, unknown, violations, punished];
        let word = u64::from(of_month.month.word())
            | u64::from(tier) << month::TIER
            | days << month::OUTAGE_DAYS;
        let short = counts.iter().zip(SHORT);
        if short.clone().all(|(count, bits)| count >> bits == 0) {
            let counts = short.rev();
            let counts = counts.fold(0, |word, (count, bits)| word << bits | u64::from(*count));
            words.extend([word, counts]);
        } else {
            words.push(word | 1 << month::WIDE);
            words.extend(counts.chunks(2).map(|two| pair(two[0], two[1])));
        }
        for (_, incident) in judged.incidents(tiers) {
            put_violation(incident, tiers.evidence(incident), words);
        }
        words.extend(judged.sanctions.iter().flat_map(|sanction| {
            [
                pair(source(sanction.source), sanction.nth),
                u64::from(size(sanction.row)) << sanction::ROW
                    | (sanction.rules as u64) << sanction::RULES
                    | u64::from(sanction.level.number()) << sanction::LEVEL,
                sanction.at.time.word(),
            ]
        }));
        words.extend(
            unclassified
                .iter()
                .map(|(code, _)| u64::from(code.number())),
        );
    }
}

fn put_violation(incident: &Incident, evidence: &[Position], words: &mut Vec<u64>) {
    let Incident { since, at, .. } = incident;
    let (first, rest) = evidence.split_first().unwrap_or((&Position(0), &[]));
    let last = rest.last().unwrap_or(first);
    let (count, far) = (evidence.len() as u64, (last.0 - first.0) >> 32 != 0);
    words.push(
        u64::from(source(incident.source))
            | count.min(violation::MANY) << violation::EVIDENCE
            | u64::from(incident.level.number()) << violation::LEVEL
            | u64::from(at != since) << violation::LATER
            | u64::from(far) << violation::FAR,
    );
    if count >= violation::MANY {
        words.push(count);
    }
    words.push(since.word());
    if at != since {
        words.push(at.word());
    }
    words.push(first.0);
    if far {
        words.extend(rest.iter().map(|position| position.0));
    } else {
        words.extend(rest.chunks(2).map(|two| {
            let second = two.get(1).map_or(0, |position| position.0 - first.0);
            (two[0].0 - first.0) | second << 32
        }));
    }
}

fn put_obligation(duty: &Duty, as_of: Instant, words: &mut Vec<u64>) {
    let sanction = match duty.rule {
        DutyRule::Sanction(index) => Some(size(index)),
        _ => None,
    };
    words.extend([
        u64::from(sanction.unwrap_or(code::NONE))
            | (duty.kind as u64) << obligation::KIND
            | (duty.state(as_of) as u64) << obligation::STATE
            | u64::from(duty.is_late()) << obligation::LATE,
        duty.at.position.0,
    ]);
    if let Some(met) = duty.met_at() {
        words.push(met.word());
    }
    if sanction.is_none() {
        words.extend([duty.at.time.word(), instant(duty.due.instant())]);
    }
}

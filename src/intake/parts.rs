//! A batch taken apart by what became of its events, and put together again.

use standing_projections::refusal::Refusal;
use standing_projections::{Instant, Position};

use super::admit::{Candidate, Outcome, Rejected};
use crate::ledger::NewEvent;

pub(super) enum Verdict {
    Duplicate(Position),
    Refused(Refusal),
    Accepted(Accepted),
}

/// What judging adds to an event that is accepted.
pub(super) struct Accepted {
    pub(super) target: Option<Position>,
    pub(super) developer: Option<String>,
    pub(super) recordedtime: Option<Instant>,
}

/// An event that is not appended: its place in the batch, itself, and what became of it.
pub(super) type Other = (usize, Candidate, Option<Position>);

/// Parts a judged batch into what is appended and, with their places, the others.
pub(super) fn part(batch: Vec<Candidate>, verdicts: Vec<Verdict>) -> (Vec<NewEvent>, Vec<Other>) {
    let (mut accepted, mut others) = (Vec::with_capacity(batch.len()), Vec::new());
    for (index, (candidate, verdict)) in batch.into_iter().zip(verdicts).enumerate() {
        match (candidate.0, verdict) {
            (Ok(mut new), Verdict::Accepted(added)) => {
                (new.target, new.developer) = (added.target, added.developer);
                new.event.recordedtime = added.recordedtime.or(new.event.recordedtime);
                accepted.push(new);
            }
            (Ok(new), Verdict::Refused(refusal)) => {
                let rejected = Rejected {
                    refusal,
                    body: new.body,
                };
                others.push((index, Candidate(Err(rejected)), None));
            }
            (Ok(new), Verdict::Duplicate(position)) => {
                others.push((index, Candidate(Ok(new)), Some(position)));
            }
            (Err(rejected), _) => others.push((index, Candidate(Err(rejected)), None)),
        }
    }
    (accepted, others)
}

/// The batch in its order, to be judged anew, as it was before it was judged: what was refused on
/// the log as it was is read again, and a recorded time that an event was given is taken from it.
pub(super) fn whole_again(accepted: Vec<NewEvent>, others: Vec<Other>) -> Vec<Candidate> {
    let total = accepted.len() + others.len();
    let mut accepted = accepted.into_iter().map(|mut new| {
        if !new.body.contains_key("recordedtime") {
            new.event.recordedtime = None;
        }
        Candidate(Ok(new))
    });
    let mut others = others.into_iter().peekable();
    (0..total)
        .filter_map(
            |index| match others.next_if(|(place, ..)| *place == index) {
                Some((_, Candidate(Err(rejected)), _)) => Some(Candidate::new(rejected.body)),
                Some((_, ready, _)) => Some(ready),
                None => accepted.next(),
            },
        )
        .collect()
}

pub(super) fn outcomes(
    accepted: Vec<NewEvent>,
    others: Vec<Other>,
    first: Position,
) -> Vec<Outcome> {
    let (total, mut others) = (accepted.len() + others.len(), others.into_iter().peekable());
    let mut appended = (first.0..).map(|position| Outcome::Appended(Position(position)));
    (0..total)
        .filter_map(
            |index| match others.next_if(|(place, ..)| *place == index) {
                Some((_, Candidate(Err(rejected)), _)) => Some(Outcome::Refused(rejected)),
                Some((_, _, position)) => position.map(Outcome::Duplicate),
                None => appended.next(),
            },
        )
        .collect()
}

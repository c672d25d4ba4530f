//! What two standings say differently, found without writing down what they say alike.

use std::cmp::Ordering;

use super::behind::{Behind, behind};
use crate::event::Position;
use crate::obligations::DutyKind;
use crate::questions::view::{
    Facet, Key, Value, app_duty, app_month, app_state, differences, own_view,
};
use crate::standing::{AppMonth, AppStanding, Obligation, Standing};
use crate::time::Instant;

/// Something that other rules say differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Flip<'a> {
    /// Of which app, if of one, and what.
    pub key: Key<'a>,
    /// What it is by the rules before; none where there is no such thing.
    pub from: Option<Value<'a>>,
    /// What it is by the rules after.
    pub to: Option<Value<'a>>,
    /// The place of the rulebook behind it.
    pub(super) behind: Option<Behind>,
}

/// What differs, by key.
pub(super) fn flips<'a>(before: &Standing<'a>, after: &Standing<'a>) -> Vec<Flip<'a>> {
    let (mut was, mut is) = (Vec::new(), Vec::new());
    own_view(before, &mut was);
    own_view(after, &mut is);
    let mut flips = Vec::new();
    take(&mut flips, before, after, None, &mut was, &mut is);
    // Which apps there are is the history's business, so they are the same on both sides.
    for (old, new) in before.apps.iter().zip(&after.apps) {
        app_state(old, &mut was);
        app_state(new, &mut is);
        months(old, new, &mut was, &mut is);
        duties(old, new, &mut was, &mut is);
        let app = Some((old, new));
        take(&mut flips, before, after, app, &mut was, &mut is);
    }
    flips
}

/// Takes what differs between the facets gathered.
fn take<'a>(
    flips: &mut Vec<Flip<'a>>,
    before: &Standing<'a>,
    after: &Standing<'a>,
    app: Option<(&AppStanding<'a>, &AppStanding<'a>)>,
    was: &mut Vec<Facet<'a>>,
    is: &mut Vec<Facet<'a>>,
) {
    if was != is {
        was.sort_by_key(|facet| facet.key);
        is.sort_by_key(|facet| facet.key);
        let differ = differences(was, is).into_iter();
        flips.extend(differ.map(|difference| {
            let behind = behind(&difference, before, after, app);
            let (key, from, to) = difference;
            Flip {
                key,
                from,
                to,
                behind,
            }
        }));
    }
    was.clear();
    is.clear();
}

/// The months that differ.
fn months<'a>(
    old: &AppStanding<'a>,
    new: &AppStanding<'a>,
    was: &mut Vec<Facet<'a>>,
    is: &mut Vec<Facet<'a>>,
) {
    for (_, before, after) in beside(&old.months, &new.months, |month| month.month) {
        if let (Some(before), Some(after)) = (before, after)
            && says_the_same(before, after)
        {
            continue;
        }
        if let Some(month) = before {
            app_month(old.app, month, was);
        }
        if let Some(month) = after {
            app_month(new.app, month, is);
        }
    }
}

/// Whether a month's facets are the same.
fn says_the_same(before: &AppMonth<'_>, after: &AppMonth<'_>) -> bool {
    let sanctions = before.sanctions.iter().zip(&after.sanctions);
    before.tier == after.tier
        && before.sanctions.len() == after.sanctions.len()
        && sanctions.into_iter().all(|(a, b)| {
            (a.level, a.nth, a.from, a.until) == (b.level, b.nth, b.from, b.until)
                && a.code == b.code
                && a.measures == b.measures
        })
}

/// The duties that differ. Both lists are in one order, by which those that are equal are passed over.
fn duties<'a>(
    old: &AppStanding<'a>,
    new: &AppStanding<'a>,
    was: &mut Vec<Facet<'a>>,
    is: &mut Vec<Facet<'a>>,
) {
    let order =
        |duty: &Obligation<'a>| duty_order(duty.due, duty.kind, duty.since, duty.cause, duty.code);
    for (_, before, after) in beside(&old.obligations, &new.obligations, order) {
        if let (Some(before), Some(after)) = (before, after)
            && (before.state, before.late) == (after.state, after.late)
        {
            continue;
        }
        if let Some(duty) = before {
            app_duty(old.app, duty, was);
        }
        if let Some(duty) = after {
            app_duty(new.app, duty, is);
        }
    }
}

/// The order of an app's duties (SPEC §9); what is due at no known instant is sorted last.
pub(super) fn duty_order(
    due: Option<Instant>,
    kind: DutyKind,
    since: Instant,
    cause: Position,
    code: Option<&str>,
) -> impl Ord {
    ((due.is_none(), due), kind.as_str(), since, cause, code)
}

/// Two lists in the order of a key, walked side by side.
pub(super) fn beside<'s, T, K: Ord>(
    old: &'s [T],
    new: &'s [T],
    key: impl Fn(&T) -> K,
) -> impl Iterator<Item = (K, Option<&'s T>, Option<&'s T>)> {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    std::iter::from_fn(move || {
        let (a, b) = (
            old.peek().map(|one| key(one)),
            new.peek().map(|one| key(one)),
        );
        let order = match (&a, &b) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.cmp(b),
        };
        let was = old.next_if(|_| order.is_le());
        let is = new.next_if(|_| order.is_ge());
        let key = if order.is_le() { a } else { b };
        Some((key?, was, is))
    })
}

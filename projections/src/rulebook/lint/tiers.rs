//! Tiers of complaints and outage days (SPEC §4): each should be reached by something, and by more
//! than the less severe one takes.

use std::collections::HashSet;

use super::Linter;
use crate::event::ComplaintClass;
use crate::rulebook::{ComplaintTier, Level, Place};

/// The days that a month can have.
const MONTH_DAYS_MAX: u32 = 31;

pub(super) fn look(l: &mut Linter<'_>) {
    let book = l.book;
    let items = &book.complaints.tiers;
    let levels: Vec<(Level, Place)> = items
        .iter()
        .map(|tier| (tier.get_ref().level, l.item(tier)))
        .collect();
    order(l, "complaints", &levels);
    let tiers: Vec<&ComplaintTier> = items.iter().map(|tier| tier.get_ref()).collect();
    for (index, (_, place)) in levels.iter().enumerate() {
        complaint_tier(l, &tiers, index, *place);
    }

    let items = &book.outages.tiers;
    let levels: Vec<(Level, Place)> = items
        .iter()
        .map(|tier| (tier.get_ref().level, l.item(tier)))
        .collect();
    order(l, "outages", &levels);
    let tiers: Vec<(Level, u32)> = items
        .iter()
        .map(|tier| (tier.get_ref().level, tier.get_ref().days))
        .collect();
    for (index, (_, place)) in levels.iter().enumerate() {
        outage_tier(l, &tiers, index, *place);
    }
}

fn order(l: &mut Linter<'_>, section: &str, levels: &[(Level, Place)]) {
    let (mut seen, mut before) = (HashSet::new(), None);
    for (level, place) in levels {
        if !seen.insert(level) {
            l.warn(
                "tier_level_twice",
                *place,
                format!("`{section}` has two tiers of level {level}: either of them reaches it"),
                "make them one, or correct the level of one",
            );
        } else if before.is_some_and(|before| level < before) {
            l.note(
                "tier_order",
                *place,
                format!("the tier of level {level} stands after a less severe one"),
                "list the most severe tier first; the order changes no judgement",
            );
        }
        before = Some(level);
    }
}

fn complaint_tier(l: &mut Linter<'_>, tiers: &[&ComplaintTier], index: usize, place: Place) {
    let tier = tiers[index];
    let level = tier.level;
    if tier.more_than.is_empty() {
        l.warn(
            "tier_empty",
            place,
            format!("the complaint tier of level {level} names no class: nothing reaches it"),
            "give `more_than` a count for a class, such as `{ strong = 3 }`, or remove the tier",
        );
        return;
    }
    // One class is enough for a tier, and the most severe tier reached is taken: a class's count
    // matters only where no more severe tier is reached by as many complaints of it or fewer.
    let above = |class: ComplaintClass, count: u32| {
        tiers
            .iter()
            .filter(|other| other.level < level)
            .filter_map(|other| Some((*other.more_than.get(&class)?, other.level)))
            .find(|(other, _)| *other <= count)
    };
    let shadowed: Vec<(ComplaintClass, u32, (u32, Level))> = tier
        .more_than
        .iter()
        .filter_map(|(class, count)| Some((*class, *count, above(*class, *count)?)))
        .collect();
    if shadowed.len() == tier.more_than.len() {
        l.warn(
            "tier_unreachable",
            place,
            format!(
                "complaints never come to level {level}: whatever passes a count of this tier \
                 passes one of a more severe tier"
            ),
            "give a class a lower count than the more severe tiers have for it",
        );
        return;
    }
    for (class, count, (other, severe)) in shadowed {
        l.warn(
            "threshold_order",
            l.key(&[
                "complaints",
                "tiers",
                &index.to_string(),
                "more_than",
                class.as_str(),
            ]),
            format!(
                "more than {count} `{class}` complaints never mean level {level}: \
                 more than {other} are level {severe}"
            ),
            "counts should rise as the level grows more severe",
        );
    }
}

fn outage_tier(l: &mut Linter<'_>, tiers: &[(Level, u32)], index: usize, place: Place) {
    let (level, days) = tiers[index];
    let key = l.key(&["outages", "tiers", &index.to_string(), "days"]);
    if days == 0 {
        l.warn(
            "outage_days",
            key,
            format!("0 days for level {level} are read as 1: a level is reached with a day"),
            "write 1",
        );
    } else if days > MONTH_DAYS_MAX {
        l.warn(
            "outage_days",
            key,
            format!("no month has {days} days: outages never come to level {level}"),
            format!("days of a month go up to {MONTH_DAYS_MAX}"),
        );
        return;
    }
    let severe = tiers
        .iter()
        .find(|(other, least)| *other < level && (*least).max(1) <= days.max(1));
    if let Some((severe, least)) = severe {
        l.warn(
            "tier_unreachable",
            place,
            format!(
                "outages never come to level {level}: {days} days are level {severe}, \
                 which takes {least}"
            ),
            "give it fewer days than the more severe tiers have",
        );
    }
}

//! An app's months as they are printed: its incidents, and what the ladder did about them.

use crate::facts::Names;
use crate::positions::Positions;
use crate::provenance::{Step, UncountedComplaint};
use crate::rulebook::Level;
use crate::rules::Timeline;
use crate::sanctions::Sanction;
use crate::standing::{AppMonth, ComplaintCounts, Sanction as PrintedSanction, Violation};
use crate::tiers::{Incident, Month, Tiers};

/// A month of an app, with its steps and its sanctions.
pub(crate) struct Judged<'t> {
    pub(crate) month: &'t Month,
    steps: &'t [Step],
    pub(crate) sanctions: &'t [Sanction],
}

impl<'t> Judged<'t> {
    /// Its incidents, in the order of their beginning, each with its number among the app's.
    pub(crate) fn incidents(
        &self,
        tiers: &'t Tiers<'_>,
    ) -> impl Iterator<Item = (usize, &'t Incident)> + Clone {
        let begun = self.steps.iter().filter(|step| step.begins);
        begun.map(|step| (step.incident, &tiers.incidents[step.incident]))
    }

    /// The most severe level of any incident.
    pub(crate) fn tier(&self, tiers: &'t Tiers<'_>) -> Option<Level> {
        self.incidents(tiers)
            .map(|(_, incident)| incident.level)
            .min()
    }
}

/// The months of an app whose facts are all in.
pub(crate) fn judged<'t>(
    tiers: &'t Tiers<'_>,
    sanctions: &'t [Sanction],
) -> impl Iterator<Item = Judged<'t>> {
    let (mut steps, mut sanctions) = (tiers.steps(), sanctions);
    tiers.months().iter().map(move |month| {
        let mine = steps.iter().take_while(|step| step.month <= month.month);
        let (mine, later) = steps.split_at(mine.count());
        steps = later;
        let punished = sanctions.iter().take_while(|s| s.month <= month.month);
        let (punished, later) = sanctions.split_at(punished.count());
        sanctions = later;
        Judged {
            month,
            steps: mine,
            sanctions: punished,
        }
    })
}

/// The months of an app as they are printed.
pub(crate) fn printed<'a>(
    tiers: &Tiers<'_>,
    sanctions: &[Sanction],
    names: &'a Names,
    timeline: &'a Timeline,
) -> Box<[AppMonth<'a>]> {
    let of_month = |judged: Judged<'_>| {
        let month = judged.month;
        let [strong, normal, celebrity] = month.counts;
        let unclassified = tiers.unclassified(month).iter();
        let unclassified_events: Vec<_> = unclassified.clone().map(|(_, at)| *at).collect();
        let violation = |(number, incident): (usize, &Incident)| Violation {
            code: incident.source.code(names),
            level: incident.level,
            since: incident.since,
            at: incident.at,
            evidence: Positions::of(tiers.evidence(incident)),
            incident: number,
        };
        let mut violations = Vec::with_capacity(judged.incidents(tiers).count());
        violations.extend(judged.incidents(tiers).map(violation));
        AppMonth {
            month: month.month,
            tier: judged.tier(tiers),
            complaints: ComplaintCounts {
                strong,
                normal,
                celebrity,
            },
            outage_days: u32::try_from(tiers.days(month).len()).unwrap_or(u32::MAX),
            violations: violations.into(),
            sanctions: judged
                .sanctions
                .iter()
                .map(|sanction| print(sanction, names, timeline))
                .collect(),
            unclassified: unclassified.map(|(code, _)| names.text(*code)).collect(),
            rules: month.rules,
            unclassified_events: Positions::of(&unclassified_events),
            complaint_events: Positions::of(tiers.loose_complaints(month)),
            days: tiers.days(month).into(),
        }
    };
    judged(tiers, sanctions).map(of_month).collect()
}

fn print<'a>(sanction: &Sanction, names: &'a Names, timeline: &'a Timeline) -> PrintedSanction<'a> {
    let row = timeline.version(sanction.rules).row(sanction.row);
    PrintedSanction {
        code: sanction.source.code(names),
        level: sanction.level,
        nth: sanction.nth,
        measures: &row.measures,
        from: sanction.at.time,
        until: sanction.until,
        fix_by: sanction.fix_by,
        cause: sanction.cause(),
        row: sanction.row,
        step: sanction.step,
    }
}

/// The complaints that do not count, by month.
pub(crate) fn uncounted<'a>(tiers: &Tiers<'_>, names: &'a Names) -> Box<[UncountedComplaint<'a>]> {
    let all = tiers.uncounted.iter();
    let all = all.map(|complaint| UncountedComplaint {
        month: complaint.month,
        rules: complaint.rules,
        position: complaint.position,
        reason: names.text(complaint.reason),
    });
    all.collect()
}

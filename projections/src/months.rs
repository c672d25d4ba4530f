//! An app's months as they are printed: its incidents, and what the ladder did about them.

use crate::facts::Names;
use crate::positions::Positions;
use crate::provenance::{Step, UncountedComplaint};
use crate::rules::Timeline;
use crate::sanctions::Sanction;
use crate::standing::{AppMonth, ComplaintCounts, Sanction as PrintedSanction, Violation};
use crate::tiers::{Incident, Month, Tiers};

/// The months of an app whose facts are all in. The incidents' evidence moves into them.
pub(crate) fn months<'a>(
    tiers: &mut Tiers<'_>,
    sanctions: &[Sanction],
    names: &'a Names,
    timeline: &'a Timeline,
) -> Box<[AppMonth<'a>]> {
    let mut incidents = std::mem::take(&mut tiers.incidents);
    let (mut steps, mut sanctions) = (tiers.steps.as_slice(), sanctions);
    let of_month = |month: &Month| {
        let mine = steps.iter().take_while(|step| step.month <= month.month);
        let (mine, later) = steps.split_at(mine.count());
        steps = later;
        let punished = sanctions.iter().take_while(|s| s.month <= month.month);
        let (punished, later) = sanctions.split_at(punished.count());
        sanctions = later;
        let begun = mine.iter().filter(|step| step.begins);
        let mut violations = Vec::with_capacity(begun.clone().count());
        violations.extend(begun.map(|step| violation(step, &mut incidents, names)));
        let [strong, normal, celebrity] = month.counts;
        let unclassified = month.unclassified.iter();
        let unclassified_events: Vec<_> = unclassified.clone().map(|(_, at)| *at).collect();
        AppMonth {
            month: month.month,
            tier: violations.iter().map(|violation| violation.level).min(),
            complaints: ComplaintCounts {
                strong,
                normal,
                celebrity,
            },
            outage_days: u32::try_from(tiers.days(month).len()).unwrap_or(u32::MAX),
            violations: violations.into(),
            sanctions: punished
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
    let months = tiers.months.iter().map(of_month).collect();
    // Their room serves the next app.
    tiers.incidents = incidents;
    months
}

fn violation<'a>(step: &Step, incidents: &mut [Incident], names: &'a Names) -> Violation<'a> {
    let incident = &mut incidents[step.incident];
    Violation {
        code: incident.source.code(names),
        level: incident.level,
        since: incident.since,
        at: incident.at,
        evidence: std::mem::take(&mut incident.evidence),
        incident: step.incident,
    }
}

fn print<'a>(sanction: &Sanction, names: &'a Names, timeline: &'a Timeline) -> PrintedSanction<'a> {
    let (row, _) = timeline.version(sanction.rules).row(sanction.row);
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

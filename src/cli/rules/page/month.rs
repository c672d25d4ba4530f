//! What a month is judged by: tiers, the ladder, and what they mean for a developer.

use standing_projections::event::ComplaintClass;
use standing_projections::measure::is_warning_alone;
use standing_projections::rulebook::{OutageCount, SanctionRow};

use super::{Page, clause, figure};
use standing_projections::text::one_line;

impl Page<'_> {
    pub(super) fn complaints(&mut self) {
        self.heading("Complaints in a month, more than", "投诉（当月条数超过）");
        let complaints = &self.book.complaints;
        if complaints.tiers.is_empty() {
            self.none();
        } else {
            let mut rows = self.table([
                ("level", "级别"),
                ("strong", "强烈"),
                ("normal", "普通"),
                ("celebrity", "明星/机构"),
                ("clause", "条款"),
            ]);
            for tier in &complaints.tiers {
                let tier = tier.get_ref();
                let limit = |class| figure(tier.more_than.get(&class).copied());
                rows.add_row([
                    tier.level.to_string(),
                    limit(ComplaintClass::Strong),
                    limit(ComplaintClass::Normal),
                    limit(ComplaintClass::Celebrity),
                    clause(tier.clause.as_ref()),
                ]);
            }
            self.rows(&rows);
        }
        if let Some(reasons) = &complaints.counted_reasons {
            let reasons = one_line(&reasons.join(", "));
            let word = self.word("reasons that count", "计入的理由");
            self.line(format_args!("{word}: {reasons}"));
        }
    }

    pub(super) fn outages(&mut self) {
        self.heading(
            "Outage days in a month, at least",
            "应用异常（当月天数达到）",
        );
        let outages = &self.book.outages;
        if outages.tiers.is_empty() {
            self.none();
        } else {
            let mut rows = self.table([("level", "级别"), ("days", "天数"), ("clause", "条款")]);
            for tier in &outages.tiers {
                let tier = tier.get_ref();
                let (level, days) = (tier.level.to_string(), tier.days.to_string());
                rows.add_row([level, days, clause(tier.clause.as_ref())]);
            }
            self.rows(&rows);
        }
        let causes: Vec<&str> = outages.counted_causes.iter().map(|c| c.as_str()).collect();
        let count = match outages.count {
            OutageCount::Cumulative => self.word("all of the month's days", "当月累计"),
            OutageCount::Consecutive => self.word("the longest run of days", "最长连续"),
        };
        let (counted, by) = (self.word("counted", "计数"), self.word("causes", "责任方"));
        let causes = causes.join(", ");
        self.line(format_args!("{counted}: {count}; {by}: {causes}"));
    }

    pub(super) fn sanctions(&mut self) {
        self.heading(
            "Sanctions, by level and by how many of it in a month",
            "处罚（按级别与当月次数）",
        );
        if self.book.sanctions.is_empty() {
            self.none();
            return;
        }
        let mut rows = self.table([
            ("level", "级别"),
            ("nth", "第几次"),
            ("measures", "措施"),
            ("lasts", "时长"),
            ("to fix within", "整改时限"),
            ("clause", "条款"),
        ]);
        for row in &self.book.sanctions {
            let row = row.get_ref();
            let more = self.word(" or more", " 次及以上");
            rows.add_row([
                row.level.to_string(),
                format!("{}{}", row.nth, if row.or_more { more } else { "" }),
                row.measures.join(", "),
                self.length(row),
                self.hours(row.fix_within_hours),
                clause(row.clause.as_ref()),
            ]);
        }
        self.rows(&rows);
    }

    fn length(&self, row: &SanctionRow) -> String {
        let days = self.word("days", "天");
        match (row.days, row.days_per_violation) {
            _ if is_warning_alone(&row.measures) => String::new(),
            (None, None) => self.word("until lifted", "直至解除").to_owned(),
            (Some(length), None) => format!("{length} {days}"),
            (length, Some(each)) => format!("{} + {each} × n {days}", length.unwrap_or(0)),
        }
    }

    pub(super) fn developers(&mut self) {
        self.heading("Developers", "开发者");
        let rules = &self.book.developers;
        let grades = one_line(&rules.grades.join(" < "));
        let initial = one_line(&rules.initial_grade);
        self.pair(("grades", "级别"), &grades);
        self.pair(("at first", "初始"), &initial);
        let violations = self.word("violations in a month", "次违规（当月）");
        let more = self.word("more than", "超过");
        let past = |limit: u32| format!("{more} {limit} {violations}");
        if let Some(limit) = rules.downgrade_when_more_than {
            self.pair(("falls a grade", "降级"), past(limit));
        }
        if let Some(limit) = rules.terminate_when_more_than {
            self.pair(("cooperation is ended", "终止合作"), past(limit));
        }
        if let Some(level) = rules.serious_level {
            let once = self.word(
                "once fallen to the lowest grade, by a violation of level",
                "降至最低级别后，违规达到级别",
            );
            let graver = match level.number() {
                1 => "",
                _ => self.word(" or graver", " 或更严重"),
            };
            let text = format!("{once} {level}{graver}");
            self.pair(("cooperation may be ended", "可终止合作"), text);
        }
        if let Some(limits) = &rules.call_limits {
            let grades = rules.grades.iter();
            let limits: Vec<String> = grades
                .filter_map(|grade| Some(format!("{grade} {}", limits.get(grade)?)))
                .collect();
            let limits = one_line(&limits.join(", "));
            self.pair(("calls per IP and hour", "每IP每小时调用上限"), limits);
        }
    }
}

//! What the places of a rulebook say, in English and in Chinese.

use super::phrases::{Say, say};
use super::words::{count, level, list, word};
use crate::event::ComplaintClass;
use crate::measure::Measure;
use crate::rulebook::{Lang, Level, OutageCount, SanctionRow};
use crate::text::ordinal;

impl Say {
    pub(super) fn rule(self, book: &str, version: &str, reference: &str, says: &str) -> String {
        say!(
            self.0,
            "rule ({book} {version}; {reference}): {says}",
            "规则（{book} {version}；{reference}）：{says}"
        )
    }

    pub(super) fn rulebook(
        self,
        book: &str,
        version: &str,
        title: Option<&str>,
        from: &str,
    ) -> String {
        let title = match (self.0, title) {
            (_, None) => String::new(),
            (Lang::En, Some(title)) => format!(" ({title})"),
            (Lang::Zh, Some(title)) => format!("（{title}）"),
        };
        say!(
            self.0,
            "rulebook {book} {version}{title}, in effect from {from}",
            "规则版本 {book} {version}{title}，{from} 起生效"
        )
    }

    pub(super) fn rule_violation(self, title: &str, of: Level) -> String {
        let of = level(self.0, of);
        say!(self.0, "{title} is of {of}", "{title}：{of}违规")
    }

    pub(super) fn rule_complaints(self, of: Level, limits: &[(ComplaintClass, u32)]) -> String {
        let of = level(self.0, of);
        let each = limits.iter().map(|(class, limit)| {
            let class = word(self.0, class.as_str());
            say!(self.0, "{limit} {class}", "{class}超过 {limit} 次")
        });
        let each: Vec<String> = each.collect();
        let any = match each.split_last() {
            Some((last, before)) if !before.is_empty() => {
                let before = list(self.0, before);
                say!(self.0, "{before} or {last}", "{before}或{last}")
            }
            _ => each.concat(),
        };
        say!(
            self.0,
            "{of}: more than {any} complaints in a month",
            "单月{any}为{of}违规"
        )
    }

    pub(super) fn rule_counted_reasons(self, reasons: &[String]) -> String {
        if reasons.is_empty() {
            return say!(
                self.0,
                "of the complaints only those without a reason count",
                "只计入未注明理由的投诉"
            );
        }
        let reasons = list(self.0, reasons);
        say!(
            self.0,
            "of the complaints those without a reason count, and those for {reasons}",
            "只计入未注明理由的投诉，及理由为 {reasons} 的投诉"
        )
    }

    pub(super) fn rule_outage(
        self,
        of: Level,
        days: u32,
        counting: OutageCount,
        causes: &str,
    ) -> String {
        let of = level(self.0, of);
        let n = count(days as usize, "outage day");
        let (en, zh) = match counting {
            OutageCount::Cumulative => ("", "累计"),
            OutageCount::Consecutive => (" in a row", "连续"),
        };
        say!(
            self.0,
            "{of}: at least {n}{en} in a month, caused by {causes} and unexplained",
            "单月{zh}异常满 {days} 天（原因：{causes}，且未说明）为{of}违规"
        )
    }

    pub(super) fn rule_row(self, row: &SanctionRow, measures: &str) -> String {
        let (nth, of) = (row.nth, level(self.0, row.level));
        let th = ordinal(nth as usize);
        let (or_en, or_zh) = if row.or_more {
            ("time or later", "及以上")
        } else {
            ("time", "")
        };
        let lasting = row.measures.iter().any(|m| m != Measure::Warning.as_str());
        let length = match (row.days, row.days_per_violation) {
            _ if !lasting => String::new(),
            (None, None) => say!(self.0, ", until lifted", "，直至解除"),
            (days, None) => {
                let days = days.unwrap_or(0);
                let n = count(days as usize, "day");
                say!(self.0, " for {n}", " {days} 天")
            }
            (days, Some(each)) => {
                let days = days.unwrap_or(0);
                say!(
                    self.0,
                    " for {days} + {each} × that number of days",
                    " {days} 天 + 次数 × {each} 天"
                )
            }
        };
        let fix = row.fix_within_hours.map_or_else(String::new, |hours| {
            say!(
                self.0,
                "; to be fixed within {hours} h",
                "；限 {hours} 小时内修复"
            )
        });
        say!(
            self.0,
            "{of} reached for the {th} {or_en} in a month brings {measures}{length}{fix}",
            "单月第 {nth} 次{or_zh}{of}违规：{measures}{length}{fix}"
        )
    }

    pub(super) fn rule_downgrade(self, limit: u32) -> String {
        say!(
            self.0,
            "more than {limit} incidents of a developer's apps in a month: down by a grade",
            "开发者全部应用单月违规累计超过 {limit} 次作降级处理"
        )
    }

    pub(super) fn rule_terminate(self, limit: u32) -> String {
        say!(
            self.0,
            "more than {limit} incidents of a developer's apps in a month: the cooperation ends",
            "开发者全部应用单月违规累计超过 {limit} 次将终止合作"
        )
    }

    pub(super) fn rule_serious(self, from: Level) -> String {
        let graver = from > Level::ALL[0];
        let from = level(self.0, from);
        let (en, zh) = if graver {
            (" or graver", "或更重")
        } else {
            ("", "")
        };
        say!(
            self.0,
            "an incident of {from}{en} is serious; after a downgrade to the lowest grade it gives \
             the platform the right to end the cooperation",
            "{from}{zh}违规为严重违规；被降为最低等级后再出现，平台有权终止合作"
        )
    }

    pub(super) fn rule_initial_grade(self, grade: &str) -> String {
        say!(
            self.0,
            "a developer registered without a grade begins as {grade}",
            "登记时未定等级的开发者，起始等级为 {grade}"
        )
    }

    pub(super) fn rule_behavior(
        self,
        title: &str,
        weight: i32,
        each: bool,
        window: Option<u32>,
    ) -> String {
        let counts = match (self.0, each) {
            (Lang::En, true) => "each time",
            (Lang::En, false) => "while it is so",
            (Lang::Zh, true) => "每次计",
            (Lang::Zh, false) => "存续期间计",
        };
        let window = window.map_or_else(String::new, |days| {
            say!(self.0, ", of the last {days} days", "，只计最近 {days} 天")
        });
        say!(
            self.0,
            "{title}: {weight:+} {counts}{window}",
            "{title}：{counts} {weight:+} 分{window}"
        )
    }

    pub(super) fn rule_days_listed(self, days: u32) -> String {
        let n = count(days as usize, "day");
        say!(
            self.0,
            "listed for longer than {n}",
            "上架时间超过 {days} 天"
        )
    }

    pub(super) fn rule_users(self, users: u32, window: u32) -> String {
        say!(
            self.0,
            "at least {users} users a day, on average over the last {window} complete days",
            "最近 {window} 个完整自然日的日均用户数不少于 {users}"
        )
    }

    pub(super) fn rule_certification(self) -> String {
        say!(
            self.0,
            "V certification needs an app related to the platform, with an approved copy, in the plaza",
            "加 V 认证要求应用与平台相关、文案已通过且在应用广场展示"
        )
    }

    pub(super) fn rule_clock(self, channel: &str, stage: &str, recheck: bool, days: u32) -> String {
        let (en, zh) = if recheck {
            (", again after an approval", "二次")
        } else {
            ("", "")
        };
        let n = count(days as usize, "working day");
        say!(
            self.0,
            "review of the {stage} ({channel}{en}): {n}",
            "{channel}的{stage}{zh}审核：{days} 个工作日内完成"
        )
    }

    pub(super) fn rule_fix_inspection(self, days: u32) -> String {
        let n = count(days as usize, "working day");
        say!(
            self.0,
            "what an inspection found is to be fixed within {n}",
            "排查所见问题限 {days} 个工作日内修复"
        )
    }

    pub(super) fn rule_observation(self, days: u32) -> String {
        let n = count(days as usize, "day");
        say!(
            self.0,
            "after the remedy the app is observed for {n}",
            "修复后观察 {days} 天"
        )
    }

    pub(super) fn rule_fix_report(self, hours: u32) -> String {
        say!(
            self.0,
            "what a report found is to be fixed within {hours} h",
            "举报所见问题限 {hours} 小时内修复"
        )
    }

    pub(super) fn rule_hold_report(self, days: u32) -> String {
        let n = count(days as usize, "working day");
        say!(
            self.0,
            "after a confirmed report nothing is approved for {n}",
            "举报属实后 {days} 个工作日内不予通过审核"
        )
    }

    pub(super) fn rule_deletion(self, hours: u32) -> String {
        say!(
            self.0,
            "data is to be deleted within {hours} h",
            "数据限 {hours} 小时内删除"
        )
    }
}

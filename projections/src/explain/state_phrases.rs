//! The sentences about what is so at an instant: status and grade, measures, review, obligations.

use super::phrases::{Say, say};
use super::words::{count, level};
use crate::rulebook::{Lang, Level};
use crate::standing::MonthOutcome;
use crate::text::ordinal;

/// What an interval of a measure comes from, as its line says it.
pub(super) enum Source {
    /// The sanction of that number of a month.
    Sanction(usize, String),
    /// The event that imposed it.
    Imposed(u64),
    /// The event of a grave inspection or report.
    Grave(u64),
    /// What was found was not put right in time.
    MissedFix,
    /// The cooperation ended.
    Ended,
}

impl Say {
    pub(super) fn developer(self, id: &str, status: &str, grade: &str, asked: &str) -> String {
        say!(
            self.0,
            "developer {id}: {status}, grade {grade}{asked}",
            "开发者 {id}：{status}，等级 {grade}{asked}"
        )
    }

    pub(super) fn status_untouched(self, status: &str) -> String {
        say!(
            self.0,
            "status {status}, unchanged since registration",
            "状态：{status}，自登记以来未变"
        )
    }

    pub(super) fn status(self, status: &str, at: &str, why: &str) -> String {
        say!(
            self.0,
            "status {status} since {at}: {why}",
            "状态：{status}（{at} 起）：{why}"
        )
    }

    pub(super) fn by_act(self, event: u64) -> String {
        say!(self.0, "by event {event}", "依据事件 {event}")
    }

    pub(super) fn by_count(self, nth: usize, month: &str, limit: u32) -> String {
        let th = ordinal(nth);
        say!(
            self.0,
            "the {th} incident of {month}, all apps together, is more than {limit}",
            "{month} 全部应用累计第 {nth} 次违规，超过 {limit} 次"
        )
    }

    pub(super) fn by_serious(self, of: Level, marked: &str) -> String {
        let of = level(self.0, of);
        say!(
            self.0,
            "an incident reached {of} after the fall to the lowest grade on {marked}; the platform \
             may end the cooperation, but need not",
            "{marked} 降为最低等级后又出现{of}违规；平台有权但不必终止合作"
        )
    }

    pub(super) fn by_downgrade(self) -> String {
        say!(self.0, "by a downgrade", "因降级")
    }

    pub(super) fn grade_untouched(self, grade: &str) -> String {
        say!(
            self.0,
            "grade {grade}, unchanged since registration",
            "等级 {grade}，自登记以来未变"
        )
    }

    pub(super) fn grade(self, grade: &str, at: &str, why: &str) -> String {
        say!(
            self.0,
            "grade {grade} since {at}: {why}",
            "{at} 起等级为 {grade}：{why}"
        )
    }

    pub(super) fn developer_month(
        self,
        month: &str,
        violations: u32,
        outcome: MonthOutcome,
        at: Option<&str>,
    ) -> String {
        let n = count(violations as usize, "incident");
        let at = at.unwrap_or_default();
        let did = match outcome {
            MonthOutcome::None => say!(
                self.0,
                "neither downgrade nor termination",
                "未降级，未终止合作"
            ),
            MonthOutcome::Downgraded => say!(self.0, "downgraded on {at}", "{at} 降级"),
            MonthOutcome::Terminated => {
                say!(self.0, "cooperation ended on {at}", "{at} 终止合作")
            }
        };
        say!(
            self.0,
            "{month}: {n} of all apps together: {did}",
            "{month}：全部应用累计违规 {violations} 次：{did}"
        )
    }

    pub(super) fn downgrade(
        self,
        (from, to): (&str, Option<&str>),
        at: &str,
        why: &str,
        marks: bool,
    ) -> String {
        let moved = match to {
            Some(to) => say!(
                self.0,
                "downgraded from {from} to {to}",
                "由 {from} 降为 {to}"
            ),
            None => say!(
                self.0,
                "downgraded, but {from} has no lower grade and stays",
                "降级，但 {from} 之下再无等级，等级不变"
            ),
        };
        let lowest = match marks {
            true => say!(self.0, "; that is the lowest grade", "；已是最低等级"),
            false => String::new(),
        };
        say!(
            self.0,
            "{moved} on {at}: {why}{lowest}",
            "{at} {moved}：{why}{lowest}"
        )
    }

    pub(super) fn termination(self, at: &str, why: &str) -> String {
        say!(
            self.0,
            "cooperation ended on {at}: {why}",
            "{at} 终止合作：{why}"
        )
    }

    /// A measure: not in force, in force without an end, or until an instant.
    pub(super) fn measure(self, name: &str, until: Option<Option<&str>>) -> String {
        match until {
            None => say!(
                self.0,
                "measure {name}: not in force any more",
                "措施“{name}”：已不再执行"
            ),
            Some(None) => say!(
                self.0,
                "measure {name}: in force, without an end of its own",
                "措施“{name}”：执行中，直至解除"
            ),
            Some(Some(until)) => say!(
                self.0,
                "measure {name}: in force until {until}",
                "措施“{name}”：执行中，至 {until}"
            ),
        }
    }

    pub(super) fn interval(
        self,
        source: &Source,
        (from, until): (&str, Option<&str>),
        ended_by: Option<u64>,
        in_force: bool,
    ) -> String {
        let (open_en, open_zh) = match source {
            Source::MissedFix => ("fixed or lifted", "修复或解除"),
            Source::Ended => ("the developer is reinstated", "恢复合作"),
            _ => ("lifted", "解除"),
        };
        let source = match source {
            Source::Sanction(n, month) => {
                say!(self.0, "by sanction {n} of {month}", "{month} 处罚 {n}")
            }
            Source::Imposed(event) => {
                say!(
                    self.0,
                    "imposed by hand, event {event}",
                    "人工采取，事件 {event}"
                )
            }
            Source::Grave(event) => say!(
                self.0,
                "at once on the grave finding of event {event}",
                "因事件 {event} 所查严重问题立即执行"
            ),
            Source::MissedFix => say!(
                self.0,
                "what the inspection found was not fixed when due",
                "排查所见问题逾期未修复"
            ),
            Source::Ended => say!(self.0, "the cooperation ended", "合作终止"),
        };
        let runs = match (until, ended_by) {
            (None, _) => say!(
                self.0,
                "from {from} until {open_en}",
                "自 {from} 起，直至{open_zh}"
            ),
            (Some(until), Some(event)) => say!(
                self.0,
                "from {from} until event {event} ended it on {until}",
                "自 {from} 起，{until} 因事件 {event} 结束"
            ),
            (Some(until), None) => say!(
                self.0,
                "from {from} until {until}",
                "自 {from} 起至 {until}"
            ),
        };
        let now = match in_force {
            true => say!(self.0, "in force", "执行中"),
            false => say!(self.0, "ended", "已结束"),
        };
        say!(self.0, "{now}: {source}, {runs}", "{now}：{source}，{runs}")
    }

    pub(super) fn review(
        self,
        state: &str,
        since: &str,
        due: Option<&str>,
        key_disabled: bool,
    ) -> String {
        let due = due.map_or_else(String::new, |due| {
            say!(self.0, ", decision due {due}", "，应于 {due} 前审结")
        });
        let key = match key_disabled {
            true => say!(self.0, "; its key is disabled", "；密钥已停用"),
            false => String::new(),
        };
        say!(
            self.0,
            "review: {state} since {since}{due}{key}",
            "审核：{state}（{since} 起）{due}{key}"
        )
    }

    pub(super) fn hold(self, on_hold: bool, until: Option<&str>) -> String {
        match (on_hold, until) {
            (false, _) => say!(
                self.0,
                "not on hold any more: approvals are accepted",
                "暂缓已结束：可以通过审核"
            ),
            (true, Some(until)) => say!(
                self.0,
                "on hold until {until}: no approval is accepted",
                "暂缓至 {until}：其间不予通过审核"
            ),
            (true, None) => say!(
                self.0,
                "on hold, without an end yet: no approval is accepted",
                "暂缓中，尚无截止时间：不予通过审核"
            ),
        }
    }

    pub(super) fn held_by(self, what: &str, has_rule: bool, until: Option<&str>) -> String {
        match (until, has_rule) {
            (Some(until), _) => say!(
                self.0,
                "{what}: held until {until}",
                "{what}：暂缓至 {until}"
            ),
            (None, false) => say!(
                self.0,
                "{what}: held until it is remedied",
                "{what}：修复之前暂缓"
            ),
            (None, true) => say!(
                self.0,
                "{what}: held, the end unknown for want of a calendar of that year",
                "{what}：暂缓，缺少该年度日历，截止时间未知"
            ),
        }
    }

    pub(super) fn obligation(
        self,
        (owner, what, code): (&str, &str, Option<&str>),
        due: Option<&str>,
        (state, ended, late): (&str, Option<&str>, bool),
    ) -> String {
        let code = match (self.0, code) {
            (_, None) => String::new(),
            (Lang::En, Some(code)) => format!(" ({code})"),
            (Lang::Zh, Some(code)) => format!("（{code}）"),
        };
        let due = match due {
            Some(due) => say!(self.0, "due {due}", "限 {due} 前"),
            None => say!(
                self.0,
                "due at an unknown time, for want of a calendar of that year",
                "缺少该年度日历，期限未知"
            ),
        };
        let ended = ended.map_or_else(String::new, |at| say!(self.0, " on {at}", "（{at}）"));
        let late = match late {
            true => say!(self.0, ", too late", "，逾期"),
            false => String::new(),
        };
        say!(
            self.0,
            "obligation of the {owner} {what}{code}, {due}: {state}{ended}{late}",
            "{owner}义务：{what}{code}，{due}：{state}{ended}{late}"
        )
    }
}

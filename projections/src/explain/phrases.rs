//! The sentences of an explanation, in English and in Chinese side by side.
//!
//! Instants and words come in ready to read. A sentence says what was decided and the figures it
//! was decided by, so that it can be read without its node.

use super::words::{count, level, list, word};
use crate::event::ComplaintClass;
use crate::rulebook::{Lang, Level};
use crate::text::ordinal;

/// The sentences in a language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Say(pub(super) Lang);

/// A sentence in the language given: English, then Chinese.
macro_rules! say {
    ($lang:expr, $en:literal, $zh:literal $(,)?) => {
        match $lang {
            Lang::En => format!($en),
            Lang::Zh => format!($zh),
        }
    };
}
pub(super) use say;

impl Say {
    /// Parts of a sentence.
    pub(super) fn clauses(self, parts: &[String]) -> String {
        parts.join(match self.0 {
            Lang::En => ", ",
            Lang::Zh => "，",
        })
    }

    pub(super) fn quoted(self, text: &str) -> String {
        say!(self.0, "\"{text}\"", "“{text}”")
    }

    pub(super) fn titled(self, title: &str, code: &str) -> String {
        say!(self.0, "{title} ({code})", "{title}（{code}）")
    }

    pub(super) fn until(self, at: &str) -> String {
        say!(self.0, "until {at}", "至 {at}")
    }

    pub(super) fn users(self, users: &str) -> String {
        say!(self.0, "{users} users", "用户数 {users}")
    }

    pub(super) fn cause(self, cause: &str) -> String {
        say!(self.0, "caused by {cause}", "原因：{cause}")
    }

    pub(super) fn asked(self, as_of: &str, known_at: u64) -> String {
        say!(
            self.0,
            ", as of {as_of}, known up to event {known_at}",
            "，截至 {as_of}，已知至事件 {known_at}"
        )
    }

    pub(super) fn event_unknown(self, position: u64) -> String {
        say!(self.0, "event {position}", "事件 {position}")
    }

    pub(super) fn event(
        self,
        position: u64,
        at: &str,
        what: &str,
        id: &str,
        source: &str,
    ) -> String {
        // Whose key is not told has none.
        if id.is_empty() {
            return say!(
                self.0,
                "event {position}, {at}: {what}",
                "事件 {position}，{at}：{what}"
            );
        }
        say!(
            self.0,
            "event {position}, {at}: {what} (id {id} from {source})",
            "事件 {position}，{at}：{what}（来自 {source} 的 {id}）"
        )
    }

    pub(super) fn disregarded(self, event: u64, by: u64) -> String {
        say!(
            self.0,
            "event {event} does not count: event {by} took it back",
            "事件 {event} 不计入：已由事件 {by} 撤销"
        )
    }

    pub(super) fn app(
        self,
        app: &str,
        developer: &str,
        (channel, permission): (&str, &str),
        asked: &str,
    ) -> String {
        say!(
            self.0,
            "app {app} of developer {developer} ({channel}, permission {permission}){asked}",
            "应用 {app}（开发者 {developer}，{channel}，{permission}权限）{asked}"
        )
    }

    pub(super) fn month_empty(self, month: &str) -> String {
        say!(
            self.0,
            "{month}: nothing that counts",
            "{month}：没有计入的事项"
        )
    }

    pub(super) fn month(
        self,
        month: &str,
        tier: Option<Level>,
        incidents: usize,
        sanctions: usize,
    ) -> String {
        let Some(tier) = tier else {
            return say!(self.0, "{month}: no tier", "{month}：无违规级别");
        };
        let level = level(self.0, tier);
        let (i, s) = (count(incidents, "incident"), count(sanctions, "sanction"));
        say!(
            self.0,
            "{month}: tier {tier}, {i}, {s}",
            "{month}：{level}违规，违规 {incidents} 起，处罚 {sanctions} 次"
        )
    }

    pub(super) fn tier(self, tier: Option<Level>, gravest: &[usize]) -> String {
        let Some(tier) = tier else {
            return say!(
                self.0,
                "no tier: the month has no incident",
                "无违规级别：当月没有违规"
            );
        };
        let zh = level(self.0, tier);
        let which = list(self.0, gravest.iter().map(usize::to_string));
        let s = if gravest.len() == 1 { "" } else { "s" };
        say!(
            self.0,
            "tier {tier}: the level of incident{s} {which}, the gravest of the month",
            "违规级别{zh}：取当月最严重的违规 {which}"
        )
    }

    pub(super) fn incident(self, n: usize, app: &str, month: &str) -> String {
        say!(
            self.0,
            "incident {n} of {app}, {month}",
            "{app} {month} 违规 {n}"
        )
    }

    pub(super) fn sanction_name(self, n: usize, app: &str, month: &str) -> String {
        say!(
            self.0,
            "sanction {n} of {app}, {month}",
            "{app} {month} 处罚 {n}"
        )
    }

    pub(super) fn found(self, name: &str, title: &str, of: Level, at: &str) -> String {
        let of = level(self.0, of);
        say!(
            self.0,
            "{name}: {title}, {of}, found on {at}",
            "{name}：{title}，{of}，{at} 发现"
        )
    }

    /// An incident of complaints or outage days: when it began and reached its level.
    pub(super) fn grown(
        self,
        name: &str,
        code: &str,
        of: Level,
        (at, since): (&str, Option<&str>),
        counted: &str,
    ) -> String {
        let (code, of) = (word(self.0, code), level(self.0, of));
        let begun = since.map_or_else(String::new, |since| {
            say!(self.0, " (began on {since})", "（始于 {since}）")
        });
        say!(
            self.0,
            "{name}: {code}, {of} since {at}{begun}; in the whole month: {counted}",
            "{name}：{code}，{at} 起为{of}{begun}；全月计：{counted}"
        )
    }

    pub(super) fn complaints(self, [strong, normal, celebrity]: [u32; 3]) -> String {
        say!(
            self.0,
            "{strong} strong, {normal} normal, {celebrity} celebrity complaints",
            "强烈投诉 {strong} 次，普通投诉 {normal} 次，明星用户或企业认证机构投诉 {celebrity} 次"
        )
    }

    pub(super) fn outage_days(self, days: u32) -> String {
        let n = count(days as usize, "outage day");
        say!(self.0, "{n}", "异常 {days} 天")
    }

    pub(super) fn no_level(self, counted: &str) -> String {
        say!(
            self.0,
            "{counted}: no level is reached",
            "{counted}：未达到任何违规级别"
        )
    }

    /// Complaints that do not count: their reasons, and those that do.
    pub(super) fn uncounted(self, n: usize, reasons: &[String], counted: &[String]) -> String {
        let complaints = count(n, "complaint");
        let does = if n == 1 { "does" } else { "do" };
        let (s, are) = match reasons.len() {
            1 => ("", "is"),
            _ => ("s", "are"),
        };
        let (reasons, is_none) = (list(self.0, reasons), counted.is_empty());
        let counted = match (self.0, is_none) {
            (Lang::En, true) => "none".to_owned(),
            (Lang::Zh, true) => "无".to_owned(),
            (lang, false) => list(lang, counted),
        };
        say!(
            self.0,
            "{complaints} {does} not count: the reason{s} {reasons} {are} not among those counted \
             ({counted})",
            "{n} 次投诉不计入：理由{reasons}不在计入的理由（{counted}）之列"
        )
    }

    pub(super) fn step_name(self, incident: &str, of: Level) -> String {
        let of = level(self.0, of);
        say!(self.0, "{incident}, at {of}", "{incident}，{of}")
    }

    pub(super) fn step(
        self,
        incident: &str,
        begins: bool,
        of: Level,
        at: &str,
        why: &str,
    ) -> String {
        let of = level(self.0, of);
        if begins {
            say!(
                self.0,
                "{incident} begins at {of} on {at}: {why}",
                "{incident}：{at} 构成{of}违规：{why}"
            )
        } else {
            say!(
                self.0,
                "{incident} escalates to {of} on {at}: {why}",
                "{incident}：{at} 升为{of}违规：{why}"
            )
        }
    }

    pub(super) fn passed(self, class: ComplaintClass, number: u32, limit: u32) -> String {
        let class = word(self.0, class.as_str());
        say!(
            self.0,
            "{number} {class} complaints, more than {limit}",
            "{class} {number} 次，超过 {limit} 次"
        )
    }

    pub(super) fn days_reached(self, days: u32, in_a_row: bool, limit: u32) -> String {
        let n = count(days as usize, "outage day");
        let (en, zh) = if in_a_row {
            (" in a row", "连续")
        } else {
            ("", "累计")
        };
        say!(
            self.0,
            "{n}{en}, at least {limit}",
            "{zh}异常 {days} 天，已满 {limit} 天"
        )
    }

    pub(super) fn outage_day(self, date: &str, from: &str, block: u32, cause: &str) -> String {
        let nth = block + 1;
        let (en, zh) = match block {
            0 => (String::new(), String::new()),
            _ => (
                format!(", the outage's {} 24 hours", ordinal(nth as usize)),
                format!("，为该次异常的第 {nth} 个 24 小时"),
            ),
        };
        say!(
            self.0,
            "outage day {date}, from {from}{en}, caused by {cause}",
            "异常日 {date}，自 {from} 起{zh}，原因：{cause}"
        )
    }

    pub(super) fn unclassified(self, code: &str, book: &str, version: &str) -> String {
        say!(
            self.0,
            "{code} is not in the catalogue of {book} {version}: no incident",
            "{code} 不在 {book} {version} 的违规目录中，不构成违规"
        )
    }

    pub(super) fn sanction(
        self,
        name: &str,
        measures: &str,
        interval: &str,
        fix_by: Option<&str>,
        (nth, of): (usize, Level),
    ) -> String {
        let (th, of) = (ordinal(nth), level(self.0, of));
        let fix = fix_by.map_or_else(String::new, |by| {
            say!(self.0, ", to be fixed by {by}", "，限 {by} 前修复")
        });
        say!(
            self.0,
            "{name}: {measures}, {interval}{fix}: {of} reached for the {th} time in the month",
            "{name}：{measures}，{interval}{fix}：当月第 {nth} 次{of}违规"
        )
    }

    pub(super) fn on(self, at: &str) -> String {
        say!(self.0, "on {at}", "{at}")
    }

    pub(super) fn run(self, from: &str, until: Option<&str>, length: &str) -> String {
        match until {
            Some(until) => say!(
                self.0,
                "from {from} until {until}{length}",
                "自 {from} 起至 {until}{length}"
            ),
            None => say!(self.0, "from {from} until lifted", "自 {from} 起，直至解除"),
        }
    }

    /// How a length is made: `3 days`, `3 + 2 × 4 = 11 days`.
    pub(super) fn length(
        self,
        days: Option<u32>,
        each: Option<u32>,
        nth: u32,
        total: i64,
    ) -> String {
        let Some(each) = each else {
            let s = if total == 1 { "" } else { "s" };
            return say!(self.0, " ({total} day{s})", "（{total} 天）");
        };
        let days = days.unwrap_or(0);
        say!(
            self.0,
            " ({days} + {each} × {nth} = {total} days)",
            "（{days} + {each} × {nth} = {total} 天）"
        )
    }
}

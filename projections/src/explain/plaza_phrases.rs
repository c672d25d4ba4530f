//! The sentences about an app's score, its place on the board and its V-certification.

use super::phrases::{Say, say};
use super::words::{count, list};
use crate::rulebook::Lang;

impl Say {
    pub(super) fn score(self, score: i64, points: &[i64], board: &str) -> String {
        let terms: String = match points {
            [] => String::new(),
            [first, rest @ ..] => {
                let rest = rest.iter().map(|p| match p {
                    0.. => format!(" + {p}"),
                    _ => format!(" - {}", p.unsigned_abs()),
                });
                format!(" = {first}{}", rest.collect::<String>())
            }
        };
        say!(
            self.0,
            "score {score}{terms}; {board}",
            "得分 {score}{terms}；{board}"
        )
    }

    pub(super) fn on_board(self, since: &str) -> String {
        say!(
            self.0,
            "on the board, listed since {since}",
            "参与广场排名，{since} 起上架"
        )
    }

    pub(super) fn off_board(self, why: &str) -> String {
        say!(self.0, "not on the board: {why}", "不参与广场排名：{why}")
    }

    pub(super) fn unranked(self, channel: &str) -> String {
        say!(
            self.0,
            "the board takes no {channel} apps",
            "{channel}不参与广场排名"
        )
    }

    pub(super) fn each(self, title: &str, times: usize, weight: i64, points: i64) -> String {
        say!(
            self.0,
            "{title}: {times} × {weight} = {points}",
            "{title}：{times} 次 × {weight} = {points} 分"
        )
    }

    pub(super) fn state(self, title: &str, weight: i64, points: i64) -> String {
        match points {
            0 if weight != 0 => say!(
                self.0,
                "{title}: 0, it is not so now",
                "{title}：0，现已不存在"
            ),
            _ => say!(
                self.0,
                "{title}: {points:+} while it is so",
                "{title}：{points:+} 分，存续期间计"
            ),
        }
    }

    pub(super) fn not_listed(self, state: &str) -> String {
        say!(
            self.0,
            "not listed (review: {state})",
            "未上架（审核：{state}）"
        )
    }

    pub(super) fn key_disabled(self) -> String {
        say!(self.0, "its key is disabled", "密钥已停用")
    }

    pub(super) fn cooperation(self, status: &str) -> String {
        say!(self.0, "the developer is {status}", "开发者{status}")
    }

    pub(super) fn certification(self, unmet: &[String]) -> String {
        if unmet.is_empty() {
            return say!(
                self.0,
                "V certification: eligible, every condition is met",
                "加 V 认证：符合全部条件"
            );
        }
        let unmet = list(self.0, unmet);
        say!(
            self.0,
            "V certification: not eligible; not met: {unmet}",
            "加 V 认证：不符合条件，未满足：{unmet}"
        )
    }

    pub(super) fn condition_name(self, name: &str) -> String {
        let (en, zh) = match name {
            "platform_related" => ("related to the platform", "与平台相关"),
            "copy_approved" => ("copy approved", "文案已通过"),
            "listed" => ("in the plaza", "在应用广场展示"),
            "days_listed" => ("days listed", "上架天数"),
            "average_daily_users" => ("average daily users", "日均用户数"),
            other => (other, other),
        };
        say!(self.0, "{en}", "{zh}")
    }

    pub(super) fn condition(self, name: &str, met: bool, what: &str) -> String {
        let (en, zh) = if met {
            ("met", "满足")
        } else {
            ("not met", "不满足")
        };
        say!(
            self.0,
            "condition {name}, {en}: {what}",
            "条件“{name}”{zh}：{what}"
        )
    }

    pub(super) fn assessed(self, event: Option<u64>) -> String {
        match event {
            Some(event) => say!(
                self.0,
                "as event {event} assesses it",
                "依据事件 {event} 的评定"
            ),
            None => say!(self.0, "nobody has assessed it", "尚未评定"),
        }
    }

    pub(super) fn shown_since(self, since: &str) -> String {
        say!(self.0, "since {since}", "自 {since} 起")
    }

    pub(super) fn in_state(self, state: &str) -> String {
        say!(self.0, "the review is at: {state}", "审核状态为{state}")
    }

    pub(super) fn days_listed(self, (days, more_than): (i64, i64), since: &str) -> String {
        say!(
            self.0,
            "{days} full days since {since}; it takes longer than {more_than}",
            "自 {since} 起已满 {days} 天；须超过 {more_than} 天"
        )
    }

    pub(super) fn days_listed_none(self, (days, more_than): (i64, i64)) -> String {
        say!(
            self.0,
            "{days} full days; it takes longer than {more_than}",
            "已满 {days} 天；须超过 {more_than} 天"
        )
    }

    pub(super) fn average(self, (users, at_least): (i64, i64), reported: usize) -> String {
        let dates = count(reported, "date");
        say!(
            self.0,
            "{users} a day, reported for {dates}; it takes at least {at_least}",
            "日均 {users}，上报 {reported} 天；须不少于 {at_least}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_reads_as_a_sum() {
        let say = Say(Lang::En);
        assert_eq!(
            say.score(17, &[30, -10, -3], "x"),
            "score 17 = 30 - 10 - 3; x"
        );
        assert_eq!(say.score(0, &[], "x"), "score 0; x");
    }
}

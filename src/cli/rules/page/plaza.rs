//! What else the rules say: the board, certification, reviews, reports, data and appeals.

use standing_projections::event::Channel;
use standing_projections::rulebook::{Clocks, Counts, Inspection, Lang, ReportRule};

use super::{Page, clause, figure};
use standing_projections::text::one_line;

impl Page<'_> {
    pub(super) fn ranking(&mut self) {
        let ranked = self.book.ranking.as_ref();
        let Some(ranking) = ranked.filter(|r| !r.channels.is_empty() || !r.behaviors.is_empty())
        else {
            return;
        };
        self.heading("Ranking", "排名");
        self.pair(("channels", "渠道"), channels(&ranking.channels));
        self.pair(
            ("suspended by", "下榜措施"),
            ranking.suspended_by.join(", "),
        );
        if let Some(days) = ranking.window_days {
            let unit = self.word("days", "天");
            self.pair(("looks back", "统计窗口"), format!("{days} {unit}"));
        }
        if ranking.behaviors.is_empty() {
            return;
        }
        let mut rows = self.table([
            ("weight", "分值"),
            ("counts", "计法"),
            ("code", "代码"),
            ("title", "名称"),
            ("clause", "条款"),
        ]);
        for behavior in &ranking.behaviors {
            let behavior = behavior.get_ref();
            let counts = match behavior.counts {
                Counts::Each => self.word("each", "每次"),
                Counts::State => self.word("state", "状态"),
            };
            rows.add_row([
                format!("{:+}", behavior.weight),
                counts.to_owned(),
                one_line(&behavior.code),
                self.title(behavior.title.as_ref()),
                clause(behavior.clause.as_ref()),
            ]);
        }
        self.rows(&rows);
    }

    pub(super) fn certification(&mut self) {
        let Some(rules) = &self.book.certification else {
            return;
        };
        self.heading("V-certification", "加V认证");
        self.pair(("channels", "渠道"), channels(&rules.channels));
        let days = self.word("days", "天");
        let more = self.word("more than", "超过");
        let listed = format!("{more} {} {days}", rules.listed_more_than_days);
        self.pair(("listed", "上架"), listed);
        let (least, over) = (self.word("at least", "至少"), self.word("over", "统计"));
        let (users, window) = (rules.average_daily_users, rules.window_days);
        let users = format!("{least} {users}, {over} {window} {days}");
        self.pair(("average daily users", "日均用户"), users);
        if let Some(text) = &rules.clause {
            self.pair(("clause", "条款"), one_line(text));
        }
    }

    pub(super) fn review(&mut self) {
        let review = &self.book.review;
        if !review.clocks.is_empty() {
            self.heading("Review, working days", "审核时限（工作日）");
            let mut rows = self.table([
                ("channel", "渠道"),
                ("declaration", "申报"),
                ("copy", "文案"),
                ("recheck", "二次审核"),
                ("plaza", "广场"),
            ]);
            for (channel, clocks) in &review.clocks {
                let Clocks {
                    declaration,
                    copy,
                    plaza,
                    recheck,
                } = *clocks;
                let figures = [declaration, copy, recheck, plaza].map(figure);
                let row = std::iter::once(channel.to_string()).chain(figures);
                rows.add_row(row);
            }
            self.rows(&rows);
        }
        if let Some(months) = review.declaration_valid_months {
            let unit = self.word("months", "个月");
            let text = format!("{months} {unit}");
            self.pair(("a declaration holds", "申报有效期"), text);
        }
    }

    pub(super) fn reasons(&mut self) {
        let reasons = &self.book.review.reasons;
        for (channel, reasons) in reasons {
            let heading = self.word("Reasons for a rejection", "驳回理由");
            let heading = format!("{heading}: {channel}");
            self.heading(&heading, &heading);
            let mut rows = self.table([("code", "代码"), ("title", "名称")]);
            for reason in reasons {
                rows.add_row([one_line(&reason.code), self.title(reason.title.as_ref())]);
            }
            self.rows(&rows);
        }
    }

    pub(super) fn inspection(&mut self) {
        let rules = self.book.inspection;
        if rules == Inspection::default() {
            return;
        }
        self.heading("Inspections", "二次排查");
        if let Some(days) = rules.fix_within_working_days {
            let unit = self.word("working days", "个工作日");
            self.pair(("to fix within", "整改时限"), format!("{days} {unit}"));
        }
        if let Some(days) = rules.observation_days {
            let unit = self.word("days", "天");
            self.pair(
                ("on hold after that", "整改后观察"),
                format!("{days} {unit}"),
            );
        }
        if let Some(users) = rules.watch_average_daily_users {
            let least = self.word("average daily users at least", "日均用户至少");
            let text = format!("{least} {users}");
            self.pair(("inspected at any time", "随时排查"), text);
        }
    }

    pub(super) fn reports(&mut self) {
        if self.book.reports.is_empty() {
            return;
        }
        self.heading("Confirmed reports", "举报属实");
        let mut rows = self.table([
            ("channel", "渠道"),
            ("permission", "权限"),
            ("to fix within", "整改时限"),
            ("on hold, working days", "暂停审核（工作日）"),
        ]);
        for (channel, by_permission) in &self.book.reports {
            for (permission, rule) in by_permission {
                let ReportRule {
                    fix_within_hours,
                    hold_working_days,
                } = *rule;
                rows.add_row([
                    channel.to_string(),
                    permission.to_string(),
                    self.hours(fix_within_hours),
                    figure(hold_working_days),
                ]);
            }
        }
        self.rows(&rows);
    }

    pub(super) fn data_and_appeals(&mut self) {
        let (data, appeals) = (self.book.data, self.book.appeals);
        self.heading("Data and appeals", "数据与申诉");
        // SPEC §8: 24 where it is not given.
        let within = self.hours(Some(data.delete_within_hours.unwrap_or(24)));
        let after = if data.delete_on_termination {
            self.word(
                "of an order, or of the end of cooperation",
                "自收到指令或合作终止起",
            )
        } else {
            self.word("of an order", "自收到指令起")
        };
        let text = match self.lang {
            Lang::En => format!("within {within} {after}"),
            Lang::Zh => format!("{after} {within}内"),
        };
        self.pair(("data is deleted", "删除数据"), text);
        let days = self.word("days", "天");
        if let Some(within) = appeals.within_days {
            self.pair(("appeals within", "申诉期限"), format!("{within} {days}"));
        }
        if let Some(tries) = appeals.tries {
            self.pair(("appeals of one event", "申诉次数"), tries);
        }
    }
}

fn channels(channels: &[Channel]) -> String {
    let names: Vec<&str> = channels.iter().map(|channel| channel.as_str()).collect();
    names.join(", ")
}

//! The sentences of a letter, in English and in Chinese side by side.
//!
//! Instants and words come in ready to read.

use standing_projections::explain::word;
use standing_projections::rulebook::Lang;
use standing_projections::standing::ObligationState;
use standing_projections::text::ordinal;
use standing_projections::{Level, LocalMonth, Position};

use super::{Appeal, Kind};

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

impl Say {
    pub(super) fn word(self, text: &str) -> &str {
        word(self.0, text)
    }

    /// The heading: what was decided.
    pub(super) fn heading(self, kind: Kind, app: Option<&str>) -> String {
        let app = app.unwrap_or_default();
        match kind {
            Kind::Sanction => say!(
                self.0,
                "Notice of a sanction against the app {app}",
                "关于应用 {app} 的处罚通知"
            ),
            Kind::Downgrade => say!(self.0, "Notice of a downgrade", "开发者降级通知"),
            Kind::Termination => say!(
                self.0,
                "Notice that the cooperation has ended",
                "终止合作通知"
            ),
        }
    }

    pub(super) fn reference(self, id: &str) -> String {
        say!(self.0, "Reference: {id}", "通知编号：{id}")
    }

    pub(super) fn salutation(self, developer: &str) -> String {
        say!(
            self.0,
            "To the developer {developer}:",
            "开发者 {developer}："
        )
    }

    pub(super) fn opening(self, kind: Kind, at: &str) -> String {
        match kind {
            Kind::Sanction => say!(
                self.0,
                "Under the rules of the platform, the measures below apply to your app from {at} on.",
                "根据平台规则，自 {at} 起，对您的应用采取以下措施。"
            ),
            Kind::Downgrade => say!(
                self.0,
                "Under the rules of the platform, your grade was reviewed on {at} because of the violations \
                 counted in the month.",
                "根据平台规则，因当月累计违规，您的开发者等级于 {at} 作降级处理。"
            ),
            Kind::Termination => say!(
                self.0,
                "Under the rules of the platform, the cooperation with you ended on {at} because of the \
                 violations counted in the month.",
                "根据平台规则，因当月累计违规，平台自 {at} 起终止与您的合作。"
            ),
        }
    }

    pub(super) fn facts(self) -> String {
        say!(self.0, "What happened", "事实")
    }

    pub(super) fn events(self) -> String {
        say!(self.0, "The events in the log", "依据的事件记录")
    }

    pub(super) fn rules(self) -> String {
        say!(self.0, "The rules", "规则依据")
    }

    pub(super) fn measures(self) -> String {
        say!(self.0, "What follows", "处理措施")
    }

    pub(super) fn duties(self) -> String {
        say!(self.0, "What you have to do", "您需要做的")
    }

    pub(super) fn appeal(self) -> String {
        say!(self.0, "How to appeal", "如何申诉")
    }

    pub(super) fn nth(self, level: Level, nth: u32, month: LocalMonth) -> String {
        match self.0 {
            Lang::En => format!(
                "it is the {} time in {month} that the app reaches level {level} (1 is the gravest)",
                ordinal(nth)
            ),
            Lang::Zh => {
                format!("这是该应用 {month} 月内第 {nth} 次达到 {level} 级违规（1 级最为严重）")
            }
        }
    }

    /// An event, of which nothing but type, time and position is told.
    pub(super) fn event(self, position: Position, what: Option<&str>, at: Option<&str>) -> String {
        match (what, at) {
            (Some(what), Some(at)) => say!(
                self.0,
                "event {position}: {what}, {at}",
                "事件 {position}：{what}，{at}"
            ),
            _ => say!(self.0, "event {position}", "事件 {position}"),
        }
    }

    pub(super) fn more_events(self, more: usize) -> String {
        say!(self.0, "and {more} more", "另有 {more} 项")
    }

    /// A warning, which is told and does not last.
    pub(super) fn warning(self, warning: &str, at: &str) -> String {
        say!(self.0, "{warning}, on {at}", "{warning}，{at}")
    }

    /// A measure of a notice; `app` where the notice is not about a single one.
    pub(super) fn measure(
        self,
        measure: &str,
        app: Option<&str>,
        (from, until): (&str, Option<&str>),
        kind: Kind,
    ) -> String {
        let what = match app {
            Some(app) => say!(self.0, "{app}: {measure}", "{app}：{measure}"),
            None => measure.to_owned(),
        };
        match until {
            Some(until) => say!(
                self.0,
                "{what}, from {from} until {until}",
                "{what}，自 {from} 起至 {until}"
            ),
            None if kind == Kind::Termination => say!(
                self.0,
                "{what}, from {from} until the cooperation is resumed",
                "{what}，自 {from} 起，直至恢复合作"
            ),
            None => say!(
                self.0,
                "{what}, from {from} until it is lifted",
                "{what}，自 {from} 起，直至解除"
            ),
        }
    }

    pub(super) fn ended(self, line: &str, at: &str, by: Position) -> String {
        say!(
            self.0,
            "{line}; ended on {at} by event {by}",
            "{line}；已由事件 {by} 于 {at} 解除"
        )
    }

    pub(super) fn fall(self, from: &str, to: Option<&str>) -> String {
        match to {
            Some(to) => say!(
                self.0,
                "your grade falls from {from} to {to}",
                "您的等级由 {from} 降为 {to}"
            ),
            None => say!(
                self.0,
                "your grade stays {from}: there is no lower one",
                "您的等级仍为 {from}：已无更低等级"
            ),
        }
    }

    pub(super) fn marked(self) -> String {
        say!(
            self.0,
            "you are now at the lowest grade: a serious violation from now on gives the platform the right \
             to end the cooperation",
            "您已降至最低等级：此后再发生严重违规，平台有权终止合作"
        )
    }

    /// A duty; `due` where it is known.
    pub(super) fn duty(
        self,
        what: &str,
        app: &str,
        due: Option<&str>,
        state: ObligationState,
    ) -> String {
        let state = self.word(state.as_str());
        match due {
            Some(due) => say!(
                self.0,
                "{app}: {what}, by {due} ({state})",
                "{app}：{what}，限 {due} 前（{state}）"
            ),
            None => say!(
                self.0,
                "{app}: {what}; by when is not known yet ({state})",
                "{app}：{what}，期限待定（{state}）"
            ),
        }
    }

    pub(super) fn tell_us(self) -> String {
        say!(
            self.0,
            "tell the platform when it is done, so that it is recorded: what is recorded after that \
             instant is late",
            "完成后请告知平台以便记录；逾期记录视为逾期"
        )
    }

    pub(super) fn nothing_to_do(self, kind: Kind) -> String {
        match kind {
            Kind::Sanction => say!(
                self.0,
                "the rulebook sets no time to put it right",
                "规则未规定修复期限"
            ),
            _ => say!(
                self.0,
                "nothing is due because of this notice: what is to be put right, and by when, stands in \
                 the notice of each violation",
                "本通知不另设期限：各项违规的修复要求及期限见各自的处罚通知"
            ),
        }
    }

    /// How an appeal is filed; it names an event that the notice follows from.
    pub(super) fn way(self, appeal: &Appeal, version: &str) -> Vec<String> {
        let mut lines = vec![say!(
            self.0,
            "you may dispute any of the events above: file an appeal that names the event's position and \
             says why it is wrong (edition {version} of the rules)",
            "您可就上述任一事件提出申诉：写明事件编号及理由（依据规则版本 {version}）"
        )];
        if let Some(days) = appeal.within_days {
            lines.push(match (self.0, days) {
                (Lang::En, 1) => "it must be filed within a day of that event".to_owned(),
                (Lang::En, _) => format!("it must be filed within {days} days of that event"),
                (Lang::Zh, _) => format!("须在该事件发生后 {days} 天内提出"),
            });
        }
        if let Some(tries) = appeal.tries {
            lines.push(match (self.0, tries) {
                (Lang::En, 1) => "an event may be appealed once".to_owned(),
                (Lang::En, _) => format!("an event may be appealed {tries} times"),
                (Lang::Zh, _) => format!("同一事件最多可申诉 {tries} 次"),
            });
        }
        lines.push(say!(
            self.0,
            "where an appeal is granted, the event no longer counts, and all that followed from it is \
             derived again",
            "申诉成立的，该事件不再计入，由其产生的一切结果将重新推算"
        ));
        lines
    }

    pub(super) fn no_way(self, version: &str) -> String {
        say!(
            self.0,
            "edition {version} of the rules provides for no appeal",
            "规则版本 {version} 未规定申诉程序"
        )
    }

    pub(super) fn withdrawn(self, id: &str) -> String {
        say!(
            self.0,
            "What you were told in the notice {id} no longer holds. It is withdrawn, and counts nowhere.",
            "此前的通知 {id} 现已失效，予以撤回，不再计入。"
        )
    }

    pub(super) fn changed(self, id: &str) -> String {
        say!(
            self.0,
            "What you were told in the notice {id} has changed. The notice now reads as below.",
            "此前的通知 {id} 内容有变，现更正如下。"
        )
    }

    pub(super) fn correction(self) -> String {
        say!(self.0, "Correction of a notice", "通知更正")
    }

    pub(super) fn why_changed(self) -> String {
        say!(self.0, "Why", "更正原因")
    }

    pub(super) fn taken_back(self, event: Position, by: Position) -> String {
        say!(
            self.0,
            "event {event} does not count any more: event {by} took it back",
            "事件 {event} 不再计入：已由事件 {by} 撤销"
        )
    }

    pub(super) fn known_since(self, known_at: Position) -> String {
        say!(
            self.0,
            "what was recorded after event {known_at} made the difference",
            "事件 {known_at} 之后的记录导致此变化"
        )
    }
}

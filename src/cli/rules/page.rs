//! A rulebook on a page: its figures first, its catalogue last, each with its clause.
//!
//! Names that are typed elsewhere (levels, measures, channels, codes) stay as they are written in
//! the rulebook; headings and titles are in the language asked for.

use std::fmt::{Display, Write as _};

use comfy_table::Table;
use standing_projections::rulebook::{Lang, Rulebook, Text};

use super::named::Place;
use crate::cli::output::{Out, table};
use standing_projections::text::one_line;

mod month;
mod plaza;

/// A page as it is written.
pub(super) struct Page<'a> {
    out: &'a Out,
    lang: Lang,
    book: &'a Rulebook,
    pub(super) text: String,
}

impl<'a> Page<'a> {
    pub(super) const fn new(out: &'a Out, lang: Lang, book: &'a Rulebook) -> Self {
        let text = String::new();
        Self {
            out,
            lang,
            book,
            text,
        }
    }

    /// What it is and where it comes from; of one in the ledger, its place there.
    pub(super) fn head(&mut self, label: &str, place: Option<&Place>) {
        let book = self.book;
        let title = self.title(book.title.as_ref());
        let title = if title.is_empty() {
            one_line(label)
        } else {
            title
        };
        let title = self.out.paint(1, &title);
        let _ = writeln!(self.text, "{title}");
        let from = self.word("effective from", "生效日期");
        self.line(format_args!(
            "{} {}, {from} {} ({}, {} {})",
            book.id,
            book.version,
            book.effective_from,
            book.time_zone,
            self.word("calendar", "日历"),
            book.calendar
        ));
        if let Some(place) = place {
            let (at, recorded) = (
                self.word("position", "位置"),
                self.word("recorded", "记录于"),
            );
            let force = if place.in_force {
                self.word("in force now", "生效中")
            } else {
                self.word("not in force now", "目前不生效")
            };
            self.line(format_args!(
                "{at} {}, {recorded} {}, {force}",
                place.position, place.recordedtime
            ));
        }
        let source = self.title(book.source.as_ref());
        if !source.is_empty() {
            let word = self.word("source", "来源");
            self.line(format_args!("{word}: {source}"));
        }
        let word = self.word("tests inside", "内含测试");
        self.line(format_args!("{word}: {}", book.tests.len()));
    }

    /// Everything but the catalogue.
    pub(super) fn figures(&mut self) {
        self.complaints();
        self.outages();
        self.sanctions();
        self.developers();
        self.ranking();
        self.certification();
        self.review();
        self.inspection();
        self.reports();
        self.data_and_appeals();
    }

    /// The violations and the reasons for a rejection, in the order of the text.
    pub(super) fn catalogue(&mut self) {
        let count = self.book.violations.len();
        let (en, zh) = (
            format!("Violations ({count})"),
            format!("违规目录（{count}）"),
        );
        self.heading(&en, &zh);
        let mut rows = self.table([
            ("level", "级别"),
            ("code", "代码"),
            ("title", "名称"),
            ("clause", "条款"),
        ]);
        for violation in &self.book.violations {
            let violation = violation.get_ref();
            rows.add_row([
                violation.level.to_string(),
                one_line(&violation.code),
                self.title(violation.title.as_ref()),
                clause(violation.clause.as_ref()),
            ]);
        }
        self.rows(&rows);
        self.reasons();
    }

    fn word<'b>(&self, en: &'b str, zh: &'b str) -> &'b str {
        match self.lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    fn heading(&mut self, en: &str, zh: &str) {
        let heading = self.out.paint(1, self.word(en, zh));
        let _ = writeln!(self.text, "\n{heading}");
    }

    fn line(&mut self, text: impl Display) {
        let _ = writeln!(self.text, " {}", one_line(&text.to_string()));
    }

    fn pair(&mut self, (en, zh): (&str, &str), text: impl Display) {
        let word = self.word(en, zh).to_owned();
        self.line(format_args!("{word}: {text}"));
    }

    fn none(&mut self) {
        let none = self.word("none", "无").to_owned();
        self.line(none);
    }

    fn hours(&self, hours: Option<u32>) -> String {
        let unit = self.word("hours", "小时");
        hours.map_or_else(String::new, |hours| format!("{hours} {unit}"))
    }

    fn title(&self, title: Option<&Text>) -> String {
        title.map_or_else(String::new, |title| one_line(title.get(self.lang)))
    }

    fn table<const N: usize>(&self, heads: [(&str, &str); N]) -> Table {
        table(heads.map(|(en, zh)| self.word(en, zh)))
    }

    fn rows(&mut self, rows: &Table) {
        for line in rows.lines() {
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }
}

fn figure(figure: Option<u32>) -> String {
    figure.map_or_else(String::new, |figure| figure.to_string())
}

fn clause(clause: Option<&String>) -> String {
    clause.map_or_else(String::new, |clause| one_line(clause))
}

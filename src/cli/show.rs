//! `standing show`: one developer or app, on a page a person likes to read.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use standing_projections::measure::is_warning_alone;
use standing_projections::rulebook::{Lang, Text};
use standing_projections::rules::Timeline;
use standing_projections::standing::{
    AppStanding, MonthOutcome, Obligation, ObligationState, Owner, Status,
};
use standing_projections::{Instant, LocalMonth, Standing, Zone, plaza};

use super::ask::{AskArgs, Question, developer_of, not_registered};
use super::output::{Format, Out, table};
use super::{Context, Failure};
use crate::history::Scope;

/// Show a developer or an app on one page
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A developer or an app
    #[arg(value_name = "SUBJECT")]
    subject: String,
    #[command(flatten)]
    ask: AskArgs,
}

pub(super) async fn run(context: &Context, args: ShowArgs) -> Result<ExitCode, Failure> {
    let developer = developer_of(&*context.open().await?, &args.subject).await?;
    let scope = Scope::Developers(vec![developer]);
    let question = Question::open(context, &args.ask, &scope).await?;
    let unknown = || not_registered(&args.subject);
    let standings = question.standings();
    let standing = standings.first().ok_or_else(unknown)?;
    let wanted =
        |app: &&AppStanding<'_>| args.subject == standing.developer || app.app == args.subject;
    let apps: Vec<&AppStanding<'_>> = standing.apps.iter().filter(wanted).collect();
    if apps.is_empty() && args.subject != standing.developer {
        return Err(unknown());
    }
    match context.out.format(Format::Json) {
        Format::Table => {}
        format if args.subject == standing.developer => {
            context.out.json(format, &standings)?;
            return Ok(ExitCode::SUCCESS);
        }
        format => {
            context.out.json(format, &apps)?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    let ranks = if apps.iter().any(|app| app.on_board.is_some()) {
        // A rank is among everybody, so everybody is asked.
        let of_ledger = args.ask.rules.is_empty();
        let everybody = question.open_again(context, of_ledger).await?;
        let all = everybody.standings();
        plaza::board(&all)
            .into_iter()
            .filter(|entry| apps.iter().any(|app| app.app == entry.app))
            .map(|entry| (entry.app.to_owned(), entry.rank))
            .collect()
    } else {
        Vec::new()
    };
    let name = |id: &str| match question.history.subject(id) {
        Some((_, Some(app))) => app.name.to_string(),
        Some((developer, None)) => developer.name.to_string(),
        None => String::new(),
    };
    let page = Page {
        out: &context.out,
        lang: context.lang,
        timeline: &question.timeline,
        as_of: question.ask.as_of,
    };
    let mut text = page.developer(standing, &name(standing.developer));
    for app in apps {
        let rank = ranks
            .iter()
            .find(|(id, _)| *id == app.app)
            .map(|(_, rank)| *rank);
        text.push('\n');
        text.push_str(&page.app(app, &name(app.app), rank));
    }
    context.out.text(&text)?;
    Ok(ExitCode::SUCCESS)
}

struct Page<'a> {
    out: &'a Out,
    lang: Lang,
    timeline: &'a Timeline,
    as_of: Instant,
}

impl Page<'_> {
    fn word(&self, en: &'static str, zh: &'static str) -> &'static str {
        match self.lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    /// The label that a line begins with, in a column of its own.
    fn label(&self, en: &'static str, zh: &'static str) -> String {
        // Two columns of the terminal for each Chinese character, one for each English letter.
        let width = match self.lang {
            Lang::En => en.len(),
            Lang::Zh => zh.chars().count() * 2,
        };
        format!(
            "  {}{}",
            self.word(en, zh),
            " ".repeat(10usize.saturating_sub(width))
        )
    }

    /// A local wall time, to the minute.
    fn at(&self, at: Instant) -> String {
        local(self.timeline.zone(), at)
    }

    fn until(&self, until: Option<Instant>) -> String {
        match until {
            Some(until) => format!("{} {}", self.word("until", "至"), self.at(until)),
            None => self.word("until lifted", "直至解除").to_owned(),
        }
    }

    fn developer(&self, standing: &Standing<'_>, name: &str) -> String {
        let mut page = String::new();
        let title = format!("{} · {name}", standing.developer);
        let _ = writeln!(page, "{}", self.out.paint(1, &title));
        let status = match standing.status {
            Status::Active => self.out.paint(32, standing.status.as_str()),
            Status::Terminable => self.out.paint(33, standing.status.as_str()),
            Status::Terminated | Status::Left => self.out.paint(31, standing.status.as_str()),
        };
        let since = standing
            .status_since
            .map(|since| format!(" ({} {})", self.word("since", "自"), self.at(since)));
        let _ = writeln!(
            page,
            "  {} {status}{}   {} {}",
            self.word("status", "状态"),
            since.unwrap_or_default(),
            self.word("grade", "级别"),
            standing.grade,
        );
        for month in standing
            .months
            .iter()
            .filter(|month| month.outcome != MonthOutcome::None)
        {
            let at = month.at.map(|at| self.at(at)).unwrap_or_default();
            let _ = writeln!(
                page,
                "  {}: {} {}, {} {at}",
                month.month,
                month.violations,
                self.word("violations", "次违规"),
                self.out.paint(31, month.outcome.as_str()),
            );
        }
        if let Some(next) = standing.next_change {
            let words = self.word("can change by itself from", "最早可能自行变化于");
            let _ = writeln!(page, "  {words} {}", self.at(next));
        }
        let _ = writeln!(
            page,
            "  {} {}",
            self.word("times are of", "时区"),
            self.timeline.zone().name()
        );
        page
    }

    fn app(&self, app: &AppStanding<'_>, name: &str, rank: Option<u64>) -> String {
        let mut page = String::new();
        let title = format!("{} · {name}", app.app);
        let _ = writeln!(
            page,
            "{} ({}, {})",
            self.out.paint(1, &title),
            app.channel,
            app.permission
        );
        self.review(&mut page, app);
        let board = match rank {
            Some(rank) => format!("{} {rank}", self.word("rank", "排名")),
            None => self.word("not on the board", "不在榜上").to_owned(),
        };
        let _ = writeln!(
            page,
            "{}{} {}, {board}",
            self.label("plaza", "广场"),
            self.word("score", "得分"),
            app.score
        );
        self.certification(&mut page, app);
        self.measures(&mut page, app);
        self.grid(&mut page, app);
        self.latest(&mut page, app);
        self.due(&mut page, &app.obligations);
        page
    }

    fn review(&self, page: &mut String, app: &AppStanding<'_>) {
        let review = &app.review;
        let _ = write!(
            page,
            "{}{} ({} {})",
            self.label("review", "审核"),
            review.state,
            self.word("since", "自"),
            self.at(review.since)
        );
        if let Some(due) = review.due {
            let _ = write!(page, ", {} {}", self.word("due", "应于"), self.at(due));
        }
        if review.on_hold {
            let until = review.hold_until.filter(|until| *until > self.as_of);
            let until = until.map_or_else(
                || self.word("until remedied", "直至整改").to_owned(),
                |u| self.until(Some(u)),
            );
            let _ = write!(
                page,
                ", {} {until}",
                self.out.paint(33, self.word("on hold", "暂停审核"))
            );
        }
        if review.key_disabled {
            let _ = write!(
                page,
                ", {}",
                self.out.paint(31, self.word("key disabled", "密钥停用"))
            );
        }
        page.push('\n');
    }

    fn certification(&self, page: &mut String, app: &AppStanding<'_>) {
        if app.certification.conditions.is_empty() {
            return;
        }
        let verdict = if app.certification.eligible {
            self.out.paint(32, self.word("eligible", "符合"))
        } else {
            self.word("not eligible", "不符合").to_owned()
        };
        let conditions: Vec<String> = app
            .certification
            .conditions
            .iter()
            .map(|c| {
                let mark = if c.met { "+" } else { "-" };
                format!("{mark}{} {}/{}", c.name, c.value, c.required)
            })
            .collect();
        let _ = writeln!(
            page,
            "{}{verdict}: {}",
            self.label("V-cert", "认证"),
            conditions.join(", ")
        );
    }

    fn measures(&self, page: &mut String, app: &AppStanding<'_>) {
        if app.measures.is_empty() {
            let _ = writeln!(
                page,
                "{}{}",
                self.label("in force", "措施"),
                self.word("no measures", "无")
            );
        }
        for measure in &app.measures {
            let _ = writeln!(
                page,
                "{}{} {}",
                self.label("in force", "措施"),
                self.out.paint(31, measure.measure.as_str()),
                self.until(measure.until),
            );
        }
    }

    /// The months with anything that counts, a row a year: the tier, or a dot where there is none.
    fn grid(&self, page: &mut String, app: &AppStanding<'_>) {
        let (Some(first), Some(last)) = (app.months.first(), app.months.last()) else {
            return;
        };
        let year = |month: LocalMonth| {
            month
                .to_string()
                .chars()
                .take_while(|c| *c != '-')
                .collect::<String>()
        };
        let _ = writeln!(
            page,
            "{} 1  2  3  4  5  6  7  8  9 10 11 12",
            self.label("tiers", "级别")
        );
        let mut month = first.month;
        while month.number() > 1 {
            month = month.previous();
        }
        while month <= last.month {
            let label = year(month);
            let mut any = false;
            let mut row = String::new();
            for _ in 1..=12 {
                let of_month = app.months.iter().find(|m| m.month == month);
                let cell = match of_month.map(|m| m.tier) {
                    Some(Some(tier)) => self
                        .out
                        .paint(if tier.number() == 1 { 31 } else { 33 }, &tier.to_string()),
                    Some(None) => "·".to_owned(),
                    None => " ".to_owned(),
                };
                any |= of_month.is_some();
                let _ = write!(row, " {cell} ");
                month = month.next();
            }
            if any {
                let _ = writeln!(page, "  {label:10}{}", row.trim_end());
            }
        }
    }

    /// What the latest month with an incident says.
    fn latest(&self, page: &mut String, app: &AppStanding<'_>) {
        let Some(month) = app
            .months
            .iter()
            .rev()
            .find(|month| !month.violations.is_empty())
        else {
            return;
        };
        let _ = writeln!(page, "  {}:", month.month);
        for violation in &month.violations {
            let title = self.title(month.rules, violation.code);
            let _ = writeln!(
                page,
                "    {} {} {}: {title}",
                self.at(violation.at),
                self.word("level", "级别"),
                violation.level
            );
        }
        for sanction in &month.sanctions {
            let _ = writeln!(
                page,
                "    {} → {}{}",
                self.at(sanction.from),
                sanction.measures.join(", "),
                if is_warning_alone(sanction.measures) {
                    String::new()
                } else {
                    format!(" {}", self.until(sanction.until))
                },
            );
        }
    }

    /// The rulebook's title of a code, or the code.
    fn title(&self, rules: usize, code: &str) -> String {
        let book = &self.timeline.version(rules).book;
        let mut listed = book.violations.iter().map(|violation| violation.get_ref());
        let title = listed
            .find(|violation| violation.code == code)
            .and_then(|v| v.title.as_ref());
        match title.map(|title: &Text| title.get(self.lang)) {
            Some(title) => format!("{title} ({code})"),
            None => code.to_owned(),
        }
    }

    fn due(&self, page: &mut String, obligations: &[Obligation<'_>]) {
        let waiting = |o: &&Obligation<'_>| {
            matches!(o.state, ObligationState::Open | ObligationState::Overdue)
        };
        let mut rows = table(["", "", "", ""]);
        let mut any = false;
        for obligation in obligations.iter().filter(waiting) {
            any = true;
            let due = match obligation.due {
                Some(due) => self.at(due),
                None => self.word("unknown: no calendar", "未知：无日历").to_owned(),
            };
            let state = match obligation.state {
                ObligationState::Overdue => self.word("overdue", "已逾期"),
                _ => self.word("open", "待办"),
            };
            let owner = match obligation.owner {
                Owner::Developer => self.word("developer", "开发者"),
                Owner::Platform => self.word("platform", "平台"),
            };
            let what = match obligation.code {
                Some(code) => format!("{} {code}", obligation.kind),
                None => obligation.kind.to_string(),
            };
            rows.add_row([due, state.to_owned(), owner.to_owned(), what]);
        }
        if any {
            let _ = writeln!(page, "  {}:", self.word("due", "待办"));
            for line in rows.lines().skip(1) {
                let _ = writeln!(page, "   {}", line.trim_end());
            }
        }
    }
}

/// A local wall time of a zone, to the minute.
fn local(zone: &Zone, at: Instant) -> String {
    zone.local(at).format("%Y-%m-%d %H:%M").to_string()
}

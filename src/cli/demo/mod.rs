//! `standing demo`: the main job on a made history, told to a person who is new here.
//!
//! The ledger, the intake and the rules are the real ones; only the history is made
//! (`examples/history.jsonl`). Every instant that is asked of is fixed, so the tour reads the same
//! on any day.

pub(super) mod made;

use std::collections::{BTreeSet, HashSet};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use standing_projections::facts::History;
use standing_projections::plaza::board;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Instant, Standing, explain};

use super::ask::Question;
use super::failure::Failure;
use super::output::{Format, table};
use super::{Context, assess, plaza};
use crate::history::{self, Scope};
use crate::ledger::{Ledger, Location};
use made::make;

/// When the tour looks at everybody: just after the history's end.
const AS_OF: &str = "2016-09-01T04:00:00Z";
/// The app and the month whose sanctions are shown.
const SANCTIONED: (&str, &str) = ("pinecone-quiz", "2015-05");
/// The developer whose appeal was granted, the instant asked of, and two instants between which
/// the appeal was decided.
const APPEAL: (&str, &str, [&str; 2]) = (
    "pinecone",
    "2015-06-10T04:00:00Z",
    ["2015-06-24T00:00:00Z", "2015-06-26T00:00:00Z"],
);

/// Take a tour: a made history is imported, judged and explained
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Keep the ledger there (default: in a temporary file)
    #[arg(long, value_name = "PATH-or-URL")]
    keep: Option<String>,
}

pub(super) async fn run(context: &Context, args: DemoArgs) -> Result<ExitCode, Failure> {
    if context.out.format(Format::Table) != Format::Table {
        return Err(Failure::new("the demo is told to people, in tables only")
            .hint("`standing demo --keep demo.db`, then `standing --ledger demo.db assess`"));
    }
    let folder = tempfile::tempdir()?;
    let at = match &args.keep {
        Some(text) => Location::from(text.as_str()),
        None => Location::File(folder.path().join("demo.db")),
    };
    let ledger = make(context, &at).await?;
    let tour = Tour { context, ledger };
    tour.appended().await?;
    tour.standing().await?;
    tour.sanctions().await?;
    tour.appeal().await?;
    tour.next(args.keep.is_some().then_some(&at))?;
    Ok(ExitCode::SUCCESS)
}

fn instant(text: &str) -> Result<Instant, Failure> {
    text.parse().map_err(Failure::new)
}

struct Tour<'a> {
    context: &'a Context,
    ledger: Arc<dyn Ledger>,
}

impl Tour<'_> {
    fn heading(&self, text: &str) -> Result<(), Failure> {
        let heading = self.context.out.paint(1, text);
        self.context.out.text(&format!("{heading}\n"))
    }

    fn text(&self, text: impl std::fmt::Display) -> Result<(), Failure> {
        self.context.out.text(&format!("{text}\n"))
    }

    /// A question as of an instant, as known at another or at the log's end.
    async fn ask(&self, as_of: &str, known_at: Option<&str>) -> Result<Question, Failure> {
        let known_at = match known_at {
            Some(at) => self.ledger.position_at(instant(at)?).await?,
            None => self.ledger.head().await?.position,
        };
        let history = history::load(&*self.ledger, &Scope::All, known_at).await?;
        Ok(Question {
            ask: Ask {
                as_of: instant(as_of)?,
                known_at,
            },
            timeline: Timeline::known(&history, known_at)?,
            history,
            ledger: Some(self.ledger.clone()),
        })
    }

    async fn appended(&self) -> Result<(), Failure> {
        let query = crate::ledger::Query::default();
        let events = self.ledger.read(&query).await?;
        let question = self.ask(AS_OF, None).await?;
        let (rulebooks, rest) = events.split_at(question.timeline.versions().len());
        let kinds: HashSet<_> = rest.iter().map(|event| event.kind).collect();
        let versions: BTreeSet<&str> = question
            .timeline
            .versions()
            .iter()
            .map(|rules| rules.book.version.as_str())
            .collect();
        let versions: Vec<&str> = versions.into_iter().collect();
        let zone = question.timeline.zone();
        let dates = rest.iter().map(|event| zone.date(event.time));
        let (first, last) = (dates.clone().min(), dates.max());
        let (developers, apps) = count(&question.history);
        self.heading("1. What was appended")?;
        self.text(format_args!(
            "{} versions of the rulebook `weibo` ({}), then {} events of {} types\n\
             about {developers} developers and {apps} apps, from {} to {}. None was refused, and \
             none can be\nchanged any more.",
            rulebooks.len(),
            versions.join(", "),
            rest.len(),
            kinds.len(),
            first.unwrap_or_default(),
            last.unwrap_or_default(),
        ))?;
        if let Some(late) = rest.iter().find(|event| event.time != event.recordedtime) {
            self.text(format_args!(
                "The event at position {} happened at {} and was recorded at {}:\nboth times are \
                 kept, and an answer can be asked as of the one and as known at the other.",
                late.position, late.time, late.recordedtime
            ))?;
        }
        Ok(())
    }

    async fn standing(&self) -> Result<(), Failure> {
        let question = self.ask(AS_OF, None).await?;
        let standings = question.standings();
        self.heading(&format!("\n2. Where every developer stands as of {AS_OF}"))?;
        assess::print(self.context, &standings)?;
        self.heading("\n3. The plaza at that instant")?;
        plaza::print(self.context, &board(&standings))?;
        for app in standings.iter().flat_map(|standing| &standing.apps) {
            if app.certification.eligible {
                let users = app.certification.conditions.last();
                let users = users.map_or_else(String::new, |users| {
                    format!(" ({} users a day, {} needed)", users.value, users.required)
                });
                self.text(format_args!(
                    "`{}` may have its V-certification{users}.",
                    app.app
                ))?;
            }
        }
        Ok(())
    }

    /// What one app got in one month, down to the events and the clauses.
    async fn sanctions(&self) -> Result<(), Failure> {
        let (app, month) = SANCTIONED;
        let question = self.ask(AS_OF, None).await?;
        let standings = question.standings();
        self.heading(&format!("\n4. What `{app}` got in {month}, and why"))?;
        let of_app = |standing: &&Standing<'_>| standing.apps.iter().any(|one| one.app == app);
        let Some(standing) = standings.iter().find(of_app) else {
            return Err(Failure::new(format!("`{app}` is not in the history")));
        };
        let asked = explain::Question {
            standing,
            timeline: &question.timeline,
            subject: explain::Subject::App(app),
            month: Some(month.parse().map_err(Failure::new)?),
            lang: self.context.lang,
        };
        let graph = history::explained(&*self.ledger, &asked, |note| note).await?;
        self.context.out.text(&explain::tree(&graph).to_string())
    }

    /// One question, asked as known before and after an appeal was granted.
    async fn appeal(&self) -> Result<(), Failure> {
        let (developer, as_of, known_at) = APPEAL;
        self.heading(&format!(
            "\n5. Where `{developer}` stood as of {as_of}, before and after an appeal was granted"
        ))?;
        let mut table = table(["KNOWN AT", "STATUS", "APP", "TIER", "MEASURES"]);
        for known_at in known_at {
            let question = self.ask(as_of, Some(known_at)).await?;
            let month = question.timeline.zone().month(question.ask.as_of);
            let standings = question.standings();
            let standing = standings.iter().find(|one| one.developer == developer);
            let Some(standing) = standing else { continue };
            for app in &standing.apps {
                let judged = app.months.iter().find(|judged| judged.month == month);
                let tier = judged.and_then(|judged| judged.tier);
                let measures: Vec<&str> = app.measures.iter().map(|m| m.measure.as_str()).collect();
                table.add_row([
                    known_at.to_owned(),
                    standing.status.to_string(),
                    app.app.to_owned(),
                    tier.map_or_else(String::new, |tier| tier.to_string()),
                    measures.join(", "),
                ]);
            }
        }
        self.context.out.table(&table)?;
        self.text(
            "The appeal changed the answer for that instant. What was known before it can still be \
             asked.",
        )
    }

    fn next(&self, kept: Option<&Location>) -> Result<(), Failure> {
        self.heading("\n6. What to try next")?;
        let Some(at) = kept else {
            return self.text(
                "standing demo --keep demo.db   keeps this ledger in a file; its tour ends with \
                 commands to try on it",
            );
        };
        let standing = format!("standing --ledger {at}");
        let (developer, as_of, known_at) = APPEAL;
        for command in [
            format!("show lantern --as-of {AS_OF}"),
            format!("assess --format jsonl --as-of {AS_OF}"),
            format!("plaza --as-of {AS_OF}"),
            format!("audit --developer {developer}"),
            format!(
                "assess --developer {developer} --as-of {as_of} --known-at {}",
                known_at[0]
            ),
        ] {
            self.text(format_args!("{standing} {command}"))?;
        }
        Ok(())
    }
}

/// How many developers and apps are registered.
fn count(history: &History) -> (usize, usize) {
    let developers = history.developers();
    (
        developers.len(),
        developers.iter().map(|one| one.apps().len()).sum(),
    )
}

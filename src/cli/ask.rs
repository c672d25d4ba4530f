//! What a question is asked of: which instants, which rules, whose facts.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use standing_projections::facts::{DeveloperFacts, History};
use standing_projections::questions::Subject;
use standing_projections::rules::{RulesError, Timeline};
use standing_projections::{Ask, Instant, Position, Rulebook, Standing, assess};

use super::Context;
use super::failure::Failure;
use super::rules::named::named_preset;
use super::snapshot;
use crate::history::snapshot::Snapshot;
use crate::history::{KnownAt, Scope};
use crate::ledger::Ledger;

/// The instants a question is asked of.
#[derive(Clone, Debug, Args)]
pub(super) struct AskArgs {
    /// Only what had happened by then counts (RFC 3339; default: now)
    #[arg(long, value_name = "T")]
    pub(super) as_of: Option<Instant>,
    /// Only what was known then: an instant, or a position as `@1234` (default: now)
    #[arg(long, value_name = "K", value_parser = KnownAt::parse)]
    pub(super) known_at: Option<KnownAt>,
    /// Judge by these rulebooks instead of the ledger's
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) rules: Vec<PathBuf>,
}

/// What is known of a scope, and from where.
pub(super) struct Known {
    /// None, where the history was made up.
    pub(super) ledger: Option<Arc<dyn Ledger>>,
    pub(super) known_at: Position,
    pub(super) history: History,
}

impl Known {
    /// Resolves what is known, and reads it from the ledger or begins with the snapshot that was named.
    pub(super) async fn open(
        context: &Context,
        asked: Option<KnownAt>,
        scope: &Scope,
    ) -> Result<Self, Failure> {
        if let Some(snapshot) = snapshot::made_up(context) {
            return Self::made_up(context, asked, scope, &snapshot);
        }
        let ledger = context.open().await?;
        let known_at = known_at(context, &*ledger, asked).await?;
        let history = snapshot::history(context, &*ledger, scope, known_at).await?;
        Ok(Self {
            ledger: Some(ledger),
            known_at,
            history,
        })
    }

    /// What is known of everybody in a history that no log is behind.
    fn made_up(
        context: &Context,
        asked: Option<KnownAt>,
        scope: &Scope,
        snapshot: &Snapshot,
    ) -> Result<Self, Failure> {
        if *scope != Scope::All {
            return Err(of_everybody_only());
        }
        let head = snapshot.manifest().position;
        let known_at = match asked {
            None => head,
            Some(KnownAt::Position(position)) if position <= head => position,
            Some(KnownAt::Position(position)) => {
                let message = format!("the snapshot ends at position {head}, before {position}");
                return Err(Failure::new(message));
            }
            Some(KnownAt::Instant(_)) => {
                let message = "the snapshot is made up, and nothing of it was ever recorded";
                return Err(Failure::new(message).hint("name a position, such as `@1234`"));
            }
        };
        context.out.say("made up: no log is behind the snapshot");
        Ok(Self {
            ledger: None,
            known_at,
            history: snapshot.read()?.known_at(known_at),
        })
    }
}

/// Why a made-up snapshot does not answer.
pub(super) fn of_everybody_only() -> Failure {
    let message = "the snapshot is made up, and answers questions of everybody only";
    Failure::new(message).hint("ask without `--snapshot` of a ledger")
}

/// The ledger that is behind a history.
pub(super) fn ledger(of: Option<&Arc<dyn Ledger>>) -> Result<&dyn Ledger, Failure> {
    let none = || Failure::new("the snapshot is made up: no log is behind it");
    of.map(|ledger| &**ledger).ok_or_else(none)
}

/// A question with what it is answered from.
pub(super) struct Question {
    pub(super) ask: Ask,
    pub(super) history: History,
    pub(super) timeline: Timeline,
    /// None, where the history was made up.
    pub(super) ledger: Option<Arc<dyn Ledger>>,
}

impl Question {
    /// Opens the ledger, resolves the instants once, and says on stderr what was asked.
    pub(super) async fn open(
        context: &Context,
        args: &AskArgs,
        scope: &Scope,
    ) -> Result<Self, Failure> {
        let known = Known::open(context, args.known_at, scope).await?;
        Self::of(context, args, known)
    }

    fn of(context: &Context, args: &AskArgs, known: Known) -> Result<Self, Failure> {
        let Known {
            ledger,
            known_at,
            history,
        } = known;
        let ask = Ask {
            as_of: args.as_of.unwrap_or_else(Context::now),
            known_at,
        };
        let timeline = if args.rules.is_empty() {
            Timeline::known(&history, known_at).map_err(|error| match args.known_at {
                Some(_) => none_known(error, known_at),
                None => error.into(),
            })?
        } else {
            let books: Result<Vec<_>, Failure> =
                args.rules.iter().map(|file| read_rulebook(file)).collect();
            let books = books?.into_iter().map(|book| (Position(0), book)).collect();
            Timeline::new(books, history.names())?
        };
        context
            .out
            .say(format_args!("as of {}, known at @{known_at}", ask.as_of));
        Ok(Self {
            ask,
            history,
            timeline,
            ledger,
        })
    }

    /// The same question of everybody.
    pub(super) async fn open_again(
        &self,
        context: &Context,
        of_ledger: bool,
    ) -> Result<Self, Failure> {
        let (ledger, known_at) = (self.ledger()?, self.ask.known_at);
        let history = snapshot::history(context, ledger, &Scope::All, known_at).await?;
        let timeline = if of_ledger {
            Timeline::known(&history, self.ask.known_at)?
        } else {
            self.timeline.read_in(&history)?
        };
        Ok(Self {
            ask: self.ask,
            history,
            timeline,
            ledger: self.ledger.clone(),
        })
    }

    /// The ledger that was asked.
    pub(super) fn ledger(&self) -> Result<&dyn Ledger, Failure> {
        ledger(self.ledger.as_ref())
    }

    /// The facts of the developer that is asked about, or whose app is.
    pub(super) fn subject<'a>(
        &'a self,
        id: &'a str,
    ) -> Result<(&'a DeveloperFacts, Subject<'a>), Failure> {
        let (developer, app) = self.history.subject(id).ok_or_else(|| not_registered(id))?;
        let registered = app.map_or(developer.registered, |app| {
            app.registered.max(developer.registered)
        });
        if registered > self.ask.as_of {
            return Err(not_registered(id));
        }
        let subject = app.map_or(Subject::Developer, |_| Subject::App(id));
        Ok((developer, subject))
    }

    /// The standing of every developer of the scope, by id.
    pub(super) fn standings(&self) -> Vec<Standing<'_>> {
        let each = self.history.developers().iter();
        let mut all: Vec<Standing<'_>> = each
            .filter_map(|one| assess(one, self.history.names(), &self.timeline, self.ask))
            .collect();
        all.sort_by_key(|standing| standing.developer);
        all
    }
}

/// The position up to which the log is known, resolved once.
pub(super) async fn known_at(
    context: &Context,
    ledger: &dyn Ledger,
    asked: Option<KnownAt>,
) -> Result<Position, Failure> {
    Ok(match asked {
        None => {
            let known = ledger.position_at(Context::now()).await?;
            if ledger.head().await?.position > known {
                let later = "events after it are recorded later than now, and not known yet";
                context.out.say(format_args!("known at @{known}: {later}"));
            }
            known
        }
        Some(KnownAt::Instant(at)) => ledger.position_at(at).await?,
        Some(KnownAt::Position(position)) => {
            let head = ledger.head().await?.position;
            if position > head {
                let message = format!("the ledger ends at position {head}, before {position}");
                return Err(Failure::new(message));
            }
            position
        }
    })
}

/// A subject that is in the log, but not at what was asked of.
pub(super) fn not_registered(subject: &str) -> Failure {
    Failure::new(format!("`{subject}` was not registered at that instant"))
        .hint("ask with a later `--as-of` or `--known-at`")
}

/// Where rulebooks came later than what is asked, there is something better to say than that
/// there are none.
fn none_known(error: RulesError, known_at: Position) -> Failure {
    match error {
        RulesError::None => Failure::new(format_args!(
            "no rulebook was published up to position {known_at}: nothing can be judged"
        ))
        .hint("judge by one of your own with `--rules FILE`, or ask with a later `--known-at`"),
        error => error.into(),
    }
}

/// Reads a rulebook from a file, its error with the file's name.
pub(super) fn read_rulebook(file: &Path) -> Result<Rulebook, Failure> {
    if let Some(book) = file.to_str().and_then(named_preset) {
        return book;
    }
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("`{name}` cannot be read: {error}")))?;
    parse_rulebook(file, &text)
}

/// Reads a rulebook from the text of a file, its error with the file's name.
pub(super) fn parse_rulebook(file: &Path, text: &str) -> Result<Rulebook, Failure> {
    let name = file.display();
    Rulebook::parse(text).map_err(|error| {
        let failure = Failure::new(format!("{name}:{}: {}", error.place, error.message));
        match error.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}

/// The developer that a subject is, or whose app it is.
pub(super) async fn developer_of(ledger: &dyn Ledger, subject: &str) -> Result<String, Failure> {
    use standing_projections::event::Kind;
    let query = crate::ledger::Query {
        subjects: vec![subject.to_owned()],
        kinds: vec![Kind::DeveloperRegistered, Kind::AppRegistered],
        limit: 1,
        ..crate::ledger::Query::default()
    };
    let found = ledger.read(&query).await?.into_iter().next();
    found.and_then(|stored| stored.developer).ok_or_else(|| {
        Failure::new(format!("no developer or app `{subject}` is registered"))
            .hint("`standing audit --type developer.registered` lists the developers")
    })
}

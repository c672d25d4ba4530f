//! What is asked of a standing, and what it is answered from.

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use standing_projections::facts::{DeveloperFacts, Names};
use standing_projections::questions::Subject;
use standing_projections::rulebook::preset;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Assessor, Instant, Position, Rulebook, Standing};

use crate::access::Caller;
use crate::history::KnownAt;
use crate::http::headers::Answer;
use crate::http::problem::Code;
use crate::http::{Problem, Service};
use crate::live::Unknown;

/// The most facts of a developer that a question which walks through its past is answered of.
const WALKED: usize = 100_000;
/// From how many facts on judging a developer takes long enough to be noticed by others.
const LONG: usize = 10_000;

/// Of which instants, by which rules.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) as_of: Option<Instant>,
    pub(super) known_at: Option<Known>,
    pub(super) rules: Option<String>,
    pub(super) min_position: Option<u64>,
}

/// [`KnownAt`] as a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known(KnownAt);

impl<'de> Deserialize<'de> for Known {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        KnownAt::parse(&text)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

/// Makes a type of parameters that has those of every question, and its own.
macro_rules! asked {
    ($(#[$doc:meta])* struct $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(super) struct $name {
            /// Only what had happened by then counts (default: now)
            #[param(value_type = Option<String>, format = DateTime, nullable = false)]
            as_of: Option<standing_projections::Instant>,
            /// Only what was known then: an instant, or a position as `@1234` (default: now)
            #[param(value_type = Option<String>, nullable = false, example = "@1234")]
            known_at: Option<super::asked::Known>,
            /// Judge by these versions alone, parted by commas: published ones, or such as
            /// `preset:weibo@2016-01-01`
            #[param(nullable = false)]
            rules: Option<String>,
            /// Wait until that position of the log is known
            #[param(nullable = false)]
            min_position: Option<u64>,
            $($(#[$field_doc])* $field: $type,)*
        }

        impl $name {
            fn asked(&self) -> super::asked::Asked {
                super::asked::Asked {
                    as_of: self.as_of,
                    known_at: self.known_at,
                    rules: self.rules.clone(),
                    min_position: self.min_position,
                }
            }
        }
    };
}
pub(super) use asked;

/// What a question is answered from.
pub(super) struct Question {
    pub(super) developer: Arc<DeveloperFacts>,
    pub(super) names: Arc<Names>,
    pub(super) timeline: Arc<Timeline>,
    pub(super) ask: Ask,
    /// The app that is asked about, where it is one.
    pub(super) app: Option<String>,
}

/// What kind of subject a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Developer,
    App,
}

impl Question {
    /// Resolves what is asked, once.
    pub(super) async fn resolve(
        service: &Service,
        caller: &Caller,
        (of, id): (Of, &str),
        asked: Asked,
    ) -> Result<Self, Problem> {
        let current = &service.current;
        current.knows(asked.min_position.map(Position)).await?;
        let own = caller.own_developer().is_some();
        let unknown = || match own {
            // Whose it is, or whether it is there, is not told.
            true => Problem::new(Code::AccessDenied, "a developer is shown its own standing"),
            false => {
                let what = match of {
                    Of::Developer => "developer",
                    Of::App => "app",
                };
                let detail = format!("no {what} is registered by the id `{id}` at that instant");
                Problem::new(Code::SubjectUnknown, detail).at(format!("{{{what}}}"))
            }
        };
        let known = match current.live.of(id) {
            Ok(known) => known,
            Err(Unknown::Subject(_)) => return Err(unknown()),
            Err(Unknown::Rules(error)) => return Err(error.into()),
        };
        let developer = known.developer;
        if !caller.may_see(Some(&developer.id)) {
            return Err(unknown());
        }
        let as_of = asked.as_of.unwrap_or_else(|| (service.clock)());
        let known_at = match asked.known_at {
            None => known.position,
            Some(Known(KnownAt::Instant(at))) => {
                service.ledger.position_at(at).await?.min(known.position)
            }
            Some(Known(KnownAt::Position(position))) if position <= known.position => position,
            Some(Known(KnownAt::Position(position))) => {
                let detail = format!(
                    "what is known ends at {}, before {position}",
                    known.position
                );
                return Err(Problem::new(Code::PositionUnknown, detail).at("?known_at"));
            }
        };
        let registered = match of {
            Of::Developer if *developer.id == *id => {
                Some((developer.registered, developer.position))
            }
            Of::Developer => None,
            Of::App => {
                let app = developer.apps().iter().find(|app| *app.id == *id);
                app.map(|app| (app.registered.max(developer.registered), app.position))
            }
        };
        if !registered.is_some_and(|(time, position)| time <= as_of && position <= known_at) {
            return Err(unknown());
        }
        let timeline = match asked.rules {
            Some(versions) => Arc::new(rules(service, &versions, &known.names)?),
            None if known_at < known.position => {
                let known = |history: &_| Timeline::known(history, known_at);
                Arc::new(current.live.everybody(known)?)
            }
            None => known.timeline,
        };
        Ok(Self {
            developer,
            names: known.names,
            timeline,
            ask: Ask { as_of, known_at },
            app: (of == Of::App).then(|| id.to_owned()),
        })
    }

    /// Whose standing it is about.
    pub(super) fn subject(&self) -> Subject<'_> {
        self.app.as_deref().map_or(Subject::Developer, Subject::App)
    }

    /// Asks the standing, where that does not hold up others.
    pub(super) fn standing<T>(
        &self,
        ask: impl FnOnce(&Standing<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let judge = || {
            let mut assessor = Assessor::new(&self.names, &self.timeline, self.ask);
            match assessor.as_printed(&self.developer) {
                Some(standing) => ask(&standing),
                None => Err(Problem::new(
                    Code::SubjectUnknown,
                    "not registered at that instant",
                )),
            }
        };
        match self.developer.len() > LONG {
            true => tokio::task::block_in_place(judge),
            false => judge(),
        }
    }

    /// That its past is not too long to be walked through.
    pub(super) fn can_be_walked(&self) -> Result<(), Problem> {
        let facts = self.developer.len();
        if facts <= WALKED {
            return Ok(());
        }
        let detail = format!(
            "of this developer {facts} facts are known, and at most {WALKED} are walked through here: ask \
             the command line"
        );
        Err(Problem::new(Code::TooLarge, detail))
    }

    /// The answer's headers: of which position and instant it is, and by which rules.
    pub(super) fn say(&self, answer: Answer) -> Answer {
        let rules = self.timeline.at(self.ask.as_of);
        answer
            .at(self.ask.known_at)
            .of_instant(self.ask.as_of)
            .by(&rules.book.version)
    }
}

/// The versions that are named.
fn rules(service: &Service, versions: &str, names: &Names) -> Result<Timeline, Problem> {
    let unknown = |version: &str| {
        let detail =
            format!("no version `{version}` is published: `/v1/rulebooks` lists those that are");
        Problem::new(Code::RulebookUnknown, detail).at("?rules")
    };
    let published = service.current.live.timeline().ok();
    let mut books: Vec<(Position, Rulebook)> = Vec::new();
    for version in versions.split(',') {
        let book = match version
            .strip_prefix("preset:")
            .and_then(|name| name.split_once('@'))
        {
            Some((name, version)) => preset_version(name, version),
            None => {
                let versions = published.iter().flat_map(|timeline| timeline.versions());
                let named = versions.map(|rules| &rules.book);
                named.rev().find(|book| book.version == version).cloned()
            }
        };
        books.push((Position(0), book.ok_or_else(|| unknown(version))?));
    }
    Timeline::new(books, names)
        .map_err(|error| Problem::new(Code::ParameterInvalid, error.to_string()).at("?rules"))
}

fn preset_version(name: &str, version: &str) -> Option<Rulebook> {
    let texts = preset::named(name)?.iter();
    let mut books = texts.filter_map(|text| Rulebook::parse(text).ok());
    books.find(|book| book.version == version)
}

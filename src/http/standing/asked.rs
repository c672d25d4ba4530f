//! What is asked of a standing, and what it is answered from.

use std::sync::Arc;

use standing_projections::facts::{DeveloperFacts, Names};
use standing_projections::questions::Subject;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Assessor, Instant, Position, Standing};
use tokio::sync::SemaphorePermit;

use crate::access::Caller;
use crate::http::headers::Answer;
use crate::http::problem::Code;
use crate::http::versions::{self, Known, known_at, not_too_far};
use crate::http::{Problem, Service};
use crate::live::Unknown;

/// The most facts of a developer that a question which walks through its past is answered of. Of one with more,
/// how it stands is a long question.
const WALKED: usize = 100_000;
/// The most versions that a question names.
const VERSIONS_MAX: usize = 20;
/// From how many facts on judging a developer takes long enough to be noticed by others.
const LONG: usize = 10_000;

/// Of which instants, by which rules.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) as_of: Option<Instant>,
    pub(super) known_at: Option<Known>,
    pub(super) rules: Option<String>,
    pub(super) min_position: Option<Position>,
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
            #[param(value_type = Option<String>, format = DateTime, nullable = false,
                pattern = "^(19[7-9]|[2-9][0-9]{2})[0-9]-")]
            as_of: Option<standing_projections::Instant>,
            /// Only what was known then: an instant, or a position as `@1234` (default: now)
            #[param(value_type = Option<String>, nullable = false, example = "@1234",
                schema_with = crate::http::versions::known_schema)]
            known_at: Option<crate::http::versions::Known>,
            /// Judge by these versions alone, parted by commas: published ones, or such as
            /// `preset:weibo@2016-01-01`
            #[param(nullable = false)]
            rules: Option<String>,
            /// Wait until that position of the log is known
            #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807_i64, nullable = false)]
            min_position: Option<crate::http::extract::AnyPosition>,
            $($(#[$field_doc])* $field: $type,)*
        }

        impl $name {
            fn asked(&self) -> super::asked::Asked {
                super::asked::Asked {
                    as_of: self.as_of,
                    known_at: self.known_at,
                    rules: self.rules.clone(),
                    min_position: self.min_position.map(Into::into),
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
        let as_of = asked.as_of.unwrap_or_else(|| (service.clock)());
        not_too_far(service, as_of).map_err(|problem| problem.at("?as_of"))?;
        current.knows(asked.min_position).await?;
        let known_at = match asked.known_at {
            None => None,
            asked => {
                let known_at = known_at(service, asked).await;
                Some(known_at.map_err(|problem| problem.at("?known_at"))?)
            }
        };
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
        let known_at = known_at.unwrap_or(known.position);
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
    pub(super) async fn standing<T>(
        &self,
        service: &Service,
        ask: impl FnOnce(&Standing<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let _turn = self.turn(service).await?;
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

    /// The turn that it is to wait for, where it is a long question.
    pub(super) async fn turn<'a>(
        &self,
        service: &'a Service,
    ) -> Result<Option<SemaphorePermit<'a>>, Problem> {
        match self.developer.len() > WALKED {
            true => service.current.long_question().await.map(Some),
            false => Ok(None),
        }
    }

    /// That its past is not too long to be walked through.
    pub(super) fn can_be_walked(&self) -> Result<(), Problem> {
        let facts = self.developer.len_at(self.ask.known_at);
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
fn rules(service: &Service, named: &str, names: &Names) -> Result<Timeline, Problem> {
    if named.split(',').count() > VERSIONS_MAX {
        let detail = format!("at most {VERSIONS_MAX} versions are named");
        return Err(Problem::new(Code::ParameterInvalid, detail).at("?rules"));
    }
    let books = named.split(',').map(|name| {
        let book = match name.strip_prefix("preset:") {
            Some(preset) => versions::of_preset(preset),
            None => versions::published(service, name),
        };
        Ok((Position(0), book?))
    });
    let books: Vec<_> = books.collect::<Result<_, _>>().map_err(at_rules)?;
    Timeline::new(books, names)
        .map_err(|error| Problem::new(Code::ParameterInvalid, error.to_string()).at("?rules"))
}

fn at_rules(problem: Problem) -> Problem {
    problem.at("?rules")
}

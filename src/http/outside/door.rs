//! The door: who is let in, and why not.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};

use super::log::Asked;
use super::routes::{self, Needs};
use super::{Code, Limits, Outside, Problem};
use crate::access::{Action, Caller, Rate, TokenHash, hash, may};

/// Somebody who is let in, and within which limits.
pub(super) struct Admitted {
    pub(super) caller: Caller,
    pub(super) limits: Limits,
    /// What is kept of the token that was shown.
    pub(super) token: TokenHash,
}

/// A token that a stream was let in with, and that may be taken back while it goes on.
#[derive(Clone)]
pub(in crate::http) struct Pass {
    outside: Arc<Outside>,
    token: TokenHash,
}

impl Pass {
    pub(super) fn new(outside: Arc<Outside>, token: TokenHash) -> Self {
        Self { outside, token }
    }

    /// Whether it still lets somebody in. Where that cannot be asked, it does not.
    pub(in crate::http) async fn is_good(&self) -> bool {
        let outside = &self.outside;
        let known = outside.guard.recognise_hash(self.token, outside.now());
        matches!(known.await, Ok(Some(_)))
    }
}

/// Somebody who is not let in.
pub(super) struct TurnedAway {
    pub(super) problem: Problem,
    /// The id of their token, where it was a good one.
    pub(super) token: Option<String>,
}

impl From<Problem> for TurnedAway {
    fn from(problem: Problem) -> Self {
        let token = None;
        Self { problem, token }
    }
}

impl Outside {
    /// Who asks; nobody where nobody needs to be known.
    pub(super) async fn admit(
        &self,
        asked: &Asked,
        headers: &HeaderMap,
    ) -> Result<Option<Admitted>, TurnedAway> {
        // What has no template is no route, and is answered so.
        let Some(template) = &asked.template else {
            return Ok(None);
        };
        let action = match routes::needs(&asked.method, template) {
            Some(Needs::Nothing) => return Ok(None),
            Some(Needs::Token(action)) if self.open.contains(&action) => return Ok(None),
            Some(Needs::Token(action)) => Some(action),
            None => match routes::methods(template) {
                Some(methods) => return Err(Problem::no_such_method(methods).into()),
                // A route that nothing is said of is nobody's, whoever comes.
                None => None,
            },
        };
        let Some(shown) = shown(headers)? else {
            return Err(Problem::new(
                Code::TokenMissing,
                "send a token as `Authorization: Bearer standing_…`",
            )
            .into());
        };
        let token = self.guard.recognise(shown, self.now()).await;
        let Some(token) = token.map_err(Problem::from)? else {
            return Err(not_good().into());
        };
        let caller = token.caller();
        let turned_away = |problem| TurnedAway {
            problem,
            token: Some(token.id.clone()),
        };
        let rate = token.limits.rate.map_or(self.rate, |per_second| Rate {
            per_second,
            burst: per_second,
        });
        self.rates
            .take(&token.id, rate, asked.begun)
            .map_err(|wait| turned_away(too_often(rate, wait)))?;
        match action {
            Some(action) if may(caller.role(), action) && owns(&caller, asked) => {
                let limits = self.limits.of(token.limits);
                let token = hash(shown);
                Ok(Some(Admitted {
                    caller,
                    limits,
                    token,
                }))
            }
            action => Err(turned_away(denied(&caller, action))),
        }
    }
}

/// The token that is shown; none where there is none.
fn shown(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = all.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    match (text.split_once(' '), all.next()) {
        (Some((scheme, token)), None) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(Some(token.trim()))
        }
        _ => Err(not_good()),
    }
}

/// A developer sees its own standing only. Of an app the handler finds out whose it is.
fn owns(caller: &Caller, asked: &Asked) -> bool {
    match (caller.own_developer(), &asked.developer) {
        (Some(own), Some(developer)) => own == developer,
        _ => true,
    }
}

/// Unknown, expired, revoked: whoever has none need not learn which.
fn not_good() -> Problem {
    Problem::new(
        Code::TokenInvalid,
        "the token is unknown, expired or revoked",
    )
}

fn too_often(rate: Rate, wait: Duration) -> Problem {
    let detail = format!(
        "the token is good for {} requests a second",
        rate.per_second
    );
    let seconds = wait.as_secs_f64().ceil().max(1.0);
    Problem::new(Code::RateExceeded, detail).retry_after(seconds as u64)
}

fn denied(caller: &Caller, action: Option<Action>) -> Problem {
    let detail = match (action, caller.own_developer()) {
        (Some(action), Some(_)) if caller.may(action) => {
            "a developer may read its own only".to_owned()
        }
        (Some(action), _) => format!("the role `{}` may not {}", caller.role(), action.as_str()),
        (None, _) => "no role may do that".to_owned(),
    };
    Problem::new(Code::AccessDenied, detail)
}

//! `standing serve --demo`: a made platform to watch and to try things on.
//!
//! The history of `standing demo` is in a temporary ledger, with developers who are here now; something
//! happens to them every second ([`feed`]), by the same way as whatever is sent. There is a key, a token for
//! each role, and a script of what to try ([`guide`]).

mod cast;
mod feed;
mod guide;
mod stories;

use std::sync::Arc;

use serde_json::{Map, Value, json};
use standing_projections::Instant;
use standing_projections::time::Zone;
use tempfile::TempDir;

use super::Served;
use crate::access::{self, Role, Secret, Store};
use crate::cli::Context;
use crate::cli::demo::made;
use crate::cli::failure::Failure;
use crate::cli::tokens;
use crate::intake::{Candidate, Intake, Outcome, Trust};
use crate::ledger::Location;
use crate::proof::SignerKey;
pub(super) use feed::Feed;
pub(super) use guide::Guide;

/// The name that the demo's log is signed by, which is nobody's.
const LOG: &str = "demo.example/log";
/// The zone of the rulebooks.
const ZONE: &str = "Asia/Shanghai";
/// The developer that a token is made for.
const DEVELOPER: &str = "orchard";

/// A demo that is being served. Its ledger is gone with this.
pub(super) struct Demo {
    /// What to try.
    pub(super) guide: Guide,
    _folder: TempDir,
}

/// Makes the ledger with everything that has happened until now, a key and tokens, to be served there.
pub(super) async fn make(context: &Context, url: &str) -> Result<Served, Failure> {
    let folder = tempfile::tempdir()?;
    let at = Location::File(folder.path().join("demo.db"));
    let ledger = made::make(context, &at).await?;
    open(&mut Intake::new(ledger.clone(), Context::clock())).await?;
    let access = access::open(&at).await?;
    let key = SignerKey::generate(LOG).map_err(Failure::new)?;
    let program = std::env::args_os().next();
    let program = program.map(|name| name.to_string_lossy().into_owned());
    let guide = Guide {
        url: url.to_owned(),
        program: program.unwrap_or_else(|| "standing".to_owned()),
        tokens: tokens(&access).await?,
        verifier: key.verifier().to_string(),
    };
    Ok(Served {
        at,
        ledger,
        access,
        key: Some(key),
        demo: Some(Demo {
            guide,
            _folder: folder,
        }),
    })
}

/// Takes in what has happened to those who are here now.
async fn open(intake: &mut Intake) -> Result<(), Failure> {
    let opening = cast::opening(intake.now(), &zone()?);
    let opening = opening.into_iter().map(Candidate::new).collect();
    for outcome in intake.admit(opening, Trust::Clock).await? {
        if let Outcome::Refused(rejected) = outcome {
            return Err(rejected.refusal.into());
        }
    }
    Ok(())
}

fn zone() -> Result<Zone, Failure> {
    Zone::named(ZONE).ok_or_else(|| Failure::new(format_args!("there is no time zone `{ZONE}`")))
}

/// A new token for each role.
async fn tokens(store: &Arc<dyn Store>) -> Result<Vec<(Role, Secret)>, Failure> {
    let mut made = Vec::new();
    for role in Role::ALL {
        let (mut token, secret) = tokens::generate(role)?;
        token.subject = (role == Role::Developer).then(|| DEVELOPER.to_owned());
        token.actor = format!("demo-{role}");
        store.add(&token, &secret.hash()).await?;
        made.push((role, secret));
    }
    Ok(made)
}

/// What happens, but for when.
#[derive(Clone, Debug)]
struct Step {
    /// Who says so.
    actor: &'static str,
    kind: &'static str,
    subject: String,
    data: Value,
}

impl Step {
    fn new(actor: &'static str, kind: &'static str, subject: &str, data: Value) -> Self {
        Self {
            actor,
            kind,
            subject: subject.to_owned(),
            data,
        }
    }

    /// It as an event.
    fn event(&self, id: &str, at: Instant) -> Map<String, Value> {
        let attributes = [
            ("specversion", json!("1.0")),
            ("id", json!(id)),
            ("source", json!("/live")),
            ("type", json!(self.kind)),
            ("time", json!(at.to_string())),
            ("subject", json!(self.subject)),
            ("actor", json!(self.actor)),
            ("data", self.data.clone()),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
        Map::from_iter(attributes)
    }
}

//! What happens to the service meanwhile.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::arguments::Wanted;
use crate::postgres::Server;
use crate::service::Service;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It is killed and started again.
    Kill,
    /// It is told to end and started again.
    End,
    /// Its database is lost: a server ends without time for anything and is started again, which the
    /// service lives through; beside a file, it is killed, and the tables are gone.
    Loss,
}

impl Trouble {
    /// All that is wanted: losses between restarts, as evenly as they go.
    pub(crate) fn all(wanted: Wanted) -> Vec<Self> {
        let (restarts, losses) = (wanted.restarts, wanted.losses);
        let mut all = Vec::new();
        let mut lost = 0;
        for restart in 0..restarts {
            all.push(if restart % 2 == 0 {
                Self::Kill
            } else {
                Self::End
            });
            let due = losses * (restart + 1) / restarts;
            all.extend((lost..due).map(|_| Self::Loss));
            lost = due;
        }
        all.extend((lost..losses).map(|_| Self::Loss));
        all
    }

    /// Lets it happen; how long the service did not answer.
    pub(crate) fn happen(self, service: &mut Service, server: Option<&Server>) -> Result<Duration> {
        let begun = Instant::now();
        match (self, server) {
            (Self::Kill, _) => service.kill()?,
            (Self::End, _) => service.end()?,
            (Self::Loss, Some(server)) => server.lose()?,
            (Self::Loss, None) => {
                service.kill()?;
                service.remove_tables()?;
            }
        }
        if self != Self::Loss || server.is_none() {
            service.start()?;
        }
        service.ready()?;
        Ok(begun.elapsed())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "killed",
            Self::End => "told to end",
            Self::Loss => "database lost",
        })
    }
}

//! Where a ledger is: what people write after `--ledger`, told apart.
//!
//! A URL may hold a password, and whatever is printed ends up in logs and tickets. So a location
//! shows itself without it, whichever way it is printed.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Ledger, OpenError, OpenMode, Options, PostgresLedger, SqliteLedger};

/// What stands in the place of a password.
const MASKED: &str = "***";

/// Where a ledger is.
///
/// ```
/// use standing::ledger::Location;
/// let server = Location::from("postgres://ann:secret@db.example/standing?sslmode=require");
/// assert_eq!(server.to_string(), "postgres://ann:***@db.example/standing?sslmode=require");
/// assert_eq!(Location::from("sqlite:log.db"), Location::File("log.db".into()));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL database: its URL, password and all.
    Server(String),
}

impl Location {
    /// Opens the ledger there.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(
        &self,
        mode: OpenMode,
        options: Options,
    ) -> Result<Arc<dyn Ledger>, OpenError> {
        Ok(match self {
            Self::File(path) if path.to_string_lossy().contains("://") => {
                return Err(OpenError::WrongUrl {
                    at: self.clone(),
                    reason: "ledgers are kept in files and by servers that a `postgres://` names"
                        .into(),
                });
            }
            Self::File(path) => Arc::new(SqliteLedger::open_with(path, mode, options).await?),
            Self::Server(url) => Arc::new(PostgresLedger::open_with(url, mode, options).await?),
        })
    }
}

impl Location {
    /// The file of that name beside the ledger's: `standing.access.db` beside `standing.db`. None
    /// where the ledger is on a server.
    ///
    /// ```
    /// use standing::ledger::Location;
    /// let beside = Location::from("log/standing.db").beside("access");
    /// assert_eq!(beside, Some("log/standing.access.db".into()));
    /// ```
    #[must_use]
    pub fn beside(&self, name: &str) -> Option<PathBuf> {
        let Self::File(path) = self else { return None };
        let ending = match path.extension() {
            Some(ending) => format!("{name}.{}", ending.to_string_lossy()),
            None => format!("{name}.db"),
        };
        Some(path.with_extension(ending))
    }
}

impl From<&str> for Location {
    fn from(text: &str) -> Self {
        if ["postgres:", "postgresql:"]
            .iter()
            .any(|scheme| text.starts_with(scheme))
        {
            return Self::Server(text.to_owned());
        }
        let path = text
            .strip_prefix("sqlite://")
            .or_else(|| text.strip_prefix("sqlite:"));
        Self::File(path.unwrap_or(text).into())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(url) => f.write_str(&masked(url)),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

/// The URL without its password, wherever it may be. A password that is not escaped as it should be
/// can hold any character, so what is between the account's name and the last `@` is taken for one.
fn masked(url: &str) -> String {
    let start = url.find("//").map_or(0, |at| at + 2);
    let (scheme, rest) = url.split_at(start);
    let rest = match rest.rfind('@') {
        None => rest.to_owned(),
        Some(end) => match rest[..end].split_once(':') {
            None => rest.to_owned(),
            Some((account, _)) => format!("{account}:{MASKED}{}", &rest[end..]),
        },
    };
    let rest = match rest.split_once('?') {
        None => rest,
        Some((place, parameters)) => {
            let parameters = parameters.split('&').map(masked_parameter);
            format!("{place}?{}", parameters.collect::<Vec<_>>().join("&"))
        }
    };
    format!("{scheme}{rest}")
}

fn masked_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if name.contains("pass") => format!("{name}={MASKED}"),
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for (url, shown) in [
            ("postgres://h/d", "postgres://h/d"),
            ("postgresql://ann@h:5432/d", "postgresql://ann@h:5432/d"),
            ("postgres://ann:s3@h:5432/d", "postgres://ann:***@h:5432/d"),
            ("postgres://ann:a/s3?s3#s3@h/d", "postgres://ann:***@h/d"),
            ("postgres://ann:s3@s3@h/d", "postgres://ann:***@h/d"),
            (
                "postgres:///d?host=/run&password=s3&user=ann",
                "postgres:///d?host=/run&password=***&user=ann",
            ),
            (
                "postgres://h/d?sslpassword=s3",
                "postgres://h/d?sslpassword=***",
            ),
            ("postgres:ann:s3@h", "postgres:***@h"),
        ] {
            let location = Location::from(url);
            assert_eq!(location.to_string(), shown);
            assert!(!format!("{location:?}").contains("s3"), "{location:?}");
        }
    }

    #[test]
    fn a_path_is_any_other_text() {
        for (text, path) in [
            ("log.db", "log.db"),
            ("sqlite://a/log.db", "a/log.db"),
            ("sqlite:/a/log.db", "/a/log.db"),
            ("postgres.db", "postgres.db"),
        ] {
            assert_eq!(Location::from(text), Location::File(path.into()));
        }
    }
}

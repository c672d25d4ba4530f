//! What somebody new may try: a script, to be pasted whole or by the line.

use std::fmt;

use crate::access::{Role, Secret};

/// What somebody new may try on a service that is demonstrated.
///
/// Shells that take no comments at their prompt only grumble at one, as there are no quotes in any.
pub(in crate::cli::serve) struct Guide {
    /// Where the service is.
    pub(super) url: String,
    /// What this program is called by.
    pub(super) program: String,
    /// A token for each role.
    pub(super) tokens: Vec<(Role, Secret)>,
    /// What checks the log's signatures.
    pub(super) verifier: String,
}

impl fmt::Display for Guide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.url;
        writeln!(
            f,
            "# A made platform is served at {url}, and something happens there every second.\n\
             # It is in a temporary ledger, which is gone when this ends: press Ctrl-C.\n\
             #\n\
             # Paste what follows into another terminal. First a token for each role, and the key that\n\
             # checks what the log signs.\n\
             export URL={url}"
        )?;
        for (role, secret) in &self.tokens {
            let name = role.as_str().to_ascii_uppercase().replace('-', "_");
            writeln!(f, "export {name}={}", secret.as_str())?;
        }
        let verifier = &self.verifier;
        writeln!(f, "export LOG_KEY={verifier}\n\n{STEPS}")?;
        let program = quoted(&self.program);
        writeln!(
            f,
            "{program} verify own.tlog-proof --key \"$LOG_KEY\" --format table"
        )
    }
}

/// What is tried, one after the other.
const STEPS: &str = r#"# 1. Watch the plaza for ten seconds: scores go up and down, apps come and go.
for second in 1 2 3 4 5 6 7 8 9 10; do
  curl -sS -H "Authorization: Bearer $CONSUMER" "$URL/v1/plaza" | tr '{' '\n'; sleep 1
done

# 2. Ask where a developer stands now, and why.
curl -sS -H "Authorization: Bearer $AUDITOR" "$URL/v1/developers/willow"; echo
curl -sS -H "Authorization: Bearer $AUDITOR" "$URL/v1/developers/willow/explain?format=text"

# 3. Send an event of your own: the app orchard-mail leaked data. It is answered with its position.
curl -sS -H "Authorization: Bearer $RECORDER" -H 'Content-Type: application/cloudevents+json' \
  --data '{"specversion":"1.0","id":"'$(date +%s)'","source":"/me","type":"violation.found",
           "time":"'$(date -u +%FT%TZ)'","subject":"orchard-mail","data":{"code":"data_leak"}}' \
  "$URL/v1/events" | tee own.json; echo
position=$(sed 's/.*"position":\([0-9]*\).*/\1/' own.json)

# 4. See what came of it: a tier, measures, a duty, and why.
curl -sS -H "Authorization: Bearer $AUDITOR" \
  "$URL/v1/apps/orchard-mail/explain?format=text&min_position=$position"

# 5. Read it back with its proof, and check that without the service.
curl -sS -H "Authorization: Bearer $AUDITOR" "$URL/v1/events/$position/proof" > own.tlog-proof"#;

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_word_to_a_shell() {
        assert_eq!(quoted("target/release/standing"), "target/release/standing");
        assert_eq!(quoted("my $1's/standing"), r"'my $1'\''s/standing'");
    }
}

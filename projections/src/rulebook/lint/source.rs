//! A rulebook's text as written: where each key is, whether it is there at all, the comments.
//!
//! The typed rulebook has lost what the linter needs here: a default looks like a figure that was
//! written, and a comment is gone.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::rulebook::Place;

/// A text and what it was read as.
pub(super) struct Source<'a> {
    text: &'a str,
    root: Option<Spanned<DeValue<'a>>>,
}

impl<'a> Source<'a> {
    /// Reads a text; of one that is no TOML, nothing is known.
    pub(super) fn of(text: &'a str) -> Self {
        let root = DeTable::parse(text).ok().map(|table| {
            let span = table.span();
            Spanned::new(span, DeValue::Table(table.into_inner()))
        });
        Self { text, root }
    }

    /// The place of a key, or of the nearest thing around it that is written. A step into an array
    /// is its index.
    pub(super) fn place(&self, path: &[&str]) -> Place {
        Place::of(self.text, self.walk(path))
    }

    /// Where a walk along a path ends.
    fn walk(&self, path: &[&str]) -> usize {
        let (mut at, mut here) = (0, self.root.as_ref());
        for step in path {
            let Some((start, value)) = here.and_then(|value| child(value.get_ref(), step)) else {
                return at;
            };
            (at, here) = (start, Some(value));
        }
        at
    }

    /// The texts of its comments.
    pub(super) fn comments(&self) -> Vec<&'a str> {
        let mut quoted = Vec::new();
        if let Some(root) = &self.root {
            collect_quoted(root, &mut quoted);
        }
        quoted.sort_by_key(|span| span.start);
        let (mut comments, mut at, mut quoted) = (Vec::new(), 0, quoted.into_iter().peekable());
        while let Some(hash) = self.text[at..].find('#').map(|offset| at + offset) {
            while quoted.next_if(|span| span.end <= hash).is_some() {}
            match quoted.peek() {
                Some(span) if span.contains(&hash) => at = span.end,
                _ => {
                    let rest = &self.text[hash..];
                    let comment = rest.lines().next().unwrap_or(rest);
                    comments.push(comment);
                    at = hash + comment.len();
                }
            }
        }
        comments
    }
}

fn child<'v, 'a>(value: &'v DeValue<'a>, step: &str) -> Option<(usize, &'v Spanned<DeValue<'a>>)> {
    match value {
        DeValue::Table(table) => table
            .get_key_value(step)
            .map(|(key, value)| (key.span().start, value)),
        DeValue::Array(array) => {
            let value = array.get(step.parse::<usize>().ok()?)?;
            Some((value.span().start, value))
        }
        _ => None,
    }
}

/// The spans of keys and strings, where a `#` begins no comment.
fn collect_quoted(value: &Spanned<DeValue<'_>>, spans: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::String(_) => spans.push(value.span()),
        DeValue::Array(array) => array.iter().for_each(|value| collect_quoted(value, spans)),
        DeValue::Table(table) => {
            for (key, value) in table {
                spans.push(key.span());
                collect_quoted(value, spans);
            }
        }
        _ => {}
    }
}

/// Whether a text names a word: as it stands, not as a part of a longer one.
pub(super) fn names(text: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            !text[..at].ends_with(part_of_word)
                && !text[at + word.len()..].starts_with(part_of_word)
        })
}

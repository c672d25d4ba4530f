//! The rejects file: what was refused, in a form that can be mended and read again.
//!
//! A line is `{"line":…,"code":…,"message":…,"pointer":…,"event":{…}}`, or `"raw":"…"` in place of
//! `event` for what was no JSON object. To mend one, change its `event`, or write the event's JSON
//! into `raw`; lines that are not wanted are deleted. It may depend on [`super::json`]. What must
//! stay true: what is written down is read back as the same event; and a rejects file that is
//! being read is not overwritten by the new one before that is complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use standing_projections::Refusal;
use standing_projections::refusal::Code;

use super::array::Bounds;
use super::json::{KEPT_BYTES_MAX, Original, Unreadable, parse_event};
use super::split::Piece;

/// The most bytes of a line that are kept: one byte of a text can become six (`\u0001`).
pub(crate) const LINE_BYTES_MAX: usize = 6 * KEPT_BYTES_MAX + 1024 * 1024;

/// The most keys of a line, all that there are.
const KEYS_MAX: usize = 6;

/// What JSON takes for blank, which is less than what Unicode does.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// One line, with its keys in their order.
#[derive(Serialize)]
struct Line<'a> {
    line: u64,
    code: Code,
    message: &'a str,
    pointer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<&'a str>,
}

/// Writes a rejects file, if there is anything to write.
///
/// It is written beside its place and moved there by [`Self::finish`], so that the rejects of a
/// retry may replace the file they are read from.
pub struct RejectsWriter {
    path: PathBuf,
    open: Option<Open>,
    written: u64,
}

struct Open {
    file: BufWriter<File>,
    /// Where it is written and where it belongs, where these are two places.
    moved: Option<(PathBuf, PathBuf)>,
}

impl RejectsWriter {
    /// A writer that makes no file yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            open: None,
            written: 0,
        }
    }

    /// Writes down one refused event. Lines come in the order of the calls.
    ///
    /// # Errors
    /// Where the file cannot be made or written.
    pub fn write(&mut self, line: u64, refusal: &Refusal, original: &Original) -> io::Result<()> {
        let file = match &mut self.open {
            Some(open) => &mut open.file,
            closed => &mut closed.insert(Open::new(&self.path)?).file,
        };
        let (event, raw) = match original {
            Original::Event(event) => (Some(event), None),
            Original::Raw(raw) => (None, Some(raw.as_str())),
        };
        let line = Line {
            line,
            code: refusal.code,
            message: &refusal.message,
            pointer: &refusal.pointer,
            event,
            raw,
        };
        serde_json::to_writer(&mut *file, &line)?;
        file.write_all(b"\n")?;
        self.written += 1;
        Ok(())
    }

    /// How many lines were written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Completes the file and tells how many lines it has; none, where there is no file.
    ///
    /// # Errors
    /// Where it cannot be written or moved to its place; it is then left beside it.
    pub fn finish(mut self) -> io::Result<u64> {
        if let Some(mut open) = self.open.take() {
            open.file.flush()?;
            if let Some((beside, place)) = &open.moved {
                fs::rename(beside, place)?;
            }
        }
        Ok(self.written)
    }
}

impl Open {
    fn new(path: &Path) -> io::Result<Self> {
        // A pipe or a terminal stays what it is; only a file can be replaced, and that where it
        // is and not the link that leads to it.
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            let file = File::options().write(true).open(path)?;
            let (file, moved) = (BufWriter::new(file), None);
            return Ok(Self { file, moved });
        }
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut beside = place.clone().into_os_string();
        beside.push(".partial");
        let beside = PathBuf::from(beside);
        let file = BufWriter::new(File::create(&beside)?);
        let moved = Some((beside, place));
        Ok(Self { file, moved })
    }
}

/// Reads the event of a line of a rejects file.
pub(crate) fn parse(piece: &Piece) -> Result<Map<String, Value>, Unreadable> {
    if !piece.is_whole() {
        return piece.parse();
    }
    let text = std::str::from_utf8(&piece.bytes).ok();
    match text.and_then(mended) {
        Some(Mended::Event(text)) => parse_event(text.as_bytes()),
        Some(Mended::Raw(text)) => parse_event(text.trim_matches(BLANKS).as_bytes()),
        None => Err(piece.refuse_text(
            "this is no line of a rejects file: {\"line\":…,\"code\":…,\"message\":…,\"pointer\":…} \
             with either \"event\" or \"raw\"",
        )),
    }
}

/// The JSON of the event that a line holds.
enum Mended<'a> {
    Event(&'a str),
    Raw(String),
}

fn mended(text: &str) -> Option<Mended<'_>> {
    let mut found = None;
    for (key, value) in members(text)? {
        let this = match key.as_str() {
            "event" => Mended::Event(value),
            "raw" => Mended::Raw(serde_json::from_str(value).ok()?),
            "line" | "code" | "message" | "pointer" => {
                serde_json::from_str::<IgnoredAny>(value).ok()?;
                continue;
            }
            _ => return None,
        };
        if found.replace(this).is_some() {
            return None;
        }
    }
    found
}

/// The members of an object, with their values as they are written: the event is judged by its
/// own text, and refused with places in it.
fn members(text: &str) -> Option<Vec<(String, &str)>> {
    let mut rest = text
        .trim_matches(BLANKS)
        .strip_prefix('{')?
        .strip_suffix('}')?;
    let mut members = Vec::new();
    loop {
        let mut keys = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let key = keys.next()?.ok()?;
        rest = rest[keys.byte_offset()..]
            .trim_start_matches(BLANKS)
            .strip_prefix(':')?;
        let mut bounds = Bounds::default();
        let end = rest.bytes().position(|byte| bounds.ends(byte));
        let (value, after) = rest.split_at(end.unwrap_or(rest.len()));
        if !bounds.is_closed() {
            return None;
        }
        members.push((key, value.trim_matches(BLANKS)));
        match after.strip_prefix(',') {
            Some(next) if members.len() < KEYS_MAX => rest = next,
            None if after.is_empty() => return Some(members),
            _ => return None,
        }
    }
}

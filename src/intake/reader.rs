//! A file of events, or standard input, as a run of records.
//!
//! [`Source`] finds out what the bytes are (compressed or not; JSON lines, a list, a table) and
//! gives one [`Record`] for each event in them, readable or refused, in order and with the line
//! each begins on. It may depend on the other modules of reading, not on what becomes of records.
//! What must stay true: what can be told apart is read on after a fault, so that one bad event
//! costs none of its neighbours; and what ends the reading early is an error, never a quiet end.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use serde_json::{Map, Value};

use super::array::{Elements, Next};
use super::csv::{Header, HeaderError, Table};
use super::input;
use super::json::{KEPT_BYTES_MAX, Unreadable};
use super::rejects;
use super::split::{Piece, Stream};
use crate::transfer::ArchiveReader;

/// One event as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The line it begins on, from 1.
    pub line: u64,
    /// How many bytes it was.
    pub length: u64,
    /// A JSON object that is well formed, or why there is none.
    pub body: Result<Map<String, Value>, Unreadable>,
}

/// What a source's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An event a line.
    Lines,
    /// A JSON list of events, such as a batch of CloudEvents.
    List,
    /// A table with a header.
    Csv,
    /// A rejects file.
    Rejects,
}

/// Why a source is not read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It cannot be opened.
    #[error("`{name}` cannot be opened: {source}")]
    Open {
        /// The source.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// Its bytes end early or cannot be decompressed.
    #[error("`{name}` cannot be read past line {line}: {source}")]
    Broken {
        /// The source.
        name: String,
        /// The line that was reached.
        line: u64,
        /// Why.
        source: io::Error,
    },
    /// It is a ledger or the archive of one.
    #[error("`{name}` is a whole log, whose events are recorded already")]
    Log {
        /// The source.
        name: String,
    },
    /// Its header is not that of a table of events.
    #[error("`{name}`, line {line}: {source}")]
    Header {
        /// The source.
        name: String,
        /// The header's line.
        line: u64,
        /// Why.
        source: HeaderError,
    },
}

impl ReadError {
    /// What to do about it, if that can be said.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Open { .. } => None,
            Self::Log { .. } => Some(
                "move it into a ledger of its own with `standing restore`, or with `standing copy`",
            ),
            Self::Broken { source, .. } => match source.kind() {
                io::ErrorKind::UnexpectedEof => {
                    Some("the file may be cut short: events before that line were read")
                }
                // The last is how zstd tells it.
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
                    Some("the file may be damaged: events before that line were read")
                }
                _ => None,
            },
            Self::Header { source, .. } => Some(match source {
                HeaderError::Duplicate { .. } => "name each field once, and not a part of another",
                _ => {
                    "the first line names the columns, parted by commas: `id`, `source`, `type`, \
                     `time`, `subject`, other attributes in lower case, and `data.code` and so on"
                }
            }),
        }
    }
}

/// Events from a file or standard input, one record at a time.
///
/// ```
/// use standing::intake::Source;
/// let text = "{\"id\":\"1\"}\n{\"id\":\n{\"id\":\"3\"}\n";
/// let records: Vec<_> = Source::from_reader("text", text.as_bytes())
///     .and_then(Iterator::collect)
///     .unwrap();
/// assert_eq!(records[2].line, 3);
/// assert!(records[1].body.is_err());
/// ```
pub struct Source {
    name: String,
    form: Form,
    stream: Stream,
    piece: Piece,
    state: State,
    bytes: Arc<AtomicU64>,
    total: Option<u64>,
}

enum State {
    Lines,
    /// The piece holds a line that was read to see what it is.
    LineInHand,
    List(Elements),
    Table(Box<Table>),
    Rejects,
    Over,
}

impl Source {
    /// Opens a file, or standard input for `-`, and finds out its form.
    ///
    /// # Errors
    /// Where it cannot be opened or its beginning cannot be read, and for a table's bad header.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let mut source = Self::opened(path)?;
        source.detect()?;
        Ok(source)
    }

    /// Opens a rejects file, whose events have been mended.
    ///
    /// # Errors
    /// Where it cannot be opened or its beginning cannot be read.
    pub fn open_rejects(path: &Path) -> Result<Self, ReadError> {
        Self::opened(path).map(Self::into_rejects)
    }

    /// Reads from any reader. Of the name, which messages use, an ending such as `.csv` counts.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn from_reader(name: &str, reader: impl Read + Send + 'static) -> Result<Self, ReadError> {
        let mut source = Self::unwrapped(name.to_owned(), reader, None)?;
        source.detect()?;
        Ok(source)
    }

    fn opened(path: &Path) -> Result<Self, ReadError> {
        let name = match path.to_str() {
            Some("-") => "standard input".to_owned(),
            _ => path.display().to_string(),
        };
        match input::open(path) {
            Ok((reader, total)) => Self::unwrapped(name, reader, total),
            Err(source) => Err(ReadError::Open { name, source }),
        }
    }

    fn unwrapped(
        name: String,
        reader: impl Read + Send + 'static,
        total: Option<u64>,
    ) -> Result<Self, ReadError> {
        let bytes = Arc::new(AtomicU64::new(0));
        match input::unwrap(reader, Arc::clone(&bytes)) {
            Ok(plain) => Ok(Self {
                name,
                form: Form::Lines,
                stream: Stream::new(plain),
                piece: Piece::new(KEPT_BYTES_MAX),
                state: State::Lines,
                bytes,
                total,
            }),
            Err(source) => Err(ReadError::Broken {
                name,
                line: 1,
                source,
            }),
        }
    }

    fn into_rejects(self) -> Self {
        Self {
            form: Form::Rejects,
            state: State::Rejects,
            piece: Piece::new(rejects::LINE_BYTES_MAX),
            ..self
        }
    }

    /// What its bytes are.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// What messages call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes read so far, as they are outside (compressed, where they are).
    #[must_use]
    pub fn bytes_read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes)
    }

    /// How many bytes there are to be read, where that is known.
    #[must_use]
    pub fn bytes_total(&self) -> Option<u64> {
        self.total
    }

    fn broken(&mut self, source: io::Error) -> ReadError {
        self.state = State::Over;
        ReadError::Broken {
            name: self.name.clone(),
            line: self.stream.line,
            source,
        }
    }

    /// What is in the bytes counts before the name, since it cannot be two things: no table's
    /// header begins with a bracket.
    fn detect(&mut self) -> Result<(), ReadError> {
        let first = self.stream.skip_blanks();
        let first = first.map_err(|error| self.broken(error))?;
        match first {
            Some(b'{') => self.detect_archive()?,
            Some(b'[') => {
                self.stream.take_one();
                self.form = Form::List;
                self.state = State::List(Elements::Opened);
            }
            None if !is_csv(&self.name) => {}
            _ => self.detect_table()?,
        }
        Ok(())
    }

    /// A whole log is moved, not recorded anew.
    fn detect_archive(&mut self) -> Result<(), ReadError> {
        let ends = |byte| matches!(byte, b'\r' | b'\n');
        let read = self.stream.read_piece(&mut self.piece, ends);
        read.map_err(|error| self.broken(error))?;
        self.state = State::LineInHand;
        if self.piece.bytes.starts_with(ArchiveReader::BEGINNING) {
            return Err(ReadError::Log {
                name: self.name.clone(),
            });
        }
        Ok(())
    }

    fn detect_table(&mut self) -> Result<(), ReadError> {
        let ends = |byte| matches!(byte, b'\r' | b'\n');
        let line = self.stream.line;
        let read = self.stream.read_piece(&mut self.piece, ends);
        read.map_err(|error| self.broken(error))?;
        if self.piece.bytes.starts_with(b"SQLite format 3\0") {
            return Err(ReadError::Log {
                name: self.name.clone(),
            });
        }
        match Header::parse(&self.piece.bytes) {
            Ok(header) if is_csv(&self.name) || header.is_telling() => {
                self.form = Form::Csv;
                self.state = State::Table(Box::new(Table::new(header)));
            }
            Err(source) if is_csv(&self.name) => {
                let name = self.name.clone();
                return Err(ReadError::Header { name, line, source });
            }
            _ => self.state = State::LineInHand,
        }
        Ok(())
    }

    fn read(&mut self) -> io::Result<Option<Record>> {
        let Self { stream, piece, .. } = self;
        let body = match &mut self.state {
            State::Over => return Ok(None),
            State::Lines | State::Rejects => {
                if !next_line(stream, piece)? {
                    return Ok(None);
                }
                match self.state {
                    State::Rejects => rejects::parse(piece),
                    _ => piece.parse(),
                }
            }
            State::LineInHand => {
                self.state = State::Lines;
                piece.trim_end();
                piece.parse()
            }
            State::List(elements) => match elements.next(stream, piece)? {
                Next::Element => piece.parse(),
                Next::Fault(message) => Err(piece.refuse(message)),
                Next::End => {
                    // A list that was one line of many: the others are read for themselves.
                    self.state = State::Lines;
                    stream.read_piece(piece, |byte| byte == b'\n')?;
                    if piece.is_blank() {
                        return self.read();
                    }
                    piece.trim_end();
                    Err(piece.refuse("something follows the end of the list"))
                }
            },
            State::Table(table) => match table.next(stream, piece)? {
                Some(row) => table.event(row, piece),
                None => return Ok(None),
            },
        };
        let (line, length) = (self.piece.line, self.piece.length());
        Ok(Some(Record { line, length, body }))
    }
}

/// Reads the next line that is not blank; false where there is none.
fn next_line(stream: &mut Stream, piece: &mut Piece) -> io::Result<bool> {
    loop {
        let end = stream.read_piece(piece, |byte| byte == b'\n')?;
        if !piece.is_blank() {
            piece.trim_end();
            return Ok(true);
        }
        if end.is_none() {
            return Ok(false);
        }
    }
}

impl Iterator for Source {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.read() {
            Ok(record) => record.map(Ok),
            Err(error) => Some(Err(self.broken(error))),
        }
    }
}

fn is_csv(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let packed = name.strip_suffix(".gz").or(name.strip_suffix(".zst"));
    packed.unwrap_or(&name).ends_with(".csv")
}

//! Events as rows of a table: a header that names an event's fields, then an event a row.
//!
//! A cell is text, so what it becomes depends on the field ([`field_form`]); the command line,
//! which has only text too, uses [`cell`] and [`set_path`] for the same. It may depend on the `csv`
//! crate, the cutting of streams and [`super::json`]. What must stay true: a cell that does not convert
//! stays the string it is, for intake to refuse with its place, and is never bent into something
//! that passes; a header that is not understood stops the file, since every row would be wrong;
//! and where a row ends is found before it is parsed, so that a quote that is never closed costs
//! no more memory than any other row.

use std::io::{self, Read};

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde_json::{Map, Value};
use standing_projections::event::{FieldForm, field_form};

use super::json::{DEPTH_MAX, TEXT_BYTES_MAX, Unreadable, check_event};
use super::split::{Piece, Stream};

/// The greatest whole number that JSON keeps exactly, 2^53-1.
const WHOLE_MAX: i64 = 9_007_199_254_740_991;

/// What a text stands for in the field of `data` named by `path` (`code`, `event.id`).
///
/// Whole numbers and `true`/`false` are as JSON writes them. A list of strings is JSON where it
/// begins with `[`, and else its items parted by `;`, without blanks around them; an empty item
/// needs the JSON form. `null` is null where the field may be. All else is a string.
///
/// ```
/// use standing::intake::csv::cell;
/// assert_eq!(cell("daily_users", "120"), 120);
/// assert_eq!(cell("daily_users", "many"), "many");
/// assert_eq!(cell("measures", "block_api; warning"), serde_json::json!(["block_api", "warning"]));
/// ```
#[must_use]
pub fn cell(path: &str, text: &str) -> Value {
    let converted = match field_form(path) {
        FieldForm::Text => None,
        FieldForm::Integer => whole(text).map(Value::from),
        FieldForm::Boolean => text.parse().ok().map(Value::Bool),
        FieldForm::TextList => texts(text),
        FieldForm::TextOrNull => (text == "null").then_some(Value::Null),
    };
    converted.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    // As JSON writes it: no plus sign, no leading zero.
    let plain = digits == "0" || digits.starts_with(|first: char| ('1'..='9').contains(&first));
    let number: i64 = text.parse().ok().filter(|_| plain)?;
    (-WHOLE_MAX..=WHOLE_MAX).contains(&number).then_some(number)
}

fn texts(text: &str) -> Option<Value> {
    if text.trim_start().starts_with('[') {
        let items: Vec<String> = serde_json::from_str(text).ok()?;
        return Some(items.into());
    }
    let items = text.split(';').map(str::trim);
    Some(items.filter(|item| !item.is_empty()).collect())
}

/// Why a path cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing before, between or after dots.
    #[error("a part of the path is empty")]
    Empty,
    /// Something else is there, or would have to be an object and is not.
    #[error("the path is taken")]
    Taken,
    /// Deeper than an event may be.
    #[error("the path has too many parts")]
    TooDeep,
}

/// Sets what `path` names (`code`, `event.id`), making the objects on the way.
///
/// # Errors
/// Where the path has an empty part or too many, or something is there already; the object may
/// then hold empty objects on the way.
pub fn set_path(
    object: &mut Map<String, Value>,
    path: &str,
    value: Value,
) -> Result<(), PathError> {
    let mut parts = path.split('.');
    let last = parts.next_back().filter(|last| !last.is_empty());
    let last = last.ok_or(PathError::Empty)?;
    if path.split('.').count() > DEPTH_MAX {
        return Err(PathError::TooDeep);
    }
    let mut object = object;
    for part in parts {
        if part.is_empty() {
            return Err(PathError::Empty);
        }
        let next = object.entry(part).or_insert_with(|| Map::new().into());
        object = next.as_object_mut().ok_or(PathError::Taken)?;
    }
    if object.contains_key(last) {
        return Err(PathError::Taken);
    }
    object.insert(last.to_owned(), value);
    Ok(())
}

/// What is wrong with a table's header. Columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// There is none.
    #[error("there is no header")]
    Missing,
    /// It is not UTF-8, too long, or no row of a table.
    #[error("the header cannot be read as a row of UTF-8 text")]
    Unreadable,
    /// A column has no name.
    #[error("column {column} has no name")]
    Empty {
        /// Which.
        column: usize,
    },
    /// A column's name is no field of an event.
    #[error("column {column}, `{name}`, is no field of an event")]
    Unknown {
        /// Which.
        column: usize,
        /// What it is called.
        name: String,
    },
    /// Two columns name one field, or one a part of the other.
    #[error("column {column}, `{name}`, names what another column names")]
    Duplicate {
        /// The later one.
        column: usize,
        /// What it is called.
        name: String,
    },
}

/// What a column holds.
enum Column {
    Attribute(String),
    /// A path in one of [`OBJECTS`].
    Field {
        object: &'static str,
        path: String,
    },
}

/// The attributes whose fields have columns of their own.
const OBJECTS: [&str; 2] = ["data", "private"];

/// A table's header.
pub(crate) struct Header(Vec<Column>);

impl Header {
    /// Reads a header.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, HeaderError> {
        let mut row = Row::CellStart;
        let is_one_row = !line.iter().any(|byte| row.ends(*byte)) && row != Row::Quoted;
        if line.len() > TEXT_BYTES_MAX || !is_one_row {
            return Err(HeaderError::Unreadable);
        }
        let mut cells = ByteRecord::new();
        match one_row(line).read_byte_record(&mut cells) {
            Ok(true) => {}
            Ok(false) => return Err(HeaderError::Missing),
            Err(_) => return Err(HeaderError::Unreadable),
        }
        let mut columns = Vec::with_capacity(cells.len());
        let mut fields = Map::new();
        for (index, name) in cells.iter().enumerate() {
            let column = index + 1;
            let name = std::str::from_utf8(name).map_err(|_| HeaderError::Unreadable)?;
            let name = name.trim();
            let shown = || name.chars().take(64).collect();
            if name.is_empty() {
                return Err(HeaderError::Empty { column });
            }
            columns.push(column_of(name).ok_or_else(|| HeaderError::Unknown {
                column,
                name: shown(),
            })?);
            if set_path(&mut fields, name, Value::Null).is_err() {
                let name = shown();
                return Err(HeaderError::Duplicate { column, name });
            }
        }
        Ok(Self(columns))
    }

    /// Whether it can hardly be anything but an event table's.
    pub(crate) fn is_telling(&self) -> bool {
        ["id", "type"].iter().all(|wanted| {
            self.0
                .iter()
                .any(|column| matches!(column, Column::Attribute(name) if name == wanted))
        })
    }
}

fn column_of(name: &str) -> Option<Column> {
    let (first, path) = name.split_once('.').unwrap_or((name, ""));
    if let Some(object) = OBJECTS.into_iter().find(|object| *object == first) {
        // The event and the object are two levels, a list in the field one more.
        let parts = path.split('.').count();
        let fits = parts + 2 < DEPTH_MAX && path.split('.').all(|part| !part.is_empty());
        let path = path.to_owned();
        return fits.then_some(Column::Field { object, path });
    }
    // The names of attributes that CloudEvents allows.
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = name.bytes().all(is_plain);
    fits.then(|| Column::Attribute(name.to_owned()))
}

/// Reads rows under a header.
pub(crate) struct Table {
    header: Header,
    reader: Reader<Feed>,
    cells: ByteRecord,
}

impl Table {
    /// The table under `header`.
    pub(crate) fn new(header: Header) -> Self {
        Self {
            header,
            reader: one_row(b""),
            cells: ByteRecord::new(),
        }
    }

    /// Finds the next row that is not blank; false where there is none. What is in the piece
    /// then goes to [`Self::event`].
    pub(crate) fn next(&self, stream: &mut Stream, piece: &mut Piece) -> io::Result<Option<Row>> {
        loop {
            let mut row = Row::CellStart;
            let end = stream.read_piece(piece, |byte| row.ends(byte))?;
            if !piece.bytes.is_empty() {
                return Ok(Some(row));
            }
            if end.is_none() {
                return Ok(None);
            }
        }
    }

    /// The event of a row.
    pub(crate) fn event(
        &mut self,
        row: Row,
        piece: &Piece,
    ) -> Result<Map<String, Value>, Unreadable> {
        if row == Row::Quoted {
            return Err(piece.refuse_text("a quote opens in this row and is never closed"));
        }
        if !piece.is_whole() {
            return piece.parse();
        }
        self.reader.get_mut().load(&piece.bytes);
        if !matches!(self.reader.read_byte_record(&mut self.cells), Ok(true)) {
            return Err(piece.refuse_text("this is no row of a table"));
        }
        let (cells, columns) = (self.cells.len(), self.header.0.len());
        if cells != columns {
            let message = format!("the row has {cells} cells, the header {columns}");
            return Err(piece.refuse_text(message));
        }
        let mut event = Map::new();
        event.insert("data".to_owned(), Map::new().into());
        for (column, text) in self.header.0.iter().zip(&self.cells) {
            if text.is_empty() {
                continue;
            }
            let Ok(text) = std::str::from_utf8(text) else {
                return Err(column.refuse(piece, "the cell is not UTF-8"));
            };
            match column {
                Column::Attribute(name) => {
                    event.insert(name.clone(), text.into());
                }
                Column::Field { object, path } => {
                    let value = match *object {
                        "data" => cell(path, text),
                        _ => text.into(),
                    };
                    if let Err(error) = set_path(&mut event, &format!("{object}.{path}"), value) {
                        return Err(column.refuse(piece, &error.to_string()));
                    }
                }
            }
        }
        event.entry("specversion").or_insert_with(|| "1.0".into());
        check_event(event)
    }
}

impl Column {
    fn refuse(&self, piece: &Piece, message: &str) -> Unreadable {
        let mut error = piece.refuse_text(message);
        error.refusal.pointer = match self {
            Self::Attribute(name) => format!("/{name}"),
            Self::Field { object, path } => {
                let path = path.replace('~', "~0").replace('/', "~1");
                format!("/{object}/{}", path.replace('.', "/"))
            }
        };
        error
    }
}

/// Where in a row the reading is; as the `csv` crate sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    CellStart,
    Bare,
    Quoted,
    /// Behind a quote in a quoted cell: its end, or the first of two that stand for one.
    Quote,
}

impl Row {
    /// Whether the byte ends the row.
    fn ends(&mut self, byte: u8) -> bool {
        *self = match (*self, byte) {
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Quoted, _) | (Self::CellStart | Self::Quote, b'"') => Self::Quoted,
            (_, b',') => Self::CellStart,
            (_, b'\r' | b'\n') => return true,
            _ => Self::Bare,
        };
        false
    }
}

/// Gives the parser one row at a time, and the end of input behind it.
struct Feed {
    row: Vec<u8>,
    given: usize,
}

impl Feed {
    fn load(&mut self, row: &[u8]) {
        self.row.clear();
        self.row.extend_from_slice(row);
        self.row.push(b'\n');
        self.given = 0;
    }
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = (&self.row[self.given..]).read(buffer)?;
        self.given += length;
        Ok(length)
    }
}

fn one_row(row: &[u8]) -> Reader<Feed> {
    let mut feed = Feed {
        row: Vec::new(),
        given: 0,
    };
    if !row.is_empty() {
        feed.load(row);
    }
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(feed)
}

//! Where things are printed, and how: data to stdout, messages to stderr.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use clap::builder::{EnumValueParser, PossibleValuesParser, TypedValueParser};
use comfy_table::{ContentArrangement, Table, presets};
use serde::{Deserialize, Serialize};

use super::ColorWhen;
use super::failure::Failure;

/// How data is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// A JSON document a line
    Jsonl,
}

/// What `--format` names: a form to print in, or for `export` a form of files.
#[derive(Clone, Copy, Debug)]
pub(super) enum FormatArg {
    /// Of what is printed.
    Printed(Format),
    /// Of files.
    Files(crate::export::Format),
    /// Of notices.
    Notices(super::notices::Form),
}

impl FormatArg {
    /// Reads the name of a form to print in.
    pub(super) fn printed() -> impl TypedValueParser<Value = Self> {
        EnumValueParser::<Format>::new().map(Self::Printed)
    }

    /// Reads the name of a form of notices.
    pub(super) fn notices() -> impl TypedValueParser<Value = Self> {
        EnumValueParser::<super::notices::Form>::new().map(Self::Notices)
    }

    /// Reads the name of a form of files.
    pub(super) fn files() -> impl TypedValueParser<Value = Self> {
        use crate::export::Format::{Csv, Parquet};
        let names = [Parquet, Csv].map(crate::export::Format::ending);
        PossibleValuesParser::new(names).map(|name| {
            Self::Files(match name == Csv.ending() {
                true => Csv,
                false => Parquet,
            })
        })
    }
}

/// The two streams of the process.
pub(super) struct Out {
    format: Option<Format>,
    pub(super) quiet: bool,
    colors: bool,
    error_colors: bool,
}

impl Out {
    pub(super) fn new(format: Option<FormatArg>, color: ColorWhen, quiet: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colors = |terminal: bool| match color {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => terminal && !plain,
        };
        Self {
            format: match format {
                Some(FormatArg::Printed(format)) => Some(format),
                Some(FormatArg::Files(_) | FormatArg::Notices(_)) | None => None,
            },
            quiet,
            colors: colors(io::stdout().is_terminal()),
            error_colors: colors(io::stderr().is_terminal()),
        }
    }

    /// The format asked for; on a terminal a table, otherwise what the command gives machines.
    pub(super) fn format(&self, for_machines: Format) -> Format {
        self.format.unwrap_or_else(|| {
            if io::stdout().is_terminal() {
                Format::Table
            } else {
                for_machines
            }
        })
    }

    /// A text in a colour (an ANSI number), where colours are on.
    pub(super) fn paint(&self, ansi: u8, text: &str) -> String {
        if self.colors {
            format!("\u{1b}[{ansi}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// A message, unless they are not wanted.
    pub(super) fn say(&self, message: impl std::fmt::Display) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{message}");
        }
    }

    /// A hint, unless messages are not wanted.
    pub(super) fn hint(&self, hint: impl std::fmt::Display) {
        self.say(format_args!("{} {hint}", self.label(36, "hint:")));
    }

    fn label(&self, ansi: u8, text: &str) -> String {
        if self.error_colors {
            format!("\u{1b}[1;{ansi}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Why the command failed.
    pub(super) fn failure(&self, failure: &Failure) {
        let mut stderr = io::stderr().lock();
        let _ = writeln!(stderr, "{} {}", self.label(31, "error:"), failure.message);
        for hint in &failure.hints {
            let _ = writeln!(stderr, "{} {hint}", self.label(36, "hint:"));
        }
    }

    /// Serializable items, as one array or one a line.
    pub(super) fn json<T: Serialize>(&self, format: Format, items: &[T]) -> Result<(), Failure> {
        let mut stdout = io::BufWriter::new(io::stdout().lock());
        if format == Format::Json {
            serde_json::to_writer_pretty(&mut stdout, items).map_err(io::Error::from)?;
            writeln!(stdout)?;
        } else {
            for item in items {
                serde_json::to_writer(&mut stdout, item).map_err(io::Error::from)?;
                writeln!(stdout)?;
            }
        }
        stdout.flush()?;
        Ok(())
    }

    /// A text on stdout.
    pub(super) fn text(&self, text: &str) -> Result<(), Failure> {
        self.bytes(text.as_bytes())
    }

    /// Bytes on stdout.
    pub(super) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()?;
        Ok(())
    }

    /// A table on stdout.
    pub(super) fn table(&self, table: &Table) -> Result<(), Failure> {
        let lines: String = table
            .lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect();
        self.text(&lines)
    }
}

/// A table without lines but under its head.
pub(super) fn table<const N: usize>(head: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head);
    table
}

/// Whether messages are read by a person as they come.
pub(super) fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// How the log of a service is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LogFormat {
    /// For people
    Text,
    /// A JSON document a line
    Json,
}

const fn level(verbose: u8) -> tracing::Level {
    match verbose {
        0 => tracing::Level::ERROR,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    }
}

/// Sends what the parts below log to stderr, with the time, as a service does.
pub(super) fn log_requests(verbose: u8, format: LogFormat) {
    let log = tracing_subscriber::fmt()
        .with_max_level(level(verbose))
        .with_writer(io::stderr)
        .with_target(false);
    let _ = match format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init(),
    };
}

/// Sends what the parts below log to stderr.
pub(super) fn log_to_stderr(verbose: u8) {
    let _ = tracing_subscriber::fmt()
        .with_max_level(level(verbose))
        .with_writer(io::stderr)
        .without_time()
        .with_target(false)
        .try_init();
}

//! What a process asked of the system, as `strace` tells it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process::writer;
use crate::writer::Orders;

/// A call of the system that a process made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The thread that made it.
    pub(crate) thread: u32,
    /// Its name.
    pub(crate) name: String,
    /// The file that it is about, by its path.
    pub(crate) path: String,
    /// Its arguments after the first.
    pub(crate) arguments: String,
    /// When it was made and when it was answered, in lines of the trace.
    pub(crate) began: usize,
    pub(crate) ended: usize,
    /// The answer.
    pub(crate) answer: String,
}

impl Call {
    pub(crate) fn was_injected(&self) -> bool {
        self.answer.contains("(INJECTED)")
    }

    pub(crate) fn failed(&self) -> bool {
        self.answer.starts_with('-')
    }
}

/// Whether there is a `strace` that may be used.
pub(crate) fn can_trace() -> bool {
    let tried = Command::new("strace")
        .args(["-qq", "-e", "trace=none", "true"])
        .output();
    tried.is_ok_and(|output| output.status.success())
}

/// A writer under `strace`, which writes its trace to that file.
pub(crate) fn traced(
    orders: &Orders,
    trace: &Path,
    options: &[impl AsRef<OsStr>],
) -> Result<Command> {
    let plain = writer(orders)?;
    let mut command = Command::new("strace");
    command
        .args(["-f", "--seccomp-bpf", "-qq", "-y", "-o"])
        .arg(trace);
    command.args(options).arg("--");
    command.arg(plain.get_program()).args(plain.get_args());
    Ok(command)
}

/// The calls of a trace, in the order in which they were made.
pub(crate) fn calls(trace: &str) -> Result<Vec<Call>> {
    let mut calls: Vec<Call> = Vec::new();
    let mut unfinished: HashMap<u32, (usize, &str)> = HashMap::new();
    for (number, line) in trace.lines().enumerate() {
        let (thread, told) = line.split_once(' ').context("no line of a trace")?;
        let thread = thread
            .parse()
            .with_context(|| format!("no thread: {line}"))?;
        let told = told.trim_start();
        // Threads that end, and signals.
        if ["+++", "---", "???"]
            .iter()
            .any(|other| told.starts_with(other))
        {
            continue;
        }
        // The tracer was ended in the middle of it: whether it came to an end nobody saw.
        if told.ends_with("<detached ...>") {
            continue;
        }
        if let Some(begun) = told.strip_suffix("<unfinished ...>") {
            unfinished.insert(thread, (number, begun.trim_end()));
            continue;
        }
        let call = match told.strip_prefix("<... ") {
            None => call(thread, number, number, told),
            Some(resumed) => {
                let (_, rest) = resumed.split_once("resumed>").context("not resumed")?;
                let (began, begun) = unfinished.remove(&thread).context("never begun")?;
                call(thread, began, number, &format!("{begun}{rest}"))
            }
        };
        calls.push(call.with_context(|| format!("line {number}"))?);
    }
    calls.sort_by_key(|call| call.began);
    Ok(calls)
}

fn call(thread: u32, began: usize, ended: usize, told: &str) -> Result<Call> {
    let (call, answer) = told.rsplit_once(" = ").context("no answer")?;
    let (name, arguments) = call.split_once('(').context("no arguments")?;
    let arguments = arguments.trim_end();
    let arguments = arguments.strip_suffix(')').unwrap_or(arguments);
    let (first, rest) = arguments.split_once(", ").unwrap_or((arguments, ""));
    let path = match (first.split_once('<'), name) {
        (_, "openat") => quoted(rest)?,
        (Some((_, path)), _) => path.split('>').next().unwrap_or(path),
        (None, "unlink") => quoted(first)?,
        (None, _) => "",
    };
    Ok(Call {
        thread,
        name: name.to_owned(),
        path: String::from_utf8(unescaped(path)?)?,
        arguments: rest.to_owned(),
        began,
        ended,
        answer: answer.to_owned(),
    })
}

/// The first text in quotes.
fn quoted(text: &str) -> Result<&str> {
    let text = text.split('"').nth(1);
    text.context("no text in quotes")
}

/// A text that may be printed in hexadecimal (`-xx`).
fn unescaped(text: &str) -> Result<Vec<u8>> {
    let Some(text) = text.strip_prefix("\\x") else {
        return Ok(text.as_bytes().to_owned());
    };
    let bytes = text.split("\\x").map(|two| u8::from_str_radix(two, 16));
    Ok(bytes.collect::<Result<_, _>>()?)
}

impl Call {
    /// The bytes that it wrote, of a trace that shows them whole and in hexadecimal ([`WHOLE`]).
    pub(crate) fn bytes(&self) -> Result<Vec<u8>> {
        ensure!(!self.arguments.contains("\"..."), "the trace was cut");
        unescaped(quoted(&self.arguments)?)
    }

    /// Where in the file it wrote them.
    pub(crate) fn offset(&self) -> Result<u64> {
        let (_, offset) = self.arguments.rsplit_once(", ").context("no offset")?;
        Ok(offset.parse()?)
    }
}

/// What `strace` is asked for where the bytes matter.
pub(crate) const WHOLE: [&str; 3] = [
    "-xx",
    "-s1000000",
    "-etrace=pwrite64,write,fsync,fdatasync,ftruncate,unlink,openat,rename,pwritev,writev",
];

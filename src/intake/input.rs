//! Bytes from a file or standard input, unwrapped and counted.
//!
//! Below this module are compressed bytes, above it plain ones. It may depend on the decoders and
//! on nothing of Standing. What must stay true: whether something is compressed is asked of its
//! first bytes and never of its name alone, since names lie and standard input has none; and what
//! is counted is what was read from outside, which is what a progress bar can compare with a size.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

/// How much is read from outside at a time.
const CHUNK_BYTES: usize = 64 * 1024;

const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// Plain bytes, whatever they came as.
pub(crate) type Plain = Box<dyn BufRead + Send>;

/// Opens a file, or standard input for `-`; with its size where it has one.
pub(crate) fn open(path: &Path) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let total = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), total))
}

/// The plain bytes of a file, or of standard input for `-`.
pub(crate) fn unpacked(path: &Path) -> io::Result<Plain> {
    let (outside, _) = open(path)?;
    unwrap(outside, Arc::default())
}

/// Takes off gzip or zstd and a byte order mark, counting into `count` what is read from outside.
pub(crate) fn unwrap(
    outside: impl Read + Send + 'static,
    count: Arc<AtomicU64>,
) -> io::Result<Plain> {
    let mut packed = Counted {
        inner: outside,
        count,
    };
    let first = beginning(&mut packed, 4)?;
    let whole = Cursor::new(first.clone()).chain(packed);
    match first[..] {
        [0x1F, 0x8B, ..] => without_bom(MultiGzDecoder::new(BufReader::with_capacity(
            CHUNK_BYTES,
            whole,
        ))),
        // A frame, or a frame to skip, with which parallel compressors begin.
        [0x28, 0xB5, 0x2F, 0xFD] | [0x50..=0x5F, 0x2A, 0x4D, 0x18] => {
            without_bom(zstd::stream::read::Decoder::new(whole)?)
        }
        _ => without_bom(whole),
    }
}

fn without_bom(mut plain: impl Read + Send + 'static) -> io::Result<Plain> {
    let mut first = beginning(&mut plain, BOM.len())?;
    if first == BOM {
        first.clear();
    }
    let whole = Cursor::new(first).chain(plain);
    Ok(Box::new(BufReader::with_capacity(CHUNK_BYTES, whole)))
}

/// The first bytes, fewer where there are no more; a reader may give them one at a time.
fn beginning(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut first = Vec::with_capacity(length);
    reader.take(length as u64).read_to_end(&mut first)?;
    Ok(first)
}

/// Counts the bytes that pass.
struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buffer) {
                // Asked again here, so that no reader above has to.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(length) => {
                    self.count.fetch_add(length as u64, Ordering::Relaxed);
                    return Ok(length);
                }
            }
        }
    }
}

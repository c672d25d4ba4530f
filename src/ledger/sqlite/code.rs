//! SQLite's primary result codes, as far as they are told apart (<https://sqlite.org/rescode.html>).

pub(super) const PERM: u32 = 3;
pub(super) const BUSY: u32 = 5;
pub(super) const READONLY: u32 = 8;
pub(super) const IOERR: u32 = 10;
pub(super) const CORRUPT: u32 = 11;
pub(super) const FULL: u32 = 13;
pub(super) const CANTOPEN: u32 = 14;
/// A constraint, or a trigger that refuses.
pub(super) const CONSTRAINT: u32 = 19;
pub(super) const NOTADB: u32 = 26;

/// The index of the WAL (`-shm`) could not be given its size. Whatever the reason, SQLite says no
/// more than that; mostly there is no room.
const SHM_SIZE: u32 = 10 | 19 << 8;

/// The primary result code of an error: the low byte of the extended one.
pub(super) fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error()?.code()?;
    match code.parse::<u32>().ok()? {
        SHM_SIZE => Some(FULL),
        code => Some(code & 0xFF),
    }
}

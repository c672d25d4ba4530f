//! The `standing` command.

use std::process::ExitCode;

/// An answer is very many short lists, made in one thread and freed in another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    standing::cli::main()
}

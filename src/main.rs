//! The `standing` command.

fn main() {}

//! `standing openapi`: the description of the service's routes.

use std::process::ExitCode;

use super::{Context, Failure};

pub(super) fn run(context: &Context) -> Result<ExitCode, Failure> {
    let document = serde_json::to_string_pretty(&crate::http::document())?;
    context.out.text(&format!("{document}\n"))?;
    Ok(ExitCode::SUCCESS)
}

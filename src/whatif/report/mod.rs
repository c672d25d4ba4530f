//! An answer told: as the JSON of its summary, as a page for people, and as what another answer counts
//! differently. [`words`] has the sentences and rows that the page shares with the tables of `standing whatif`.

mod charts;
mod differences;
mod html;
mod summary;
pub(crate) mod words;

pub(crate) use differences::differences;
pub(crate) use html::page;
pub(crate) use summary::summaries;

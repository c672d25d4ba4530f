//! Reading, tried with what is good, what is broken and what is hostile.

mod json;

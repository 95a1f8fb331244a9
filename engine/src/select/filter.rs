//! Filters: expressions over fields, spelled as Wireshark's display filters (wireshark-filter(4)).
//!
//! ```text
//! filter   = both { ("||" | "or") both }
//! both     = one { ("&&" | "and") one }
//! one      = { "!" | "not" } ( "(" filter ")" | test )
//! test     = [ "any" | "all" ] operand [ relation value | [ "not" ] "in" "{" set "}" ]
//! operand  = FIELD [ "[" slice "]" ] [ ("&" | "bitwise_and") number ]
//! set      = value [ ".." value ] { [ "," ] value [ ".." value ] }
//! ```
//!
//! A field alone asks whether it is there. A comparison holds only where it is, and of a field with two values (source
//! and destination) where it holds of any; of `!=` and `===`, of all.

mod advice;
mod grammar;
mod literal;
mod test;
#[cfg(test)]
mod tests;
mod token;

use super::program::Expr;

/// So long may a filter be, in bytes; longer ones are no person's, and hardly a program's.
pub const LONGEST: usize = 1 << 20;

/// What is wrong with a filter, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {})", start + 1)]
pub struct FilterError {
    /// The filter.
    pub filter: String,
    /// The wrong part of it, in characters from 0. It is empty where something is missing.
    pub start: usize,
    /// Where the wrong part ends.
    pub end: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads a filter.
pub(super) fn parse(text: &str) -> Result<Expr, FilterError> {
    if text.len() > LONGEST {
        let message = format!("a filter is at most {LONGEST} bytes long, and this one has {}", text.len());
        return Err(FilterError { filter: text.to_owned(), start: 0, end: 0, message });
    }
    parse_any(text)
}

/// Reads a filter of any length: one that was made here.
pub(super) fn parse_any(text: &str) -> Result<Expr, FilterError> {
    grammar::parse(text).map_err(|fault| {
        let chars_to = |end: usize| text[..end].chars().count();
        let (start, end) = (chars_to(fault.start), chars_to(fault.end));
        FilterError { filter: text.to_owned(), start, end, message: fault.message }
    })
}

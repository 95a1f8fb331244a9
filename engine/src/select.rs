//! Which packets to report: filters, options that are short for filters, and the time window.
//!
//! Several filters are alternatives, and so are several terms of one option; the filters and each option must all hold.
//! `since` and `until` are a cut through the capture: frames outside the window are not in the report at all. The rest
//! chooses among the VXLAN packets.

pub mod field;
mod filter;
mod program;
mod term;

use std::net::IpAddr;
use std::sync::Arc;

pub use filter::{FilterError, LONGEST};

use crate::capture::NO_TIME;
use crate::packet::{Layer, Packet};

use program::{Expr, Program};
use term::Terms;

/// What cannot be understood of a selection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// A term.
    #[error("{field} {text:?}: expected {expected}")]
    Term {
        /// Which field, as [`Select::new`] takes it.
        field: String,
        /// What was given.
        text: String,
        /// What would be understood.
        expected: &'static str,
    },
    /// A filter.
    #[error("filter: {0}")]
    Filter(#[from] FilterError),
}

/// Which packets to report. The default reports all.
#[derive(Debug, Clone, Default)]
pub struct Select {
    terms: Vec<(String, String)>,
    vteps: Vec<IpAddr>,
    program: Option<Arc<Program>>,
    since: Option<i64>,
    until: Option<i64>,
}

/// The fields of a selection.
const FIELDS: &str = "one of vni, vtep, mac, host, protocol, inner_port, since, until, filter";

impl Select {
    /// A selection by terms, each a field and its text: `vni` `100-199,300`; `vtep` an IP address; `mac` a MAC address;
    /// `host` an inner IP address or CIDR; `protocol` a name or number, or an EtherType (`arp`, `0x88cc`); `inner_port`
    /// a port; `since` and `until` RFC 3339 or seconds since 1970; `filter` an expression.
    pub fn new<F, T>(terms: impl IntoIterator<Item = (F, T)>) -> Result<Self, SelectError>
    where
        F: Into<String>,
        T: Into<String>,
    {
        let mut select = Self::default();
        let (mut named, mut filters) = (Terms::default(), Vec::new());
        for (field, text) in terms {
            let (field, text) = (field.into(), text.into());
            let trimmed = text.trim();
            let taken = match field.as_str() {
                "filter" => {
                    filters.push(filter::parse(&text)?);
                    Ok(true)
                }
                "since" => term::time(trimmed).map(|time| select.since.replace(time)).map(|_| true),
                "until" => term::time(trimmed).map(|time| select.until.replace(time)).map(|_| true),
                _ => named.add(&field, trimmed),
            };
            match taken {
                Ok(true) => select.terms.push((field, text)),
                Ok(false) => return Err(SelectError::Term { field, text, expected: FIELDS }),
                Err(expected) => return Err(SelectError::Term { field, text, expected }),
            }
        }
        let mut parts: Vec<Expr> =
            named.filters().map(|text| filter::parse_any(&text)).collect::<Result<_, _>>()?;
        if !filters.is_empty() {
            parts.push(Expr::Any(filters));
        }
        named.vteps().clone_into(&mut select.vteps);
        select.program = (!parts.is_empty()).then(|| Arc::new(Program::of(Expr::All(parts))));
        Ok(select)
    }

    /// The terms that it was made of.
    #[must_use]
    pub fn terms(&self) -> &[(String, String)] {
        &self.terms
    }

    /// Whether a frame of `time` is inside the time window; both ends belong to it.
    #[inline]
    #[must_use]
    pub fn in_window(&self, time: i64) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        time != NO_TIME
            && self.since.is_none_or(|since| since <= time)
            && self.until.is_none_or(|until| time <= until)
    }

    /// Whether `packet` is to be reported; `around` is what is around its innermost overlay.
    #[inline(always)]
    #[must_use]
    pub fn matches(&self, packet: &Packet, around: &[Layer]) -> bool {
        self.program.as_ref().is_none_or(|program| program.selects(packet, around))
    }

    /// Whether a packet between these outer addresses, of which nothing else is known, may be one to report. What a
    /// filter says of addresses is not looked at.
    #[must_use]
    pub fn may_match(&self, source: IpAddr, destination: IpAddr) -> bool {
        self.vteps.is_empty() || self.vteps.iter().any(|vtep| *vtep == source || *vtep == destination)
    }
}

//! One value of a row, whatever its table.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::net::IpAddr;

use time::OffsetDateTime;

use crate::wire::mac::Mac;

/// One value of a row. Values of one column compare in the column's natural order; an absent one comes first.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// There is none.
    Null,
    /// A count: packets, bytes, a VNI, a port.
    Count(u64),
    /// A difference of counts.
    Signed(i64),
    /// A ratio or a duration in seconds.
    Real(f64),
    /// Nanoseconds since 1970 UTC.
    Time(i64),
    /// A MAC address.
    Mac(Mac),
    /// An IP address.
    Ip(IpAddr),
    /// A name.
    Text(Cow<'static, str>),
    /// Counts.
    Counts(Vec<u64>),
    /// MAC addresses.
    Macs(Vec<Mac>),
    /// IP addresses.
    Ips(Vec<IpAddr>),
    /// Names.
    Texts(Vec<Cow<'static, str>>),
}

impl Value {
    /// The value, or null.
    pub fn maybe<T>(value: Option<T>, some: impl FnOnce(T) -> Value) -> Value {
        value.map_or(Value::Null, some)
    }

    /// `100 * part / whole`; null where there is no whole.
    #[must_use]
    pub fn percent(part: i64, whole: u64) -> Value {
        if whole == 0 { Value::Null } else { Value::Real(100.0 * part as f64 / whole as f64) }
    }

    /// What it is as a number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Count(count) => Some(*count as f64),
            Value::Signed(count) => Some(*count as f64),
            Value::Real(real) => Some(*real),
            _ => None,
        }
    }

    /// The order within one column.
    #[must_use]
    pub fn order(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Count(a), Value::Count(b)) => a.cmp(b),
            (Value::Signed(a), Value::Signed(b)) | (Value::Time(a), Value::Time(b)) => a.cmp(b),
            (Value::Real(a), Value::Real(b)) => a.total_cmp(b),
            (Value::Mac(a), Value::Mac(b)) => a.cmp(b),
            (Value::Ip(a), Value::Ip(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Counts(a), Value::Counts(b)) => a.cmp(b),
            (Value::Macs(a), Value::Macs(b)) => a.cmp(b),
            (Value::Ips(a), Value::Ips(b)) => a.cmp(b),
            (Value::Texts(a), Value::Texts(b)) => a.cmp(b),
            (a, b) => (*b == Value::Null).cmp(&(*a == Value::Null)),
        }
    }
}

/// A time in RFC 3339, UTC, with nanoseconds.
pub struct Rfc3339(pub i64);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0)).map_err(|_| fmt::Error)?;
        let (date, (hour, minute, second, nano)) = (time.date(), time.time().as_hms_nano());
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nano:09}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_with_nanoseconds() {
        assert_eq!(Rfc3339(1_700_000_000_000_000_001).to_string(), "2023-11-14T22:13:20.000000001Z");
        assert_eq!(Rfc3339(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(Rfc3339(i64::MAX).to_string(), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(Rfc3339(i64::MIN + 1).to_string(), "1677-09-21T00:12:43.145224193Z");
    }

    /// An absent value sorts before any other, and is equal to itself.
    #[test]
    fn nulls_come_first() {
        assert_eq!(Value::Null.order(&Value::Count(0)), Ordering::Less);
        assert_eq!(Value::Count(0).order(&Value::Null), Ordering::Greater);
        assert_eq!(Value::Null.order(&Value::Null), Ordering::Equal);
    }
}

//! The terms of a selection that have an option of their own, from text, and the filters that they are short for.
//! An error says what would be understood.

use std::fmt::Display;
use std::net::IpAddr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::field::ethertype_number;
use crate::wire::ip::protocol_number;
use crate::wire::mac::Mac;

type Parsed<T> = Result<T, &'static str>;

/// An inner protocol: of IP, or an EtherType.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Ip(u8),
    Ethernet(u16),
}

/// The alternatives that were given for each field.
#[derive(Debug, Default)]
pub(super) struct Terms {
    vnis: Vec<(u32, u32)>,
    vteps: Vec<IpAddr>,
    macs: Vec<Mac>,
    hosts: Vec<(IpAddr, IpAddr)>,
    protocols: Vec<Protocol>,
    inner_ports: Vec<u16>,
}

impl Terms {
    /// Adds `text` as an alternative of `field`; whether there is such a field.
    pub(super) fn add(&mut self, field: &str, text: &str) -> Parsed<bool> {
        match field {
            "vni" => self.vnis.extend(vnis(text)?),
            "vtep" => self.vteps.push(ip(text)?),
            "mac" => self.macs.push(mac(text)?),
            "host" => self.hosts.push(network(text)?),
            "protocol" => self.protocols.push(protocol(text)?),
            "inner_port" => self.inner_ports.push(port(text)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The VTEPs of which one must send or receive; none where any may.
    pub(super) fn vteps(&self) -> &[IpAddr] {
        &self.vteps
    }

    /// A filter for each field that has alternatives.
    pub(super) fn filters(&self) -> impl Iterator<Item = String> {
        let ip = self.protocols.iter().filter_map(|protocol| match protocol {
            Protocol::Ip(number) => Some(number),
            Protocol::Ethernet(_) => None,
        });
        let ethernet = self.protocols.iter().filter_map(|protocol| match protocol {
            Protocol::Ip(_) => None,
            Protocol::Ethernet(number) => Some(number),
        });
        [
            any_in(&["vni"], self.vnis.iter().map(range)),
            any_in(&["outer.ip.addr"], &self.vteps),
            any_in(&["inner.eth.addr"], &self.macs),
            any_in(&["inner.ip.addr", "inner.arp.addr"], self.hosts.iter().map(range)),
            either(any_in(&["inner.ip.proto"], ip), any_in(&["inner.eth.type"], ethernet)),
            any_in(&["inner.port"], &self.inner_ports),
        ]
        .into_iter()
        .flatten()
    }
}

/// `FIELD in {A, B}`, or, of several fields, any; nothing where there are no values.
fn any_in<T: Display>(fields: &[&str], values: impl IntoIterator<Item = T>) -> Option<String> {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    let set = values.join(", ");
    let tests: Vec<String> = fields.iter().map(|field| format!("{field} in {{{set}}}")).collect();
    (!values.is_empty()).then(|| tests.join(" || "))
}

fn either(left: Option<String>, right: Option<String>) -> Option<String> {
    match (left, right) {
        (Some(left), Some(right)) => Some(format!("{left} || {right}")),
        (one, other) => one.or(other),
    }
}

/// `LOW..HIGH`
fn range<T: Display>((low, high): &(T, T)) -> String {
    format!("{low}..{high}")
}

const VNI: &str = "VNIs from 0 to 16777215, such as 100 or 100-199,300";
const LARGEST_VNI: u32 = (1 << 24) - 1;
const NANOS: i128 = 1_000_000_000;

/// `100-199,300`
fn vnis(text: &str) -> Parsed<Vec<(u32, u32)>> {
    text.split(',').map(|range| vni_range(range.trim()).ok_or(VNI)).collect()
}

fn vni_range(text: &str) -> Option<(u32, u32)> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high) = (number(low.trim())?, number(high.trim())?);
    (low <= high && high <= LARGEST_VNI).then_some((low, high))
}

/// Digits only: `u32::from_str` would take a sign too.
fn number(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

pub(super) fn ip(text: &str) -> Parsed<IpAddr> {
    text.parse().map_err(|_| "an IP address")
}

fn mac(text: &str) -> Parsed<Mac> {
    Mac::parse(text).ok_or("a MAC address, such as 02:00:5e:10:00:01")
}

/// The lowest and the highest address of a network in CIDR notation, whose host bits are ignored; twice the address
/// where it is one.
pub(super) fn network(text: &str) -> Parsed<(IpAddr, IpAddr)> {
    const EXPECTED: &str = "an IP address or network, such as 10.0.0.1 or 10.0.0.0/8";
    let (address, prefix_len) = text.split_once('/').map_or((text, None), |(ip, len)| (ip, Some(len)));
    let address: IpAddr = address.parse().map_err(|_| EXPECTED)?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix_len =
        prefix_len.map_or(Some(longest), number).filter(|len| *len <= longest).ok_or(EXPECTED)?;
    Ok(match address {
        IpAddr::V4(ip) => {
            let host_bits = u32::MAX.checked_shr(prefix_len).unwrap_or(0);
            (IpAddr::V4((ip.to_bits() & !host_bits).into()), IpAddr::V4((ip.to_bits() | host_bits).into()))
        }
        IpAddr::V6(ip) => {
            let host_bits = u128::MAX.checked_shr(prefix_len).unwrap_or(0);
            (IpAddr::V6((ip.to_bits() & !host_bits).into()), IpAddr::V6((ip.to_bits() | host_bits).into()))
        }
    })
}

/// A protocol's name or number, or an EtherType: `tcp`, `89`, `arp`, `0x88cc`.
fn protocol(text: &str) -> Parsed<Protocol> {
    const EXPECTED: &str = "a protocol, such as tcp, icmp, arp, 89 (of IP) or 0x88cc (an EtherType)";
    let lower = text.to_ascii_lowercase();
    if let Some(hexadecimal) = lower.strip_prefix("0x") {
        return u16::from_str_radix(hexadecimal, 16).map(Protocol::Ethernet).map_err(|_| EXPECTED);
    }
    let ethernet = ethertype_number(&lower).map(Protocol::Ethernet);
    ethernet.or_else(|| protocol_number(&lower).map(Protocol::Ip)).ok_or(EXPECTED)
}

fn port(text: &str) -> Parsed<u16> {
    number(text).and_then(|number| u16::try_from(number).ok()).ok_or("a port from 0 to 65535")
}

/// RFC 3339 (`2026-11-22T17:30:06.5Z`; a space for the T, no offset for UTC, a date alone) or seconds since 1970.
/// Nanoseconds since 1970.
pub(super) fn time(text: &str) -> Parsed<i64> {
    const EXPECTED: &str = "a time, such as 2026-11-22T17:30:06.5Z or seconds since 1970";
    let nanos = seconds(text).or_else(|| rfc3339(text)).ok_or(EXPECTED)?;
    i64::try_from(nanos).map_err(|_| EXPECTED)
}

fn seconds(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    Some(whole.parse::<i128>().ok()?.checked_mul(NANOS)? + nanos.parse::<i128>().ok()?)
}

fn rfc3339(text: &str) -> Option<i128> {
    let mut full = text.to_ascii_uppercase().replacen(' ', "T", 1);
    if !full.contains('T') {
        full.push_str("T00:00:00");
    }
    let clock = full.split_once('T').map_or("", |(_, clock)| clock);
    if !clock.contains(['Z', '+', '-']) {
        full.push('Z');
    }
    OffsetDateTime::parse(&full, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vni_terms() {
        assert_eq!(vnis("100"), Ok(vec![(100, 100)]));
        assert_eq!(vnis("100-199, 300"), Ok(vec![(100, 199), (300, 300)]));
        assert_eq!(vnis("0-16777215"), Ok(vec![(0, LARGEST_VNI)]));
        for text in ["", "x", "16777216", "5-4", "1-", "-1", "+1", "1,,2", "99999999999"] {
            assert_eq!(vnis(text), Err(VNI), "{text:?}");
        }
    }

    #[test]
    fn times() {
        let noon = 1_782_216_000_000_000_000;
        for text in [
            "2026-06-23T12:00:00Z",
            "2026-06-23 12:00:00",
            "2026-06-23t14:00:00+02:00",
            "1782216000",
            "1782216000.0",
        ] {
            assert_eq!(time(text), Ok(noon), "{text}");
        }
        assert_eq!(time("1782216000.000000001"), Ok(noon + 1));
        assert_eq!(time("2026-06-23T12:00:00.123456789Z"), Ok(noon + 123_456_789));
        assert_eq!(time("2026-06-23"), Ok(noon - 12 * 3_600_000_000_000));
        for text in ["", "noon", "2026-13-01", "12:00", "1e9", "9999999999999", "."] {
            assert!(time(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn networks() {
        let ends = |low: &str, high: &str| Ok((low.parse().unwrap(), high.parse().unwrap()));
        assert_eq!(network("10.1.2.3/8"), ends("10.0.0.0", "10.255.255.255"));
        assert_eq!(network("10.1.2.3"), ends("10.1.2.3", "10.1.2.3"));
        assert_eq!(network("0.0.0.0/0"), ends("0.0.0.0", "255.255.255.255"));
        assert_eq!(network("fd00::1"), ends("fd00::1", "fd00::1"));
        assert_eq!(network("fd00::1/16"), ends("fd00::", "fd00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
        assert_eq!(network("::/0"), ends("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
        for text in ["10.0.0.0/33", "10.0.0", "fd00::/129", "10.0.0.0/", "10.0.0.0/+8"] {
            assert!(network(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn protocols() {
        assert_eq!(protocol("TCP"), Ok(Protocol::Ip(6)));
        assert_eq!(protocol("89"), Ok(Protocol::Ip(89)));
        assert_eq!(protocol("arp"), Ok(Protocol::Ethernet(0x0806)));
        assert_eq!(protocol("0x88CC"), Ok(Protocol::Ethernet(0x88cc)));
        assert!(protocol("tpc").is_err() && protocol("300").is_err() && protocol("0x").is_err());
    }
}

//! Which packets to report: `--vni`, `--vtep`, `--mac`, `--host`, `--protocol`, `--inner-port`, `--since`, `--until`.
//!
//! Terms of one field are alternatives; different fields must all hold. A time window is a cut through the capture:
//! frames outside it are not in the report at all. The other fields choose among the VXLAN packets.

mod parse;

use std::net::IpAddr;

use crate::capture::NO_TIME;
use crate::packet::Packet;
use crate::wire::mac::Mac;

/// A term that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {text:?}: expected {expected}")]
pub struct SelectError {
    /// Which field, as [`Select::add`] takes it.
    pub field: String,
    /// What was given.
    pub text: String,
    /// What would be understood.
    pub expected: &'static str,
}

/// A network of inner addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix_len: u32,
}

impl Network {
    fn contains(&self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                (network.to_bits() ^ ip.to_bits()).checked_shr(32 - self.prefix_len).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                (network.to_bits() ^ ip.to_bits()).checked_shr(128 - self.prefix_len).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// An inner protocol: of IP, or an EtherType.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Ip(u8),
    Ethernet(u16),
}

/// Which packets to report. The default reports all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Select {
    vnis: Vec<(u32, u32)>,
    vteps: Vec<IpAddr>,
    macs: Vec<Mac>,
    hosts: Vec<Network>,
    protocols: Vec<Protocol>,
    inner_ports: Vec<u16>,
    since: Option<i64>,
    until: Option<i64>,
    narrows: bool,
}

/// The addresses and names of what the option texts select.
const FIELDS: &str = "one of vni, vtep, mac, host, protocol, inner_port, since, until";

impl Select {
    /// Adds a term: `vni` `100-199,300`; `vtep` an IP address; `mac` a MAC address; `host` an inner IP address or CIDR;
    /// `protocol` a name or number, or an EtherType (`arp`, `0x88cc`); `inner_port` a port; `since` and `until` RFC 3339
    /// or seconds since 1970.
    pub fn add(&mut self, field: &str, text: &str) -> Result<(), SelectError> {
        let refuse = |expected| SelectError { field: field.to_owned(), text: text.to_owned(), expected };
        let trimmed = text.trim();
        match field {
            "vni" => self.vnis.extend(parse::vnis(trimmed).map_err(refuse)?),
            "vtep" => self.vteps.push(parse::ip(trimmed).map_err(refuse)?),
            "mac" => self.macs.push(parse::mac(trimmed).map_err(refuse)?),
            "host" => self.hosts.push(parse::network(trimmed).map_err(refuse)?),
            "protocol" => self.protocols.push(parse::protocol(trimmed).map_err(refuse)?),
            "inner_port" => self.inner_ports.push(parse::port(trimmed).map_err(refuse)?),
            "since" => self.since = Some(parse::time(trimmed).map_err(refuse)?),
            "until" => self.until = Some(parse::time(trimmed).map_err(refuse)?),
            _ => return Err(refuse(FIELDS)),
        }
        self.narrows |= !matches!(field, "since" | "until");
        Ok(())
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

    /// Whether `packet` is to be reported.
    #[inline]
    #[must_use]
    pub fn matches(&self, packet: &Packet) -> bool {
        !self.narrows || self.all_hold(packet)
    }

    fn all_hold(&self, Packet { key, tunnel, .. }: &Packet) -> bool {
        let vni = key.vni();
        any(&self.vnis, |(low, high)| (*low..=*high).contains(&vni))
            && any(&self.vteps, |vtep| tunnel.source() == *vtep || tunnel.destination() == *vtep)
            && any(&self.macs, |mac| {
                key.macs().is_some_and(|(source, destination)| source == *mac || destination == *mac)
            })
            && any(&self.hosts, |host| {
                key.addresses().is_some_and(|(a, b)| host.contains(a) || host.contains(b))
            })
            && any(&self.protocols, |protocol| match protocol {
                Protocol::Ip(number) => key.protocol() == Some(*number),
                Protocol::Ethernet(number) => key.ethertype() == Some(*number),
            })
            && any(&self.inner_ports, |port| key.ports().is_some_and(|(a, b)| a == *port || b == *port))
    }
}

/// No term at all leaves a field open.
fn any<T>(terms: &[T], holds: impl Fn(&T) -> bool) -> bool {
    terms.is_empty() || terms.iter().any(holds)
}
